"""Counts are locked together, rise in memory, and are written at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import WebhookMessage
from core.services import webhooks
from evolution.models import Crossing, Progress, ProgressDay
from evolution.services import counting
from personas.domain.sheets import EvolutionStage
from tests.factories import NOW, make_character


@pytest.fixture
def pks(db):
    return [make_character(f"c{number}").pk for number in range(5)]


def count(pks, *, by: int = 1, stages=None, report: int = 7) -> list[counting.Counted]:
    """One report for each."""
    counts = counting.lock(pks, rules=counting.rules())
    found = [
        counts.add(
            pk, count=by, kind="banter", stages=stages or {}, report=report, now=NOW
        )
        for pk in pks
    ]
    counting.save(counts, event_ids={report: report}, now=NOW)
    return found


def test_missing_counts_are_made_beside_those_there(pks):
    count(pks[:2])

    count(pks)

    rows = Progress.objects.order_by("character").values_list("count", flat=True)
    assert list(rows) == [2, 2, 1, 1, 1]


def test_queries_do_not_depend_on_how_many_characters_act(pks):
    count(pks)

    def queries(some) -> int:
        with CaptureQueriesContext(connection) as captured:
            count(some)
        return len(captured)

    assert queries(pks[:1]) == queries(pks)


def test_queries_do_not_depend_on_how_many_milestones_are_passed(pks):
    count(pks)

    def queries(by: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            count(pks, by=by)
        return len(captured)

    assert queries(50) == queries(5_000)
    assert Crossing.objects.count() == 5 * len(pks)


def test_nothing_added_writes_nothing(pks):
    counts = counting.lock(pks, rules=counting.rules())

    with CaptureQueriesContext(connection) as captured:
        counting.save(counts, event_ids={}, now=NOW)

    assert len(captured) == 0
    assert counts.latest is None
    assert ProgressDay.objects.count() == 0


def test_a_stage_and_a_mark_at_one_number_are_one_milestone(pks):
    stage = EvolutionStage(milestone=50, title="Trusts")

    (counted,) = count(pks[:1], by=60, stages={50: stage})

    assert counted.crossed == [50]
    assert Crossing.objects.get().title == "Trusts"


def test_passing_is_told_to_webhooks(pks, monkeypatch):
    told = []
    monkeypatch.setattr(
        webhooks,
        "send_all",
        lambda name, datas, *, now: told.extend((name, data) for data in datas),
    )
    stage = EvolutionStage(milestone=3, title="Warms up")

    count(pks[:1], by=60, stages={3: stage})

    (first, of_stage), (second, of_mark) = told
    assert (first, second) == ("stage.reached", "milestone.reached")
    assert of_stage["stage_id"] == Crossing.objects.get(milestone=3).pk
    assert (of_stage["title"], of_stage["milestone"]) == ("Warms up", 3)
    assert (of_mark["character_id"], of_mark["milestone"]) == ("c0", 50)


def test_both_events_are_known_to_webhooks(pks):
    count(pks[:1], by=60, stages={3: EvolutionStage(milestone=3)})

    # Nobody asked for them, so that nothing was put down; but nothing was refused.
    assert WebhookMessage.objects.count() == 0
