"""The table of feelings: every direction, sorted, in pages, and as a CSV file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from personas.domain.spreadsheets import written
from relationships import policy
from relationships.domain.bands import Band
from relationships.domain.traits import TRAITS
from relationships.services.reading import Felt
from relationships.views.feeling_shown import Feeling, Trait, feeling_of, traits_of
from relationships.views.filters import Filters, points
from relationships.views.ledger_words import factor
from relationships.views.shown import Direction, Directions, Shown, load

Names = Mapping[str, str]
"""Character id → name, as names are compared."""

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_MINUS: Final = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``key`` is what it is sorted by, ``is_down`` at first.

    The key is of what is felt, and of the names of all by their ids. ``name`` is
    the column's name in the address; empty where sorting makes no sense.
    """

    name: str
    title: str
    key: Callable[[Felt, Names], Any]
    is_down: bool = False
    is_number: bool = False


COLUMNS: Final = (
    Column("who", "Who", lambda f, names: (names[f.source], names[f.target])),
    Column("toward", "Toward", lambda f, names: (names[f.target], names[f.source])),
    Column("feeling", "Feeling", lambda f, _: f.affinity, is_down=True),
    Column("resting", "Resting", lambda f, _: f.resting, is_down=True, is_number=True),
    Column(
        "events", "Interactions", lambda f, _: f.events, is_down=True, is_number=True
    ),
    Column("tension", "Tension", lambda f, _: f.tension, is_down=True, is_number=True),
    Column(
        "traits",
        "Traits",
        lambda f, _: max(map(abs, (f.warmth, f.trust, f.respect, f.rivalry))),
        is_down=True,
    ),
    Column("changed", "Last change", lambda f, _: f.updated_at or _EVER, is_down=True),
)
STRENGTH: Final = Column(
    "strength", "Strength", lambda f, _: abs(f.affinity), is_down=True
)
"""The order without any other: what is felt most, either way."""
_SORTS: Final[Mapping[str, Column]] = {c.name: c for c in (*COLUMNS, STRENGTH)}


@dataclass(frozen=True, slots=True)
class Sort:
    """What the rows are sorted by; ``-`` in front of the name means downwards."""

    column: Column
    is_down: bool

    @property
    def text(self) -> str:
        """As it stands in the address; nothing for the usual order."""
        if self == USUAL:
            return ""
        return f"{_MINUS if self.is_down else ''}{self.column.name}"

    @property
    def words(self) -> str:
        """For ``aria-sort``."""
        return "descending" if self.is_down else "ascending"


USUAL: Final = Sort(STRENGTH, is_down=True)


def read_sort(text: str, /) -> Sort:
    """The order that an address names; the usual one where it names none of ours."""
    column = _SORTS.get(text.removeprefix(_MINUS))
    return USUAL if column is None else Sort(column, text.startswith(_MINUS))


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: where its link leads, and how the rows are sorted by it."""

    column: Column
    query: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Row:
    """One direction with what the table says of it."""

    direction: Direction
    feeling: Feeling
    resting: Feeling
    tension: str
    traits: list[Trait]

    @property
    def key(self) -> str:
        """As live changes name the direction."""
        d = self.direction
        return f"{d.source.character_id}>{d.target.character_id}"


def context(request: HttpRequest, *, filters: Filters, now: datetime) -> dict[str, Any]:
    """What ``relationships/_table.html`` shows."""
    shown = load(filters, now, at=filters.at)
    sort = read_sort(request.GET.get("sort", ""))
    bands = policy.known_rules().bands
    pages = Paginator(ordered(shown, sort=sort), limits.PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    return {
        "heads": _heads(filters, sort=sort),
        "page": page,
        "rows": [_row(d, bands=bands) for d in page.object_list],
        "total": shown.total,
        "csv_query": _query(filters, sort=sort),
    }


def ordered(shown: Shown, *, sort: Sort) -> Directions:
    """Rows that are the same stay by strength, as they come."""
    if sort == USUAL:
        return shown.directions
    names = {each.character_id: each.name.casefold() for each in shown.characters}
    key = sort.column.key
    return shown.directions.ordered(lambda felt: key(felt, names), is_down=sort.is_down)


def _row(direction: Direction, *, bands: Sequence[Band]) -> Row:
    return Row(
        direction=direction,
        feeling=feeling_of(direction.value, bands=bands),
        resting=feeling_of(direction.stored.resting, bands=bands),
        tension=factor(direction.tension),
        traits=[trait for trait in traits_of(direction.stored) if trait.milli],
    )


def _heads(filters: Filters, *, sort: Sort) -> list[Head]:
    heads = []
    for column in COLUMNS:
        is_here = sort.column is column
        is_down = not sort.is_down if is_here else column.is_down
        query = _query(filters, sort=Sort(column, is_down))
        heads.append(Head(column, query, sort.words if is_here else ""))
    return heads


def _query(filters: Filters, *, sort: Sort) -> str:
    """The filters and the order as a part of an address."""
    query = filters.query(view="table")
    return f"{query}&sort={sort.text}" if sort.text else query


# -- The file --------------------------------------------------------------------------

_HEADER: Final = (
    "who_id",
    "who",
    "toward_id",
    "toward",
    "feeling",
    "band",
    "resting",
    "interactions",
    "tension",
    *TRAITS,
    "last_change",
)
_NUMBERS: Final = frozenset(
    place
    for place, name in enumerate(_HEADER)
    if name in ("feeling", "resting", "interactions", "tension", *TRAITS)
)


@allows(GET=Action.SEE)
def table_csv(request: HttpRequest) -> HttpResponse:
    """All rows that the address asks for, as a file for spreadsheets."""
    now = timezone.now()
    filters, _ = Filters.parse(request.GET, now=now)
    shown = load(filters, now, at=filters.at)
    rows = ordered(shown, sort=read_sort(request.GET.get("sort", "")))
    data = written(_HEADER, rows=_lines(rows), plain=_NUMBERS)
    name = f"feelings-{shown.as_of.astimezone(UTC):%Y-%m-%d}.csv"
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(rows: Directions) -> Iterator[Sequence[str]]:
    # A few thousand numbers stand in very many cells.
    number = lru_cache(maxsize=None)(points)
    for felt in rows.felt:
        source, target = rows.who(felt.source), rows.who(felt.target)
        at = felt.updated_at
        yield (
            source.character_id,
            source.name,
            target.character_id,
            target.name,
            number(felt.affinity),
            felt.band,
            number(felt.resting),
            str(felt.events),
            number(felt.tension),
            number(felt.warmth),
            number(felt.trust),
            number(felt.respect),
            number(felt.rivalry),
            at.astimezone(UTC).isoformat(timespec="seconds") if at else "",
        )
