"""A pair's history, played once more."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.bands import Band
from relationships.domain.feelings import Feeling, PairState
from tests.relationships.domain.ledgers import KINDS, NOON, RULES, Ledger

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CALM = replace(RULES, conflicts_enabled=False)


def days(number: float):
    return NOON + timedelta(days=number)


def settled(state: PairState) -> PairState:
    """Without numbers, which a void goes on counting, and moments of rewriting."""
    return replace(
        state, low=replace(state.low, seq=0), high=replace(state.high, seq=0)
    )


def test_what_happened_leads_to_what_is():
    ledger = Ledger(low=Feeling(stored=500, updated_at=NOON, resting=200))
    ledger.event("compliment", at=days(1), intensity=1_300)
    ledger.event("insult", at=days(1), low=False, compatibility=700)
    ledger.set(4_000, at=days(2))
    ledger.set(resting=-300, low=False, at=days(3))
    ledger.event("argument", at=days(3.3))
    ledger.reset(at=days(4))
    ledger.event("collaboration", at=days(5))

    assert ledger.replayed() == ledger.state


def test_nothing_happened():
    ledger = Ledger(low=Feeling(stored=500, updated_at=NOON))

    assert ledger.replayed() == ledger.start


def test_without_a_report_the_rest_counts_as_if_it_had_never_come():
    ledger, other = Ledger(), Ledger()
    for number, kind in enumerate(["insult", "compliment", "argument", "banter"]):
        ledger.event(kind, at=days(number / 3))
        if number != 0:
            other.event(kind, at=days(number / 3))

    without = ledger.replayed(without={1})

    assert settled(without) == settled(other.state)
    assert without.low.seq == 4


def test_tension_of_a_report_left_out_makes_nothing_worse():
    ledger = Ledger()
    ledger.event("insult")
    ledger.event("insult")

    without = ledger.replayed(without={1})

    assert (without.low.stored, without.tension) == (-3_000, 200)


def test_tension_cut_at_its_limit_is_whole_again_without_what_came_before():
    ledger = Ledger(tension=900, tension_at=NOON)
    ledger.start = PairState(tension=700, tension_at=NOON)
    ledger.event("insult")

    assert ledger.replayed().tension == 900


def test_tension_at_its_limit_stays_there_through_what_is_kind():
    ledger = Ledger(tension=1_000, tension_at=NOON)
    ledger.event("compliment")

    assert ledger.replayed() == ledger.state


def test_a_report_from_when_conflicts_did_not_count_keeps_not_counting():
    ledger = Ledger()
    ledger.event("insult")
    ledger.rules = CALM
    ledger.event("insult")
    ledger.set(100, low=False)
    ledger.rules = RULES
    ledger.event("insult", at=days(1))

    assert ledger.replayed() == ledger.state
    assert ledger.low[1].change == -3_000
    # Tension of the first, faded for a day.
    assert ledger.low[2].tension_before == 180


def test_editing_bands_and_escalation_later_changes_no_past():
    ledger = Ledger()
    ledger.event("insult")
    ledger.event("insult")
    ledger.rules = replace(
        RULES, escalation=900, bands=(Band(band="all", title="All"),)
    )

    assert ledger.replayed() == ledger.state


def test_a_rate_that_changed_meanwhile_counts_as_it_did():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.rules = replace(
        RULES, rates=((None, Decimal("0.1")), (days(1), Decimal("0.5")))
    )
    ledger.event("message", at=days(2))

    # A day at 0.1, a day at 0.5.
    assert ledger.low[1].before == 1_350
    assert ledger.replayed() == ledger.state


def test_a_value_set_by_hand_stays_whatever_is_left_out_before_it():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.set(-1_000)

    without = ledger.replayed(without={1})

    assert (without.low.stored, without.low.events) == (-1_000, 0)
    assert without.high.stored == 0


def test_a_resting_value_counts_from_when_it_was_set():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.set(resting=2_000)
    ledger.event("message", at=days(1))

    # 2 - 2 × 0.9: there never was anything else.
    assert ledger.replayed(without={1}).low.stored == 200


def test_a_day_s_cap_makes_room_for_what_it_had_cut():
    ledger = Ledger(rules=replace(CALM, cap=4_000))
    ledger.event("compliment")
    ledger.event("compliment")
    ledger.event("compliment", at=days(1))

    assert [row.change for row in ledger.low] == [3_000, 1_000, 3_000]
    assert ledger.replayed() == ledger.state
    without = ledger.replayed(without={1})
    # The second had its 3 points then, a day ago; the third has its own.
    assert without.low.stored == 2_700 + 3_000
    assert (without.low.spent, without.low.events) == (3_000, 2)


def test_the_cap_of_the_day_holds_without_a_report_too():
    ledger = Ledger(rules=replace(CALM, cap=4_000))
    for _ in range(4):
        ledger.event("compliment")

    without = ledger.replayed(without={1})

    assert without.low.spent == 4_000


def test_a_second_void_takes_nothing_back_twice():
    ledger, other = Ledger(), Ledger()
    for each in (ledger, other):
        each.event("compliment")
    ledger.event("insult")
    ledger.event("insult")
    ledger.void({2}, at=NOON + HOUR)
    for each in (ledger, other):
        each.event("banter", at=NOON + 2 * HOUR)

    low, _ = ledger.void({3}, at=NOON + 3 * HOUR)

    at = NOON + 3 * HOUR
    expected = other.state.low.at(at, rates=RULES.rates)
    assert abs(low.after - expected) <= 1
    assert (low.events, low.tension) == (2, 0)


def test_a_void_frees_what_its_reports_had_spent_of_the_day():
    ledger = Ledger(rules=replace(CALM, cap=4_000))
    ledger.event("compliment")
    ledger.void({1})
    ledger.event("compliment")
    ledger.event("compliment")

    assert [row.change for row in ledger.low if row.kind] == [3_000, 3_000, 1_000]
    assert ledger.replayed(without={1}).low.spent == 4_000


def test_a_void_of_what_was_folded_is_believed():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.event("insult")
    ledger.void({2}, at=days(1))
    for rows in (ledger.low, ledger.high):
        rows[:2] = [replace(rows[1], folded=1)]

    without = ledger.replayed(without={2})

    assert without.low.stored == ledger.state.low.stored == 2_700
    assert without.low.warmth == 50
    assert (without.low.events, without.low.seq) == (1, 3)


def test_a_folded_day_is_taken_as_it_ended():
    ledger = Ledger()
    ledger.event("insult")
    ledger.event("compliment")
    ledger.event("insult", at=days(1))
    for rows in (ledger.low, ledger.high):
        rows[:2] = [replace(rows[1], folded=1)]

    # Whoever names a report of the folded day is too late.
    assert ledger.replayed(without={1}) == ledger.state
    assert ledger.replayed(without={2}) == ledger.state


def test_a_direction_of_which_the_other_s_row_was_folded_is_taken_as_it_ended():
    ledger = Ledger()
    ledger.event("insult")
    ledger.set(500, low=False)
    ledger.event("compliment", at=days(1))
    ledger.high[:2] = [replace(ledger.high[1], folded=1)]

    assert ledger.replayed(without={1}) == ledger.state


# -- Always ---------------------------------------------------------------------------

acts = st.one_of(
    st.tuples(
        st.just("event"),
        st.sampled_from(sorted(KINDS)),
        st.booleans(),
        st.integers(0, 2_000),
    ),
    st.tuples(st.just("set"), st.integers(-10_000, 10_000), st.booleans(), st.just(0)),
    st.tuples(
        st.just("resting"), st.integers(-10_000, 10_000), st.booleans(), st.just(0)
    ),
    st.tuples(st.just("reset"), st.none(), st.none(), st.just(0)),
    st.tuples(st.just("conflicts"), st.none(), st.booleans(), st.just(0)),
)
histories = st.lists(st.tuples(acts, st.integers(0, 2 * 86_400)), max_size=25)
caps = st.one_of(st.none(), st.integers(0, 12_000))


def played(history, *, cap, skipped=()) -> Ledger:
    ledger = Ledger(rules=replace(RULES, cap=cap))
    at = NOON
    for (act, what, low, intensity), seconds in history:
        at += timedelta(seconds=seconds)
        match act:
            case "event" if ledger.next_id in skipped:
                ledger.next_id += 1
            case "event":
                ledger.event(what, at=at, low=low, intensity=intensity)
            case "set":
                ledger.set(what, at=at, low=low)
            case "resting":
                ledger.set(resting=what, at=at, low=low)
            case "reset":
                ledger.reset(at=at)
            case "conflicts":
                ledger.rules = replace(ledger.rules, conflicts_enabled=low)
    return ledger


def faded(state: PairState, *, at) -> tuple:
    """What there is to feel at a moment; the tension may have last been touched
    at another."""
    return (
        state.low.at(at, rates=RULES.rates),
        state.high.at(at, rates=RULES.rates),
        state.tension_now(at, rates=RULES.rates),
    )


@given(histories, caps)
def test_replaying_a_ledger_gives_the_state(history, cap):
    ledger = played(history, cap=cap)

    replayed = ledger.replayed()

    assert (replayed.low, replayed.high) == (ledger.state.low, ledger.state.high)
    end = days(100)
    assert faded(replayed, at=end) == faded(ledger.state, at=end)


@given(histories, st.sets(st.integers(1, 25)))
def test_replaying_without_reports_is_a_history_without_them(history, skipped):
    ledger = played(history, cap=None)
    other = played(history, cap=None, skipped=skipped)

    replayed = ledger.replayed(without=skipped)

    if any(
        abs(getattr(row, trait)) == 1_000
        for row in [*ledger.low, *ledger.high]
        for trait in ("warmth", "trust", "respect", "rivalry")
    ):
        return  # What a trait lost at its limit is not in the ledger.
    for is_low in (True, False):
        mine, theirs = (s.feeling(is_low=is_low) for s in (replayed, other.state))
        assert mine.traits == theirs.traits
        assert (mine.events, mine.spent) == (theirs.events, theirs.spent)
    mine, theirs = (faded(state, at=days(200)) for state in (replayed, other.state))
    assert all(abs(a - b) <= 1 for a, b in zip(mine, theirs, strict=True))


@given(histories, st.integers(0, 12_000), st.sets(st.integers(1, 25)))
def test_no_replay_ever_exceeds_the_cap(history, cap, skipped):
    ledger = played(history, cap=cap)

    replayed = ledger.replayed(without=skipped)

    assert replayed.low.spent <= cap
    assert replayed.high.spent <= cap


@pytest.mark.parametrize("first", [True, False])
def test_a_void_of_nothing_changes_nothing(first):
    ledger = Ledger()
    ledger.event("compliment", low=first)

    low, high = ledger.void(set())

    assert low.change == high.change == 0
    assert ledger.replayed() == ledger.state
