"""The books in play, made ready to be looked for in many conversations."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import re2

from personas.domain.lore import groups, keys
from personas.domain.lore.decorators import Decorations, decorated
from personas.domain.lore.keys import Key
from personas.domain.lore.macros import MacroValues, has_macros, has_names, with_names
from personas.domain.lore.scanning import KeyTable
from personas.domain.lore.sheets import (
    DEFAULT_SCAN_DEPTH,
    BookSheet,
    ChatRole,
    EntrySheet,
    Position,
)
from personas.domain.matching import comparable

CountTokens = Callable[[str], int]

_MOST_TABLES: Final = 16
"""Pairs of names whose keys are kept ready."""


class Said(Protocol):
    """A message: ``personas.domain.composing.Message`` is one."""

    @property
    def name(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EntryInPlay:
    """An entry and its id, unique within its book."""

    entry_id: str
    sheet: EntrySheet


@dataclass(frozen=True, slots=True)
class BookInPlay:
    """A book, its id, and its entries in their order."""

    book_id: str
    sheet: BookSheet
    entries: tuple[EntryInPlay, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """An entry made ready: its decorators read, its keys as numbers.

    ``number`` counts the entries of all books in play from 0; ``scan_depth`` is in
    messages; ``may_wake`` and ``may_be_woken`` say whether its text is looked
    through and whether it sees other entries' texts. Decorators are obeyed already:
    in ``scan_depth``, in the place (``depth`` in messages before the end), and in
    ``text``, which is without them.
    """

    number: int
    book: int
    entry_id: str
    sheet: EntrySheet
    decorations: Decorations
    text: str
    has_macros: bool
    scan_depth: int
    keys: tuple[int, ...]
    secondary: tuple[int, ...]
    additional: tuple[int, ...]
    excluded: tuple[int, ...]
    groups: tuple[str, ...]
    may_wake: bool
    may_be_woken: bool
    for_names: frozenset[str]
    for_tags: frozenset[str]
    position: Position
    depth: int
    role: ChatRole

    @property
    def is_asleep(self) -> bool:
        """Whether nothing that is said can bring it."""
        return (
            not self.sheet.is_enabled
            or self.position is Position.OUTLET
            or self.decorations.is_deactivated
        )

    @property
    def is_forced(self) -> bool:
        """Whether it needs no key."""
        return self.sheet.is_constant or self.decorations.is_activated


@dataclass(frozen=True, slots=True)
class _Written:
    """A key with names in it, to be read once they are known."""

    key: str
    whole_words: bool | None
    case_sensitive: bool | None
    use_regex: bool | None

    def read(self, values: MacroValues) -> Key | None:
        """The key with the names put in; in a pattern they mean themselves."""
        found = self._key(self.key)
        quote = str if found is None or found.source is None else _quoted
        return self._key(with_names(self.key, values=values, quote=quote))

    def _key(self, written: str) -> Key | None:
        return keys.read_key(
            written,
            whole_words=self.whole_words,
            case_sensitive=self.case_sensitive,
            use_regex=self.use_regex,
        )


class LoreIndex:
    """All keys of a set of books; build it once and keep it.

    ``count_tokens`` counts the entries' texts; what it says of a text without
    macros is remembered. Safe to use from several threads at once.
    """

    def __init__(
        self, books: Sequence[BookInPlay], *, count_tokens: CountTokens
    ) -> None:
        self.books = tuple(books)
        self._count_tokens = count_tokens
        self._tokens: dict[int, int] = {}
        self._tables: dict[tuple[str, str | None], KeyTable] = {}
        numbers: dict[Key | _Written, int] = {}
        self.entries = tuple(self._made_ready(numbers))
        self._table = KeyTable(
            {n: key for key, n in numbers.items() if isinstance(key, Key)}
        )
        self._written = {
            n: key for key, n in numbers.items() if isinstance(key, _Written)
        }
        awake = [one for one in self.entries if not one.is_asleep]
        self.forced = tuple(one.number for one in awake if one.is_forced)
        self.owners = _owners(awake)
        self.deepest = max((one.scan_depth for one in awake), default=0)
        delays = {one.sheet.delay_until_recursion for one in awake}
        self.levels = tuple(sorted(delays - {0}))

    def tables(self, values: MacroValues) -> tuple[KeyTable, ...]:
        """All keys; those with names in them as they are for these names."""
        if not self._written:
            return (self._table,)
        names = (values.char, values.user)
        found = self._tables.get(names)
        if found is None:
            read = {n: written.read(values) for n, written in self._written.items()}
            found = KeyTable({n: key for n, key in read.items() if key is not None})
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            self._tables[names] = found
        return self._table, found

    def tokens(self, one: Ready, *, text: str) -> int:
        """Tokens of ``text``, which is what became of this entry's."""
        if text is not one.text:
            return self._count_tokens(text)
        found = self._tokens.get(one.number)
        if found is None:
            found = self._tokens[one.number] = self._count_tokens(text)
        return found

    def _made_ready(self, numbers: dict[Key | _Written, int]) -> Iterator[Ready]:
        number = 0
        for at, book in enumerate(self.books):
            for entry in book.entries:
                yield _made_ready(
                    entry, number=number, at=at, book=book.sheet, numbers=numbers
                )
                number += 1


def _made_ready(
    entry: EntryInPlay,
    *,
    number: int,
    at: int,
    book: BookSheet,
    numbers: dict[Key | _Written, int],
) -> Ready:
    sheet = entry.sheet
    decorations, text = decorated(sheet.content)

    def numbered(written: Iterable[str]) -> tuple[int, ...]:
        found = (_key(key, sheet=sheet) for key in written)
        return tuple(
            numbers.setdefault(key, len(numbers)) for key in found if key is not None
        )

    depths = (decorations.scan_depth, sheet.scan_depth, book.scan_depth)
    recurses = book.recursive_scanning is not False
    return Ready(
        number=number,
        book=at,
        entry_id=entry.entry_id,
        sheet=sheet,
        decorations=decorations,
        text=text,
        has_macros=has_macros(text),
        scan_depth=next((d for d in depths if d is not None), DEFAULT_SCAN_DEPTH),
        keys=numbered(sheet.keys),
        secondary=numbered(sheet.secondary_keys) if sheet.is_selective else (),
        additional=numbered(decorations.additional_keys),
        excluded=numbered(decorations.exclude_keys),
        groups=groups.groups_of(sheet.group),
        may_wake=recurses and not sheet.prevent_recursion,
        may_be_woken=recurses and not sheet.exclude_recursion,
        for_names=comparables(sheet.character_filter.names),
        for_tags=comparables(sheet.character_filter.tags),
        position=decorations.place or Position(sheet.position),
        depth=sheet.depth if decorations.depth is None else decorations.depth,
        role=decorations.role or ChatRole(sheet.role),
    )


def comparables(names: Iterable[str]) -> frozenset[str]:
    """Names or tags as they are compared; those that compare as nothing left out."""
    return frozenset(map(comparable, names)) - {""}


def _key(written: str, *, sheet: EntrySheet) -> Key | _Written | None:
    options = (sheet.whole_words, sheet.case_sensitive, sheet.use_regex)
    if has_names(written):
        return _Written(written, *options)
    return keys.read_key(
        written,
        whole_words=sheet.whole_words,
        case_sensitive=sheet.case_sensitive,
        use_regex=sheet.use_regex,
    )


def _quoted(name: str) -> str:
    return str(re2.escape(keys.clean(name)))


def _owners(entries: Iterable[Ready]) -> dict[int, list[int]]:
    """Key → the entries that it may bring or decide."""
    owners: dict[int, list[int]] = {}
    for one in entries:
        for key in {*one.keys, *one.secondary, *one.additional, *one.excluded}:
            owners.setdefault(key, []).append(one.number)
    return owners
