"""How two states of a lorebook differ, ready for templates."""

import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from personas.domain.canonical import is_same
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook, LorebookVersion
from personas.services import lore_publishing, lorebooks
from personas.views.comparing import FieldDifference, differences
from personas.views.lore_traced import name_of

MOST_DIFFERENCES: Final = 50
"""Changed entries whose words are compared on the page."""
MOST_NAMES: Final = 500
"""Entries named in a list."""


@dataclass(frozen=True, slots=True)
class BookState:
    """A lorebook as it is in the draft, or in a version."""

    title: str
    sheet: BookSheet
    entries: Mapping[uuid.UUID, EntrySheet]
    tokens: int


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """An entry that differs; ``fields`` is empty where only its name is shown."""

    name: str
    fields: Sequence[FieldDifference] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Entries by name, the first of ``count``."""

    names: tuple[str, ...]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.names)


@dataclass(frozen=True, slots=True)
class BookDifference:
    """What one state has and the other has not."""

    fields: Sequence[FieldDifference]
    added: Names
    removed: Names
    moved: Names
    changed: Sequence[ChangedEntry]
    changed_names: Names
    tokens: int

    @property
    def is_empty(self) -> bool:
        return not (
            self.fields
            or self.added.count
            or self.removed.count
            or self.moved.count
            or self.changed
        )


def draft_state(book: Lorebook, /) -> BookState:
    rows = lorebooks.entries_of(book)
    return BookState(
        "the draft",
        book.to_sheet(),
        {row.entry_id: row.to_sheet() for row in rows},
        sum(row.tokens for row in rows),
    )


def version_state(version: LorebookVersion, /) -> BookState:
    return BookState(
        f"version {version.number}",
        BookSheet.model_validate(version.sheet),
        lore_publishing.sheets_of(version),
        version.tokens,
    )


def compared(before: BookState | None, /, *, after: BookState) -> BookDifference:
    """``before`` is ``None`` where there was nothing."""
    old = before.entries if before else {}
    new = after.entries
    changed = [key for key in new if key in old and not is_same(old[key], new[key])]
    moved = _moved(
        [key for key in old if key in new], [key for key in new if key in old]
    )
    return BookDifference(
        fields=differences(before.sheet, after=after.sheet) if before else [],
        added=_names(new, [key for key in new if key not in old]),
        removed=_names(old, [key for key in old if key not in new]),
        moved=_names(new, moved),
        changed=[
            ChangedEntry(name_of(new[key]), differences(old[key], after=new[key]))
            for key in changed[:MOST_DIFFERENCES]
        ],
        changed_names=_names(new, changed[MOST_DIFFERENCES:]),
        tokens=after.tokens - (before.tokens if before else 0),
    )


def _names(entries: Mapping[uuid.UUID, EntrySheet], keys: Sequence[uuid.UUID]) -> Names:
    shown = tuple(name_of(entries[key]) for key in islice(keys, MOST_NAMES))
    return Names(shown, len(keys))


def _moved(before: Sequence[uuid.UUID], after: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """As few as can be, of those that stand in another order."""
    if before == after:
        return []
    place = {key: at for at, key in enumerate(before)}
    kept = set(_longest(after, place=place))
    return [key for key in after if key not in kept]


def _longest(
    keys: Sequence[uuid.UUID], *, place: Mapping[uuid.UUID, int]
) -> Iterator[uuid.UUID]:
    """The longest row of keys whose places rise (patience sorting), last first."""
    tops: list[int] = []
    ends: list[uuid.UUID] = []
    before: dict[uuid.UUID, Any] = {}
    for key in keys:
        at = bisect_left(tops, place[key])
        before[key] = ends[at - 1] if at else None
        tops[at : at + 1] = [place[key]]
        ends[at : at + 1] = [key]
    found = ends[-1] if ends else None
    while found is not None:
        yield found
        found = before[found]
