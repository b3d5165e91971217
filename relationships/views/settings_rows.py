"""This app's editable tables as pages show them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.diffing import FieldChange, field_changes
from personas.domain.sheets import Sheet
from personas.views.shown import field_title
from relationships.domain.bands import MOST_BANDS, Band
from relationships.domain.kinds import MOST_KINDS, Kind
from relationships.domain.traits import MOST_WORDS, TRAITS, TraitWord
from relationships.services.tables import BANDS, KINDS, TRAIT_WORDS, Rows, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row under ``head``; ``code`` is what bots call it."""

    head: str
    text: str
    is_number: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of a table; the first cell names it."""

    key: str
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class TablePage:
    """One table's pages. ``slug`` begins the names of its addresses.

    ``fixed`` are the fields of a row that never change; ``one`` is what a row is
    called; ``shown`` makes the cells of all rows.
    """

    slug: str
    table: Table
    title: str
    subtitle: str
    one: str
    most: int
    fixed: tuple[str, ...]
    note: str
    empty: str
    removing: str
    shown: Callable[[Rows], list[Shown]]

    @property
    def url_names(self) -> dict[str, str]:
        acts = ("list", "create", "edit", "remove", "history", "put-back")
        return {
            act.replace("-", "_"): f"relationships:{self.slug}-{act}" for act in acts
        }


def signed(points: float) -> str:
    """A change as people read it: with its sign, a real minus, no needless zeros."""
    if points == 0:
        return "0"
    return f"{points:+.3f}".rstrip("0").rstrip(".").replace("-", "−")


def plain(points: float) -> str:
    """A value as people read it."""
    return signed(points).removeprefix("+")


def _kinds(rows: Rows) -> list[Shown]:
    return [
        Shown(
            row.kind,
            row.title,
            (
                Cell("Name", row.title, code=row.kind),
                Cell("Change", signed(row.base), is_number=True),
                *(
                    Cell(name.capitalize(), signed(getattr(row, name)), is_number=True)
                    for name in TRAITS
                ),
                Cell("Description", row.description),
            ),
        )
        for row in rows
        if isinstance(row, Kind)
    ]


def _bands(rows: Rows) -> list[Shown]:
    bands = [row for row in rows if isinstance(row, Band)]
    return [
        Shown(
            row.band,
            row.title,
            (
                Cell("Name", row.title, code=row.band),
                Cell("Feelings", _range(row, bands=bands)),
                Cell("Words in the prompt", row.words or "Nothing is said"),
            ),
        )
        for row in bands
    ]


def _range(band: Band, *, bands: Sequence[Band]) -> str:
    """What feelings lie in the band; ``bands`` are sorted."""
    at = bands.index(band)
    lower = bands[at - 1].at if at else None
    higher = bands[at + 1].at if at + 1 < len(bands) else None
    if band.at is None:
        edges = [
            f"above {plain(lower)}" if lower is not None else "",
            f"below {plain(higher)}" if higher is not None else "",
        ]
        return " and ".join(filter(None, edges)) or "all"
    if band.at > 0:
        end = f", below {plain(higher)}" if higher is not None else ""
        return f"{plain(band.at)} or more{end}"
    end = f", above {plain(lower)}" if lower is not None else ""
    return f"{plain(band.at)} or less{end}"


def _trait_words(rows: Rows) -> list[Shown]:
    return [
        Shown(
            row.key,
            TRAIT_WORDS.name(row),
            (
                Cell("Trait", row.trait.capitalize()),
                Cell("From", f"{plain(row.at)} or {'more' if row.at > 0 else 'less'}"),
                Cell("Words in the prompt", row.words),
            ),
        )
        for row in rows
        if isinstance(row, TraitWord)
    ]


KIND_PAGE: Final = TablePage(
    slug="kind",
    table=KINDS,
    title="Kinds of interaction",
    subtitle="What bots may report, and how far each kind moves a feeling.",
    one="kind",
    most=MOST_KINDS,
    fixed=("kind",),
    note="Change is in points, of −10 to +10, for who speaks; who is spoken to gets"
    " 0.8 of it. Intensity, what both like to talk about and, for what hurts, the"
    " tension between them make it more or less. The traits go from −1 to 1 and move"
    " the same for both. What was reported before keeps the values of its time.",
    empty="Without kinds, every report from one character to another is refused.",
    removing="Later reports of this kind are refused. What it did stays in the"
    " history. Undo brings it back.",
    shown=_kinds,
)
BAND_PAGE: Final = TablePage(
    slug="band",
    table=BANDS,
    title="Bands of feeling",
    subtitle="From which number on two are rivals or friends, and what prompts say"
    " of it.",
    one="band",
    most=MOST_BANDS,
    fixed=("band",),
    note="Feelings go from −10 to +10. One band, without a number, is the one in the"
    " middle. The words stand in a prompt that is made for talking to the other.",
    empty="",
    removing="Feelings in it belong to the next band towards the middle. Undo brings"
    " it back.",
    shown=_bands,
)
TRAIT_WORD_PAGE: Final = TablePage(
    slug="trait-word",
    table=TRAIT_WORDS,
    title="Words for traits",
    subtitle="What prompts say when warmth, trust, respect or rivalry has come far"
    " enough.",
    one="line",
    most=MOST_WORDS,
    fixed=(),
    note="Traits go from −1 to 1 and begin at 0. Of each trait, the line furthest"
    " from 0 that it has reached stands in a prompt that is made for talking to the"
    " other.",
    empty="Prompts say nothing of warmth, trust, respect and rivalry.",
    removing="Prompts say the next weaker line instead, if there is one. Undo brings"
    " it back.",
    shown=_trait_words,
)
PAGES: Final = {page.slug: page for page in (KIND_PAGE, BAND_PAGE, TRAIT_WORD_PAGE)}


def table_changes(before: Rows, /, *, after: Rows, table: Table) -> list[str]:
    """What a change of a table did, one line for each row."""
    old = {table.key(row): row for row in before}
    new = {table.key(row): row for row in after}
    lines = [f"Added {table.name(row)}" for key, row in new.items() if key not in old]
    lines += [
        f"Removed {table.name(row)}" for key, row in old.items() if key not in new
    ]
    for key, row in new.items():
        fields = [
            _change(change, model=type(row))
            for change in field_changes(old.get(key, row), after=row)
        ]
        if fields:
            lines.append(f"Changed {table.name(row)}: {', '.join(fields)}")
    if not lines and before != after:
        lines.append("Changed the order")
    return lines


def _change(change: FieldChange, /, *, model: type[Sheet]) -> str:
    """The field; a number with what it was and is."""
    title = field_title(change.path, model=model).lower()
    if isinstance(change.before, str) or isinstance(change.after, str):
        return title
    return f"{title} {_value(change.before)} → {_value(change.after)}"


def _value(value: Any) -> str:
    return "none" if value is None else plain(value)
