"""Writing a character as a card that other programs read, and that comes back whole.

What a form holds beside the sheet: JSON the picture (and in V3 the files, up to a
size) as ``data:`` addresses, PNG the picture, CHARX the picture and all files.
Private fields and the metadata of pictures are in none of them.

Source: ``reference/cards.md`` section 1.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from personas.domain.cards.assets import (
    DATA_URI_BYTES,
    DEFAULT,
    EMBEDDED,
    picture_path,
)
from personas.domain.cards.containers import Asset, pack_charx, pack_png
from personas.domain.cards.content import card_document
from personas.domain.cards.placing import Shape
from personas.domain.cards.stripping import stripped
from personas.domain.dialects import pictures
from personas.domain.dialects.writing import as_bytes
from personas.domain.lore.sheets import Book
from personas.domain.lore.writing import join_books, write_character_book
from personas.domain.sheets import CharacterSheet


class CardForm(StrEnum):
    """The forms in which a character goes out."""

    V2_JSON = "v2.json"
    V3_JSON = "v3.json"
    PNG = "png"
    CHARX = "charx"


class NoPicture(Exception):
    """A PNG card is its picture, and there is none."""


def write_card(
    sheet: CharacterSheet,
    *,
    character_id: str,
    form: CardForm,
    books: Sequence[Book] = (),
    picture: bytes | None = None,
    assets: Sequence[Asset] = (),
    now: datetime | None = None,
) -> bytes:
    """The card's file; same sheet, same bytes.

    ``books`` are those bound to the character, joined into the one that a card can
    hold; ``picture`` holds the bytes of a PNG. ``now`` becomes V3's
    ``modification_date``; without it, what was kept of an older one goes out.

    Raises:
        NoPicture: a PNG is asked for and there is no picture.
        UnreadableFile: an asset's name is unsafe, or it is a damaged picture, or the
            file would be too large.
        ValueError: the books have more entries than one may have.
    """
    card = _Card(
        sheet,
        character_id=character_id,
        book=join_books(books) if books else None,
        modified=int(now.timestamp()) if now is not None else None,
    )
    match form:
        case CardForm.V2_JSON:
            uri = pictures.encoded(picture) if picture is not None else ""
            return card.written(Shape(2, has_picture_field=bool(uri)), avatar=uri)
        case CardForm.V3_JSON:
            return card.written(_in_json(_public(assets), picture=picture))
        case CardForm.PNG:
            return _png(card, picture=picture)
        case _:
            return _charx(card, files=_public(assets), picture=picture)


def _public(assets: Sequence[Asset]) -> tuple[Asset, ...]:
    """The files that may go out, less what they tell besides."""
    return tuple(stripped(asset) for asset in assets if not asset.is_private)


@dataclass(frozen=True)
class _Card:
    """What is the same in all forms."""

    sheet: CharacterSheet
    character_id: str
    book: Book | None
    modified: int | None

    def written(self, shape: Shape, *, avatar: str = "") -> bytes:
        book = None
        if self.book is not None:
            book = write_character_book(
                self.book, version=shape.version, for_backfill=shape.is_backfill
            )
        document = card_document(
            self.sheet,
            character_id=self.character_id,
            shape=replace(shape, has_book=book is not None),
            book=book,
            avatar=avatar,
            modified=self.modified,
        )
        return as_bytes(document)


def _in_json(files: tuple[Asset, ...], *, picture: bytes | None) -> Shape:
    size = sum(len(file.content) for file in files)
    return Shape(
        3,
        picture_uri=pictures.encoded(picture) if picture is not None else None,
        embedded=files if size <= DATA_URI_BYTES else (),
    )


def _png(card: _Card, *, picture: bytes | None) -> bytes:
    """V3, and the V2 copy for programs that read no other."""
    if picture is None:
        raise NoPicture(
            "A PNG card needs a picture. Give the character one, or choose another"
            " form."
        )
    return pack_png(
        picture,
        chunks={
            "ccv3": card.written(Shape(3, picture_uri=DEFAULT)),
            "chara": card.written(Shape(2, is_backfill=True)),
        },
    )


def _charx(card: _Card, *, files: tuple[Asset, ...], picture: bytes | None) -> bytes:
    packed, uri = files, None
    if picture is not None:
        path = picture_path(files)
        packed, uri = (*files, Asset(path, picture)), f"{EMBEDDED}{path}"
    document = card.written(Shape(3, picture_uri=uri, packed=packed))
    return pack_charx(document, assets=packed)
