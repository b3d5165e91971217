"""One character's growth: its stages, days, traits and what happened."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from evolution.models import ProgressDay
from evolution.services import stages
from evolution.views.character import CHART_DAYS, bars
from evolution.views.templates import TEMPLATE
from personas.services import drafts
from tests.clients import client_as, client_of
from tests.evolution.growing import (
    OPEN,
    WARM,
    count,
    make_live,
    publish,
    stage,
    stage_at,
    work,
)
from tests.factories import NOW, make_character, make_person, sheet_of
from tests.personas.counting import queries

pytestmark = pytest.mark.django_db

PAGE = reverse("evolution:growth-detail", args=["ada"])
TEMPLATE_URL = reverse("evolution:growth-template", args=["ada"])


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def text_of(client, url=PAGE):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


class TestStages:
    def test_each_tells_how_it_stands_who_decided_and_the_version(self, manager, mia):
        character = make_live(stages=[WARM, OPEN, stage(500, "Leads")])
        count(character, 100)
        now = timezone.now()
        stages.approve(stage_id=stage_at(character, 50).pk, actor=mia, now=now)
        work()
        stages.reject(
            stage_id=stage_at(character, 100).pk, actor=mia, reason="Too odd.", now=now
        )

        text = text_of(manager)

        assert "Live" in text
        assert "v2" in text
        assert "Rejected" in text
        assert "“Too odd.”" in text
        assert "Ahead" in text
        assert text.count("mia") >= 2

    def test_all_are_shown_however_many(self, viewer):
        make_live(stages=[stage(at, f"Number {at}") for at in range(10, 210, 10)])

        text = text_of(viewer)

        assert all(f"Number {at}" in text for at in range(10, 210, 10))

    def test_a_stage_passed_stays_though_the_sheet_lost_it(self, viewer):
        character = make_live(stages=[WARM])
        count(character, 50)
        values = sheet_of("ada").model_copy(update={"evolution_stages": []})
        drafts.save_character(
            character_id="ada", sheet=values, revision=1, actor=None, now=NOW
        )
        publish("ada")

        track = viewer.get(PAGE).context["track"]

        assert track.steps[0].title == "Warms up"
        assert track.steps[0].state.text == "Waiting"

    def test_a_flagged_one_says_that_the_count_fell(self, viewer):
        character = make_live()
        count(character, 50)
        crossing = stage_at(character, 50)
        crossing.is_flagged = True
        crossing.save()

        assert "Count fell since" in text_of(viewer)

    def test_what_happened_is_told_newest_first(self, manager, mia):
        character = make_live(stages=[WARM])
        now = timezone.now()
        count(character, 50, now=now - timedelta(days=1))
        stages.postpone(stage_id=stage_at(character, 50).pk, actor=mia, now=now)

        history = manager.get(PAGE).context["history"]

        assert [each.text for each in history] == [
            "“Warms up” at 50: postponed.",
            "Passed 50 interactions: “Warms up”.",
        ]
        assert history[0].who == "mia"

    def test_of_one_moment_the_highest_milestone_stands_first(self, manager):
        character = make_live(stages=[stage(at, f"Stage {at}") for at in (3, 5, 8)])
        count(character, 9, now=NOW)

        history = manager.get(PAGE).context["history"]

        assert [each.milestone for each in history] == [8, 5, 3]

    def test_nothing_happened_yet(self, viewer):
        make_live()

        assert "No milestone was passed yet." in text_of(viewer)


class TestTemplate:
    def test_a_draft_without_stages_gets_five(self):
        make_live(stages=[])
        curator = client_as(Role.CURATOR)
        assert "Begin with five stages" in text_of(curator)

        response = curator.post(TEMPLATE_URL)

        assert response["Location"].endswith("/edit/#field-evolution_stages")
        assert sheet_of("ada").evolution_stages == list(TEMPLATE)

    def test_stages_that_are_there_stay(self):
        make_live(stages=[WARM])
        before = sheet_of("ada")

        client_as(Role.CURATOR).post(TEMPLATE_URL)

        assert sheet_of("ada") == before

    def test_archived_ones_are_left_alone(self):
        make_character()
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        client_as(Role.CURATOR).post(TEMPLATE_URL)

        assert sheet_of("ada").evolution_stages == []

    def test_viewers_may_not(self, viewer):
        make_live(stages=[])

        assert viewer.post(TEMPLATE_URL).status_code == 403
        assert "Begin with five stages" not in text_of(viewer)
        assert sheet_of("ada").evolution_stages == []

    def test_every_stage_of_it_changes_something(self):
        assert all(each.changes.personality.model_fields_set for each in TEMPLATE)


class TestTraits:
    def test_words_that_enter_the_prompt_are_shown_with_the_name(self, viewer):
        count(make_live(stages=[]), 40, kind="compliment")

        text = text_of(viewer)

        assert "Ada has grown a little warmer toward people." in text
        assert "{{char}}" not in text

    def test_a_table_says_each_days_end(self, viewer):
        character = make_live(stages=[])
        now = timezone.now()
        count(character, 10, kind="banter", now=now - timedelta(days=1))
        count(character, 10, kind="banter", now=now)

        rows = viewer.get(PAGE).context["track"].trait_rows

        assert [values for _, values in rows] == [
            ["+0.06", "+0.12"],
            ["+0.03", "+0.06"],
        ]

    def test_without_drift_it_says_so(self, viewer):
        make_live()

        assert "No trait has moved yet." in text_of(viewer)


class TestDays:
    def day(self, back, added, today=date(2026, 11, 20)):
        return ProgressDay(day=today - timedelta(days=back), added=added, count=added)

    def test_heights_are_shares_of_the_most(self):
        found = bars([self.day(0, 4), self.day(1, 8)], today=date(2026, 11, 20))

        assert [(b.added, b.y, b.height) for b in found.bars[-2:]] == [
            (8, "0.0", "100.0"),
            (4, "50.0", "50.0"),
        ]
        assert found.total == 12

    def test_every_day_has_its_place(self):
        found = bars([self.day(3, 1)], today=date(2026, 11, 20))

        assert len(found.bars) == CHART_DAYS
        assert [b.x for b in found.bars][-1] == found.width - 10

    def test_nothing_has_no_height(self):
        found = bars([], today=date(2026, 11, 20))

        assert found.most == 0
        assert {b.height for b in found.bars} == {"0.0"}


class TestAnswers:
    @pytest.mark.parametrize("name", ["growth-state", "growth-strip"])
    def test_parts_come_alone_with_the_streams_number(self, viewer, name):
        count(make_live(), 50)

        response = viewer.get(reverse(f"evolution:{name}", args=["ada"]))

        assert "X-Live-Seq" in response
        assert b'data-live-key="ada"' in response.content
        assert b"<html" not in response.content

    def test_nobody_of_that_name(self, viewer):
        assert viewer.get(PAGE).status_code == 404

    def test_nobody_signed_in_sees_it(self, client):
        make_live()

        assert client.get(PAGE).status_code == 302

    def test_archived_ones_can_still_be_read(self, viewer):
        make_live()
        drafts.archive_character(
            character_id="ada", is_archived=True, actor=None, now=NOW
        )

        assert "It is archived" in text_of(viewer)

    def test_the_characters_page_asks_for_the_strip(self, viewer):
        make_live()

        text = text_of(viewer, reverse("personas:character-detail", args=["ada"]))

        assert reverse("evolution:growth-strip", args=["ada"]) in text
        assert f'href="{PAGE}"' in text

    def test_query_count_does_not_grow_with_stages_or_days(self, viewer):
        character = make_live(stages=[WARM])
        count(character, 50)
        few = queries(viewer, PAGE)
        for back in range(1, 20):
            count(
                character, 5, kind="banter", now=timezone.now() - timedelta(days=back)
            )

        assert queries(viewer, PAGE) == few
