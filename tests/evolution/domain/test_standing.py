"""Where a character stands with its stages: the contract of ``GET evolution``."""

from datetime import UTC, datetime

import pytest

from evolution.domain.standing import Next, Passed, next_milestone, standing
from personas.domain.sheets import EvolutionStage

AT = datetime(2026, 11, 1, tzinfo=UTC)


def stage(milestone: int, title: str = "", **changes) -> EvolutionStage:
    return EvolutionStage.model_validate(
        {"milestone": milestone, "title": title, "changes": changes}
    )


def passed(milestone: int, status: str, **fields) -> Passed:
    return Passed(
        stage_id=milestone + 1,
        milestone=milestone,
        status=status,
        reached_at=AT,
        **fields,
    )


def test_a_stage_above_the_count_is_ahead_and_has_no_id():
    [found] = standing(
        count=49, stages=[stage(50, "Trust", personality={"tone": "warm"})], passed=[]
    )

    assert (found.stage_id, found.status, found.reached_at) == (None, "ahead", None)
    assert found.changes == {"personality": {"tone": "warm"}}


def test_a_stage_below_the_count_that_nobody_passed_is_offered():
    [found] = standing(count=50, stages=[stage(50)], passed=[])

    assert (found.stage_id, found.status) == (None, "offered")


def test_what_was_passed_stands_as_it_was_then():
    kept = passed(
        50,
        "applied",
        title="Then",
        description="Was",
        version=3,
        changes={"behavior": {}},
        wants="revert",
        failure="No.",
        is_flagged=True,
    )

    [found] = standing(count=60, stages=[stage(50, "Now")], passed=[kept])

    assert (found.title, found.description, found.version) == ("Then", "Was", 3)
    assert (found.status, found.wants, found.failure) == ("applied", "revert", "No.")
    assert found.is_flagged
    assert (found.stage_id, found.reached_at) == (51, AT)
    assert found.changes == {"behavior": {}}


def test_a_stage_that_the_sheet_lost_stays_told_of():
    [found] = standing(count=60, stages=[], passed=[passed(50, "rejected")])

    assert (found.status, found.changes) == ("rejected", {})


def test_a_mark_without_a_stage_is_no_stage():
    assert standing(count=60, stages=[], passed=[passed(50, "noted")]) == []


def test_a_stage_at_a_mark_that_was_passed_is_offered_under_the_marks_id():
    kept = passed(50, "noted", is_flagged=True)

    # Reports were voided since: the mark was passed all the same.
    [found] = standing(count=40, stages=[stage(50, "New")], passed=[kept])

    assert (found.stage_id, found.status, found.title) == (51, "offered", "New")
    assert (found.reached_at, found.is_flagged) == (AT, True)


def test_stages_come_lowest_first():
    found = standing(
        count=60,
        stages=[stage(500), stage(100)],
        passed=[passed(250, "reverted"), passed(50, "waiting")],
    )

    assert [each.milestone for each in found] == [50, 100, 250, 500]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, Next(50, 50)), (50, Next(100, 50)), (99, Next(100, 1)), (100, None)],
)
def test_the_next_milestone_lies_above_the_count(count, expected):
    assert next_milestone(count, milestones=[100, 50]) == expected
