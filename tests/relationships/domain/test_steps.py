"""Two ledgers joined to one history."""

from dataclasses import replace
from datetime import timedelta

from relationships.domain.steps import steps_of
from tests.relationships.domain.ledgers import NOON, Ledger

HOUR = timedelta(hours=1)


def told(ledger: Ledger) -> list[tuple]:
    """Each step as its cause and the numbers of its rows."""
    return [
        (
            str(step.cause),
            step.low.seq if step.low else None,
            step.high.seq if step.high else None,
        )
        for step in ledger.steps
    ]


def test_both_rows_of_an_act_are_one_step_and_steps_keep_their_order():
    ledger = Ledger()
    ledger.event()
    ledger.set(100)
    ledger.set(200, low=False)
    ledger.event()
    ledger.reset()
    ledger.reset()
    ledger.void({1})

    assert told(ledger) == [
        ("event", 1, 1),
        ("set", 2, None),
        ("set", None, 2),
        ("event", 3, 3),
        ("reset", 4, 4),
        ("reset", 5, 5),
        ("void", 6, 6),
    ]


def test_rows_may_come_in_any_order():
    ledger = Ledger()
    ledger.event()
    ledger.event(at=NOON + HOUR)

    steps = steps_of(reversed(ledger.low), reversed(ledger.high))

    assert [step.event_id for step in steps] == [1, 2]
    assert [step.at for step in steps] == [NOON, NOON + HOUR]


def test_acts_of_one_direction_stand_in_the_order_of_their_moments():
    ledger = Ledger()
    ledger.set(1, low=False, at=NOON)
    ledger.set(2, at=NOON + HOUR)
    ledger.set(3, low=False, at=NOON + 2 * HOUR)

    assert told(ledger) == [("set", None, 1), ("set", 1, None), ("set", None, 2)]


def test_a_row_whose_counterpart_was_folded_stands_alone():
    ledger = Ledger()
    ledger.event()
    ledger.set(100, low=False)
    ledger.high[:2] = [replace(ledger.high[1], folded=1)]

    apart, folded = ledger.steps

    assert (apart.low.seq, apart.high) == (1, None)
    assert apart.is_summary
    assert folded.is_summary
    assert len(folded.rows) == 1


def test_only_summaries_are_summaries():
    ledger = Ledger()
    ledger.event()
    ledger.set(100)

    assert [step.is_summary for step in ledger.steps] == [False, False]


def test_ledgers_that_contradict_each_other_stay_apart():
    ledger = Ledger()
    ledger.event()
    ledger.event()
    ledger.change(1, low=False, event_id=2)
    ledger.change(2, low=False, event_id=1)

    assert told(ledger) == [("event", 1, None), ("event", 2, 1), ("event", None, 2)]


def test_a_pair_without_a_history_has_no_steps():
    assert steps_of([], []) == []
