"""The history beside the form, and every way back from it."""

import pytest
from django.urls import reverse

from core import limits
from core.live import watcher
from core.roles import Role
from personas.models import Label
from personas.services import drafts
from tests.clients import client_as
from tests.factories import NOW, make_character, make_framework, sheet_of
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return client_as(Role.MANAGER)


@pytest.fixture
def two_versions():
    make_character(scenario="The old pier.")
    publish()
    edit(scenario="The new pier.")
    publish()


def url(kind="character", key="ada"):
    return reverse(f"personas:{kind}-edit-history", args=[key])


def shown(client, **query):
    response = client.get(url(), query, headers={"HX-Request": "true"})
    return response.content.decode()


def form_to(text, there):
    """What the form that posts to ``there`` holds, as written."""
    start = text.index(f'action="{there}"')
    part = text[start : text.index("</form>", start)]
    pairs = (
        piece.split('"') for piece in part.split('<input type="hidden" name="')[1:]
    )
    return {piece[0]: piece[2] for piece in pairs}


def test_who_when_why_tokens_framework_and_labels(manager, two_versions):
    text = shown(manager)

    assert "<html" not in text
    assert "Version 2" in text
    assert "“First”" in text
    assert "system" in text
    assert "tokens · Neuro v1" in text
    assert "Live" in text


def test_as_a_page_for_those_without_scripts(manager, two_versions):
    text = manager.get(url()).content.decode()

    assert "<html" in text
    assert reverse("personas:version-restore", args=["ada", 1]) in text


def test_restoring_into_the_draft_goes_back_to_the_editor(manager, two_versions):
    there = reverse("personas:version-restore", args=["ada", 1])

    response = manager.post(there, form_to(shown(manager), there))

    assert response.url == reverse("personas:character-edit", args=["ada"])
    assert sheet_of("ada").scenario == "The old pier."


def test_rolling_back_in_one_click(manager, two_versions):
    there = reverse("personas:version-label", args=["ada", 1])

    response = manager.post(there, form_to(shown(manager), there))

    assert response.url == reverse("personas:character-edit", args=["ada"])
    assert Label.objects.get().version.number == 1
    text = shown(manager)
    assert "“Back to version 1”" in text
    assert "Make it live" in text


def test_undoing_in_one_click(manager, two_versions):
    text = shown(manager)
    publication = Label.objects.get().version.character.label_moves.latest("pk")
    there = reverse("personas:publication-undo", args=[publication.publication_id])
    assert f'action="{there}"' in text

    manager.post(there)

    assert Label.objects.get().version.number == 1
    assert "Taken back" in shown(manager)


def test_publications_of_others_are_not_told(manager, two_versions):
    make_character("bea")
    publish("bea")

    assert "Bea" not in shown(manager)


def test_curators_restore_but_move_no_label(two_versions):
    text = shown(client_as(Role.CURATOR))

    assert reverse("personas:version-restore", args=["ada", 1]) in text
    assert reverse("personas:version-label", args=["ada", 1]) not in text
    assert "Undo" not in text


def test_viewers_only_read(two_versions):
    text = shown(client_as(Role.VIEWER))

    assert "Version 1" in text
    assert "<form" not in text


def test_an_archived_character_is_only_read(manager, two_versions):
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    assert "Restore into draft" not in shown(manager)


def test_pages_stay_in_the_pane(manager, two_versions, monkeypatch):
    monkeypatch.setattr(limits, "PAGE_SIZE", 1)

    first, second = shown(manager), shown(manager, page="2")

    assert f'hx-get="{url()}?page=2"' in first
    assert "Version 2" in first
    assert "Version 1</a>" not in first
    assert "Version 1</a>" in second


@pytest.mark.parametrize("page", ["x", "0", "999", "\x00"])
def test_any_page_is_shown(manager, two_versions, page):
    assert "Version" in shown(manager, page=page)


def test_never_published(manager):
    make_character()

    assert "None yet." in shown(manager)


def test_query_count_is_flat(manager, monkeypatch):
    # As on a server, whose thread looks for changes of settings by itself.
    monkeypatch.setattr(watcher.PROCESS, "_is_recent", lambda: True)
    make_character(scenario="0")

    def add(*numbers):
        for at in numbers:
            edit(scenario=f"Tale {at}")
            publish()

    add(1, 2, 3)
    few = queries(manager, url())
    add(*range(4, 12))

    assert queries(manager, url()) == few


def test_roles_and_nobody(manager, two_versions):
    assert client_as(None).get(url()).status_code == 403
    assert manager.get(url(key="nobody")).status_code == 404
    assert manager.post(url()).status_code == 405


class TestFrameworks:
    def test_versions_and_restoring(self, manager):
        make_framework(purpose="Thinking.")

        text = manager.get(
            url("framework", "neuro"), headers={"HX-Request": "true"}
        ).content.decode()

        there = reverse("personas:framework-restore", args=["neuro", 1])
        response = manager.post(there, form_to(text, there))
        assert response.url == reverse("personas:framework-edit", args=["neuro"])
        assert "Version 1" in text
        assert "Live" in text
        assert "published the framework" in text

    def test_roles_and_nobody(self, manager):
        make_framework()

        assert client_as(None).get(url("framework", "neuro")).status_code == 403
        assert client_as(Role.VIEWER).get(url("framework", "neuro")).status_code == 200
        assert manager.get(url("framework", "nobody")).status_code == 404
