"""Thirty days of two feelings, as a line chart and as a table."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from core.charts import LineChart, Series, line_chart
from relationships.domain.amounts import MOST, points_of
from relationships.domain.decay import Rates
from relationships.domain.fading import Fading
from relationships.models import LedgerRow
from relationships.views.ledger_words import points

DAYS: Final = 30
MOST_ROWS: Final = 10_000
"""Of one direction; what is older is not drawn."""
_STEP: Final = timedelta(hours=6)
_MANY: Final = 400
_PLACES: Final = 2


class Change(NamedTuple):
    """What a ledger row left behind."""

    at: datetime
    after: int
    resting: int


@dataclass(frozen=True, slots=True)
class Day:
    """How a day ended, or how it stands; one text per direction."""

    day: date
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The chart of the last days, and the same as a table, newest day first."""

    chart: LineChart
    days: list[Day]


def past(directions: Sequence[tuple[int, str]], *, now: datetime, rates: Rates) -> Past:
    """``directions`` are primary keys of feelings (0: never met) and their names."""
    since = now - DAYS * timedelta(days=1)
    lines = [(name, _changes(key, since=since, now=now)) for key, name in directions]
    series = [
        Series(name, _points(found, since=since, now=now, rates=rates))
        for name, found in lines
    ]
    return Past(
        chart=line_chart(
            series,
            since=since,
            until=now,
            low=-points_of(MOST),
            high=points_of(MOST),
        ),
        days=[
            Day(
                end.astimezone(UTC).date(),
                tuple(_text(found, at=end, rates=rates) for _, found in lines),
            )
            for end in _ends(now)
        ],
    )


def _changes(key: int, *, since: datetime, now: datetime) -> list[Change]:
    """Oldest first: the last one before ``since``, and all after it."""
    rows = LedgerRow.objects.filter(affinity=key).order_by("-at", "-seq")
    columns = rows.values_list("at", "after", "resting")
    found = list(columns.filter(at__gt=since, at__lte=now)[:MOST_ROWS])
    if len(found) < MOST_ROWS:
        found += columns.filter(at__lte=since)[:1]
    return [Change(*row) for row in reversed(found)]


def _points(
    found: Sequence[Change], *, since: datetime, now: datetime, rates: Rates
) -> list[tuple[datetime, float]]:
    """Each change as a step, and what fades between them."""
    steps = (now - since) // _STEP
    grid = [now - n * _STEP for n in range(steps + 1)]
    drawn = [change for change in _thinned(found) if change.at > since]
    values: list[tuple[datetime, float]] = []
    for at in sorted({*grid, *(change.at for change in drawn)}):
        place = bisect_right(found, at, key=lambda change: change.at)
        before = bisect_right(found, at - timedelta(microseconds=1), key=lambda c: c.at)
        if before and before != place:
            values.append((at, _value(found[before - 1], at=at, rates=rates)))
        if place:
            values.append((at, _value(found[place - 1], at=at, rates=rates)))
    return values


def _thinned(found: Sequence[Change]) -> Sequence[Change]:
    """Of many, the last of each hour: more could not be seen."""
    if len(found) <= _MANY:
        return found
    return list(
        {
            change.at.replace(minute=0, second=0, microsecond=0): change
            for change in found
        }.values()
    )


def _value(change: Change, *, at: datetime, rates: Rates) -> float:
    return points_of(_milli(change, at=at, rates=rates))


def _milli(change: Change, *, at: datetime, rates: Rates) -> int:
    # A chart asks some hundred times; this is the quicker way to the same number.
    fading = Fading(now=at, rates=rates)
    return fading.value(change.after, since=change.at, resting=change.resting)


def _ends(now: datetime) -> list[datetime]:
    """``now`` and the ends of the days before, newest first."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    last = timedelta(microseconds=1)
    return [now, *(midnight - n * timedelta(days=1) - last for n in range(DAYS))]


def _text(found: Sequence[Change], *, at: datetime, rates: Rates) -> str:
    place = bisect_right(found, at, key=lambda change: change.at)
    if not place:
        return ""
    return points(_milli(found[place - 1], at=at, rates=rates), places=_PLACES)
