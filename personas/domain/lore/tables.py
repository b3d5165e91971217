"""What a table of fields is made of: rows, their places in files, their spellings.

A row names a sheet's field and its places in each form of file: the first place that
says something counts. A place without a spelling is read and never written anew.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.dialects.coercing import How
from personas.domain.lore.spelling import EXTENSIONS, Flat, Form, Path
from personas.domain.sheets import Sheet

Values = Mapping[str, Any]
"""A sheet's values by its fields."""
Spell = Callable[[Values], Any]
"""The JSON value that a file has for some of them, or ``OMITTED``."""
OMITTED: Final[Any] = object()
"""What a spelling gives where a file has no such field."""


@dataclass(frozen=True)
class Place:
    """Where a form of file has a field, and how it is spelled there."""

    path: Path
    spell: Spell | None


@dataclass(frozen=True)
class Row:
    """A sheet's field; ``nullable`` if files say null where they say nothing."""

    to: str
    how: How
    places: Mapping[Form, tuple[Place, ...]]
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """All the rows of a sheet, and what it is when a file says nothing.

    ``aside`` gives the fields to leave alone in one file, and why; ``matched`` those of
    world info that a sheet's extensions hold; ``also`` those that are numbers and no
    part of a sheet; ``holding`` the one that holds other sheets; ``typed`` all those
    of the rows.
    """

    sheet: type[Sheet]
    rows: tuple[Row, ...]
    defaults: Mapping[Form, Values]
    aside: Callable[[Flat, Form], Mapping[Path, str]]
    matched: Mapping[str, str]
    also: frozenset[Path]
    holding: Path | None
    typed: Mapping[Form, frozenset[Path]]

    def paths(self, to: str, *, form: Form) -> list[Path]:
        """The places of a sheet's field, none for its extensions."""
        return _paths([row for row in self.rows if row.to == to], form=form)


def _paths(rows: Iterable[Row], *, form: Form) -> list[Path]:
    return [place.path for row in rows for place in row.places[form]]


def typed_by(rows: Iterable[Row]) -> dict[Form, frozenset[Path]]:
    """The fields that rows read, in each form."""
    return {form: frozenset(_paths(rows, form=form)) for form in Form}


def plain(to: str) -> Spell:
    """The value as it is."""
    return lambda values: values[to]


def if_said(to: str) -> Spell:
    """The value as it is, and no field for none or an empty text."""
    return lambda values: OMITTED if values[to] in (None, "") else values[to]


def row(
    to: str,
    how: How,
    *,
    world: str = "",
    card: str = "",
    extension: str = "",
    spell: Spell | None = None,
    nullable: bool = False,
    more: tuple[Place, ...] = (),
) -> Row:
    """A row with one place in each form, and ``more`` in a card."""
    spell = spell or plain(to)
    places = {
        Form.WORLD_INFO: (Place((world,), spell),) if world else (),
        Form.CARD: (
            *([Place((card,), spell)] if card else []),
            *([Place((EXTENSIONS, extension), spell)] if extension else []),
            *more,
        ),
    }
    return Row(to, how, places, nullable)
