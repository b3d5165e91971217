"""What managers do to feelings: set, reset, void."""

from dataclasses import replace
from datetime import timedelta

import pytest

from relationships.domain.feelings import Cause, Feeling, PairState
from tests.relationships.domain.ledgers import NOON, RULES, Ledger

DAY = timedelta(days=1)
CALM = replace(RULES, conflicts_enabled=False)


def test_a_value_that_is_set_starts_from_what_had_faded():
    ledger = Ledger(low=Feeling(stored=10_000, updated_at=NOON, seq=3, events=7))

    row = ledger.set(4_000, at=NOON + DAY)

    assert (row.cause, row.seq, row.events) == (Cause.SET, 4, 7)
    assert (row.before, row.change, row.after) == (9_000, -5_000, 4_000)
    assert row.wanted == row.change
    assert ledger.state.low.updated_at == NOON + DAY
    assert ledger.state.high == Feeling()


def test_the_other_direction_can_be_set_too():
    ledger = Ledger()

    row = ledger.set(-4_000, low=False)

    assert not row.is_low
    assert (ledger.state.low.stored, ledger.state.high.stored) == (0, -4_000)


def test_values_beyond_the_range_are_clamped():
    ledger = Ledger()

    row = ledger.set(99_000, resting=-99_000)

    assert (row.after, row.resting) == (10_000, -10_000)


def test_a_new_resting_value_leaves_the_past_as_it_was():
    ledger = Ledger(low=Feeling(stored=10_000, updated_at=NOON))

    row = ledger.set(resting=5_000, at=NOON + DAY)

    assert (row.cause, row.change, row.after) == (Cause.RESTING, 0, 9_000)
    assert row.resting == ledger.state.low.resting == 5_000
    # From there on towards 5: 5 + 4 × 0.9.
    assert ledger.state.low.at(NOON + 2 * DAY, rates=RULES.rates) == 8_600


def test_setting_a_value_keeps_where_it_rests():
    ledger = Ledger(low=Feeling(resting=2_000, updated_at=NOON))

    assert ledger.set(4_000).resting == 2_000


def test_setting_tells_the_tension_and_leaves_it_alone():
    ledger = Ledger(tension=500, tension_at=NOON)

    row = ledger.set(4_000, at=NOON + DAY)

    assert (row.tension_before, row.tension) == (450, 450)
    assert (ledger.state.tension, ledger.state.tension_at) == (450, NOON + DAY)


def test_setting_does_not_touch_tension_while_conflicts_do_not_count():
    ledger = Ledger(rules=CALM, tension=500, tension_at=NOON)

    row = ledger.set(4_000, at=NOON + DAY)

    assert (row.tension_before, row.tension) == (0, 0)
    assert (ledger.state.tension, ledger.state.tension_at) == (500, NOON)


def test_what_is_set_by_hand_is_not_spent_of_the_day():
    ledger = Ledger(rules=replace(CALM, cap=3_000))
    ledger.set(9_000)

    assert ledger.event("insult")[0].change == -3_000


@pytest.mark.parametrize("conflicts", [True, False])
def test_a_reset_puts_everything_felt_to_nothing_and_keeps_what_was_authored(conflicts):
    ledger = Ledger(
        rules=replace(RULES, conflicts_enabled=conflicts),
        tension=500,
        tension_at=NOON,
        triggers=frozenset({"tea"}),
        low=Feeling(stored=10_000, updated_at=NOON, resting=100, events=4, warmth=90),
        high=Feeling(stored=-5_000, updated_at=NOON, rivalry=-50),
    )

    low, high = ledger.reset(at=NOON + DAY)

    assert (low.is_low, high.is_low) == (True, False)
    assert (low.cause, low.seq) == (Cause.RESET, 1)
    assert (low.before, low.change, low.after) == (9_010, -9_010, 0)
    assert (high.before, high.change, high.after) == (-4_500, 4_500, 0)
    assert low.tension_before == (450 if conflicts else 0)
    assert low.tension == high.tension == 0
    assert ledger.state == PairState(
        tension=0,
        tension_at=NOON + DAY,
        triggers=frozenset({"tea"}),
        low=Feeling(updated_at=NOON + DAY, resting=100, seq=1, events=4),
        high=Feeling(updated_at=NOON + DAY, seq=1),
    )


def test_a_reset_leaves_the_bands_it_leaves():
    ledger = Ledger(low=Feeling(stored=10_000, updated_at=NOON))

    low, high = ledger.reset()

    assert (low.band, high.band) == ("neutral", "")


def test_a_void_puts_the_state_without_the_reports_in_place():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.event("insult")

    low, high = ledger.void({2}, at=NOON + DAY)

    # Without the insult there are 3 points and 2.4, a day old.
    assert (low.cause, low.seq, low.events) == (Cause.VOID, 3, 1)
    assert (low.before, low.after) == (0, 2_700)
    assert low.change == low.wanted == 2_700
    assert (high.before, high.after) == (0, 2_160)
    assert (low.warmth, low.respect) == (50, 0)
    assert (low.tension_before, low.tension) == (180, 0)
    assert ledger.state.tension == 0
    assert (ledger.state.low.spent, ledger.state.low.seq) == (3_000, 3)


def test_a_void_keeps_where_feelings_rest_now():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.set(resting=1_000)

    low, _ = ledger.void({1})

    assert (low.after, low.resting) == (0, 1_000)


def test_a_void_takes_tension_back_though_conflicts_do_not_count_now():
    ledger = Ledger()
    ledger.event("insult")
    ledger.rules = CALM

    low, _ = ledger.void({1})

    assert (low.tension_before, low.tension) == (0, 0)
    assert ledger.state.tension == 0
