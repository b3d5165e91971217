"""What the pages of feelings show: characters and directions, by the filters.

One reading for all views; ``load`` takes the same few queries however many there
are.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from personas.models import Character
from personas.views.shown import Face, face
from relationships.policy import known_rules
from relationships.services import reading
from relationships.services.reading import Felt, Known
from relationships.views.filters import Filters

__all__ = ["Direction", "Directions", "Filters", "Shown", "Who", "characters", "load"]


@dataclass(frozen=True, slots=True)
class Who:
    """A character as these pages name it."""

    pk: int
    character_id: str
    name: str
    face: Face
    tags: tuple[str, ...]

    @property
    def words(self) -> str:
        """What a search looks through."""
        return f"{self.name}\n{self.character_id}".casefold()


@dataclass(frozen=True, slots=True)
class Direction:
    """What ``source`` feels for ``target`` at the moment shown; thousandths.

    ``opposite`` is what ``target`` feels for ``source`` then; ``stored`` is all
    that is known of the direction.
    """

    source: Who
    target: Who
    value: int
    opposite: int
    tension: int
    stored: Felt

    @property
    def apart(self) -> int:
        return abs(self.value - self.opposite)


class Directions(Sequence[Direction]):
    """Directions that are made when somebody looks at them.

    There may be 40,000, of which a page shows 50: ``felt`` is all that is kept,
    sorted and cut.
    """

    __slots__ = ("_everybody", "_values", "felt")

    def __init__(
        self,
        felt: list[Felt],
        *,
        everybody: Mapping[str, Who],
        values: Mapping[tuple[str, str], int],
    ) -> None:
        self.felt = felt
        self._everybody = everybody
        self._values = values

    def __len__(self) -> int:
        return len(self.felt)

    @overload
    def __getitem__(self, at: int) -> Direction: ...
    @overload
    def __getitem__(self, at: slice) -> "Directions": ...
    def __getitem__(self, at: int | slice) -> "Direction | Directions":
        if isinstance(at, slice):
            return self._of(self.felt[at])
        return self._made(self.felt[at])

    def __iter__(self) -> Iterator[Direction]:
        return map(self._made, self.felt)

    def ordered(self, key: Callable[[Felt], Any], *, is_down: bool) -> "Directions":
        """Sorted; those with the same key stay as they are."""
        return self._of(sorted(self.felt, key=key, reverse=is_down))

    def who(self, character_id: str) -> Who:
        return self._everybody[character_id]

    def _of(self, felt: list[Felt]) -> "Directions":
        return Directions(felt, everybody=self._everybody, values=self._values)

    def _made(self, row: Felt) -> Direction:
        return Direction(
            source=self._everybody[row.source],
            target=self._everybody[row.target],
            value=row.affinity,
            opposite=self._values.get((row.target, row.source), 0),
            tension=row.tension,
            stored=row,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The directions that match, and who is part of any.

    ``total`` and ``cast`` count directions and characters before filtering.
    """

    as_of: datetime
    characters: list[Who]
    directions: Directions
    total: int
    cast: int


# -- Reading -------------------------------------------------------------------------


def characters() -> dict[int, Who]:
    """Everybody who is not archived by primary key, in the order of their names."""
    rows = Character.objects.active().order_by("display_name", "pk")
    columns = rows.values_list(
        "pk", "character_id", "display_name", "picture_id", "tags"
    )
    return {
        pk: Who(
            pk=pk,
            character_id=character_id,
            name=name,
            face=face(character_id, name=name, digest=picture_id or ""),
            tags=tuple(tags),
        )
        for pk, character_id, name, picture_id, tags in columns
    }


def felt(
    who: Mapping[int, Who], *, now: datetime, at: datetime | None = None
) -> list[Felt]:
    """All that ``who`` feel, now or at a moment of the past."""
    known = {
        pk: Known(pk, each.character_id, each.name, "", is_active=True)
        for pk, each in who.items()
    }
    return reading.all_felt(
        known=known, moment=at or now, rules=known_rules(), is_past=at is not None
    )


def load(filters: Filters, now: datetime, at: datetime | None = None) -> Shown:
    """All that matches, strongest first; ``at`` is a moment of the past."""
    as_of = at or now
    who = characters()
    by_id = {each.character_id: each for each in who.values()}
    rows = felt(who, now=now, at=at)
    values = {(row.source, row.target): row.affinity for row in rows}
    found = [
        row
        for row in rows
        if abs(row.affinity) >= filters.min and row.events >= filters.events
    ]
    found = _changed(found, filters=filters, as_of=as_of)
    found = _apart(found, filters=filters, values=values)
    found = _of_cast(found, filters=filters, who=by_id.values())
    found = _near(found, filters=filters)
    # The sort is stable: what is as strong stays by the ids.
    found.sort(key=lambda row: -abs(row.affinity))
    part = {row.source for row in found} | {row.target for row in found}
    return Shown(
        as_of=as_of,
        characters=[each for each in who.values() if each.character_id in part],
        directions=Directions(found, everybody=by_id, values=values),
        total=len(rows),
        cast=len(who),
    )


# -- Filtering -----------------------------------------------------------------------
# Of very many rows, each filter that is not in use costs nothing.


def _changed(rows: list[Felt], *, filters: Filters, as_of: datetime) -> list[Felt]:
    since = filters.since
    if since is None:
        return rows
    return [
        row
        for row in rows
        if row.updated_at is not None and as_of - row.updated_at <= since
    ]


def _apart(
    rows: list[Felt], *, filters: Filters, values: Mapping[tuple[str, str], int]
) -> list[Felt]:
    """Those of the sign, and so far from the opposite; which may be felt by nobody."""
    match filters.sign:
        case "positive":
            rows = [row for row in rows if row.affinity > 0]
        case "negative":
            rows = [row for row in rows if row.affinity < 0]
        case "opposed":
            rows = [
                row
                for row in rows
                if row.affinity * values.get((row.target, row.source), 0) < 0
            ]
    if not filters.apart:
        return rows
    return [
        row
        for row in rows
        if abs(row.affinity - values.get((row.target, row.source), 0)) >= filters.apart
    ]


def _of_cast(rows: list[Felt], *, filters: Filters, who: Collection[Who]) -> list[Felt]:
    """Both have the tag: it cuts the cast down. Either is searched for."""
    if filters.tag:
        tagged = {each.character_id for each in who if filters.tag in each.tags}
        rows = [row for row in rows if row.source in tagged and row.target in tagged]
    words = filters.q.casefold()
    if words:
        named = {each.character_id for each in who if words in each.words}
        rows = [row for row in rows if row.source in named or row.target in named]
    return rows


def _near(rows: list[Felt], *, filters: Filters) -> list[Felt]:
    """Those among the characters within so many steps around one."""
    if not filters.around:
        return rows
    near = around(
        ((row.source, row.target) for row in rows),
        start=filters.around,
        depth=filters.depth,
    )
    return [row for row in rows if row.source in near and row.target in near]


def around(links: Iterable[tuple[str, str]], *, start: str, depth: int) -> set[str]:
    """Whoever is within ``depth`` links of ``start``, which is among them."""
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in links:
        beside[one].add(other)
        beside[other].add(one)
    near = edge = {start}
    for _ in range(depth):
        edge = {other for one in edge for other in beside[one]} - near
        near = near | edge
    return near
