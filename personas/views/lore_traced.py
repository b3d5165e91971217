"""What came of trying a lorebook, ready for templates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from personas.domain.composing import Message
from personas.domain.lore.placing import Placed
from personas.domain.lore.sheets import EntrySheet, Position
from personas.domain.lore.tracing import Gate, TraceRow
from personas.domain.matching import comparable
from personas.services.lore_trying import AMONG, Difference, Part, Tried

FIRED: Final = "fired"
"""The group of entries that entered; the others are called as their gates."""
AT_ONCE: Final = 25
"""Rows of a group on the page; more are asked for."""
FIRED_AT_ONCE: Final = 50
MOST_PARTS: Final = 250
"""Entries shown in the prompt."""
MOST_MARKS: Final = 200
"""Keys marked in the messages."""

_PLACES: Final[Mapping[Position, str]] = {
    Position.BEFORE_CHARACTER: "before the character",
    Position.AFTER_CHARACTER: "after the character",
    Position.NOTE_TOP: "above the author’s note",
    Position.NOTE_BOTTOM: "below the author’s note",
    Position.EXAMPLES_TOP: "above the examples",
    Position.EXAMPLES_BOTTOM: "below the examples",
    Position.OUTLET: "an outlet",
}


def place_of(placed: Placed, /) -> str:
    """Where an entry goes, in words."""
    if placed.position not in AMONG:
        return _PLACES[placed.position]
    where = "at the end"
    if placed.depth:
        plural = "" if placed.depth == 1 else "s"
        where = f"{placed.depth} message{plural} before the end"
    told = "" if placed.position is Position.AT_DEPTH else _PLACES[placed.position]
    return f"{where}, as {placed.role.value}" + (f", {told}" if told else "")


def name_of(sheet: EntrySheet, /) -> str:
    """What people call an entry: its title, else its keys."""
    return sheet.title or ", ".join(sheet.keys[:3]) or "Untitled"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One entry in the trace; ``is_own`` if it is in the book that is tried.

    ``parent`` and ``winner`` are entries by name; ``seen_in`` counts messages from 1;
    ``unobeyed`` are titles of its fields.
    """

    row: TraceRow
    name: str
    is_own: bool
    parent: str
    winner: str
    place: str
    unobeyed: tuple[str, ...]

    @property
    def seen_in(self) -> int | None:
        return None if self.row.span is None else self.row.span.message + 1

    @property
    def roll(self) -> str:
        return "" if self.row.roll is None else f"{self.row.roll:.1f}"

    @property
    def drawn(self) -> str:
        draw = self.row.draw
        return "" if draw is None or draw.number is None else f"{draw.number:.1f}"


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that the same gate stopped, or all that entered: ``rows`` of ``count``.

    ``next`` is where the rows after these begin, ``None`` after the last.
    """

    name: str
    title: str
    count: int
    rows: tuple[ShownRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a message; ``entries`` are those whose key was seen here."""

    text: str
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One piece of the prompt; of a message, who says it and where keys are."""

    part: Part
    name: str = ""
    book: str = ""
    place: str = ""
    speaker: tuple[Segment, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def is_lore(self) -> bool:
        return self.part.placed is not None


class Outcome:
    """A trial as its page shows it; rows are made when they are asked for."""

    def __init__(
        self, tried: Tried, *, book_id: str, messages: Sequence[Message]
    ) -> None:
        self.tried = tried
        self._book_id = book_id
        self._messages = messages
        entries = tried.index.entries
        self._sheets = {
            (tried.index.books[one.book].book_id, one.entry_id): one.sheet
            for one in entries
        }
        self._placed = {
            (placed.book_id, placed.entry_id): placed
            for placed in tried.activation.entries
        }
        self._books = {source.book_id: source.name for source in tried.sources}

    # -- The trace -------------------------------------------------------------------

    @cached_property
    def _rows(self) -> dict[str, list[TraceRow]]:
        """All rows by group: those that entered first, then as gates are passed."""
        found: dict[str, list[TraceRow]] = {
            name: [] for name in (FIRED, *(gate.value for gate in Gate))
        }
        for row in self.tried.activation.trace:
            found[FIRED if row.gate is None else row.gate.value].append(row)
        found[FIRED].sort(key=lambda row: (row.round_number, row.total))
        return {name: rows for name, rows in found.items() if rows}

    @property
    def count(self) -> int:
        return len(self.tried.activation.trace)

    @property
    def fired(self) -> Group:
        return self.group(FIRED, size=FIRED_AT_ONCE)

    @cached_property
    def stopped(self) -> list[Group]:
        return [self.group(name) for name in self._rows if name != FIRED]

    def group(self, name: str, /, *, start: int = 0, size: int = AT_ONCE) -> Group:
        """The rows of a group from ``start`` on; none of a group that is not there."""
        rows = self._rows.get(name, [])
        end = start + size
        return Group(
            name=name,
            title="" if name == FIRED else Gate(name).sentence.removesuffix("."),
            count=len(rows),
            rows=tuple(map(self._shown, rows[start:end])),
            next=end if end < len(rows) else None,
        )

    def found(self, words: str, /) -> Group:
        """Entries that are called so, or have such a key; also those that entered."""
        wanted = comparable(words)
        rows = [
            row
            for rows in self._rows.values()
            for row in rows
            if wanted in comparable(self._said_of(row))
        ]
        shown = tuple(map(self._shown, rows[:AT_ONCE]))
        return Group("found", words, len(rows), shown, None)

    def _said_of(self, row: TraceRow) -> str:
        sheet = self._sheets[row.book_id, row.entry_id]
        return "\n".join([sheet.title, *sheet.keys])

    def _shown(self, row: TraceRow) -> ShownRow:
        placed = self._placed.get((row.book_id, row.entry_id))
        parent = ""
        if row.parent is not None and row.parent_book is not None:
            parent = name_of(self._sheets[row.parent_book, row.parent])
        return ShownRow(
            row=row,
            name=name_of(self._sheets[row.book_id, row.entry_id]),
            is_own=row.book_id == self._book_id,
            parent=parent,
            winner=self._winner(row),
            place="" if placed is None else place_of(placed),
            unobeyed=tuple(map(_title, row.unobeyed)),
        )

    def _winner(self, row: TraceRow) -> str:
        draw = row.draw
        if draw is None:
            return ""
        return name_of(self._sheets[draw.winner_book, draw.winner])

    # -- The prompt ------------------------------------------------------------------

    @property
    def parts(self) -> Iterator[ShownPart]:
        """The prompt, ``MOST_PARTS`` entries of it at most."""
        marks = self._marks()
        shown = 0
        for part in self.tried.parts:
            if part.placed is not None:
                shown += 1
                if shown <= MOST_PARTS:
                    yield self._lore(part, placed=part.placed)
            elif part.message is not None:
                yield self._message(part, at=part.message, marks=marks)
            else:
                yield ShownPart(part)

    @property
    def hidden_parts(self) -> int:
        """Entries of the prompt that are not shown in it."""
        return max(0, len(self._placed) - MOST_PARTS)

    def _lore(self, part: Part, *, placed: Placed) -> ShownPart:
        return ShownPart(
            part,
            name=name_of(self._sheets[placed.book_id, placed.entry_id]),
            book=self._books[placed.book_id],
            place=place_of(placed),
        )

    def _message(
        self,
        part: Part,
        *,
        at: int,
        marks: Mapping[tuple[int, bool], list[tuple[int, int, str]]],
    ) -> ShownPart:
        message = self._messages[at]
        return ShownPart(
            part,
            speaker=segments(message.name, marks=marks.get((at, True), ())),
            segments=segments(message.text, marks=marks.get((at, False), ())),
        )

    def _marks(self) -> dict[tuple[int, bool], list[tuple[int, int, str]]]:
        """Message, and whether in its name → keys seen: from, to, by which entry."""
        found: dict[tuple[int, bool], list[tuple[int, int, str]]] = {}
        for row in self._rows.get(FIRED, [])[:MOST_MARKS]:
            if row.span is not None:
                name = name_of(self._sheets[row.book_id, row.entry_id])
                place = (row.span.message, row.span.in_name)
                mark = (row.span.start, row.span.end, name)
                found.setdefault(place, []).append(mark)
        return found

    @property
    def difference(self) -> Difference | None:
        return self.tried.difference


def segments(
    text: str, /, *, marks: Iterable[tuple[int, int, str]]
) -> tuple[Segment, ...]:
    """``text`` cut where marks begin and end; marks may overlap."""
    known = [(max(0, start), min(len(text), end), name) for start, end, name in marks]
    edges = sorted({0, len(text), *(edge for s, e, _ in known for edge in (s, e))})
    return tuple(
        Segment(
            text[start:end],
            tuple(dict.fromkeys(n for s, e, n in known if s <= start and end <= e)),
        )
        for start, end in pairwise(edges)
    )


def _title(name: str) -> str:
    """A field as pages call it; decorators and further places as they are written."""
    info = EntrySheet.model_fields.get(name)
    return name if info is None or not info.title else info.title
