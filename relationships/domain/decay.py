"""How feelings fade: towards a resting value, by a share of the distance a day.

Computed when somebody looks, never by a job, so that being late changes nothing.
Source: design, section 5, "Decay".
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from itertools import pairwise
from typing import Final

from relationships.domain.amounts import rounded

__all__ = ["Rates", "decayed", "remaining", "rounded"]

Rates = tuple[tuple[datetime | None, Decimal], ...]
"""From when a rate per day counted, ascending; ``None``: ever. At least one."""

_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_CONTEXT: Final = Context(prec=28)
_NOTHING: Final = Decimal(0)
_ALL: Final = Decimal(1)


def decayed(
    stored: int,
    *,
    since: datetime | None,
    now: datetime,
    resting: int,
    rates: Rates,
) -> int:
    """What is left at ``now`` of ``stored``, the value at ``since``; thousandths.

    ``resting + (stored - resting) × (1 - rate)^days``, rounded once, half away from
    zero; with several rates, each for its own part of the time. Nothing fades
    before it was stored, nor while the clock has not moved on.
    """
    if since is None or now <= since or stored == resting:
        return stored
    left = remaining(since=since, now=now, rates=rates)
    with localcontext(_CONTEXT):
        return rounded(resting + (stored - resting) * left)


def remaining(*, since: datetime, now: datetime, rates: Rates) -> Decimal:
    """The share of the distance that is left at ``now``, 0 to 1."""
    share = _ALL
    with localcontext(_CONTEXT):
        for length, rate in _parts(since=since, now=now, rates=rates):
            if rate == _ALL:
                return _NOTHING
            days, rest = divmod(length, timedelta(days=1))
            # Whole days are exact, so that halves are halves. For parts of a day,
            # this is what a power means, and fifty times as fast.
            part = Decimal(rest // timedelta(microseconds=1)) / _DAY
            share *= (_ALL - rate) ** days * (part * _logarithm(_ALL - rate)).exp()
    return share


@lru_cache(maxsize=64)
def _logarithm(base: Decimal) -> Decimal:
    return base.ln(_CONTEXT)


def _parts(
    *, since: datetime, now: datetime, rates: Rates
) -> Iterator[tuple[timedelta, Decimal]]:
    """How long each rate counted between the two moments; the first counts before.

    Parts without a length are left out.
    """
    starts = [since if at is None or at < since else at for at, _ in rates]
    starts[0] = since
    edges = [*(min(start, now) for start in starts), now]
    for (start, end), (_, rate) in zip(pairwise(edges), rates, strict=True):
        if end > start:
            yield end - start, rate
