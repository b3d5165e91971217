"""Small charts as coordinates: what a template needs to draw lines in an SVG.

All is in hundredths of the box, from the left and from the top, as text that fits
into attributes: a path belongs into a nested
``svg[viewBox="0 0 100 100"][preserveAspectRatio=none]``, places of text and dots are
percentages, so that letters keep their size whatever the width
(``templates/core/_line_chart.html``, ``templates/core/_sparkline.html``). Pure
functions: no clock, no settings, no database.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

Point = tuple[datetime, float | None]
"""When, and how much; ``None`` where nothing is known: the line stops there."""

MOST_DAY_MARKS: Final = 6
MOST_VALUE_MARKS: Final = 5
_DAY: Final = timedelta(days=1)
_DAY_STEPS: Final = (1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365)
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_EDGE: Final = 2.0  # Hundredths within which text is set against the edge.
_MARGIN: Final = 6.0  # Of a sparkline, so that its line is not cut in half.


@dataclass(frozen=True, slots=True)
class Series:
    """One line to draw: its name in the legend and its points, oldest first."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Dot:
    """A place in the box, in hundredths."""

    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid with its words.

    ``at`` is its place in hundredths; ``anchor`` is SVG's ``text-anchor``.
    """

    at: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn line: ``path`` is SVG's ``d``; ``last`` where it ends.

    ``number`` counts lines from 1, for the class that gives colour and dashes.
    """

    number: int
    name: str
    path: str
    last: Dot | None


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over time with their grid; ``zero`` is where 0 lies, if in the box."""

    lines: tuple[Line, ...]
    days: tuple[Mark, ...]
    values: tuple[Mark, ...]
    zero: str | None


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One small line without a grid."""

    path: str
    last: Dot | None


def line_chart(
    lines: Sequence[Series],
    *,
    since: datetime,
    until: datetime,
    low: float,
    high: float,
) -> LineChart:
    """Lines between two moments and two values.

    Points outside of the moments are left out; values beyond ``low`` and ``high``
    lie on the edge.

    Raises:
        ValueError: nothing lies between the moments, or between the values.
    """
    if until <= since or high <= low:
        raise ValueError("A chart needs a span of time and a span of values.")
    drawn = []
    for number, line in enumerate(lines, start=1):
        places = [
            None
            if value is None
            else (_time(at, since, until), _level(value, low, high))
            for at, value in line.points
            if since <= at <= until
        ]
        drawn.append(Line(number, line.name, _path(places), _last(places)))
    return LineChart(
        lines=tuple(drawn),
        days=tuple(day_marks(since=since, until=until)),
        values=tuple(value_marks(low=low, high=high)),
        zero=_text(_level(0, low, high)) if low <= 0 <= high else None,
    )


def sparkline(
    values: Sequence[float | None],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Sparkline:
    """Values at equal distances, oldest first.

    Without ``low`` or ``high`` the least and the greatest value bound the box; where
    all are the same, the line runs through the middle.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline(path="", last=None)
    least = min(known) if low is None else low
    greatest = max(known) if high is None else high
    if greatest <= least:
        least, greatest = least - 1, least + 1
    places = [
        None
        if value is None
        else (
            _inside(index / (len(values) - 1) if len(values) > 1 else 0.5),
            _inside(_level(value, least, greatest) / 100),
        )
        for index, value in enumerate(values)
    ]
    return Sparkline(path=_path(places), last=_last(places))


def day_marks(
    *, since: datetime, until: datetime, most: int = MOST_DAY_MARKS
) -> list[Mark]:
    """Midnights in UTC between two moments, so many days apart that few remain.

    They are counted back from the newest, which is the one that people look for.
    """
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight - since) // _DAY + 1
    if midnight < since:
        return []
    step = next((s for s in _DAY_STEPS if days <= s * most), -(-days // most))
    marks = []
    while midnight >= since:
        x = _time(midnight, since, until)
        words = f"{midnight.day} {midnight:%b}"
        marks.append(Mark(_text(x), words, _anchor(x)))
        midnight -= step * _DAY
    return marks[::-1]


def value_marks(*, low: float, high: float, most: int = MOST_VALUE_MARKS) -> list[Mark]:
    """Round values between two, lowest first; their words carry a sign."""
    step = _nice_step((high - low) / (most - 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [
        Mark(_text(_level(n * step, low, high)), signed(n * step), "end")
        for n in range(first, last + 1)
    ]


def signed(value: float, /) -> str:
    """A number with its sign, a real minus: ``+2.5``, ``−1``, ``0``."""
    number = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    if number == "0":
        return "0"
    return f"+{number}" if value > 0 else f"−{number}"


def _nice_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below it."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(nice * power for nice in _NICE if nice * power >= least * (1 - 1e-9))


def _time(at: datetime, since: datetime, until: datetime) -> float:
    return 100 * ((at - since) / (until - since))


def _level(value: float, low: float, high: float) -> float:
    """From the top, as SVG counts."""
    return 100 * (1 - (min(max(value, low), high) - low) / (high - low))


def _inside(share: float) -> float:
    return _MARGIN + share * (100 - 2 * _MARGIN)


def _anchor(x: float) -> str:
    if x < _EDGE:
        return "start"
    return "end" if x > 100 - _EDGE else "middle"


def _text(number: float) -> str:
    """Two places at most, and no zero with a minus."""
    return f"{round(number, 2) + 0:.2f}".rstrip("0").rstrip(".")


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    """``M`` where a piece begins, ``L`` onwards; a lone place is a dot."""
    parts: list[str] = []
    is_drawing = False
    for index, place in enumerate(places):
        if place is None:
            is_drawing = False
            continue
        parts.append(f"{'L' if is_drawing else 'M'}{_text(place[0])} {_text(place[1])}")
        following = places[index + 1] if index + 1 < len(places) else None
        if not is_drawing and following is None:
            parts.append("h0")
        is_drawing = True
    return "".join(parts)


def _last(places: Sequence[tuple[float, float] | None]) -> Dot | None:
    known = [place for place in places if place is not None]
    return Dot(_text(known[-1][0]), _text(known[-1][1])) if known else None
