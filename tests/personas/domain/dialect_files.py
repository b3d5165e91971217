"""Reading a made-up file in a test."""

import json
from typing import Any

import pytest

from personas.domain.cards.writing import CardForm, write_card
from personas.domain.dialects import (
    ParsedCharacter,
    ParsedFramework,
    UnreadableFile,
    read_prompt_file,
)
from personas.domain.remarks import Action
from personas.domain.sheets import CharacterSheet

Parsed = ParsedCharacter | ParsedFramework


def parsed_from(
    document: Any, *, stem: str = "file", files: dict[str, bytes] | None = None
) -> Parsed:
    raw = json.dumps(document).encode()
    return read_prompt_file(raw, stem=stem, read_text=(files or {}).get)


def character(
    document: Any, *, stem: str = "file", files: dict[str, bytes] | None = None
) -> ParsedCharacter:
    parsed = parsed_from(document, stem=stem, files=files)
    assert isinstance(parsed, ParsedCharacter)
    return parsed


def card(**data: Any) -> dict[str, Any]:
    return {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "data": {"name": "Ada", **data},
    }


def refusal(document: Any, *, files: dict[str, bytes] | None = None) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        parsed_from(document, files=files)
    return caught.value


def dumped(parsed: Parsed) -> dict[str, Any]:
    return parsed.sheet.model_dump(exclude_defaults=True)


def remarks_on(parsed: Parsed, field: str) -> list[tuple[Action, str]]:
    return [(r.action, r.detail) for r in parsed.remarks if r.field == field]


def written(
    sheet: CharacterSheet, *, character_id: str, avatar: bytes | None = None
) -> bytes:
    """The character as a Card V2, which this reader reads as well."""
    return write_card(
        sheet, character_id=character_id, form=CardForm.V2_JSON, picture=avatar
    )


def public(sheet: CharacterSheet) -> CharacterSheet:
    """The sheet as it comes back from a card: without what never goes out."""
    extensions = {k: v for k, v in sheet.extensions.items() if k not in PRIVATE}
    card = extensions.pop("dramatis:card", None)
    if isinstance(card, dict):
        public_parts = {
            part: {
                key: value
                for key, value in fields.items()
                if part not in {"root", "data"} or key not in PRIVATE
            }
            for part, fields in card.items()
        }
        card = {part: fields for part, fields in public_parts.items() if fields}
    if card:
        extensions["dramatis:card"] = card
    return sheet.model_copy(update={"extensions": extensions, "avatar": ""})


PRIVATE = {"chat", "chat_metadata", "fav", "create_date", "json_data"}
