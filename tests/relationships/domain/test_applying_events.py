"""What an interaction does to two feelings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.feelings import (
    Event,
    Feeling,
    PairState,
    apply,
    comparable_topics,
    day_of,
    now_after,
    wanted_change,
    within_cap,
)
from tests.relationships.domain.ledgers import KINDS, NOON, RULES, Ledger

DAY = timedelta(days=1)
CALM = replace(RULES, conflicts_enabled=False)


# -- The change -----------------------------------------------------------------------


def test_an_insult_costs_the_speaker_three_and_the_other_eight_tenths_of_it():
    ledger = Ledger()

    speaker, responder = ledger.event("insult")

    assert (speaker.before, speaker.change, speaker.after) == (0, -3_000, -3_000)
    assert (responder.before, responder.change, responder.after) == (0, -2_400, -2_400)
    assert (speaker.factor, responder.factor) == (1_000, 800)
    assert (speaker.is_speaker, responder.is_speaker) == (True, False)


def test_a_second_insult_at_once_is_made_worse_by_the_tension_of_the_first():
    ledger = Ledger()
    ledger.event("insult")

    speaker, responder = ledger.event("insult")

    # Tension 0.2 before it: 3 × 1.2, and 0.8 of that.
    assert (speaker.change, speaker.after) == (-3_600, -6_600)
    assert (responder.change, responder.after) == (-2_880, -5_280)
    assert (speaker.tension_before, speaker.tension) == (200, 400)


def test_tension_makes_what_is_kind_no_weaker():
    ledger = Ledger(tension=1_000, tension_at=NOON)

    speaker, _ = ledger.event("compliment")

    assert speaker.change == 3_000
    assert speaker.tension_before == 1_000


@pytest.mark.parametrize(
    ("intensity", "compatibility", "speaker", "responder"),
    [
        (1_000, 1_000, 3_000, 2_400),
        (2_000, 1_500, 9_000, 7_200),
        (0, 1_000, 0, 0),
        (500, 500, 750, 600),
        # 3000 × 0.333 × 1.1 = 1098.9, and 0.8 of that, not of 1099, is 879.12.
        (333, 1_100, 1_099, 879),
        # 3000 × 0.001 × 0.5 = 1.5 is 2; 0.8 of 1.5 is 1.2, though 0.8 of 2 is 1.6.
        (1, 500, 2, 1),
    ],
)
def test_intensity_and_compatibility_multiply_and_the_share_is_taken_unrounded(
    intensity, compatibility, speaker, responder
):
    ledger = Ledger()

    rows = ledger.event("compliment", intensity=intensity, compatibility=compatibility)

    assert [row.change for row in rows] == [speaker, responder]
    assert [row.intensity for row in rows] == [intensity] * 2
    assert [row.compatibility for row in rows] == [compatibility] * 2


def test_halves_are_rounded_away_from_zero_on_both_sides_of_it():
    change = {"intensity": 1, "compatibility": 500, "tension": 0, "factor": 1_000}

    assert wanted_change(base=3_000, **change) == 2
    assert wanted_change(base=-3_000, **change) == -2


def test_either_of_the_two_may_speak():
    ledger = Ledger()

    speaker, responder = ledger.event("compliment", low=False)

    assert (speaker.is_low, responder.is_low) == (False, True)
    assert (ledger.state.low.stored, ledger.state.high.stored) == (2_400, 3_000)


def test_what_was_stored_decays_and_is_rounded_before_the_change_is_added():
    ledger = Ledger(low=Feeling(stored=15, updated_at=NOON))

    # 15 × 0.9 = 13.5 is 14. Rounded only after adding 1.5 it would be 15.
    speaker, _ = ledger.event(
        "compliment", at=NOON + DAY, intensity=1, compatibility=500
    )

    assert (speaker.before, speaker.change, speaker.after) == (14, 2, 16)


@pytest.mark.parametrize(
    ("stored", "kind", "change", "after"),
    [
        (9_000, "compliment", 3_000, 10_000),
        (-9_000, "insult", -3_000, -10_000),
        (10_000, "insult", -3_000, 7_000),
    ],
)
def test_the_sum_is_clamped_and_the_row_keeps_the_whole_change(
    stored, kind, change, after
):
    ledger = Ledger(low=Feeling(stored=stored, updated_at=NOON))

    speaker, _ = ledger.event(kind)

    assert (speaker.change, speaker.after) == (change, after)


def test_traits_move_in_full_for_both_whatever_the_intensity():
    ledger = Ledger()

    speaker, responder = ledger.event("collaboration", intensity=100)

    for row in (speaker, responder):
        assert (row.warmth, row.trust, row.respect, row.rivalry) == (0, 50, 30, -20)
    assert ledger.state.low.trust == ledger.state.high.trust == 50


def test_numbers_and_counts_go_up_by_one_in_each_direction():
    ledger = Ledger(low=Feeling(seq=4, events=2))

    speaker, responder = ledger.event("message")

    assert (speaker.seq, speaker.events) == (5, 3)
    assert (responder.seq, responder.events) == (1, 1)
    assert speaker.kind == responder.kind == "message"


# -- Tension --------------------------------------------------------------------------


def test_tension_fades_and_is_rounded_like_feelings():
    ledger = Ledger()
    ledger.event("argument")

    speaker, _ = ledger.event("message", at=NOON + DAY)

    assert (speaker.tension_before, speaker.tension) == (180, 180)
    assert (ledger.state.tension, ledger.state.tension_at) == (180, NOON + DAY)


def test_tension_ends_at_one():
    ledger = Ledger(tension=900, tension_at=NOON)

    speaker, responder = ledger.event("insult")

    assert speaker.tension == responder.tension == ledger.state.tension == 1_000


def test_a_trigger_topic_adds_tension_once_even_to_what_is_kind():
    ledger = Ledger(triggers=comparable_topics(["Old_Ship"]))

    kind, _ = ledger.event("compliment", topics=comparable_topics(["old ship", "tea"]))
    both, _ = ledger.event("insult", topics=comparable_topics(["OLD-SHIP"]))

    assert (kind.is_trigger, kind.tension, kind.change) == (True, 200, 3_000)
    assert (both.is_trigger, both.tension) == (True, 400)


def test_other_topics_trigger_nothing():
    ledger = Ledger(triggers=comparable_topics(["old ship"]))

    row, _ = ledger.event("compliment", topics=comparable_topics(["ship", "old"]))

    assert (row.is_trigger, row.tension) == (False, 0)


def test_a_topic_that_compares_as_nothing_triggers_nothing():
    assert comparable_topics(["", " _- ", "Tea"]) == {"tea"}


def test_without_conflicts_tension_is_neither_read_nor_written():
    before = NOON - DAY
    ledger = Ledger(
        rules=CALM, tension=500, tension_at=before, triggers=frozenset({"tea"})
    )

    speaker, _ = ledger.event("insult", topics=frozenset({"tea"}))

    assert speaker.change == -3_000
    assert (speaker.tension_before, speaker.tension) == (0, 0)
    assert not speaker.is_trigger
    assert (ledger.state.tension, ledger.state.tension_at) == (500, before)


# -- Bands ----------------------------------------------------------------------------


def test_a_row_names_the_band_that_it_enters():
    ledger = Ledger()

    rows = [ledger.event("compliment")[0] for _ in range(3)]

    assert [row.band for row in rows] == ["friend", "", "close"]


def test_a_band_left_by_fading_is_entered_anew_only_from_another():
    ledger = Ledger()
    ledger.event("compliment")

    # It has faded to neutral meanwhile; the row's previous after lay in friend.
    row, _ = ledger.event("compliment", at=NOON + 10 * DAY)

    assert row.before < 3_000 < row.after
    assert row.band == ""


# -- The day's cap --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "spent", "cap", "expected"),
    [
        (3_000, 0, None, 3_000),
        (3_000, 0, 5_000, 3_000),
        (3_000, 4_000, 5_000, 1_000),
        (-3_000, 4_000, 5_000, -1_000),
        (-3_000, 5_000, 5_000, 0),
        (3_000, 6_000, 5_000, 0),
        (3_000, 0, 0, 0),
    ],
)
def test_what_exceeds_the_cap_is_cut_towards_nothing(wanted, spent, cap, expected):
    assert within_cap(wanted, spent=spent, cap=cap) == expected


def test_ups_and_downs_of_a_utc_day_count_together_in_each_direction():
    ledger = Ledger(rules=replace(CALM, cap=5_000))

    ledger.event("compliment")
    speaker, responder = ledger.event("insult")

    assert (speaker.wanted, speaker.change, speaker.after) == (-3_000, -2_000, 1_000)
    assert (responder.wanted, responder.change) == (-2_400, -2_400)
    assert ledger.state.low.spent == 5_000
    assert ledger.state.high.spent == 4_800


def test_a_new_utc_day_begins_with_nothing_spent():
    ledger = Ledger(rules=replace(CALM, cap=3_000))
    ledger.event("compliment")
    midnight = datetime(2026, 3, 2, tzinfo=UTC)

    late, _ = ledger.event("compliment", at=midnight - timedelta(seconds=1))
    early, _ = ledger.event("compliment", at=midnight)

    assert (late.change, early.change) == (0, 3_000)
    assert ledger.state.low.spent_on == midnight.date()


def test_the_cap_counts_what_was_moved_before_it_was_set():
    ledger = Ledger()
    ledger.event("compliment")
    ledger.rules = replace(RULES, cap=4_000)

    speaker, _ = ledger.event("compliment")

    assert speaker.change == 1_000


def test_a_day_is_one_of_utc_wherever_the_clock_stands():
    tokyo = timezone(timedelta(hours=9))

    assert day_of(datetime(2026, 3, 2, 8, tzinfo=tokyo)).isoformat() == "2026-03-01"


# -- Time -----------------------------------------------------------------------------


def test_a_clock_that_lags_behind_does_not_turn_time_back():
    later = NOON + DAY
    state = PairState(tension_at=NOON, high=Feeling(updated_at=later))

    assert now_after(state, NOON) == later
    assert now_after(state, later + DAY) == later + DAY
    assert now_after(PairState(), NOON) == NOON

    _, row, _ = apply(
        state, Event(is_low_speaker=True, kind=KINDS["banter"]), rules=RULES, now=NOON
    )
    assert row.at == later


# -- Always ---------------------------------------------------------------------------

events = st.tuples(
    st.sampled_from(sorted(KINDS)),
    st.booleans(),
    st.integers(0, 2_000),
    st.integers(500, 1_500),
    st.integers(0, 3 * 86_400),
)


@given(
    st.lists(events, max_size=30),
    st.one_of(st.none(), st.integers(0, 20_000)),
    st.booleans(),
)
def test_whatever_happens_stays_within_bounds_and_numbers_have_no_gap(
    happened, cap, conflicts
):
    rules = replace(RULES, cap=cap, conflicts_enabled=conflicts)
    ledger = Ledger(rules=rules)
    at = NOON
    for kind, low, intensity, compatibility, seconds in happened:
        at += timedelta(seconds=seconds)
        ledger.event(
            kind, at=at, low=low, intensity=intensity, compatibility=compatibility
        )

    for rows in (ledger.low, ledger.high):
        assert [row.seq for row in rows] == list(range(1, len(happened) + 1))
        spent: dict = {}
        for row in rows:
            assert -10_000 <= row.after <= 10_000
            assert 0 <= row.tension <= 1_000
            for trait in (row.warmth, row.trust, row.respect, row.rivalry):
                assert -1_000 <= trait <= 1_000
            assert abs(row.change) <= abs(row.wanted)
            spent[day_of(row.at)] = spent.get(day_of(row.at), 0) + abs(row.change)
        if cap is not None:
            assert all(total <= cap for total in spent.values())


@given(
    stored=st.integers(-10_000, 10_000),
    base=st.sampled_from(sorted(KINDS)),
    tension=st.integers(0, 1_000),
    seconds=st.integers(0, 10**7),
)
def test_the_change_is_that_of_exact_arithmetic(stored, base, tension, seconds):
    ledger = Ledger(
        tension=tension,
        tension_at=NOON,
        low=Feeling(stored=stored, updated_at=NOON),
    )

    row, _ = ledger.event(base, at=NOON + timedelta(seconds=seconds))

    points = Decimal(str(KINDS[base].base))
    heat = 1 + Decimal(row.tension_before) / 1_000 if points < 0 else Decimal(1)
    assert abs(Decimal(row.change) / 1_000 - points * heat) <= Decimal("0.0005")
    assert row.after == max(-10_000, min(10_000, row.before + row.change))
