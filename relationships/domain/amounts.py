"""Amounts in thousandths: of a point for feelings, of 1 for factors and traits.

Source: design, section 5; ``reference/reliability.md`` section 0, trap 1: sums of
floats depend on their order, whole thousandths do not.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final

from pydantic import AfterValidator

MILLI: Final = 1_000
MOST: Final = 10_000
"""The strongest feeling either way."""


def rounded(x: Decimal) -> int:
    """The nearest whole number; halves go away from zero."""
    # What the decimal module calls up is away from zero.
    return int(x.to_integral_value(rounding=ROUND_HALF_UP))


def divided(numerator: int, *, by: int) -> int:
    """``numerator / by``, rounded as ``rounded`` does; ``by`` is above zero."""
    size = (2 * abs(numerator) + by) // (2 * by)
    return size if numerator >= 0 else -size


def clamped(milli: int, *, most: int = MOST, least: int | None = None) -> int:
    """``milli`` within ``least``, which is ``-most`` unless told, and ``most``."""
    return max(-most if least is None else least, min(most, milli))


def milli_of(points: float) -> int:
    """Thousandths of a number that people wrote, such as 0.1 or -2.5."""
    return rounded(Decimal(repr(points)) * MILLI)


def points_of(milli: int) -> float:
    """The number that people read."""
    return milli / MILLI


def _in_thousandths(points: float) -> float:
    if points_of(milli_of(points)) != points:
        raise ValueError("Write at most three decimals.")
    # No minus before a zero.
    return points + 0.0


Amount = Annotated[float, AfterValidator(_in_thousandths)]
"""A number with at most three decimals."""
