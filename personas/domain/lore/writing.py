"""Writing lorebooks in each kind of file, so that reading them gives them back whole.

A book that came in the same kind goes out as it came, field for field, but for what
was changed since. Every typed field goes into every kind; what a kind has no field
for stands in our block, ``extensions.dramatis``.

Source: ``reference/cards.md`` sections 1.1 and 1.3.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import JsonValue

from personas.domain.lore import fitting
from personas.domain.lore.fields import BOOKS, ENTRIES, IDS, SHOWN_AT, books_named
from personas.domain.lore.numbering import Numbers
from personas.domain.lore.sheets import Book, BookSheet, EntrySheet
from personas.domain.lore.spelling import (
    EXTENSIONS,
    Flat,
    Form,
    Origin,
    named,
    nested,
    origin_of,
)
from personas.domain.lore.taking import respelled

SPEC: Final = "lorebook_v3"
REGEX: Final = ("use_regex",)
DECORATOR: Final = "@@"
HELD: Final = ("entries",)
MOST: Final = 1_000_000
DIGITS: Final = 9
"""Of the longest place in a list that is taken for one."""


def write_character_book(
    book: Book, *, version: Literal[2, 3], for_backfill: bool = False
) -> dict[str, JsonValue]:
    """The book as it stands in a card of this version.

    ``for_backfill`` writes the copy for programs that know no V3: lines of decorators
    are taken out of the contents, and entries have no fields but those of V2.
    """
    if for_backfill:
        plain = [_without_decorators(entry) for entry in book.entries]
        book = book.model_copy(update={"entries": tuple(plain)})
    return _written(book, form=Form.CARD, version=version, is_backfill=for_backfill)


def write_world_info(book: Book) -> dict[str, JsonValue]:
    """The book as SillyTavern's world info: entries by their numbers."""
    return _written(book, form=Form.WORLD_INFO)


def write_lorebook_v3(book: Book) -> dict[str, JsonValue]:
    """The book as a V3 lorebook of its own."""
    written = _written(book, form=Form.CARD)
    origin = origin_of(book.sheet)
    root = origin.root if origin and "spec" in origin.root else {"spec": SPEC}
    return {**root, "data": written}


def _without_decorators(entry: EntrySheet) -> EntrySheet:
    """The entry without the lines at its head that begin with two at signs."""
    if not entry.content.lstrip().startswith(DECORATOR):
        return entry
    lines = entry.content.lstrip().splitlines(keepends=True)
    while lines and (lines[0].startswith(DECORATOR) or not lines[0].strip()):
        lines.pop(0)
    return entry.model_copy(update={"content": "".join(lines)})


# One file --------------------------------------------------------------------


def _written(
    book: Book, *, form: Form, version: int = 3, is_backfill: bool = False
) -> dict[str, JsonValue]:
    origin = _origin(book.sheet, form=form)
    table = books_named(origin.named) if origin and origin.named else BOOKS
    values = book.sheet.model_dump(exclude={"origin"})
    flat = respelled(values, origin=origin, table=table, form=form)
    entries = [
        _entry(entry, at=at, form=form, version=version, is_backfill=is_backfill)
        for at, entry in enumerate(book.entries)
    ]
    _number(entries, form=form)
    others = origin.others if origin else {}
    # What stood there and was no entries at all goes out again until there are some.
    if entries or flat.get(HELD, []) == []:
        is_listed = form is Form.CARD
        if origin and origin.listed is not None:
            is_listed = origin.listed
        held = _listed if is_listed else _keyed
        flat[HELD] = held(book.entries, entries, others=others, form=form)
    return nested(flat)


def _origin(sheet: BookSheet | EntrySheet, *, form: Form) -> Origin | None:
    """The sheet's origin, if it came in this form."""
    origin = origin_of(sheet)
    return origin if origin and origin.form == form else None


def _entry(
    entry: EntrySheet, *, at: int, form: Form, version: int, is_backfill: bool
) -> Flat:
    origin = _origin(entry, form=form)
    values = entry.model_dump(exclude={"origin"})
    had_regex = origin is not None and named(REGEX) in origin.order
    without = REGEX if is_backfill or (version == 2 and not had_regex) else None
    flat = respelled(values, origin=origin, table=ENTRIES, form=form, without=without)
    if origin is None:
        flat = _with_numbers(flat, entry=entry, at=at, form=form)
    return _as_in_v2(flat) if is_backfill else flat


def _as_in_v2(flat: Flat) -> Flat:
    """The fields that V2 knows; its numbers are no texts."""
    number = IDS[Form.CARD]
    known = {*ENTRIES.typed[Form.CARD], number}
    plain = {p: v for p, v in flat.items() if p in known or p[0] == EXTENSIONS}
    if isinstance(plain.get(number), str):
        plain[number] = None
    return plain


def _with_numbers(flat: Flat, *, entry: EntrySheet, at: int, form: Form) -> Flat:
    """The entry with its number, and what else world info has and no sheet."""
    is_world_info = form is Form.WORLD_INFO
    other = Form.CARD if is_world_info else Form.WORLD_INFO
    origin = _origin(entry, form=other)
    fields = origin.fields if origin else {}
    flat = {IDS[form]: fields.get(named(IDS[other])), **flat}
    shown_at = fields.get(named(SHOWN_AT[other]))
    flat[SHOWN_AT[form]] = shown_at if type(shown_at) is int else at
    if is_world_info:
        flat[("addMemo",)] = entry.title != ""
    return flat


def _number(entries: Sequence[Flat], *, form: Form) -> None:
    """Give each entry that has a number one of its own."""
    path = IDS[form]
    numbers = Numbers(flat.get(path) for flat in entries)
    for flat in entries:
        if path in flat:
            flat[path] = numbers.own(flat[path])


def _listed(
    sheets: Sequence[EntrySheet],
    entries: Sequence[Flat],
    *,
    others: Mapping[str, JsonValue],
    form: Form,
) -> JsonValue:
    listed: list[JsonValue] = [nested(flat) for flat in entries]
    for place, other in others.items():
        is_place = place.isdecimal() and len(place) < DIGITS
        listed.insert(int(place) if is_place else len(listed), other)
    return listed


def _keyed(
    sheets: Sequence[EntrySheet],
    entries: Sequence[Flat],
    *,
    others: Mapping[str, JsonValue],
    form: Form,
) -> JsonValue:
    keyed: dict[str, JsonValue] = {}
    numbers = Numbers(flat.get(IDS[form]) for flat in entries)
    for sheet, flat in zip(sheets, entries, strict=True):
        origin = _origin(sheet, form=form)
        place = origin.place if origin else None
        key = place if place is not None else str(flat.get(IDS[form]))
        while key in keyed:
            key = str(numbers.own(None))
        keyed[key] = nested(flat)
    return {**keyed, **{key: v for key, v in others.items() if key not in keyed}}


# Several books ---------------------------------------------------------------


def join_books(books: Sequence[Book]) -> Book:
    """Several books as the one that a card can hold; one stays as it is.

    Entries keep their order, book after book. Where the books say otherwise of how
    far to look, or whether entries wake each other, their entries say it.

    Raises:
        ValueError: no book, or more entries than one may have.
    """
    if not books:
        raise ValueError("Name at least one lorebook to join.")
    if len(books) == 1:
        return books[0]
    sheets = [book.sheet for book in books]
    depths = {sheet.scan_depth for sheet in sheets}
    wakes = {sheet.recursive_scanning is not False for sheet in sheets}
    budgets = [sheet.token_budget for sheet in sheets]
    limited = [budget for budget in budgets if budget is not None]
    joined = BookSheet(
        name=fitting.book_name(", ".join(sheet.name for sheet in sheets)).value,
        description="\n\n".join(s.description for s in sheets if s.description),
        for_everybody=all(sheet.for_everybody for sheet in sheets),
        scan_depth=depths.pop() if len(depths) == 1 else None,
        token_budget=_most(sum(limited)) if len(limited) == len(budgets) else None,
        recursive_scanning=False if wakes == {False} else None,
        extensions=dict(
            item for sheet in reversed(sheets) for item in sheet.extensions.items()
        ),
    )
    entries = [
        _told(entry, said=book.sheet, joined=joined)
        for book in books
        for entry in book.entries
    ]
    return Book(sheet=joined, entries=tuple(entries))


def _most(budget: int) -> int:
    return min(budget, MOST)


def _told(entry: EntrySheet, *, said: BookSheet, joined: BookSheet) -> EntrySheet:
    """The entry, saying what its own book said of it and the joined one does not."""
    update: dict[str, Any] = {}
    if entry.scan_depth is None and said.scan_depth != joined.scan_depth:
        update["scan_depth"] = said.scan_depth
    if said.recursive_scanning is False and joined.recursive_scanning is None:
        update |= {"exclude_recursion": True, "prevent_recursion": True}
    return entry.model_copy(update=update)


def fingerprint(book: Book) -> str:
    """SHA-256 in hex that two books share if they hold the same entries and settings.

    Names, numbers, the order of keys in objects and where they came from make no
    difference; the order of entries does.
    """
    said = {
        "book": book.sheet.model_dump(mode="json", exclude={"name", "origin"}),
        "entries": [
            e.model_dump(mode="json", exclude={"origin"}) for e in book.entries
        ],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
