"""Thousandths, and how they are rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from relationships.domain.amounts import (
    Amount,
    clamped,
    divided,
    milli_of,
    points_of,
    rounded,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5", 1), ("-0.5", -1), ("2.5", 3), ("-2.5", -3), ("2.4999999", 2), ("0", 0)],
)
def test_halves_are_rounded_away_from_zero(text, expected):
    assert rounded(Decimal(text)) == expected


@pytest.mark.parametrize(
    ("numerator", "by", "expected"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (5, 3, 2), (0, 7, 0)],
)
def test_division_rounds_halves_away_from_zero(numerator, by, expected):
    assert divided(numerator, by=by) == expected


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_division_and_rounding_agree(numerator, by):
    assert divided(numerator, by=by) == rounded(Decimal(numerator) / by)


@pytest.mark.parametrize(
    ("milli", "limits", "expected"),
    [
        (10_001, {}, 10_000),
        (-10_001, {}, -10_000),
        (7, {}, 7),
        (5, {"most": 3}, 3),
        (-5, {"most": 3}, -3),
        (2, {"least": 4, "most": 9}, 4),
    ],
)
def test_amounts_stay_within_their_limits(milli, limits, expected):
    assert clamped(milli, **limits) == expected


@pytest.mark.parametrize(
    ("points", "milli"), [(0.1, 100), (-2.5, -2_500), (0.029, 29), (1, 1_000)]
)
def test_written_numbers_are_the_thousandths_they_say(points, milli):
    assert milli_of(points) == milli
    assert points_of(milli) == points


def test_an_amount_has_at_most_three_decimals():
    amount = TypeAdapter(Amount)

    assert amount.validate_python(0.125) == 0.125
    assert str(amount.validate_python(-0.0)) == "0.0"
    with pytest.raises(ValidationError, match="at most three decimals"):
        amount.validate_python(0.1251)
