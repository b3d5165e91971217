"""Export: drafts as files that come back as the same drafts, or as they came.

What goes out is the draft. Of lorebooks too: those that a character names go with
it. Private data of cards stays here (``cards.writing``), except in an original,
which is given back byte for byte.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from personas.domain.cards.parts import Asset
from personas.domain.cards.writing import CardForm, NoPicture, write_card
from personas.domain.dialects import UnreadableFile, write_framework
from personas.domain.dialects.writing import as_bytes
from personas.domain.lore.sheets import Book
from personas.domain.lore.writing import (
    write_character_book,
    write_lorebook_v3,
    write_world_info,
)
from personas.models import CardFile, Character, Framework, Lorebook, Picture
from personas.services import lorebooks, sandbox

ORIGINAL: Final = "original"
FORMS: Final = (*(form.value for form in CardForm), ORIGINAL)
"""In which a character goes out; the last is the file that it came from."""
_AT_ONCE: Final = 50
_JSON: Final = "application/json"
_TYPES: Final = {
    "json": _JSON,
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "charx": "application/zip",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_OTHER: Final = "application/octet-stream"
# Files that came with a card, and that only these forms hold.
_WITH_ASSETS: Final = frozenset({CardForm.CHARX, CardForm.V3_JSON})
LEFT_OUT: Final = "NOT_EXPORTED.txt"


class BookForm(StrEnum):
    """In which a lorebook goes out."""

    WORLD_INFO = "world_info"
    LOREBOOK_V3 = "lorebook_v3"
    CHARACTER_BOOK = "character_book"


class NoOriginal(Exception):
    """The character did not come from a file."""


class CannotExport(Exception):
    """The form cannot hold the character; says why and what to do."""


class TryLater(CannotExport):
    """Nothing is wrong with it; the server reads other files just now."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to give out; ``name`` is safe on every system."""

    name: str
    content: bytes
    content_type: str


# -- One character -----------------------------------------------------------------


def export_card(character: Character, *, form: str) -> ExportedFile:
    """A character's draft in one of ``FORMS``; load with ``for_sheets``.

    Raises:
        NoOriginal: the original is asked for, and there is none.
        CannotExport: it has no picture, or the file would be too large.
        TryLater: files that came with it cannot be read right now.
        ValueError: there is no such form.
    """
    return _exported(character, form=form, parts=_Parts([character]))


class _Parts:
    """Pictures and lorebooks of some characters, loaded together."""

    def __init__(self, characters: Sequence[Character]) -> None:
        digests = {c.picture_id for c in characters if c.picture_id}
        rows = Picture.objects.in_bulk(digests) if digests else {}
        self._pictures = {key: bytes(row.content) for key, row in rows.items()}
        ids = {book_id for c in characters for book_id in c.lorebooks}
        named = Lorebook.objects.filter(book_id__in=ids)
        self._books = {
            row.book_id: lorebooks.to_book(row)
            for row in (named.prefetch_related("entries") if ids else ())
        }

    def picture(self, character: Character) -> bytes | None:
        return self._pictures.get(character.picture_id or "")

    def books(self, character: Character) -> list[Book]:
        """Those that it names, in its order; what is archived too."""
        return [self._books[i] for i in character.lorebooks if i in self._books]


def _exported(character: Character, *, form: str, parts: _Parts) -> ExportedFile:
    if form == ORIGINAL:
        return _original(character)
    chosen = CardForm(form)
    try:
        content = write_card(
            character.to_sheet(),
            character_id=character.character_id,
            form=chosen,
            books=parts.books(character),
            picture=parts.picture(character),
            assets=_assets(character) if chosen in _WITH_ASSETS else (),
        )
    except sandbox.Busy as error:
        raise TryLater(str(error)) from error
    except (NoPicture, UnreadableFile, ValueError) as error:
        raise CannotExport(f"“{character}” cannot be exported: {error}") from error
    suffix = chosen.value.rpartition(".")[2]
    return ExportedFile(f"{character.character_id}.{suffix}", content, _TYPES[suffix])


def _assets(character: Character) -> tuple[Asset, ...]:
    """The files that came with its card, read again from that."""
    if character.card_file_id is None:
        return ()
    file = CardFile.objects.get(pk=character.card_file_id)
    return sandbox.assets_of(bytes(file.content), name=file.name)


def _original(character: Character) -> ExportedFile:
    if character.card_file_id is None:
        raise NoOriginal(
            f"“{character}” did not come from a file. Choose another form."
        )
    file = CardFile.objects.get(pk=character.card_file_id)
    suffix = file.name.rpartition(".")[2].lower()
    name = character.character_id
    # Only endings that are known: the name is whatever somebody called the file.
    if suffix in _TYPES:
        name = f"{name}.{suffix}"
    return ExportedFile(name, bytes(file.content), _TYPES.get(suffix, _OTHER))


# -- Many --------------------------------------------------------------------------


def export_cards(characters: Iterable[Character], *, form: str) -> Iterator[bytes]:
    """A zip of many characters, piece by piece; load with ``for_sheets``.

    Whoever cannot be exported is named with the reason in ``LEFT_OUT``.

    Raises:
        ValueError: there is no such form.
    """
    if form != ORIGINAL:
        CardForm(form)
    return _zipped(exported(characters, form=form))


def exported(characters: Iterable[Character], *, form: str) -> Iterator[ExportedFile]:
    """The files of many characters, and at the end one that says who has none."""
    left_out: list[str] = []
    for some in _lots(characters):
        parts = _Parts(some)
        for character in some:
            try:
                yield _exported(character, form=form, parts=parts)
            except (NoOriginal, CannotExport) as error:
                left_out.append(f"{character.character_id}: {error}")
    if left_out:
        content = "\n".join(left_out).encode()
        yield ExportedFile(LEFT_OUT, content, "text/plain; charset=utf-8")


def _lots(characters: Iterable[Character]) -> Iterator[list[Character]]:
    rows = iter(characters)
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _zipped(files: Iterable[ExportedFile]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for file in files:
            is_packed = file.content_type not in {_JSON, "text/plain; charset=utf-8"}
            how = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(file.name)  # no time: the same twice is the same
            archive.writestr(entry, file.content, how)
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """What a zip is written to: it cannot go back, and is emptied as it grows."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """Nothing was opened."""

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def export_lorebook(book: Lorebook, *, form: str) -> ExportedFile:
    """A lorebook's draft as a file of its own.

    Raises:
        ValueError: there is no such form.
    """
    value = lorebooks.to_book(book)
    match BookForm(form):
        case BookForm.WORLD_INFO:
            document = write_world_info(value)
        case BookForm.LOREBOOK_V3:
            document = write_lorebook_v3(value)
        case BookForm.CHARACTER_BOOK:
            document = write_character_book(value, version=3)
    return ExportedFile(f"{book.book_id}.json", as_bytes(document), _JSON)


# -- Everything --------------------------------------------------------------------


def export_files() -> Iterator[tuple[str, bytes]]:
    """Relative path and content of every draft, archived or not.

    Frameworks, lorebooks, and characters as Card V2.
    """
    for framework in Framework.objects.order_by("framework_id").iterator(_AT_ONCE):
        content = write_framework(
            framework.to_sheet(), framework_id=framework.framework_id
        )
        yield f"frameworks/{framework.framework_id}.json", content
    for book in Lorebook.objects.order_by("book_id").iterator(_AT_ONCE):
        file = export_lorebook(book, form=BookForm.LOREBOOK_V3)
        yield f"lorebooks/{file.name}", file.content
    rows = Character.objects.for_sheets().order_by("character_id")
    for some in _lots(rows.iterator(_AT_ONCE)):
        parts = _Parts(some)
        for character in some:
            file = _exported(character, form=CardForm.V2_JSON, parts=parts)
            yield f"characters/{file.name}", file.content
