"""A pair's history: the ledger rows of both directions, joined and in order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from relationships.domain.feelings import Cause
from relationships.domain.traits import TRAITS

_OF_BOTH: Final = frozenset({Cause.RESET, Cause.VOID})
Key = tuple[object, ...]


class Recorded(Protocol):
    """A stored ledger row, as ``relationships.models.LedgerRow`` has it."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def cause(self) -> str: ...
    @property
    def event_id(self) -> int | None: ...
    @property
    def is_speaker(self) -> bool: ...
    @property
    def base(self) -> int: ...
    @property
    def intensity(self) -> int: ...
    @property
    def compatibility(self) -> int: ...
    @property
    def tension_before(self) -> int: ...
    @property
    def is_trigger(self) -> bool: ...
    @property
    def factor(self) -> int: ...
    @property
    def wanted(self) -> int: ...
    @property
    def change(self) -> int: ...
    @property
    def before(self) -> int: ...
    @property
    def after(self) -> int: ...
    @property
    def resting(self) -> int: ...
    @property
    def tension(self) -> int: ...
    @property
    def warmth(self) -> int: ...
    @property
    def trust(self) -> int: ...
    @property
    def respect(self) -> int: ...
    @property
    def rivalry(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def band(self) -> str: ...
    @property
    def folded(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a pair: a row of one direction, or of each."""

    at: datetime
    cause: str
    event_id: int | None = None
    low: Recorded | None = None
    high: Recorded | None = None

    @property
    def rows(self) -> tuple[Recorded, ...]:
        """The lower's first."""
        return tuple(row for _, row in self.sides)

    @property
    def sides(self) -> tuple[tuple[bool, Recorded], ...]:
        """Each row with whether it is the lower's."""
        each = ((True, self.low), (False, self.high))
        return tuple((is_low, row) for is_low, row in each if row is not None)

    @property
    def is_summary(self) -> bool:
        """Whether what happened is not told, only how it ended.

        So it is where older rows were folded into one of these; also for an
        interaction of which the other direction's row was folded.
        """
        is_apart = self.cause == Cause.EVENT and (self.low is None or self.high is None)
        return is_apart or any(row.folded for row in self.rows)


def is_cold(row: Recorded) -> bool:
    """Whether tension played no part: there was none, or conflicts did not count."""
    return row.tension == 0 and row.tension_before == 0


def traits_of(row: Recorded) -> dict[str, int]:
    """The traits that a row stored."""
    return {name: getattr(row, name) for name in TRAITS}


def steps_of(rows_low: Iterable[Recorded], rows_high: Iterable[Recorded]) -> list[Step]:
    """The history of a pair, oldest first.

    ``rows_low`` are those of the lower one's feeling, ``rows_high`` of the other's,
    in any order. Rows of one interaction, reset or void are one step; where the
    two ledgers contradict each other, they stay apart.
    """
    lows, highs = _keyed(rows_low), _keyed(rows_high)
    low_keys = {key for key, _ in lows}
    shared = low_keys & {key for key, _ in highs}
    steps: list[Step] = []
    i = j = 0
    while i < len(lows) or j < len(highs):
        low = lows[i] if i < len(lows) else None
        high = highs[j] if j < len(highs) else None
        if low and high and low[0] == high[0]:
            steps.append(_step(low[1], high[1]))
            i, j = i + 1, j + 1
        elif low and _goes_first(low, high, shared=shared):
            steps.append(_step(low[1], None))
            i += 1
        else:
            steps.append(_step(None, high[1] if high else None))
            j += 1
    return steps


def _keyed(rows: Iterable[Recorded]) -> Sequence[tuple[Key, Recorded]]:
    """The rows by number, each with what its row in the other direction shares."""
    times: Counter[Key] = Counter()
    found: list[tuple[Key, Recorded]] = []
    for row in sorted(rows, key=lambda each: each.seq):
        key: Key
        if row.cause == Cause.EVENT:
            key = (row.cause, row.event_id)
        else:
            is_shared = row.cause in _OF_BOTH
            key = (row.cause, row.at) if is_shared else (id(row),)
        times[key] += 1
        found.append(((*key, times[key]), row))
    return found


def _goes_first(
    low: tuple[Key, Recorded],
    high: tuple[Key, Recorded] | None,
    *,
    shared: set[Key],
) -> bool:
    """Whether the next step is ``low`` without ``high``.

    A row that has a counterpart waits for it; if both have, they contradict each
    other, and the earlier one goes.
    """
    if high is None:
        return True
    if (low[0] in shared) != (high[0] in shared):
        return high[0] in shared
    return low[1].at <= high[1].at


def _step(low: Recorded | None, high: Recorded | None) -> Step:
    row = low or high
    assert row is not None  # noqa: S101 - for the type checker
    return Step(at=row.at, cause=row.cause, event_id=row.event_id, low=low, high=high)
