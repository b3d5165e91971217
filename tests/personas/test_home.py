"""Home: what waits, the cast, what changed, and the first steps."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.live.changes import current_head
from core.models import BotKey
from core.roles import Role
from personas.models import Framework
from personas.services import drafts, labels
from tests.clients import client_as, client_of
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.counting import queries
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db

PARTS = ("home-needs", "home-cast", "home-recent")


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def home(client, **query):
    return client.get(reverse("home"), query)


def needs(client):
    return {need.text: need for need in home(client).context["needs"]}


def make_key():
    return BotKey.objects.create(
        name="bot", public_id="b", digest="d", scopes=["prompt:read"], created_at=NOW
    )


class TestFirstSteps:
    def test_an_empty_installation_says_what_to_do(self, manager):
        response = home(manager)

        assert [step.is_done for step in response.context["start"]] == [False] * 3
        text = response.content.decode()
        assert "manage.py import_prompts" in text
        assert "No characters yet" in text

    def test_first_step_leads_to_the_import_whoever_may(self, manager, viewer):
        [step, *_] = home(manager).context["start"]
        [unlinked, *_] = home(viewer).context["start"]

        assert step.url == reverse("personas:import-list")
        assert unlinked.url == ""

    def test_who_may_not_do_a_step_is_told_who_does(self, viewer):
        text = home(viewer).content.decode()

        assert "An admin makes it." in text
        assert reverse("core:key-create") not in text
        assert reverse("personas:import-list") not in text

    def test_an_admin_is_led_to_the_keys(self):
        text = home(client_as(Role.ADMIN)).content.decode()

        assert reverse("core:key-create") in text

    def test_done_steps_go_away_together(self, manager):
        make_character()
        publish()
        assert "First steps" in home(manager).content.decode()

        make_key()

        assert "First steps" not in home(manager).content.decode()
        assert "Nothing waits for you." in home(manager).content.decode()


class TestNeeds:
    def test_drafts_that_differ_and_that_were_never_live(self, manager):
        for character_id in ("ada", "bea", "cleo"):
            make_character(character_id)
        publish("ada")
        edit("ada", scenario="A pier.")

        found = needs(manager)

        changed = found["1 character has changes that are not live."]
        assert changed.url == reverse("personas:publish")
        assert changed.since == NOW
        new = found["2 characters are not live yet."]
        assert new.count == 2

    def test_since_when_of_several_begins_a_phrase(self, manager):
        for character_id in ("ada", "bea"):
            make_character(character_id)
            publish(character_id)
            edit(character_id, scenario="A pier.")

        text = home(manager).content.decode()

        assert '<span class="muted small">Oldest: <time' in text

    @pytest.mark.parametrize(
        ("role", "action"),
        [
            (Role.VIEWER, "See them"),
            (Role.CURATOR, "See changes"),
            (Role.MANAGER, "Review and publish"),
        ],
    )
    def test_each_role_is_led_where_it_may_go(self, role, action):
        make_character()
        client = client_as(role)

        [need] = needs(client).values()

        assert need.action == action
        assert client.get(need.url).status_code == 200

    def test_archived_ones_need_nobody(self, manager):
        make_character()
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert needs(manager) == {}

    def test_frameworks_with_changes_or_never_published(self, manager):
        framework = make_framework("caring")
        make_framework("raw", is_published=False)
        Framework.objects.filter(pk=framework.pk).update(draft_hash="other")

        assert set(needs(manager)) == {
            "Framework Caring has changes that are not live.",
            "Framework Raw was never published.",
        }

    def test_who_cannot_be_published_is_urgent(self, manager):
        make_framework("raw", is_published=False)
        make_character(framework_id="raw")

        first = home(manager).context["needs"][0]

        assert first.is_urgent
        assert "cannot be published" in first.text

    def test_scheduled_moves_soon_and_late(self, manager):
        make_character("ada")
        make_character("bea")
        now = timezone.now()
        for character_id, at in (
            ("ada", timedelta(hours=2)),
            ("bea", timedelta(days=9)),
        ):
            labels.schedule(
                character_id=character_id,
                label="production",
                move_at=now + at,
                until=None,
                note="N",
                author=None,
                now=now,
            )

        assert "1 scheduled change within a day." in needs(manager)

        labels.schedule(
            character_id="ada",
            label="staging",
            move_at=now - timedelta(hours=1),
            until=None,
            note="N",
            author=None,
            now=now - timedelta(hours=2),
        )
        [late] = [need for text, need in needs(manager).items() if "late" in text]
        assert late.is_urgent


class TestCast:
    def test_cards_tell_name_aliases_version_and_state(self, viewer):
        make_character("ada", aliases=["Countess"], tags=["numbers"])
        make_character("bea")
        publish("ada")
        edit("ada", description="Clever.")
        drafts.set_active(character_id="bea", is_active=False, actor=None, now=NOW)

        text = home(viewer).content.decode()

        for words in ("Countess", "numbers", "v1", "Draft", "Off", "Neuro", "Not live"):
            assert words in text

    def test_search_and_pages(self, viewer, monkeypatch):
        monkeypatch.setattr("personas.views.home_regions.CARDS", 2)
        for at in range(5):
            make_character(f"c{at}", tags=["pier"] if at < 3 else [])

        first = home(viewer, q="pier")
        second = home(viewer, q="pier", page=2)

        assert [c.character.character_id for c in first.context["cards"]] == [
            "c0",
            "c1",
        ]
        assert [c.character.character_id for c in second.context["cards"]] == ["c2"]
        assert "?q=pier&amp;page=2" in first.content.decode()

    @pytest.mark.parametrize("page", ["0", "-1", "99", "x", "9" * 30])
    def test_any_page_number(self, viewer, page):
        make_character()

        assert len(home(viewer, page=page).context["cards"]) == 1

    def test_nobody_found(self, viewer):
        make_character()

        assert "Nobody found" in home(viewer, q="zzz").content.decode()

    def test_names_are_escaped(self, viewer):
        make_character(display_name="<script>x</script>", tags=["<b>"])

        text = home(viewer).content.decode()

        assert "<script>x" not in text
        assert "<b>" not in text


class TestRecent:
    def test_publications_and_drafts(self, manager):
        make_character("ada")
        make_character("bea")
        publish("ada")

        response = home(manager)

        assert response.context["changes"][0].publication.note == "First"
        assert [c.character.character_id for c in response.context["drafts"]] == ["bea"]

    def test_undo_is_for_managers(self, manager, viewer):
        make_character()
        publish()

        assert "/undo/" in home(manager).content.decode()
        assert "/undo/" not in home(viewer).content.decode()


class TestLive:
    @pytest.mark.parametrize("part", PARTS)
    def test_a_part_is_the_one_of_the_page(self, viewer, part):
        make_character()
        home(viewer)  # What is committed gets its numbers.

        response = viewer.get(reverse(f"personas:{part}"))

        text = response.content.decode()
        assert "<html" not in text
        head = current_head("personas")
        assert response["X-Live-Seq"] == str(head)
        assert f'data-live-seq="{head}"' in text
        assert f'data-live-src="{reverse(f"personas:{part}")}' in text
        assert f'id="{part}"' in home(viewer).content.decode()

    def test_the_cast_keeps_its_search(self, viewer):
        make_character("ada")
        make_character("bea")

        text = home(viewer, q="ada").content.decode()
        assert 'data-live-src="/home/cast/?q=ada"' in text

        part = viewer.get("/home/cast/", {"q": "ada"})
        assert len(part.context["cards"]) == 1


@pytest.mark.parametrize("name", ["home", *(f"personas:{part}" for part in PARTS)])
def test_roles(name, client):
    make_character()

    for role in Role:
        assert client_as(role).get(reverse(name)).status_code == 200
    assert client_as(None).get(reverse(name)).status_code == 403
    assert client.get(reverse(name)).url.startswith("/accounts/login/")


def test_query_count_is_flat(manager):
    def add(*numbers):
        ids = [f"c{at}" for at in numbers]
        for character_id in ids:
            make_character(character_id, aliases=["x", "y"])
        publish(*ids)
        edit(ids[0], scenario="A pier.")

    add(0, 1)
    few = queries(manager, reverse("home"))
    for start in range(2, 30, 4):
        add(*range(start, start + 4))

    assert queries(manager, reverse("home")) == few <= 26


def test_the_navigation_leads_to_our_pages(manager, viewer):
    links = {link.title: link.url for link in home(manager).context["navigation"]}

    assert links["Home"] == "/"
    assert links["Characters"] == reverse("admin:personas_character_changelist")
    assert links["Publish"] == reverse("personas:publish")
    assert "Publish" not in {link.title for link in home(viewer).context["navigation"]}
