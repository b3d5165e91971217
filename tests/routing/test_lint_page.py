"""The page of names and topics to look at."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from personas.models import Character
from personas.services import drafts
from routing.models import Decision
from routing.services import linting
from tests.clients import client_as
from tests.evolution.growing import make_live
from tests.factories import NOW, make_character
from tests.personas.counting import queries
from tests.routing.decisions_data import make_decision

pytestmark = pytest.mark.django_db

PAGE = reverse("routing:names")


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def groups_of(client, **query):
    return client.get(PAGE, query).context["groups"]


def shown(client, **query):
    """Kind, character and link of each row."""
    return [
        (row.finding.kind, row.finding.character_id, row.url)
        for group in groups_of(client, **query)
        for row in group.rows
    ]


class TestFindings:
    def test_they_stand_by_how_much_they_matter(self, viewer):
        make_character("toad", display_name="Toad", aliases=["Will"])
        make_character("other", display_name="Odo", nickname="TOAD")
        make_character("third", display_name="Toadette")

        groups = groups_of(viewer)

        assert [(g.look.title, g.count, len(g.rows)) for g in groups] == [
            ("Problems", 2, 2),
            ("Warnings", 1, 1),
            ("Good to know", 1, 1),
        ]
        assert [row.field for row in groups[0].rows] == ["Nickname", "Name"]
        assert [row.kind for row in groups[1].rows] == ["Everyday word"]

    def test_each_links_to_its_field_and_to_the_others(self, viewer):
        make_character("toad", display_name="Toad")
        make_character("other", display_name="Other", aliases=["One", "Toad"])

        page = viewer.get(PAGE).content.decode()

        assert 'href="/characters/other/edit/#field-aliases"' in page
        assert 'href="/characters/toad/edit/#field-display_name"' in page
        assert '<a href="/characters/other/">Other</a>' in page
        assert "“Toad” is a name of Other, too." in page

    def test_topics_and_the_main_subject_are_looked_at(self, viewer):
        make_character(
            topic_interests=["tea", "Ships"],
            topic_avoidances=["ships", "maybe"],
            knowledge_domain={"primary": "ships"},
        )

        found = shown(viewer)

        assert found == [
            ("contradiction", "ada", "/characters/ada/edit/#field-knowledge_domain"),
            ("contradiction", "ada", "/characters/ada/edit/#field-topic_interests"),
            ("everyday", "ada", "/characters/ada/edit/#field-topic_avoidances"),
        ]

    def test_what_people_write_is_not_markup(self, viewer):
        make_character("a", display_name="<b>Toad</b> {0} %s")
        make_character("b", display_name="<b>Toad</b> {0} %s")

        page = viewer.get(PAGE).content.decode()

        assert "&lt;b&gt;Toad&lt;/b&gt; {0} %s" in page
        assert "<b>Toad" not in page

    def test_the_archived_are_left_out(self, viewer):
        make_character("toad", display_name="Toad")
        make_live("other", display_name="Toad")
        drafts.archive_character(
            character_id="other", is_archived=True, actor=None, now=NOW
        )

        assert shown(viewer) == []

    def test_those_switched_off_are_not(self, viewer):
        make_character("toad", display_name="Toad")
        make_character("other", display_name="Toad")
        Character.objects.update(is_active=False)

        assert len(shown(viewer)) == 2

    def test_what_only_live_has_still_collides(self, viewer):
        make_live("toad", display_name="Toad", aliases=["Hopper"])
        make_character("other", display_name="Hopper")
        Character.objects.get(character_id="toad").aliases.all().delete()

        (group,) = groups_of(viewer)

        assert [
            (r.finding.character_id, r.finding.is_live_only) for r in group.rows
        ] == [
            ("other", False),
            ("toad", True),
        ]
        assert "It is in Live, not in the draft" in group.rows[1].finding.sentence
        assert group.rows[1].url == "/characters/toad/edit/#field-aliases"

    def test_topics_that_only_live_has(self, viewer):
        make_live(
            "ada",
            topic_interests=["maybe"],
            topic_avoidances=["film noir"],
            knowledge_domain={"primary": "ships"},
        )
        Character.objects.update(
            topic_interests=[], topic_avoidances=[], knowledge_domain={}
        )

        (group,) = groups_of(viewer)

        assert [r.finding.phrase for r in group.rows] == ["maybe"]


class TestMessages:
    def test_a_phrase_in_most_of_them(self, viewer):
        make_character(topic_interests=["harbour"])
        for n in range(20):
            make_decision(text=f"number {n} in the harbour")

        (group,) = groups_of(viewer)

        assert [row.kind for row in group.rows] == ["In most messages"]
        page = viewer.get(PAGE).content.decode()
        assert "stands in 20 of the newest 20 messages" in page
        assert "number 7" not in page

    def test_only_the_newest_with_text_count(self, viewer, monkeypatch):
        monkeypatch.setattr(linting, "MESSAGES", 25)
        make_character(topic_interests=["harbour"])
        for _ in range(25):
            make_decision(text="harbour")
        for _ in range(25):
            make_decision(text="", text_kept=Decision.Kept.NONE)
        assert len(shown(viewer)) == 1

        for _ in range(25):
            make_decision(text="pier")

        assert shown(viewer) == []

    def test_only_how_they_begin_is_looked_at(self, viewer, monkeypatch):
        monkeypatch.setattr(linting, "LOOKED_AT", 12)
        make_character(topic_interests=["harbour", "pier"])
        for _ in range(20):
            make_decision(text="The harbour and the pier")

        (group,) = groups_of(viewer)

        assert [row.finding.phrase for row in group.rows] == ["harbour"]

    def test_they_are_counted_anew_only_with_a_newer_one(self, viewer, monkeypatch):
        read = []
        real = linting.newest_messages
        monkeypatch.setattr(
            linting, "newest_messages", lambda: read.append(1) or real()
        )
        make_character(topic_interests=["harbour"])
        for _ in range(20):
            make_decision(text="harbour")

        first, again = shown(viewer), shown(viewer)
        assert (len(first), again, len(read)) == (1, first, 1)

        make_decision(text="pier")
        assert "newest 21 messages" in viewer.get(PAGE).content.decode()
        assert len(read) == 2

    def test_they_are_counted_anew_with_other_names(self, viewer):
        make_character(topic_interests=["harbour"])
        for _ in range(20):
            make_decision(text="harbour")
        shown(viewer)

        Character.objects.update(topic_interests=["pier"])

        assert shown(viewer) == []


class TestChoosing:
    @pytest.fixture(autouse=True)
    def rows(self):
        make_character("toad", display_name="Toad", aliases=["Will"])
        make_character("other", display_name="Toad", aliases=["May"])

    def test_by_character(self, viewer):
        assert {one for _, one, _ in shown(viewer, character="toad")} == {"toad"}

    def test_by_kind(self, viewer):
        assert {kind for kind, _, _ in shown(viewer, kind="everyday")} == {"everyday"}

    def test_what_is_offered_is_what_is_found(self, viewer):
        context = viewer.get(PAGE).context

        assert context["kinds"] == [
            ("collision", "Same name"),
            ("everyday", "Everyday word"),
        ]
        assert sorted(key for key, _ in context["characters"]) == ["other", "toad"]

    @pytest.mark.parametrize(
        "query",
        [{"character": "nobody"}, {"kind": "nonsense"}, {"kind": "\0", "page": "x"}],
    )
    def test_nothing_matches(self, viewer, query):
        response = viewer.get(PAGE, query)

        assert response.status_code == 200
        assert "Nothing matches" in response.content.decode()

    def test_pages(self, viewer):
        for n in range(60):
            make_character(
                f"c{n}", display_name=f"Mossbeard {n:02}", aliases=["Hopper"]
            )

        first, second = viewer.get(PAGE), viewer.get(PAGE, {"page": 2})

        assert sum(len(g.rows) for g in first.context["groups"]) == 50
        assert sum(len(g.rows) for g in second.context["groups"]) == 14
        assert [g.count for g in second.context["groups"]] == [62, 2]


class TestEmpty:
    def test_without_characters(self, viewer):
        assert "No characters yet" in viewer.get(PAGE).content.decode()

    def test_with_nothing_to_say(self, viewer):
        make_character()

        assert "Nothing to look at" in viewer.get(PAGE).content.decode()


class TestCost:
    def test_the_query_count_is_flat(self, viewer):
        make_live("ada")
        # Messages are read once only, so let there be one that was not.
        make_decision(text="Toad!")
        few = queries(viewer, PAGE)
        for n in range(12):
            make_character(f"c{n}", display_name="Toad", aliases=["Will", f"May {n}"])
            make_decision(text="Toad!")

        assert queries(viewer, PAGE) == few

    def test_names_are_looked_at_anew_only_when_they_change(self, viewer, monkeypatch):
        looked = []
        real = linting.Linter
        monkeypatch.setattr(
            linting, "Linter", lambda found: looked.append(1) or real(found)
        )
        make_character("toad", display_name="Mossbeard")

        viewer.get(PAGE)
        viewer.get(PAGE)
        assert len(looked) == 1

        Character.objects.update(display_name="Will", updated_at=timezone.now())
        assert [kind for kind, _, _ in shown(viewer)] == ["everyday"]


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.VIEWER, 200)])
def test_whoever_sees_the_cast_sees_it(role, status):
    assert client_as(role).get(PAGE).status_code == status


def test_strangers_sign_in_and_nothing_is_posted(client, viewer):
    assert client.get(PAGE).status_code == 302
    assert viewer.post(PAGE).status_code == 405
