"""The one set of filters that all views of feelings share, held in the address.

The graph and the matrix apply the same rules again in the browser
(``static/js/relations-filters.js``), since what they show goes on moving.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.utils.dateparse import parse_datetime

from core.views.requests import SEARCH_LENGTH

VIEWS: Final[Mapping[str, str]] = {
    "graph": "Graph",
    "matrix": "Matrix",
    "table": "Table",
    "timeline": "Timeline",
}
SIGNS: Final[Mapping[str, str]] = {
    "": "Any",
    "positive": "Positive",
    "negative": "Negative",
    "opposed": "Opposed: one likes, one dislikes",
}
CHANGED: Final[Mapping[str, tuple[str, timedelta | None]]] = {
    "": ("Any time", None),
    "hour": ("In the last hour", timedelta(hours=1)),
    "day": ("In the last day", timedelta(days=1)),
    "week": ("In the last week", timedelta(days=7)),
    "month": ("In the last 30 days", timedelta(days=30)),
}
DEPTHS: Final[Mapping[int, str]] = {1: "Direct", 2: "Two steps"}
MOST_POINTS: Final = {"min": 10, "apart": 20}
MOST_EVENTS: Final = 1_000_000_000
FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing is older, and days before it can still be counted."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown. Feelings are thousandths; empty and 0 mean no limit.

    ``view`` is empty where the address names none; ``at`` is a moment of the past,
    or ``None`` for now. ``around`` and ``tag`` need not exist.
    """

    view: str = ""
    at: datetime | None = None
    min: int = 0
    sign: str = ""
    apart: int = 0
    events: int = 0
    changed: str = ""
    tag: str = ""
    around: str = ""
    depth: int = 1
    q: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether anything is filtered out; the view and the moment do not count."""
        return replace(self, view="", at=None, depth=1) != Filters()

    @property
    def since(self) -> timedelta | None:
        """How long ago a feeling may have changed last."""
        return CHANGED[self.changed][1]

    def query(self, **changes: Any) -> str:
        """As the part of an address after “?”, with ``changes`` made first."""
        changed = replace(self, **changes)
        values = {
            each.name: _text(each.name, getattr(changed, each.name))
            for each in fields(self)
            if getattr(changed, each.name) != each.default
        }
        if not changed.around:
            values.pop("depth", None)
        return urlencode(values)

    def for_script(self) -> dict[str, Any]:
        """The values that the page's script starts with."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**values, "at": self.at.isoformat() if self.at else ""}

    @classmethod
    def parse(
        cls, query: Mapping[str, str], /, *, now: datetime
    ) -> tuple[Self, dict[str, str]]:
        """The filters of an address, and what is wrong with it by parameter.

        What is wrong counts as not given.
        """
        reader = _Reader(query, now=now)
        filters = cls(
            view=reader.choice("view", VIEWS),
            at=reader.moment("at"),
            min=reader.points("min"),
            sign=reader.choice("sign", SIGNS),
            apart=reader.points("apart"),
            events=reader.count("events"),
            changed=reader.choice("changed", CHANGED),
            tag=reader.text("tag"),
            around=reader.text("around"),
            depth=2 if reader.choice("depth", {"1": "", "2": ""}) == "2" else 1,
            q=reader.text("q"),
        )
        return filters, reader.problems


def points(milli: int, /) -> str:
    """Thousandths in points, as short as it goes: ``3``, ``-2.5``."""
    return format(Decimal(milli).scaleb(-3).normalize(), "f")


def _text(name: str, value: Any) -> str:
    if name in MOST_POINTS:
        return points(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


class _Reader:
    """Reads parameters and remembers what is wrong with them."""

    def __init__(self, query: Mapping[str, str], *, now: datetime) -> None:
        self._query = query
        self._now = now
        self.problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        given = self._query.get(name, "").replace("\0", "")
        return given.strip()[:SEARCH_LENGTH]

    def choice(self, name: str, known: Mapping[str, Any]) -> str:
        given = self.text(name)
        if given and given not in known:
            names = ", ".join(each for each in known if each)
            self.problems[name] = f"“{given}” is none of: {names}."
            return ""
        return given

    def points(self, name: str) -> int:
        given = self.text(name)
        most = MOST_POINTS[name]
        try:
            value = Decimal(given.replace(",", ".") or "0")
        except InvalidOperation:
            value = Decimal(-1)
        if not (value.is_finite() and 0 <= value <= most):
            self.problems[name] = f"“{given}” is no number from 0 to {most}."
            return 0
        return int(value.scaleb(3).to_integral_value())

    def count(self, name: str) -> int:
        given = self.text(name)
        is_number = given.isascii() and given.isdecimal()
        if given and not (is_number and int(given) <= MOST_EVENTS):
            self.problems[name] = f"“{given}” is no whole number, 0 or more."
            return 0
        return int(given or 0)

    def moment(self, name: str) -> datetime | None:
        given = self.text(name)
        if not given:
            return None
        # A plus that was not quoted arrives as a space.
        try:
            at = parse_datetime(given.replace(" ", "+") if "T" in given else given)
            at = at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            at = None
        if at is None or at < FIRST_MOMENT:
            self.problems[name] = f"“{given}” is no time like 2026-01-31T18:30."
            return None
        if at > self._now:
            self.problems[name] = "That moment has not come yet; this is now."
            return None
        return at
