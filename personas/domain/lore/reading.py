"""Reading lorebooks: world info, books of cards, V3 lorebooks, RisuAI's.

Source: ``reference/cards.md`` sections 1.1 to 1.3 and 2.2; ``use_regex`` is explained
in ``personas.domain.lore.fields``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from core import limits
from personas.domain.dialects.coercing import Unfit
from personas.domain.dialects.parsed import UnreadableFile, dotted, pointer
from personas.domain.lore import fitting, risu
from personas.domain.lore.fields import BOOKS, ENTRIES, IDS, books_named
from personas.domain.lore.numbering import identified
from personas.domain.lore.reporting import Report
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.domain.lore.spelling import Flat, Form, flattened, remembered
from personas.domain.lore.taking import Taken, spelled, take
from personas.domain.remarks import Action, Remark

NAMELESS: Final = "Lorebook"
_WORLD_INFO_FIELDS: Final = frozenset({"key", "keysecondary", "uid", "disable"})
_CARD_FIELDS: Final = frozenset(
    {"keys", "secondary_keys", "enabled", "insertion_order"}
)


class BookKind(StrEnum):
    """The kinds of lorebooks; RisuAI's count as books of cards."""

    WORLD_INFO = "world_info"
    CHARACTER_BOOK = "character_book"
    LOREBOOK_V3 = "lorebook_v3"


@dataclass(frozen=True)
class ParsedBook:
    """A lorebook read from a file."""

    sheet: BookSheet
    entries: tuple[EntrySheet, ...]
    kind: BookKind
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class _Found:
    """A book in its file: where its fields are, and what stood around them."""

    path: tuple[str, ...]
    fields: Mapping[str, JsonValue]
    root: dict[str, JsonValue]


def is_book(document: Mapping[str, JsonValue]) -> bool:
    """Whether a whole file is a lorebook of a kind that can be read."""
    spec = document.get("spec")
    if _is_wrapped(document) or risu.is_risu_file(document):
        return True
    if isinstance(spec, str) and spec.startswith("chara_card"):
        return False
    return isinstance(document.get("entries"), dict | list)


def read_book(
    value: Mapping[str, JsonValue], *, name: str, field: str = ""
) -> ParsedBook:
    """The lorebook in ``value``: a whole file's object, or one out of a card.

    ``name`` is for a book that has none, such as its file's or its card's; ``field``
    is where the book stands in its file, such as ``data.character_book``. Remarks on
    entries come one for each field and what became of it, with a count.

    Raises:
        UnreadableFile: too many entries, or a value that no sheet may hold.
    """
    found = _found(value)
    path = (*(field.split(".") if field else ()), *found.path)
    report = Report(path)
    entries = _placed(found.fields, path=path, report=report)
    objects = {place: e for place, e in entries.items() if isinstance(e, dict)}
    form = _form(found, entries=list(objects.values()))
    found = _unwrapped(found, form=form, report=report)
    is_listed = isinstance(found.fields.get("entries"), list)
    sheets = _entries(objects, form=form, path=path, report=report, is_listed=is_listed)
    book = _book(found, entries=entries, form=form, name=name, report=report)
    return ParsedBook(book, sheets, _kind(form, found=found), report.remarks())


# What it is ------------------------------------------------------------------


def _is_wrapped(document: Mapping[str, JsonValue]) -> bool:
    spec = document.get("spec")
    is_lorebook = isinstance(spec, str) and spec.startswith("lorebook")
    return is_lorebook and isinstance(document.get("data"), dict)


def _found(value: Mapping[str, JsonValue]) -> _Found:
    data = value.get("data")
    if _is_wrapped(value) and isinstance(data, dict):
        return _Found(("data",), data, {**value, "data": None})
    if risu.is_risu_file(value):
        return _Found((), risu.as_book(value), {})
    return _Found((), value, {})


def _form(found: _Found, *, entries: list[dict[str, Any]]) -> Form:
    """How the entries are spelled; where they do not tell, an object is world info."""
    world = sum(not _WORLD_INFO_FIELDS.isdisjoint(e) for e in entries)
    card = sum(not _CARD_FIELDS.isdisjoint(e) or risu.is_risu(e) for e in entries)
    if world == card:
        is_object = isinstance(found.fields.get("entries"), dict)
        return Form.WORLD_INFO if is_object and not found.root else Form.CARD
    return Form.WORLD_INFO if world > card else Form.CARD


def _unwrapped(found: _Found, *, form: Form, report: Report) -> _Found:
    """The book with what stood around it, unless that is not what it holds."""
    is_v3 = form is Form.CARD
    for key in found.root:
        if not is_v3 and key != "data":
            report.add_around(key, Action.DROPPED, "Inside is world info, no V3.")
        elif key == "spec":
            report.add_around(key, Action.MAPPED, "Read as a V3 lorebook.")
        elif key != "data":
            report.add_around(key, Action.KEPT)
    return found if is_v3 else replace(found, root={})


def _kind(form: Form, *, found: _Found) -> BookKind:
    if found.root:
        return BookKind.LOREBOOK_V3
    is_world_info = form is Form.WORLD_INFO
    return BookKind.WORLD_INFO if is_world_info else BookKind.CHARACTER_BOOK


# Entries ---------------------------------------------------------------------


def _placed(
    fields: Mapping[str, JsonValue], *, path: tuple[str, ...], report: Report
) -> dict[str, JsonValue]:
    """The entries by their keys or numbers in the file."""
    value = fields.get("entries")
    if isinstance(value, list):
        placed = {str(number): entry for number, entry in enumerate(value)}
    elif isinstance(value, dict):
        placed = dict(value)
    else:
        if value is None:
            report.add(
                ("entries",), Action.REPAIRED, "There were none; now an empty list."
            )
        else:
            report.add(("entries",), Action.KEPT, "Expected a list of entries.")
        return {}
    if len(placed) > limits.LORE_ENTRIES:
        where = (*path, "entries")
        raise UnreadableFile(
            f"{dotted(where)}: Keep at most {limits.LORE_ENTRIES:,} entries in a"
            f" lorebook; there are {len(placed):,}.",
            pointer=pointer(where),
        )
    for place, entry in placed.items():
        if not isinstance(entry, dict):
            report.add_entry((), Action.KEPT, "It is no object.", place=place)
    return placed


def _entries(
    objects: dict[str, dict[str, JsonValue]],
    *,
    form: Form,
    path: tuple[str, ...],
    report: Report,
    is_listed: bool,
) -> tuple[EntrySheet, ...]:
    flats: dict[str, Flat] = {}
    for place, entry in objects.items():
        if risu.is_risu(entry):
            said = "Read as RisuAI writes it into a card."
            report.add_entry((), Action.REPAIRED, said, place=place)
            flats[place] = flattened(risu.as_in_card(entry))
        else:
            flats[place] = flattened(entry)
    sheets = []
    for place, flat in identified(flats, form=form, report=report).items():
        taken = take(flat, table=ENTRIES, form=form)
        for note in taken.notes:
            report.add_entry(note.path, note.action, note.detail, place=place)
        where = (*path, "entries", place)
        key = None if is_listed or place == str(flat.get(IDS[form])) else place
        sheets.append(_entry(taken, form=form, path=where, key=key))
    return tuple(sheets)


def _entry(
    taken: Taken, *, form: Form, path: tuple[str, ...], key: str | None
) -> EntrySheet:
    fresh = spelled(taken.values, table=ENTRIES, form=form)
    origin = remembered(taken.flat, fresh=fresh, form=form, place=key)
    try:
        return EntrySheet.model_validate(
            {**taken.values, "origin": origin}, strict=False
        )
    except ValidationError as error:
        raise _unreadable(error, taken=taken, path=path) from error


def _unreadable(
    error: ValidationError, *, taken: Taken, path: tuple[str, ...]
) -> UnreadableFile:
    """The refusal of a value that no sheet may hold, with its place in the file."""
    first = error.errors(include_url=False)[0]
    to = str(first["loc"][0])
    where = (*path, *taken.sources.get(to, (to,) if to != "origin" else ()))
    message = first["msg"].removeprefix("Value error, ")
    return UnreadableFile(f"{dotted(where)}: {message}", pointer=pointer(where))


# The book --------------------------------------------------------------------


def _book(
    found: _Found,
    *,
    entries: dict[str, JsonValue],
    form: Form,
    name: str,
    report: Report,
) -> BookSheet:
    named = _named(name)
    flat = _without_entries(found.fields)
    taken = take(flat, table=books_named(named), form=form)
    for note in taken.notes:
        report.add(note.path, note.action, note.detail)
    others = {p: entry for p, entry in entries.items() if not isinstance(entry, dict)}
    odd = dict if form is Form.CARD else list
    held = found.fields.get("entries")
    origin = remembered(
        taken.flat,
        fresh=spelled(taken.values, table=BOOKS, form=form),
        form=form,
        named=None if "name" in taken.sources else named,
        root=found.root,
        listed=isinstance(held, list) if isinstance(held, odd) else None,
        others=others,
    )
    try:
        return BookSheet.model_validate(
            {**taken.values, "origin": origin}, strict=False
        )
    except ValidationError as error:
        raise _unreadable(error, taken=taken, path=report.path) from error


def _named(name: str) -> str:
    try:
        return fitting.book_name(name).value
    except Unfit:
        return NAMELESS


def _without_entries(fields: Mapping[str, JsonValue]) -> Flat:
    """The book's own fields; of its entries only that and where they stood."""
    flat = flattened(fields)
    value = flat.get(("entries",))
    if value is None or isinstance(value, list | dict):
        flat[("entries",)] = []
    return flat
