"""Many feelings at one moment fade as each by itself does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relationships.domain import fading
from relationships.domain.decay import decayed
from relationships.domain.fading import Fading

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TENTH = ((None, Decimal("0.1")),)
CHANGING = (
    (None, Decimal("0.1")),
    (NOW - 9 * DAY, Decimal(1)),
    (NOW - 6 * DAY, Decimal("0.9")),
    (NOW - 6 * DAY, Decimal("0.5")),
    (NOW - 3 * DAY, Decimal(0)),
    (NOW + DAY, Decimal("0.9")),
)


def value(stored, *, days, resting=0, rates=TENTH):
    since = None if days is None else NOW - days * DAY
    return Fading(now=NOW, rates=rates).value(stored, since=since, resting=resting)


@pytest.mark.parametrize(
    ("stored", "days", "resting", "expected"),
    [
        (5_000, 1, 0, 4_500),
        (-5_000, 1, 0, -4_500),
        (5_000, 7, 2_000, 3_435),
        (5_000, None, 0, 5_000),
        (5_000, 0, 0, 5_000),
        (5_000, -1, 0, 5_000),
        (2_000, 30, 2_000, 2_000),
    ],
)
def test_it_fades_by_a_tenth_a_day(stored, days, resting, expected):
    assert value(stored, days=days, resting=resting) == expected


@pytest.mark.parametrize(("stored", "expected"), [(5, 5), (-5, -5), (15, 14)])
def test_a_half_is_left_to_the_decimal_rule(stored, expected, monkeypatch):
    asked = []

    def rule(*values, **named):
        asked.append(values)
        return decayed(*values, **named)

    monkeypatch.setattr(fading, "decayed", rule)

    assert value(stored, days=1) == expected
    assert asked == [(stored,)]


@pytest.mark.parametrize(
    ("days", "expected"), [(1, 8_000), (4, 4_000), (7, 0), (20, 0)]
)
def test_each_rate_counts_for_its_time(days, expected):
    assert value(8_000, days=days, rates=CHANGING) == expected


def test_a_rate_that_begins_later_does_not_count():
    assert value(5_000, days=1, rates=(*TENTH, (NOW, Decimal(1)))) == 4_500


@given(
    stored=st.integers(-10_000, 10_000),
    resting=st.integers(-10_000, 10_000),
    seconds=st.integers(-100, 40 * 86_400),
    rates=st.sampled_from([TENTH, CHANGING]),
)
def test_it_equals_the_rule(stored, resting, seconds, rates):
    since = NOW - timedelta(seconds=seconds)

    found = Fading(now=NOW, rates=rates).value(stored, since=since, resting=resting)

    assert found == decayed(stored, since=since, now=NOW, resting=resting, rates=rates)
