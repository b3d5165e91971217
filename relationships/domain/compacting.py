"""Which ledger rows stay when a day is old: how each feeling ended the day.

Source: design, section 5, "Compaction".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Protocol

from relationships.domain.feelings import day_of


class Old(Protocol):
    """What matters here of a stored ledger row."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def folded(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Fold:
    """The row ``seq`` stays; ``gone`` are the rows, by number, folded into it.

    ``folded`` is how many it stands for then, those of earlier times included.
    """

    seq: int
    folded: int
    gone: tuple[int, ...]


def first_kept(*, now: datetime, days: int) -> datetime:
    """The beginning of the oldest UTC day of which every row stays."""
    day = day_of(now) - timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def folds(rows: Iterable[Old], *, before: datetime) -> list[Fold]:
    """What there is to fold of one direction's rows, in any order, day by day.

    Of each UTC day that ended by ``before``, the beginning of one, the last row
    stays. A day of one row has nothing to fold.
    """
    old = sorted((row for row in rows if row.at < before), key=lambda row: row.seq)
    found = []
    for _, group in groupby(old, key=_day):
        *gone, last = group
        if gone:
            found.append(
                Fold(
                    seq=last.seq,
                    folded=last.folded + sum(1 + row.folded for row in gone),
                    gone=tuple(row.seq for row in gone),
                )
            )
    return found


def _day(row: Old) -> date:
    return day_of(row.at)
