"""Small books in play, and how to look through a conversation with them."""

from personas.domain.composing import Message
from personas.domain.lore.activating import Activation, activate
from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.macros import MacroValues
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.domain.lore.tracing import TraceRow

VALUES = MacroValues(char="Ada", user="Bo")


def entry(entry_id: str, **fields) -> EntryInPlay:
    """An entry whose text is its id, unless another is given."""
    return EntryInPlay(entry_id, EntrySheet(**{"content": entry_id, **fields}))


def book(*entries: EntryInPlay, book_id: str = "book", **fields) -> BookInPlay:
    return BookInPlay(book_id, BookSheet(**{"name": "Book", **fields}), entries)


def words(text: str) -> int:
    """A token is a word."""
    return len(text.split())


def look(books, *said: str, **more) -> Activation:
    """Look through what Bo said, the newest last."""
    books = [books] if isinstance(books, BookInPlay) else books
    return activate(
        LoreIndex(books, count_tokens=words),
        messages=[Message("Bo", text) for text in said],
        **{"values": VALUES, **more},
    )


def fired(found: Activation) -> list[str]:
    return [one.entry_id for one in found.entries]


def rows(found: Activation) -> dict[str, TraceRow]:
    return {row.entry_id: row for row in found.trace}
