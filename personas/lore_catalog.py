"""Published lorebooks as this process knows them: read once, shared by all.

A version never changes, so one copy of it serves every character, and characters
with the same books in play share one index. Nothing here is kept longer than
somebody holds it; the snapshot of ``personas.catalog`` does.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook, LorebookVersion
from personas.tokens import count_tokens

BookIds = tuple[str, ...]


class _Held:
    """A book of which weak references can be kept."""

    def __init__(self, book: BookInPlay) -> None:
        self.book = book


_books: Final[WeakValueDictionary[int, _Held]] = WeakValueDictionary()
_indexes: Final[WeakValueDictionary[tuple[int, ...], "IndexHeld"]] = (
    WeakValueDictionary()
)
_reading: Final = threading.Lock()


class IndexHeld:
    """An index, and the books in it, which stay as long as it does."""

    def __init__(self, held: Sequence[_Held]) -> None:
        self._held = tuple(held)
        books = [each.book for each in held]
        self.index = LoreIndex(books, count_tokens=count_tokens)


@dataclass(frozen=True, slots=True)
class LoreInPlay:
    """Indexes by the ids of the books that characters name, in order.

    Each has those books as published, then those that are for everybody.
    """

    indexes: Mapping[BookIds, IndexHeld]

    def index(self, books: BookIds) -> LoreIndex:
        """Of one of the sets that were read.

        Raises:
            KeyError: it was not.
        """
        return self.indexes[books].index

    def has(self, sets: Iterable[BookIds]) -> bool:
        """Whether all these sets were read."""
        return self.indexes.keys() >= set(sets)


def read_lore(sets: Iterable[BookIds]) -> LoreInPlay:
    """Indexes for sets of book ids, in at most two queries.

    Books that are unknown, archived or never published are left out.
    """
    with _reading:
        published, everybody = _published()
        chosen = {
            books: tuple(
                published[book_id]
                for book_id in dict.fromkeys([*books, *everybody])
                if book_id in published
            )
            for books in set(sets)
        }
        held = _read_books({pk for pks in chosen.values() for pk in pks})
        return LoreInPlay(
            {
                books: _index([(pk, held[pk]) for pk in pks])
                for books, pks in chosen.items()
            }
        )


def _published() -> tuple[dict[str, int], list[str]]:
    """Book id → the version that is served, and the books that are for everybody."""
    rows = (
        Lorebook.objects.active()
        .exclude(published=None)
        .order_by("book_id")
        .values_list("book_id", "published", "published__sheet")
    )
    published, everybody = {}, []
    for book_id, version, sheet in rows:
        published[book_id] = version
        if sheet.get("for_everybody"):
            everybody.append(book_id)
    return published, everybody


def _read_books(versions: Iterable[int]) -> dict[int, _Held]:
    """Version pk → book; those that nobody holds are read, together."""
    held = {pk: book for pk in versions if (book := _books.get(pk)) is not None}
    missing = [pk for pk in versions if pk not in held]
    if missing:
        rows = LorebookVersion.objects.filter(pk__in=missing)
        for version in rows.select_related("lorebook"):
            held[version.pk] = _books[version.pk] = _Held(_in_play(version))
    return held


def _in_play(version: LorebookVersion) -> BookInPlay:
    return BookInPlay(
        book_id=version.lorebook.book_id,
        sheet=BookSheet.model_validate(version.sheet),
        entries=tuple(
            EntryInPlay(
                entry_id=entry["entry_id"],
                sheet=EntrySheet.model_validate(entry["sheet"]),
            )
            for entry in version.entries
        ),
    )


def _index(books: Sequence[tuple[int, _Held]]) -> IndexHeld:
    key = tuple(pk for pk, _ in books)
    found = _indexes.get(key)
    if found is None:
        found = _indexes[key] = IndexHeld([held for _, held in books])
    return found
