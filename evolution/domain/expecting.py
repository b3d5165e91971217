"""When a character will have come so far, judged by what it did lately.

Source: none; the rule is our own. The average of the last two weeks gives the rate,
the spread of their days how sure it is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

DAYS: Final = 14
"""So many days back, today included, count for the rate."""
FARTHEST: Final = timedelta(days=3_650)
"""Beyond that nothing is foretold."""
_EARLY: Final = timedelta(days=2)
_SLOWEST: Final = 0.5
"""At least this share of the rate is taken for granted."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Between which days it will happen; ``latest`` is ``None`` if far too late."""

    earliest: date
    latest: date | None


def is_too_early(added: Mapping[date, int], *, now: datetime) -> bool:
    """Whether it began so lately that minutes would have to stand for days.

    ``added`` as ``rate_per_day`` has it. The hour of the beginning is not known, so
    one whole day must lie between its day and today.
    """
    known = [day for day in added if day <= now.date()]
    return bool(known) and now.date() - min(known) < _EARLY


def rate_per_day(added: Mapping[date, int], *, now: datetime) -> float:
    """Interactions per day, on average of the last ``DAYS``.

    ``added`` maps UTC days to how many were counted then; days that are missing had
    none. Someone who began within that time is judged by the days since.
    """
    known = _days(added, now=now)
    return sum(known) / len(known) if known else 0.0


def expected(
    remaining: int, *, added: Mapping[date, int], now: datetime
) -> Expected | None:
    """When ``remaining`` more interactions will have happened.

    ``None`` if nothing lets one tell: it began just now, none happened lately, or it
    is years away.
    """
    rate = rate_per_day(added, now=now)
    if rate <= 0 or is_too_early(added, now=now):
        return None
    error = _error(_days(added, now=now), mean=rate)
    earliest = _after(remaining / (rate + error), now=now)
    if earliest is None:
        return None
    slowest = max(rate - error, rate * _SLOWEST)
    return Expected(earliest, _after(remaining / slowest, now=now))


def _days(added: Mapping[date, int], *, now: datetime) -> list[int]:
    """What each day brought, from the first that counts to today."""
    today = now.date()
    earliest = today - timedelta(days=DAYS - 1)
    known = [day for day in added if earliest <= day <= today]
    if not known:
        return []
    # Who began long ago and paused lately has slowed down, and not begun lately.
    began_before = any(day < earliest for day in added)
    first = earliest if began_before else min(known)
    count = (today - first).days + 1
    return [added.get(first + timedelta(days=at), 0) for at in range(count)]


def _error(days: list[int], *, mean: float) -> float:
    """The standard error of the mean of ``days``, of which there are several."""
    variance = sum((day - mean) ** 2 for day in days) / (len(days) - 1)
    return math.sqrt(variance / len(days))


def _after(days: float, *, now: datetime) -> date | None:
    if days > FARTHEST.days:
        return None
    return (now + timedelta(days=days)).date()
