"""The page of a character."""

import pytest
from django.urls import reverse

from core.roles import Role
from personas.domain.sheets import CharacterSheet
from personas.models import Character
from personas.services import drafts, labels, publishing
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


def url(name, *args):
    return reverse(f"personas:{name}", args=args or ["ada"])


def publish(*ids, **options):
    ids = ids or ("ada",)
    return publishing.publish(
        character_ids=ids, note="First", author=None, now=NOW, **options
    )


def edit(character_id="ada", **changes):
    character = Character.objects.for_sheets().get(character_id=character_id)
    values = character.to_sheet().model_dump(mode="json") | changes
    return drafts.save_character(
        character_id=character_id,
        sheet=CharacterSheet.model_validate(values),
        revision=character.revision,
        actor=None,
        now=NOW,
    )


PAGES = ("character-detail", "character-state", "character-draft", "character-preview")


class TestDetail:
    def test_it_shows_what_is_live_and_what_the_draft_changes(self, viewer):
        make_character(description="She likes numbers.", aliases=["Countess"])
        publish()
        edit(description="She likes <b>tides</b>.")

        text = viewer.get(url("character-detail")).content.decode()

        assert "She likes numbers." in text
        assert "<ins>" in text
        assert "tides" in text
        assert "<b>tides" not in text
        assert "Countess" in text
        assert "Differs from Live" in text
        assert url("character-preview") in text
        assert url("version-detail", "ada", 1) in text

    def test_a_character_that_was_never_published(self, viewer):
        make_character()

        text = viewer.get(url("character-detail")).content.decode()

        assert "Not live yet" in text
        assert "Never published" in text

    def test_a_draft_as_it_is_live_offers_no_preview(self, viewer):
        make_character()
        publish()

        text = viewer.get(url("character-detail")).content.decode()

        assert "as it is live" in text
        assert url("character-preview") not in text

    def test_labels_and_scheduled_moves_have_their_titles(self, viewer):
        make_character()
        publish(label="staging")
        edit(scenario="Later.")
        labels.schedule(
            character_id="ada",
            label="production",
            move_at=NOW.replace(year=2030),
            until=None,
            note="Soon",
            author=None,
            now=NOW,
        )

        text = viewer.get(url("character-detail")).content.decode()

        assert "Trial" in text
        assert "becomes" in text
        assert "2030-11-01" in text

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("character_id", ["nobody", "a" * 64])
    def test_who_does_not_exist_is_not_found(self, viewer, page, character_id):
        assert viewer.get(url(page, character_id)).status_code == 404

    @pytest.mark.parametrize("path", ["Ada", "a" * 65, "ada%00", "%F0%9F%9C%81"])
    def test_what_is_no_id_is_not_found(self, viewer, path):
        assert viewer.get(f"/characters/{path}/").status_code == 404

    @pytest.mark.parametrize("page", PAGES)
    def test_every_role_may_look(self, page):
        make_character()

        for role in Role:
            assert client_as(role).get(url(page)).status_code == 200
        assert client_as(None).get(url(page)).status_code == 403

    @pytest.mark.parametrize("page", PAGES)
    def test_strangers_are_sent_to_sign_in(self, client, page):
        make_character()

        assert client.get(url(page)).url.startswith("/accounts/login/")

    def test_buttons_are_those_of_the_role(self):
        make_character()
        pages = {
            role: client_as(role).get(url("character-detail")).content.decode()
            for role in Role
        }

        assert "What would change" not in pages[Role.VIEWER]
        assert "What would change" in pages[Role.CURATOR]
        assert "Publish…" not in pages[Role.CURATOR]
        assert "Publish…" in pages[Role.MANAGER]
        assert url("character-archive") not in pages[Role.CURATOR]
        assert url("character-archive") in pages[Role.MANAGER]
        assert url("character-switch") in pages[Role.MANAGER]

    def test_query_count_is_flat(self, viewer):
        make_character(aliases=["x"])
        publish()
        few = queries(viewer, url("character-detail"))
        for at in range(30):
            edit(scenario=f"Scene {at}", aliases=["x", "y", f"z{at}"])
            publish()

        assert queries(viewer, url("character-detail")) == few <= 17

    def test_versions_are_paged(self, viewer, monkeypatch):
        monkeypatch.setattr("core.limits.PAGE_SIZE", 2)
        make_character()
        for at in range(3):
            edit(scenario=f"Scene {at}")
            publish()

        first = viewer.get(url("character-detail")).context["versions"]
        last = viewer.get(url("character-detail"), {"page": 2}).context["versions"]

        assert [version.number for version, _ in first["rows"]] == [3, 2]
        assert [version.number for version, _ in last["rows"]] == [1]


class TestPreview:
    def test_it_compiles_the_draft_beside_live(self, viewer):
        make_character(description="She likes numbers.")
        publish()
        edit(description="She likes tides.")

        response = viewer.get(url("character-preview"), headers={"HX-Request": "true"})

        text = response.content.decode()
        assert "<html" not in text
        assert "<del>numbers</del><ins>tides</ins>" in text

    def test_without_htmx_it_is_a_page(self, viewer):
        make_character()

        assert "<html" in viewer.get(url("character-preview")).content.decode()

    def test_it_says_why_a_draft_cannot_be_published(self, viewer):
        make_framework("raw", is_published=False)
        make_character(framework_id="raw")

        text = viewer.get(url("character-preview")).content.decode()

        assert "never published" in text
        assert "It cannot be published." in text

    def test_a_prompt_that_is_too_long_is_refused_in_words(self, viewer):
        make_character(
            description="x " * 100_000, scenario="y " * 100_000, first_message="z"
        )

        text = viewer.get(url("character-preview")).content.decode()

        assert "KiB" in text

    def test_nothing_is_written(self, viewer, django_assert_num_queries):
        make_character()
        publish()
        edit(scenario="Later.")
        before = Character.objects.values().get()

        viewer.get(url("character-preview"))

        assert Character.objects.values().get() == before


class TestActs:
    def test_switching_off_and_on(self, manager):
        make_character()

        manager.post(url("character-switch"), {"is_active": "no"})
        assert not Character.objects.get().is_active

        manager.post(url("character-switch"), {"is_active": "yes"})
        assert Character.objects.get().is_active

    def test_archiving_and_restoring(self, manager):
        make_character()

        response = manager.post(
            url("character-archive"), {"is_archived": "yes"}, follow=True
        )
        assert Character.objects.get().is_archived
        assert "Restore" in response.content.decode()

        manager.post(url("character-archive"), {"is_archived": "no"})
        assert not Character.objects.get().is_archived

    @pytest.mark.parametrize("page", ["character-switch", "character-archive"])
    def test_only_managers_do_it(self, page):
        make_character()
        data = {"is_active": "no", "is_archived": "yes"}

        for role in (None, Role.VIEWER, Role.CURATOR):
            assert client_as(role).post(url(page), data).status_code == 403
        character = Character.objects.get()
        assert character.is_active
        assert not character.is_archived

    @pytest.mark.parametrize("page", ["character-switch", "character-archive"])
    def test_it_takes_a_post_and_somebody(self, manager, page):
        make_character()

        assert manager.get(url(page)).status_code == 405
        assert manager.post(url(page, "nobody")).status_code == 404
