"""The list of tracks: what it shows, finds, orders, and how little it asks."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core import policy
from core.roles import Role
from evolution.models import Crossing, Progress
from evolution.policy import PERSONA_EVOLUTION_ENABLED
from evolution.services import stages
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.evolution.growing import OPEN, WARM, count, make_live, stage, stage_at
from tests.factories import NOW, make_character, make_person
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db

LIST = reverse("evolution:growth-list")


@pytest.fixture
def manager():
    return client_of(make_person(Role.MANAGER, username="mia"))


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def tracks(client, **query):
    return client.get(LIST, query).context["tracks"]


def names(client, **query):
    return [track.character.character_id for track in tracks(client, **query)]


def text_of(client, **query):
    return client.get(LIST, query).content.decode()


class TestTrack:
    def test_steps_are_stages_and_marks_lowest_first(self, viewer):
        count(make_live(stages=[WARM, stage(70, "Dares")]), 60)

        [track] = tracks(viewer)

        found = [(s.milestone, s.title, s.state.text) for s in track.steps]
        assert found[:4] == [
            (50, "Warms up", "Waiting"),
            (70, "Dares", "Ahead"),
            (100, "", "Ahead"),
            (500, "", "Ahead"),
        ]
        assert track.next.milestone == 70
        assert track.remaining == 10

    def test_share_is_the_way_from_the_milestone_before(self, viewer):
        count(make_live(), 75)

        [track] = tracks(viewer)

        assert [step.share for step in track.steps[:3]] == [100, 50, 0]

    def test_a_mark_without_a_stage_is_passed(self, viewer):
        count(make_live(stages=[]), 51)

        [track] = tracks(viewer)

        assert track.steps[0].state.text == "Passed"
        assert not track.has_stages
        assert "No stages of its own" in text_of(viewer)

    def test_beyond_every_milestone(self, viewer):
        character = make_live(stages=[])
        Progress.objects.create(character=character, count=6_000)

        [track] = tracks(viewer)

        assert track.next is None
        assert "Beyond every milestone" in text_of(viewer)

    def test_rate_and_date_come_from_the_last_days(self, viewer):
        character = make_live()
        now = timezone.now()
        for back in range(14):
            count(character, 3, now=now - timedelta(days=back))

        [track] = tracks(viewer)

        assert track.rate_words == "3 a day"
        assert track.expected_words.startswith("expected ")

    def test_without_interactions_nothing_is_foretold(self, viewer):
        make_live()

        [track] = tracks(viewer)

        assert track.rate_words == "none yet"
        assert track.expected_words == ""

    def test_from_minutes_nothing_is_foretold(self, viewer):
        count(make_live(), 17)

        [track] = tracks(viewer)

        assert track.rate_words == "too early for a rate"
        assert "to go, too early to tell when" in text_of(viewer)

    def test_after_a_long_rest_it_says_so(self, viewer):
        count(make_live(), 3, now=timezone.now() - timedelta(days=20))

        [track] = tracks(viewer)

        assert track.rate_words == "none in 14 days"

    def test_traits_that_moved_are_shown_with_their_value(self, viewer):
        count(make_live(), 40, kind="compliment")

        [track] = tracks(viewer)

        assert {t.title: t.value for t in track.traits} == {
            "Warmth": "+0.24",
            "Confidence": "+0.12",
        }

    @pytest.mark.parametrize(("days", "is_drawn"), [(1, False), (2, True)])
    def test_a_line_is_drawn_from_two_days_on(self, viewer, days, is_drawn):
        character = make_live()
        for back in range(days):
            count(
                character,
                5,
                kind="compliment",
                now=timezone.now() - timedelta(days=back),
            )

        [track] = tracks(viewer)

        assert {bool(t.chart.path) for t in track.traits} == {is_drawn}
        assert ("sparkline" in text_of(viewer)) is is_drawn

    def test_a_short_track_keeps_all_that_waits(self, viewer):
        marks = [stage(at, f"Stage {at}") for at in range(10, 90, 10)]
        count(make_live(stages=marks), 85)

        [track] = tracks(viewer)

        assert [s.milestone for s in track.shown][-3:] == [100, 500, 1000]
        assert track.before_shown == 5
        assert len(track.waiting) == 8

    def test_never_published_is_said(self, viewer):
        make_character("ada")

        assert "Not live yet" in text_of(viewer)

    def test_authored_text_is_escaped(self, viewer):
        count(make_live(stages=[stage(50, "<b>Bold</b>")]), 50)

        text = text_of(viewer)

        assert "<b>Bold" not in text
        assert "&lt;b&gt;Bold" in text


class TestFinding:
    def test_waiting_only(self, viewer):
        count(make_live("ada"), 50)
        count(make_live("bea"), 20)

        assert names(viewer, show="waiting") == ["ada"]

    def test_what_could_not_go_live(self, manager):
        character = make_live("ada")
        make_live("bea")
        count(character, 50)
        Crossing.objects.update(wants="apply", failure="Too long.")

        assert names(manager, show="failed") == ["ada"]
        assert "Too long." in text_of(manager, show="failed")

    def test_with_interactions_only(self, viewer):
        count(make_live("ada"), 1)
        make_live("bea")

        assert names(viewer, show="begun") == ["ada"]

    def test_mode_counts_the_default_of_those_without_a_row(self, viewer):
        Progress.objects.create(character=make_live("ada"), mode="auto")
        make_live("bea")

        assert names(viewer, mode="auto") == ["ada"]
        assert names(viewer, mode="approve") == ["bea"]

    def test_tag(self, viewer):
        make_live("ada", tags=["kind"])
        make_live("bea", tags=["kinder"])

        assert names(viewer, tag="kind") == ["ada"]

    def test_words(self, viewer):
        make_live("ada", description="Sells tea.")
        make_live("bea")

        assert names(viewer, q="tea") == ["ada"]

    def test_archived_ones_are_left_out(self, viewer):
        make_live("ada")
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert names(viewer) == []

    @pytest.mark.parametrize(
        "query",
        [{"show": "?"}, {"mode": "no"}, {"order": "no"}, {"page": "x"}, {"tag": "\0"}],
    )
    def test_what_makes_no_sense_is_left_out(self, viewer, query):
        make_live()

        assert viewer.get(LIST, query).status_code == 200

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("", ["bea", "cleo", "ada"]),
            ("name", ["ada", "bea", "cleo"]),
            ("count", ["cleo", "bea", "ada"]),
            ("next", ["ada", "bea", "cleo"]),
        ],
    )
    def test_order(self, viewer, order, expected):
        for character_id, number in (("ada", 49), ("bea", 60), ("cleo", 120)):
            count(make_live(character_id, stages=[WARM]), number)
        stage = stage_at(Progress.objects.get(count=120).character, 50)
        Crossing.objects.filter(pk=stage.pk).update(status="rejected")

        assert names(viewer, order=order) == expected

    def test_nobody_matches(self, viewer):
        make_live()

        assert "Nobody matches" in text_of(viewer, q="zebra")

    def test_nothing_waits(self, viewer):
        make_live()

        assert "Nothing waits" in text_of(viewer, show="waiting")

    def test_no_characters_yet(self, viewer):
        assert "No characters yet" in text_of(viewer)

    def test_growth_that_is_off_is_said(self, viewer):
        make_live()
        policy.set_value(
            name=PERSONA_EVOLUTION_ENABLED, value=False, actor=None, now=NOW
        )

        assert "Growth is off." in text_of(viewer)


class TestReloading:
    def test_the_tracks_asked_for_come_alone(self, viewer):
        for character_id in ("ada", "bea", "cleo"):
            make_live(character_id)

        response = viewer.get(LIST, {"ids": "bea,cleo,nobody"})

        found = {t.character.character_id for t in response.context["tracks"]}
        assert found == {"bea", "cleo"}
        assert "X-Live-Seq" in response
        assert b"<html" not in response.content

    def test_a_nul_among_the_ids_breaks_nothing(self, viewer):
        assert viewer.get(LIST, {"ids": "a\0b"}).status_code == 200


class TestQueries:
    def test_query_count_is_flat(self, manager):
        for at in range(2):
            count(make_live(f"c{at}"), 120)
        orders = (LIST, f"{LIST}?order=next")
        few = [queries(manager, url) for url in orders]

        for at in range(2, 14):
            count(make_live(f"c{at}"), 120, kind="banter")

        assert [queries(manager, url) for url in orders] == few

    def test_reloading_some_tracks_is_flat(self, manager):
        for at in range(12):
            count(make_live(f"c{at}"), 120)

        few = queries(manager, f"{LIST}?ids=c0,c1")

        assert (
            queries(manager, f"{LIST}?ids={','.join(f'c{at}' for at in range(12))}")
            == few
        )


class TestMode:
    def url(self):
        return reverse("evolution:growth-mode", args=["ada"])

    def test_a_manager_sets_it(self, manager):
        make_live()

        response = manager.post(self.url(), {"mode": "auto"})

        assert response.status_code == 302
        assert Progress.objects.get().mode == "auto"

    def test_htmx_gets_only_the_message(self, manager):
        make_live()

        response = manager.post(
            self.url(), {"mode": "frozen"}, headers={"HX-Request": "true"}
        )

        assert response.status_code == 204
        assert "nothing goes live" in response["HX-Trigger"]

    def test_an_unknown_one_changes_nothing(self, manager):
        make_live()

        manager.post(self.url(), {"mode": "wild"})

        assert not Progress.objects.exists()

    def test_curators_may_not(self):
        make_live()

        response = client_as(Role.CURATOR).post(self.url(), {"mode": "auto"})

        assert response.status_code == 403
        assert not Progress.objects.exists()

    def test_who_may_not_sees_it_as_words(self, viewer):
        make_live()

        text = text_of(viewer)

        assert "Stages go live: After approval" in text
        assert 'name="stages"' not in text


def test_two_stages_at_once_are_both_offered_for_ticking(manager):
    character = make_live(stages=[WARM, OPEN])
    count(character, 60)
    count(character, 60)

    text = text_of(manager)

    assert text.count('name="stages"') == 2


def test_a_postponed_stage_no_longer_waits(manager):
    character = make_live()
    count(character, 50)
    stages.postpone(
        stage_id=stage_at(character, 50).pk,
        actor=make_person(Role.MANAGER),
        now=timezone.now(),
    )

    [track] = tracks(manager)

    assert track.waiting == []
    assert track.steps[0].state.text == "Postponed"
