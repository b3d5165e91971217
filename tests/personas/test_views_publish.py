"""The publish sheet: what would change, doing it now or later, and refusals."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.live import watcher
from core.roles import Role
from personas import checks
from personas.models import (
    Character,
    CharacterVersion,
    Label,
    Publication,
    ScheduledMove,
)
from personas.policy import PROMPT_TOKEN_CAP
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.core.form_browser import submitted
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db

URL = "/publish/"


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


def sheet(client, *ids):
    return client.get(URL, {"ids": ",".join(ids)})


def filled(client, *ids, **changes):
    """What the sheet's form would send, with a note and some controls changed."""
    page = submitted(sheet(client, *ids).content.decode())
    return {**dict(page.lists()), "note": "New season", **changes}


def send(client, *ids, follow=False, **changes):
    """Open the sheet, fill the form in, send it."""
    return client.post(URL, filled(client, *ids, **changes), follow=follow)


def told(response):
    return " ".join(str(message) for message in response.context["messages"])


def live(character_id):
    label = Label.objects.get(character__character_id=character_id, name="production")
    return label.version


class TestChoosing:
    def test_it_offers_drafts_that_differ_from_live(self, manager):
        for character_id in ("ada", "bea", "cleo", "dora"):
            make_character(character_id)
        publish("ada", "bea")
        edit("bea", scenario="A pier.")
        drafts.archive_character(
            character_id="dora", is_archived=True, actor=None, now=NOW
        )

        response = manager.get(URL)

        offered = {character.character_id for character, _ in response.context["cards"]}
        assert offered == {"bea", "cleo"}

    def test_when_everything_is_live(self, manager):
        assert "Everything is live" in manager.get(URL).content.decode()

    def test_a_post_without_anybody_comes_back(self, manager):
        response = manager.post(URL, {"note": "N", "label": "production"}, follow=True)

        assert "Choose at least one" in told(response)

    def test_query_count_is_flat(self, manager):
        make_character("c0", aliases=["x"])
        few = queries(manager, URL)
        for at in range(1, 15):
            make_character(f"c{at}", aliases=["x", "y"])

        assert queries(manager, URL) == few


class TestSheet:
    def test_it_shows_fields_prompt_and_tokens(self, manager):
        make_character(description="The old pier.")
        publish()
        edit(description="The new pier, painted twice.")

        response = sheet(manager, "ada")

        text = response.content.decode()
        assert "<del>old</del><ins>new</ins>" in text
        [item] = response.context["items"]
        assert item.token_change > 0
        assert f"+{item.token_change} tokens" in text

    def test_who_cannot_go_live_says_why(self, manager):
        make_framework("raw", is_published=False)
        make_character("ada")
        make_character("bea", framework_id="raw")
        make_character("cleo")
        publish("cleo")

        response = sheet(manager, "ada", "bea", "cleo", "nobody")

        items = {i.character.character_id: i for i in response.context["items"]}
        assert items["ada"].can_go
        assert "never published" in items["bea"].refusal
        assert items["cleo"].is_unchanged
        assert response.context["unknown"] == ["nobody"]
        assert len(response.context["going"]) == 1

    def test_warnings_of_checks_are_shown(self, manager, monkeypatch):
        monkeypatch.setattr(checks, "_checks", {})
        checks.register(
            lambda _: [checks.Finding(checks.Level.WARN, "Mind the <gap>.")], name="x"
        )
        make_character()

        assert "Mind the &lt;gap&gt;." in sheet(manager, "ada").content.decode()

    def test_notes_about_a_framework_stand_once_after_all_who_use_it(self, manager):
        make_framework("neuro", name="Neuro", prompt_template="{identity} {nothing}")
        policy.set_value(
            name=PROMPT_TOKEN_CAP, value=75, actor=None, now=timezone.now()
        )
        make_character("ada", description="star " * 60)
        make_character("bea")

        response = sheet(manager, "ada", "bea")

        page = response.content.decode()
        (notes,) = response.context["framework_notes"]
        assert notes.name == "Neuro"
        assert [text.split("(")[0] for text in notes.texts] == [
            (
                "The framework's template leaves no place for “Behavior”, “Knowledge”,"
                " “Interaction”, “Staying truthful”: they are put after it."
            ),
            "“{nothing}” in the template ",
        ]
        assert page.count("leaves no place for") == 1
        assert page.index("leaves no place for") > page.index('id="item-bea"')
        (own,) = response.context["items"][0].warnings
        assert "most allowed is 75" in own
        assert response.context["items"][1].warnings == ()

    def test_the_question_before_publishing_names_one_time(self, manager):
        make_character("ada")

        page = sheet(manager, "ada").content.decode()

        assert 'data-confirm="Ada changes for every bot now.' in page
        assert "Ada changes for every bot at the time you chose." in page
        assert "now or at" not in page

    def test_ids_in_any_form_without_repeats(self, manager):
        for character_id in ("ada", "bea"):
            make_character(character_id)

        response = manager.get(URL, {"ids": ["ada, bea,,", "ada"]})

        ids = [item.character.character_id for item in response.context["items"]]
        assert ids == ["ada", "bea"]

    @pytest.mark.parametrize("ids", ["\x00", "🜁", "a" * 5_000, "%s{}", ",,,"])
    def test_any_text_as_an_id(self, manager, ids):
        assert manager.get(URL, {"ids": ids}).status_code == 200

    def test_more_than_one_publish_holds(self, manager, monkeypatch):
        monkeypatch.setattr("personas.views.publish.MOST", 2)
        for at in range(3):
            make_character(f"c{at}")

        response = sheet(manager, "c0", "c1", "c2")

        assert len(response.context["items"]) == 2
        assert response.context["left_out"] == 1

    def test_many_prompts_are_compared_on_demand(self, manager, monkeypatch):
        monkeypatch.setattr("personas.views.publish_items.DIFFED_CHARACTERS", 90)
        for character_id in ("ada", "bea"):
            make_character(character_id)
            publish(character_id)
            edit(character_id, scenario="A pier.")

        text = sheet(manager, "ada", "bea").content.decode()

        there = reverse("personas:character-edit-diff", args=["bea"])
        assert "<ins>" in text
        assert f'hx-get="{there}?context=&amp;part=prompt"' in text
        part = manager.get(
            f"{there}?context=&part=prompt", headers={"HX-Request": "true"}
        )
        assert "A pier." in part.content.decode()
        assert "<html" not in part.content.decode()

    def test_query_count_is_flat(self, manager, monkeypatch):
        # As on a server, whose thread looks for changes of settings by itself.
        monkeypatch.setattr(watcher.PROCESS, "_is_recent", lambda: True)

        def add(*numbers):
            ids = [f"c{at}" for at in numbers]
            for character_id in ids:
                make_character(character_id, aliases=["x"])
            publish(*ids)
            for character_id in ids:
                edit(character_id, scenario="A pier.")

        add(0, 1)
        few = queries(manager, f"{URL}?ids=c0,c1")
        add(*range(2, 12))
        many = ",".join(f"c{at}" for at in range(12))

        assert queries(manager, f"{URL}?ids={many}") == few

    def test_a_curator_looks_and_a_viewer_does_not(self):
        make_character()

        response = sheet(client_as(Role.CURATOR), "ada")

        assert "Managers publish." in response.content.decode()
        assert 'id="id_note"' not in response.content.decode()
        assert sheet(client_as(Role.VIEWER), "ada").status_code == 403
        assert sheet(client_as(None), "ada").status_code == 403


class TestPublishing:
    def test_one_publication_for_all_and_a_page_with_undo(self, manager, mia):
        make_character("ada")
        make_character("bea")

        response = send(manager, "ada", "bea", follow=True)

        publication = Publication.objects.get(author=mia)
        assert publication.note == "New season"
        assert publication.moves.count() == 2
        assert live("ada").number == live("bea").number == 1
        text = response.content.decode()
        assert reverse("personas:publication-undo", args=[publication.pk]) in text
        assert "2 characters published as Live" in told(response)

    def test_no_other_draft_goes_live(self, manager):
        for character_id in ("ada", "bea", "cleo"):
            make_character(character_id, scenario="Old.")
        publish("ada", "bea", "cleo")
        for character_id in ("ada", "bea", "cleo"):
            edit(character_id, scenario="Unfinished.")

        send(manager, "ada", "bea")

        assert live("ada").to_sheet().scenario == "Unfinished."
        assert live("bea").to_sheet().scenario == "Unfinished."
        assert live("cleo").to_sheet().scenario == "Old."
        assert (
            CharacterVersion.objects.filter(character__character_id="cleo").count() == 1
        )

    def test_what_was_edited_after_looking_is_left_and_listed(self, manager):
        make_character("ada")
        make_character("bea")
        data = filled(manager, "ada", "bea")
        edit("bea", scenario="Not seen by the manager.")

        response = manager.post(URL, data, follow=True)

        assert live("ada").number == 1
        assert not Label.objects.filter(character__character_id="bea").exists()
        assert "Edited meanwhile" in response.content.decode()

    def test_refused_and_unchanged_are_listed_with_the_rest(self, manager):
        make_framework("raw", is_published=False)
        make_character("ada")
        make_character("bea", framework_id="raw")
        make_character("cleo")
        publish("cleo")

        text = send(manager, "ada", "bea", "cleo", follow=True).content.decode()

        assert "Refused, so left as they were" in text
        assert "never published" in text
        assert "Unchanged, so nothing was made: Cleo" in text

    def test_nothing_to_publish_comes_back_and_says_so(self, manager):
        make_framework("raw", is_published=False)
        make_character("ada")
        make_character("bea", framework_id="raw")
        publish("ada")
        before = Publication.objects.count()
        data = {"ids": "ada,bea", "note": "N", "label": "production", "when": "now"}
        data |= {"revision-ada": "1", "revision-bea": "1"}

        response = manager.post(URL, data, follow=True)

        assert Publication.objects.count() == before
        assert "Nothing to publish: Ada." in told(response)
        assert "Bea:" in told(response)

    def test_many_refusals_are_told_in_short(self, manager):
        make_framework("raw", is_published=False)
        ids = [f"c{at}" for at in range(9)]
        for character_id in ids:
            make_character(character_id, framework_id="raw")
        data = {"ids": ids, "note": "N", "label": "production", "when": "now"}
        data |= {f"revision-{character_id}": "1" for character_id in ids}

        assert "4 more were refused." in told(manager.post(URL, data, follow=True))

    def test_as_trial_bots_keep_what_is_live(self, manager):
        make_character(scenario="Old.")
        publish()
        edit(scenario="New.")

        send(manager, "ada", label="staging")

        assert live("ada").to_sheet().scenario == "Old."
        assert Label.objects.get(name="staging").version.number == 2

    def test_under_a_name_of_ones_own(self, manager):
        make_character()

        send(manager, "ada", label="other", own_label="winter_2")

        assert Label.objects.get().name == "winter_2"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"note": " "}, "note"),
            ({"note": "x" * 1_001}, "note"),
            ({"label": "nonsense"}, "label"),
            ({"label": "other", "own_label": "a b"}, "own_label"),
            ({"when": "someday"}, "when"),
            ({"when": "later"}, "move_at"),
            ({"when": "later", "move_at": "soon"}, "move_at"),
            ({"when": "later", "move_at": "2001-01-01T10:00"}, "move_at"),
            (
                {
                    "when": "later",
                    "move_at": "2990-01-02T10:00",
                    "until": "2990-01-01T10:00",
                },
                "until",
            ),
            ({"when": "later", "move_at": "2990-01-02T10:00", "until": "x"}, "until"),
        ],
    )
    def test_what_is_wrong_is_told_beside_it_and_kept(self, manager, changes, field):
        make_character()

        response = send(manager, "ada", **changes)

        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert not Label.objects.exists()

    @pytest.mark.parametrize("role", [None, Role.VIEWER, Role.CURATOR])
    def test_only_managers_publish(self, role):
        make_character()
        data = {"ids": "ada", "revision-ada": "1", "note": "N", "label": "production"}

        assert client_as(role).post(URL, data).status_code == 403
        assert not Label.objects.exists()

    def test_strangers_are_sent_to_sign_in(self, client):
        assert client.post(URL).url.startswith("/accounts/login/")


class TestScheduling:
    def _later(self, manager, *ids, **options):
        at = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
        return send(manager, *ids, when="later", move_at=at, **options)

    def test_versions_are_frozen_now_and_labels_move_then(self, manager):
        make_character("ada")
        make_character("bea")

        response = self._later(manager, "ada", "bea")

        assert response.url == reverse("personas:schedule-list")
        assert ScheduledMove.objects.count() == 2
        assert CharacterVersion.objects.count() == 2
        assert not Label.objects.exists()

    def test_times_are_utc(self, manager):
        make_character()

        send(
            manager,
            "ada",
            when="later",
            move_at="2990-01-02T10:30",
            until="2990-01-03T00:00:00",
        )

        move = ScheduledMove.objects.get()
        assert move.move_at == datetime(2990, 1, 2, 10, 30, tzinfo=UTC)
        assert move.until == datetime(2990, 1, 3, tzinfo=UTC)

    def test_one_that_cannot_be_frozen_stops_no_other(self, manager):
        make_framework("raw", is_published=False)
        make_character("ada")
        make_character("bea", framework_id="raw")

        response = self._later(manager, "ada", "bea", follow=True)

        assert ScheduledMove.objects.get().character.character_id == "ada"
        assert "Bea:" in told(response)
        assert "1 character is scheduled." in told(response)

    def test_when_none_can_be_frozen_the_sheet_comes_back(self, manager):
        make_framework("raw", is_published=False)
        make_character("bea", framework_id="raw")
        data = {"ids": "bea", "revision-bea": "1", "note": "N", "label": "production"}
        data |= {"when": "later", "move_at": "2990-01-02T10:30"}

        response = manager.post(URL, data)

        assert response.url == reverse("personas:publish", query={"ids": "bea"})
        assert not ScheduledMove.objects.exists()

    def test_what_was_edited_after_looking_is_not_scheduled(self, manager):
        make_character("ada")
        make_character("bea")
        data = filled(manager, "ada", "bea", when="later", move_at="2990-01-02T10:30")
        edit("bea", scenario="Not seen.")

        response = manager.post(URL, data, follow=True)

        assert ScheduledMove.objects.get().character.character_id == "ada"
        assert "Edited meanwhile" in told(response)

    def test_a_time_that_passes_while_typing_is_told(self, manager):
        make_character()
        now = timezone.now()
        at = (now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
        data = filled(manager, "ada", when="later", move_at=at)

        with time_machine.travel(now + timedelta(minutes=10), tick=False):
            response = manager.post(URL, data)

        assert "move_at" in response.context["form"].errors


def test_archived_characters_are_refused(manager):
    make_character()
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    [item] = sheet(manager, "ada").context["items"]

    assert "Restore it first" in item.refusal
    assert Character.objects.get().is_archived
