"""How much of the lore fits: budgets in tokens, and the size of it all."""

from dataclasses import dataclass, field
from typing import Final

from core import limits
from personas.domain.lore.indexing import LoreIndex, Ready
from personas.domain.lore.macros import signs
from personas.domain.lore.tracing import Gate

LORE_BYTES: Final = limits.TEXT_BYTES
"""The most that all texts together may have, those that ignore budgets included."""
MOST_READ: Final = 4 * LORE_BYTES
"""Characters of texts that are expanded and counted, whether or not they enter."""
MOST_SIGNS: Final = 80_000
"""Braces and the like in all texts that are expanded: twenty thousand macros."""


@dataclass(slots=True)
class Budget:
    """Tokens entered so far, of all and by book; ``most`` of all, ``None`` any."""

    index: LoreIndex
    most: int | None
    tokens: int = 0
    size: int = 0
    _read: int = 0
    _signs: int = 0
    _is_full: bool = False
    _is_spent: bool = False
    _by_book: dict[int, int] = field(default_factory=dict)
    _spent_books: set[int] = field(default_factory=set)

    def closed(self, one: Ready) -> Gate | None:
        """What stops the entry, whatever comes of its text, before that is read."""
        if self._is_full:
            return Gate.SIZE
        if not one.sheet.ignore_budget:
            if self._is_spent:
                return Gate.BUDGET
            if one.book in self._spent_books:
                return Gate.BOOK_BUDGET
        return self._unread(one)

    def fill(self) -> None:
        """From here on nothing enters."""
        self._is_full = True

    def enter(self, one: Ready, *, text: str) -> tuple[int, Gate | None]:
        """Let the text in, or say what it did not fit, with its tokens.

        What does not fit stops all that come later, of the same book or of all.
        """
        size = len(text.encode("utf-8", "surrogatepass"))
        if self.size + size > LORE_BYTES:
            self.fill()
            return 0, Gate.SIZE
        tokens = self.index.tokens(one, text=text)
        gate = None if one.sheet.ignore_budget else self._exceeded(one, tokens=tokens)
        if gate is None:
            self.size += size
            self.tokens += tokens
            self._by_book[one.book] = self._by_book.get(one.book, 0) + tokens
        return tokens, gate

    def _unread(self, one: Ready) -> Gate | None:
        """Whether reading the text would be too much; it counts in any case, so that
        no other is read after one that was not."""
        self._read += len(one.text)
        if self._read > MOST_READ:
            return Gate.SIZE
        if one.has_macros:
            self._signs += signs(one.text)
            if self._signs > MOST_SIGNS:
                return Gate.MACROS
        return None

    def _exceeded(self, one: Ready, *, tokens: int) -> Gate | None:
        own = self.index.books[one.book].sheet.token_budget
        if own is not None and self._by_book.get(one.book, 0) + tokens > own:
            self._spent_books.add(one.book)
            return Gate.BOOK_BUDGET
        if self.most is not None and self.tokens + tokens > self.most:
            self._is_spent = True
            return Gate.BUDGET
        return None
