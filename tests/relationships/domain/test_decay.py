"""Feelings fade towards where they rest."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.decay import Rates, decayed, remaining
from tests.relationships.domain.ledgers import NOON

TENTH: Rates = ((None, Decimal("0.1")),)


def after(days: float, *, stored=10_000, resting=0, rates=TENTH) -> int:
    now = NOON + timedelta(days=days)
    return decayed(stored, since=NOON, now=now, resting=resting, rates=rates)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, 10_000),
        (1, 9_000),
        (2, 8_100),
        (7, 4_783),  # 10000 × 0.4782969
        (0.5, 9_487),  # 10000 × 0.9486832…
        (90, 1),  # 10000 × 0.0000762 = 0.76
        (3_650, 0),
    ],
)
def test_a_tenth_of_the_distance_is_lost_a_day(days, expected):
    assert after(days) == expected


@pytest.mark.parametrize(
    ("stored", "resting", "expected"),
    [(10_000, 5_000, 9_500), (0, 5_000, 500), (-10_000, -2_000, -9_200)],
)
def test_what_fades_goes_to_where_it_rests(stored, resting, expected):
    assert after(1, stored=stored, resting=resting) == expected


@pytest.mark.parametrize(("stored", "expected"), [(5, 5), (-5, -5), (15, 14)])
def test_halves_are_rounded_away_from_zero_after_whole_days(stored, expected):
    # 5 × 0.9 = 4.5 and 15 × 0.9 = 13.5, exactly.
    assert after(1, stored=stored) == expected


def test_at_rest_nothing_changes():
    assert after(30, stored=700, resting=700) == 700


def test_what_was_never_stored_does_not_fade():
    assert decayed(0, since=None, now=NOON, resting=5_000, rates=TENTH) == 0


def test_a_clock_that_went_back_does_not_bring_feelings_back():
    assert after(-3) == 10_000


@pytest.mark.parametrize(
    ("rate", "expected"), [("0", 10_000), ("1", 2_000), ("0.5", 6_000)]
)
def test_rates_from_none_to_all(rate, expected):
    assert after(1, resting=2_000, rates=((None, Decimal(rate)),)) == expected


def test_all_is_gone_the_moment_after_at_a_rate_of_one():
    assert after(0.001, rates=((None, Decimal(1)),)) == 0


def test_each_rate_counts_for_its_own_days():
    rates = (
        (None, Decimal("0.1")),
        (NOON - timedelta(days=3), Decimal("0.9")),
        (NOON - timedelta(days=2), Decimal("0.1")),
        (NOON + timedelta(days=1), Decimal("0.5")),
        (NOON + timedelta(days=1), Decimal("0.2")),
        (NOON + timedelta(days=5), Decimal("0.9")),
    )

    # A day at 0.1, none at 0.5, a day at 0.2; the others are before or after.
    assert after(2, rates=rates) == 7_200


def test_the_first_rate_counts_from_ever_whatever_its_date():
    rates = ((NOON + timedelta(days=9), Decimal("0.1")),)

    assert after(1, rates=rates) == 9_000


@given(
    stored=st.integers(-10_000, 10_000),
    resting=st.integers(-10_000, 10_000),
    seconds=st.integers(0, 10**8),
    rate=st.integers(0, 1_000),
)
def test_it_stays_between_the_two_and_never_leaves_its_side(
    stored, resting, seconds, rate
):
    rates = ((None, Decimal(rate) / 1_000),)

    value = after(seconds / 86_400, stored=stored, resting=resting, rates=rates)

    assert min(stored, resting) <= value <= max(stored, resting)


@given(
    stored=st.integers(-10_000, 10_000),
    resting=st.integers(-10_000, 10_000),
    first=st.integers(0, 10**10),
    second=st.integers(0, 10**10),
    rate=st.integers(0, 999),
)
def test_looking_in_between_changes_it_by_a_thousandth_at_most(
    stored, resting, first, second, rate
):
    rates = ((None, Decimal(rate) / 1_000),)
    between = NOON + timedelta(milliseconds=first)
    end = between + timedelta(milliseconds=second)

    once = decayed(stored, since=NOON, now=end, resting=resting, rates=rates)
    stop = decayed(stored, since=NOON, now=between, resting=resting, rates=rates)
    twice = decayed(stop, since=between, now=end, resting=resting, rates=rates)

    assert abs(once - twice) <= 1


@given(seconds=st.integers(1, 10**8), cut=st.floats(0, 1), rate=st.integers(0, 1_000))
def test_a_rate_that_stays_the_same_may_be_dated_again(seconds, cut, rate):
    end = NOON + timedelta(seconds=seconds)
    again = NOON + timedelta(seconds=round(seconds * cut))
    share = Decimal(rate) / 1_000

    once = remaining(since=NOON, now=end, rates=((None, share),))
    twice = remaining(since=NOON, now=end, rates=((None, share), (again, share)))

    assert abs(once - twice) < Decimal("1e-20")
