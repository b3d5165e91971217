"""The slider over time: which moment is shown, and what happened since."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.access import allows
from core.live.changes import current_head
from core.roles import Action
from relationships.models import LedgerRow
from relationships.services.announcing import STREAM
from relationships.views.filters import Filters
from relationships.views.live import render_live

MOST_COUNTED: Final = 1_000
_MOST_MARKS: Final = 31
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_SHORT: Final = 2 * _DAY
_SHORT_STEPS: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 30))
_MOST_STEPS: Final = 120


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the slider; ``number`` counts steps from the first one."""

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Moment:
    """The steps that there are, and which of them is shown.

    They are days, or minutes while there are hardly two days. ``last`` is the number
    of now, which the slider stands on while live; 0 in the first minute, when there
    is nothing to go back to. ``start`` is the moment of step 0.
    """

    first: date
    start: datetime
    step: timedelta
    last: int
    shown: int
    marks: tuple[Mark, ...]

    @property
    def is_in_days(self) -> bool:
        return self.step >= _DAY

    @property
    def step_minutes(self) -> int:
        return self.step // _MINUTE


@dataclass(frozen=True, slots=True)
class Newer:
    """How many changes there were after the moment shown, both directions counted."""

    count: int

    @property
    def is_more(self) -> bool:
        """Whether counting stopped before the end."""
        return self.count > MOST_COUNTED

    @property
    def words(self) -> str:
        if self.is_more:
            return f"More than {MOST_COUNTED:,} newer changes"
        if not self.count:
            return "No newer changes"
        return f"{self.count:,} newer change{'' if self.count == 1 else 's'}"


def context(*, filters: Filters, now: datetime) -> dict[str, Any]:
    """What ``relationships/_moment.html`` shows; ``moment`` is ``None`` at first."""
    live = filters.query(at=None)
    return {
        "moment": _moment(filters.at, now=now),
        "moment_query": moment_query(filters.at),
        "live_query": live,
        "moment_fields": parse_qsl(live),
        **(
            {"live_seq": current_head(STREAM), **_newer(filters.at)}
            if filters.at
            else {}
        ),
    }


def moment_query(at: datetime | None, /) -> str:
    """The part of an address that leads to another page at the same moment."""
    return Filters(at=at).query() if at else ""


def _moment(at: datetime | None, *, now: datetime) -> Moment | None:
    oldest = LedgerRow.objects.order_by("at").values_list("at", flat=True).first()
    if oldest is None:
        return None
    if now - oldest < _SHORT:
        return _short(at, oldest=oldest.astimezone(UTC), now=now)
    first = oldest.astimezone(UTC).date()
    start = datetime.combine(first, time(), UTC)
    last = (now - start) // _DAY
    shown = last if at is None else (at - start) // _DAY
    return Moment(
        first=first,
        start=start,
        step=_DAY,
        last=last,
        shown=min(max(shown, 0), last),
        marks=_marks(start, step=_DAY, last=last),
    )


def _short(at: datetime | None, *, oldest: datetime, now: datetime) -> Moment:
    """Steps of minutes, so that a history of hours has some too."""
    # The first full minute after it, since moments are chosen by the minute.
    start = oldest.replace(second=0, microsecond=0) + _MINUTE
    span = max(now - start, timedelta())  # A clock may have been set back.
    step = next(
        (each for each in _SHORT_STEPS if span <= each * _MOST_STEPS), _SHORT_STEPS[-1]
    )
    last = -(-span // step)
    shown = last if at is None else min((at - start) // step, last - 1)
    return Moment(
        first=oldest.date(),
        start=start,
        step=step,
        last=last,
        shown=max(shown, 0),
        marks=_marks(start, step=step, last=last),
    )


def _marks(start: datetime, *, step: timedelta, last: int) -> tuple[Mark, ...]:
    """Few, whatever the number of steps."""
    words = "{0.day} {0:%b}" if step >= _DAY else "{0:%H:%M}"
    apart = -(-(last + 1) // _MOST_MARKS)
    return tuple(
        Mark(number, words.format(start + number * step))
        for number in range(0, last + 1, apart)
    )


def _newer(at: datetime) -> dict[str, Any]:
    rows = LedgerRow.objects.filter(at__gt=at)
    return {"newer": Newer(rows[: MOST_COUNTED + 1].count())}


@allows(GET=Action.SEE)
def newer(request: HttpRequest) -> HttpResponse:
    """How many changes there were after ``?at=``, as the page loads it again."""
    now = timezone.now()
    filters, _ = Filters.parse(request.GET, now=now)
    return render_live(
        request,
        "relationships/_newer.html",
        lambda: {**_newer(filters.at or now), "filters": filters},
    )
