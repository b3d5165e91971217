"""When a milestone will be reached."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolution.domain.expecting import (
    DAYS,
    Expected,
    expected,
    is_too_early,
    rate_per_day,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


def days(*added: int) -> dict[date, int]:
    """What the last days brought, today last."""
    first = len(added) - 1
    return {TODAY - timedelta(days=first - at): n for at, n in enumerate(added)}


@pytest.mark.parametrize(
    ("added", "rate"),
    [
        ({}, 0.0),
        (days(6), 6.0),
        (days(4, 0, 8), 4.0),
        (days(*[3] * DAYS), 3.0),
        (days(999, *[1] * DAYS), 1.0),
        ({TODAY + timedelta(days=1): 50}, 0.0),
        # Long paused: it has slowed down, and not begun today.
        ({TODAY - timedelta(days=60): 10, TODAY: 14}, 1.0),
    ],
)
def test_the_rate_is_the_average_of_the_last_two_weeks(added, rate):
    assert rate_per_day(added, now=NOW) == pytest.approx(rate)


def test_a_steady_rate_foretells_one_day():
    found = expected(20, added=days(*[5] * DAYS), now=NOW)

    assert found == Expected(date(2026, 11, 24), date(2026, 11, 24))


def test_an_unsteady_rate_foretells_a_span():
    found = expected(20, added=days(*[0, 10] * (DAYS // 2)), now=NOW)

    assert found is not None
    assert found.latest is not None
    assert found.earliest < date(2026, 11, 24) < found.latest


@pytest.mark.parametrize(
    ("added", "is_early"),
    [
        ({}, False),
        ({TODAY + timedelta(days=1): 5}, False),
        (days(817), True),
        (days(817, 3), True),
        (days(1, 0, 0), False),
        (days(1, *[0] * 60), False),
    ],
)
def test_less_than_a_whole_day_is_too_early(added, is_early):
    assert is_too_early(added, now=NOW) is is_early


def test_nothing_is_foretold_from_minutes():
    assert expected(20, added=days(2, 5), now=NOW) is None
    assert expected(20, added=days(2, 5, 5), now=NOW) is not None


@pytest.mark.parametrize(
    ("remaining", "added"), [(20, {}), (20, days(0, 0, 0)), (10**9, days(*[1] * DAYS))]
)
def test_nothing_is_foretold_without_a_rate_or_of_far_times(remaining, added):
    assert expected(remaining, added=added, now=NOW) is None


def test_the_late_end_may_be_too_far():
    found = expected(4_000, added=days(0, *[0] * (DAYS - 2), 14), now=NOW)

    assert found is not None
    assert found.latest is None


@given(
    st.integers(1, 10_000),
    st.dictionaries(
        st.dates(TODAY - timedelta(days=30), TODAY), st.integers(0, 500), max_size=31
    ),
)
def test_the_ends_are_in_order_and_not_past(remaining, added):
    found = expected(remaining, added=added, now=NOW)

    if found is not None:
        assert found.earliest >= TODAY
        assert found.latest is None or found.earliest <= found.latest
