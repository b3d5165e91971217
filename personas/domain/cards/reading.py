"""Reading a card, or anything else that can be imported, out of a file.

Source: ``reference/cards.md`` sections 1.1 to 1.3, 3 and 6.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import JsonValue

from personas.domain.cards.assets import read_assets
from personas.domain.cards.containers import Asset, Container, ContainerKind, unpack
from personas.domain.cards.scripts import script_places
from personas.domain.dialects import (
    Dialect,
    ParsedCharacter,
    ParsedFramework,
    Source,
    UnreadableFile,
    coercing,
    load,
    read_source,
    recognized,
)
from personas.domain.dialects.opaque import check_opaque
from personas.domain.lore.reading import ParsedBook, is_book, read_book
from personas.domain.macros import unknown_macros
from personas.domain.remarks import Action, Remark

_BOOK: Final = "character_book"
_ASSETS: Final = "assets"
_MACROS_OF_BOOKS: Final = frozenset(
    {"random", "pick", "roll", "//", "hidden_key", "comment", "reverse"}
)
"""Those of Card V3, which are expanded in lorebooks only."""

Document = dict[str, JsonValue]


@dataclass(frozen=True)
class ParsedCard:
    """What a file holds.

    ``picture`` holds the bytes of an image of any kind, which nobody has decoded;
    ``assets`` are other files that came with the card; ``scripts`` are the fields
    with what other programs would run; ``remarks`` are all there are, also those on
    ``content`` and ``book``.
    """

    content: ParsedCharacter | ParsedFramework | ParsedBook
    book: ParsedBook | None
    container: ContainerKind
    picture: bytes | None
    assets: tuple[Asset, ...]
    remarks: tuple[Remark, ...]
    scripts: tuple[str, ...]


def read_card(
    raw: bytes, *, name: str, read_text: Callable[[str], bytes | None]
) -> ParsedCard:
    """The character, framework or lorebook in a file of any kind that is imported.

    ``name`` is the file's name with suffix; ``read_text`` gives the bytes of a file
    beside it by its bare name, or None if there is none.

    Raises:
        UnreadableFile: whatever is wrong with the file, or what it is instead of a
            card, in words for whoever brought it.
    """
    container = unpack(raw, name=name)
    value, repairs = load(container.document)
    remarks = (*container.remarks, *repairs)
    stem = PurePosixPath(name).stem
    if isinstance(value, dict) and is_book(value):
        book = read_book(value, name=stem)
        _check_book(book)
        parsed = ParsedCard(
            book, None, container.kind, container.picture, container.assets, (), ()
        )
        remarks = (*remarks, *book.remarks)
    else:
        document, dialect = recognized(value)
        parts = _Parts(document, name=stem, container=container)
        if dialect is Dialect.CARD:
            parts.take()
        source = Source(parts.document, stem, read_text, remarks)
        content = read_source(source, dialect=dialect)
        parsed = parts.joined(content)
        remarks = parsed.remarks
    # After what is carried was found to be of a size that can be walked.
    scripts = script_places(value)
    found = (*remarks, *_on_scripts(scripts), *_on_macros(parsed))
    return replace(parsed, remarks=found, scripts=tuple(scripts))


class _Parts:
    """What goes with a character, taken out of a card before it is read."""

    def __init__(self, document: Document, *, name: str, container: Container) -> None:
        self.document = document
        self._name = name
        self._container = container
        self._book: ParsedBook | None = None
        self._picture: bytes | None = None
        self._files = container.assets
        self._remarks: list[Remark] = []

    def take(self) -> None:
        """Take the lorebook and the files out of the card's fields."""
        data = self.document.get("data")
        if isinstance(data, dict) and data:
            path, fields = "data.", dict(data)
            self.document = {**self.document, "data": fields}
        else:
            path, fields = "", dict(self.document)
            self.document = fields
        self._take_assets(fields, field=f"{path}{_ASSETS}")
        self._take_book(fields, field=f"{path}{_BOOK}")
        if not fields:
            # A card of a lorebook alone is still a card.
            fields["name"] = ""

    def _take_assets(self, fields: Document, *, field: str) -> None:
        if _ASSETS not in fields:
            return
        found = read_assets(fields.pop(_ASSETS), files=self._files, field=field)
        if found.value is not None:
            fields[_ASSETS] = found.value
        elif not found.remarks:
            detail = "The picture is the card's own, as where there is no list."
            self._remarks.append(Remark(field, Action.MAPPED, detail))
        self._picture = found.picture
        self._files = tuple(found.files.values())
        self._remarks += found.remarks

    def _take_book(self, fields: Document, *, field: str) -> None:
        value = fields.get(_BOOK)
        if not isinstance(value, dict) or not value:
            return
        name = coercing.line(fields.get("name")).value or self._name
        try:
            self._book = read_book(value, name=name, field=field)
        except UnreadableFile as error:
            detail = f"It cannot be read as a lorebook and stays as it is: {error}"
            self._remarks.append(Remark(field, Action.KEPT, detail))
            return
        _check_book(self._book)
        del fields[_BOOK]
        self._remarks += self._book.remarks

    def joined(self, content: ParsedCharacter | ParsedFramework) -> ParsedCard:
        """The card, with the picture that counts."""
        picture = self._picture or self._container.picture
        inside = content.avatar if isinstance(content, ParsedCharacter) else None
        if picture is not None and inside is not None and picture != inside:
            detail = "Left out: the picture of the file itself counts."
            self._remarks.append(Remark("avatar", Action.DROPPED, detail))
        return ParsedCard(
            content,
            self._book,
            self._container.kind,
            picture or inside,
            self._files,
            (*content.remarks, *self._remarks),
            (),
        )


def _check_book(book: ParsedBook) -> None:
    """Refuse a book that carries too much of its own; its entries have their limits."""
    check_opaque({**book.sheet.origin, "extensions": book.sheet.extensions})


def _on_scripts(places: Iterable[str]) -> Iterator[Remark]:
    for place in places:
        yield Remark(place, Action.KEPT, "Contains a script: kept, never run.")


# Macros ----------------------------------------------------------------------


def _on_macros(parsed: ParsedCard) -> tuple[Remark, ...]:
    """One remark that lists the macros which mean nothing here."""
    found: list[str] = []
    if isinstance(parsed.content, ParsedCharacter):
        found += _macros(parsed.content.sheet.model_dump(mode="json"))
    for book in (parsed.book, parsed.content):
        if isinstance(book, ParsedBook):
            found += _macros_of(book)
    if not found:
        return ()
    listed = coercing.described(list(dict.fromkeys(found)))
    detail = f"Macros that mean nothing here stay as they are: {listed}."
    return (Remark("", Action.KEPT, detail),)


def _macros(fields: dict[str, Any]) -> Iterator[str]:
    return (macro.text[:80] for macro in unknown_macros(fields))


def _macros_of(book: ParsedBook) -> Iterator[str]:
    for entry in book.entries:
        for macro in unknown_macros({"content": entry.content}):
            name = "//" if macro.name.startswith("//") else macro.name.partition(":")[0]
            if name.strip().lower() not in _MACROS_OF_BOOKS:
                yield macro.text[:80]
