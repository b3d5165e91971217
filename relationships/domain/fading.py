"""What is left of very many feelings at one moment."""

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from relationships.domain.decay import Rates, decayed

_DAY: Final = timedelta(days=1)
# Doubles are wrong by far less than this, which counts beside a half only.
_DOUBT: Final = 1e-6


class Fading:
    """``decayed`` for one moment, some thirty times as fast.

    Powers are taken of doubles; where that could round to another thousandth, the
    decimal rule is asked.
    """

    def __init__(self, *, now: datetime, rates: Rates) -> None:
        self._now = now
        self._rates = rates
        starts = [at for at, _ in rates[1:] if at is not None and at < now]
        edges = pairwise([None, *starts, now])
        # The newest first: most feelings are younger than its start.
        self._parts = [
            (start, end or now, math.log1p(-float(rate)) if rate < 1 else -math.inf)
            for (start, end), (_, rate) in zip(edges, rates, strict=False)
        ][::-1]

    def value(self, stored: int, *, since: datetime | None, resting: int) -> int:
        """Thousandths, as ``decayed`` gives them."""
        if since is None or stored == resting or since >= self._now:
            return stored
        exact = resting + (stored - resting) * self._left(since)
        size = abs(exact)
        if abs(size % 1 - 0.5) < _DOUBT:
            return decayed(
                stored,
                since=since,
                now=self._now,
                resting=resting,
                rates=self._rates,
            )
        return math.floor(size + 0.5) if exact > 0 else -math.floor(size + 0.5)

    def _left(self, since: datetime) -> float:
        power = 0.0
        for start, end, log in self._parts:
            if since >= end:
                break
            begin = since if start is None or start < since else start
            if begin < end:
                power += (end - begin) / _DAY * log
        return math.exp(power)
