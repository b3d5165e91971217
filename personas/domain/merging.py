"""Two people changed one value: what both mean, and where they disagree.

A three-way merge of JSON values, as sheets are stored. What only one of the two
changed is taken from that one; what both changed alike is taken as it is; what
they changed differently is an overlap, which a person settles.

- Objects merge inside, key by key. A key that one side removed and the other
  changed is an overlap. If both put the keys in new orders, the object is one.
- Lists of terms (tags, aliases, interests) merge as sets: what either added is
  there, what either removed is not. Their order is that of whoever reordered
  them; if both did, the list is an overlap. Renaming a term is removing one and
  adding another, so two new names for one term both stay.
- Every other list is compared as a whole, because its items have no names by
  which they could be found again, and so is every text.

Values are compared as they are written: 1, 1.0 and true differ, and so do two
orders of the same keys. Source: reference/ui.md, section 1.5.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from pydantic import BaseModel

from personas.domain.canonical import canonical_json
from personas.domain.sheets import Sheet, Terms

Path = tuple[str, ...]
"""Keys from the outermost inwards; nothing for the whole value."""
Side = Literal["mine", "theirs"]


class Absence(Enum):
    """What stands where an object has no such key."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


@dataclass(frozen=True, slots=True)
class Overlap:
    """One place that both changed, each differently.

    A side that removed the key, or a base that never had it, is ``ABSENT``.
    """

    path: Path
    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merge:
    """``value`` has mine wherever there is an overlap."""

    value: Any
    overlaps: tuple[Overlap, ...]


def merge(
    base: Any,
    *,
    mine: Any,
    theirs: Any,
    terms: Collection[Path] = (),
    chosen: Mapping[Path, Side] | None = None,
) -> Merge:
    """Put together what two sides made of ``base``.

    ``terms`` are the places of lists that merge as sets. ``chosen`` settles
    overlaps beforehand: the side's value is taken, and the place is no overlap.
    """
    merger = _Merger(terms=frozenset(terms), chosen=chosen or {})
    value = merger.at((), base, mine, theirs)
    return Merge(value, tuple(merger.overlaps))


def term_paths(model: type[BaseModel], /) -> frozenset[Path]:
    """Where a sheet has lists of terms, outside of other lists."""
    found: set[Path] = set()
    mark = Terms.__metadata__[0]  # type: ignore[attr-defined]
    for name, info in model.model_fields.items():
        inner = info.annotation
        if mark in info.metadata:
            found.add((name,))
        elif isinstance(inner, type) and issubclass(inner, Sheet):
            found |= {(name, *path) for path in term_paths(inner)}
    return frozenset(found)


def is_same(one: Any, other: Any, /) -> bool:
    """Whether two values are written alike: types and orders count."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return canonical_json(one) == canonical_json(other)


class _Merger:
    """One merge; collects the overlaps on its way."""

    def __init__(self, *, terms: frozenset[Path], chosen: Mapping[Path, Side]) -> None:
        self.terms = terms
        self.chosen = chosen
        self.overlaps: list[Overlap] = []

    def at(self, path: Path, base: Any, mine: Any, theirs: Any) -> Any:
        """The merged value of one place; ``ABSENT`` if it is to go."""
        if is_same(mine, theirs) or is_same(base, theirs):
            return mine
        if is_same(base, mine):
            return theirs
        found: Any = None
        if isinstance(mine, dict) and isinstance(theirs, dict):
            found = self._object(path, base, mine, theirs)
        elif path in self.terms:
            found = _set(base, mine=mine, theirs=theirs)
        return self._overlap(path, base, mine, theirs) if found is None else found

    def _overlap(self, path: Path, base: Any, mine: Any, theirs: Any) -> Any:
        choice = self.chosen.get(path)
        if choice is None:
            self.overlaps.append(Overlap(path, base, mine, theirs))
        return theirs if choice == "theirs" else mine

    def _object(
        self, path: Path, base: Any, mine: dict[str, Any], theirs: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The object with every key merged; ``None`` if that cannot be.

        Both may have made an object where there was none, but not out of
        something else, which each of them read in their own way.
        """
        if base is ABSENT:
            base = {}
        if not isinstance(base, dict):
            return None
        order = _order(list(base), mine=list(mine), theirs=list(theirs))
        if order is None:
            return None
        merged: dict[str, Any] = {}
        for key in order:
            sides = [side.get(key, ABSENT) for side in (base, mine, theirs)]
            value = self.at((*path, key), *sides)
            if value is not ABSENT:
                merged[key] = value
        return merged


def _set(base: Any, *, mine: Any, theirs: Any) -> list[Any] | None:
    """Lists of terms as sets; ``None`` if these are none, or both reordered them."""
    lists = [[] if base is ABSENT else base, mine, theirs]
    if not all(_is_set(items) for items in lists):
        return None
    old, my, their = lists
    order = _order(old, mine=my, theirs=their)
    if order is None:
        return None
    return [
        item
        for item in order
        if (item in my and item in their) or (item in {*my, *their} and item not in old)
    ]


def _is_set(items: Any) -> bool:
    return (
        isinstance(items, list)
        and all(isinstance(item, str) for item in items)
        and len(items) == len(set(items))
    )


def _order(
    base: Sequence[str], *, mine: Sequence[str], theirs: Sequence[str]
) -> list[str] | None:
    """Everything that either side has, in the order of whoever changed the order.

    ``None`` if both did, each in another way. What only the other side has
    follows what it follows there.
    """
    both = set(mine) & set(theirs)
    my = [item for item in mine if item in both]
    their = [item for item in theirs if item in both]
    first, second = mine, theirs
    if my != their:
        # Of what the base lacks there is no old order: mine counts.
        old = [item for item in base if item in both]
        my_old = [item for item in my if item in old]
        their_old = [item for item in their if item in old]
        if their_old != old == my_old:
            first, second = theirs, mine
        elif my_old != old != their_old != my_old:
            return None
    order = list(first)
    known = set(first)
    at = 0
    for item in second:
        if item in known:
            at = order.index(item) + 1
        else:
            order.insert(at, item)
            at += 1
    return order
