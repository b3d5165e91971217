"""Reading and writing made-up cards in a test."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from personas.domain.cards.containers import Asset, pack_charx, pack_png
from personas.domain.cards.reading import ParsedCard, read_card
from personas.domain.dialects import ParsedCharacter, UnreadableFile
from personas.domain.lore.sheets import Book
from personas.domain.remarks import Action
from personas.domain.sheets import CharacterSheet


def nothing(name: str) -> None:
    return None


def png(colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2, 3), colour).save(file, "PNG")
    # As it comes back out of a card.
    return pack_png(file.getvalue(), chunks={})


def v3(**data: Any) -> dict[str, Any]:
    return {
        "spec": "chara_card_v3",
        "spec_version": "3.0",
        "data": {"name": "Ada", **data},
    }


def in_png(document: Any, *, keyword: str = "ccv3") -> bytes:
    return pack_png(png(), chunks={keyword: json.dumps(document).encode()})


def in_charx(document: Any, **files: bytes) -> bytes:
    assets = [
        Asset(path.replace("__", "/"), content) for path, content in files.items()
    ]
    return pack_charx(json.dumps(document).encode(), assets=assets)


def parsed_card(raw: Any, *, name: str = "file.json") -> ParsedCard:
    content = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return read_card(content, name=name, read_text=nothing)


def sheet_in(parsed: ParsedCard) -> CharacterSheet:
    assert isinstance(parsed.content, ParsedCharacter)
    return parsed.content.sheet


def kept_in(parsed: ParsedCard, part: str = "data") -> Any:
    return sheet_in(parsed).extensions["dramatis:card"][part]


def book_in(parsed: ParsedCard) -> Book:
    assert parsed.book is not None
    return Book(sheet=parsed.book.sheet, entries=parsed.book.entries)


def refused(raw: Any, *, name: str = "file.json") -> str:
    with pytest.raises(UnreadableFile) as caught:
        parsed_card(raw, name=name)
    return str(caught.value)


def remarks_of(parsed: ParsedCard, field: str) -> list[tuple[Action, str]]:
    return [(r.action, r.detail) for r in parsed.remarks if r.field == field]
