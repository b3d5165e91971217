"""Our own extension of a card: all of a sheet that its fields do not carry."""

from typing import Any, Final, Literal

from pydantic import JsonValue, ValidationError

from personas.domain.dialects.drafting import Draft
from personas.domain.dialects.parsed import (
    DEFAULT_FRAMEWORK_ID,
    UnreadableFile,
    pointer,
)
from personas.domain.sheets import CharacterSheet, Sheet, Slug

BLOCK_KEY: Final = "dramatis"
BACKFILL_NOTE: Final = (
    "\n\n[This is a copy in the older format Card V2, for programs that cannot read"
    " Card V3. The V3 card beside it in this file is whole.]"
)
"""The last line of the creator's notes of a backfill."""


class Block(Sheet):
    """What we write into a card's extensions; ``format`` counts its changes.

    ``spelled`` names fields and extensions that stand as somebody else wrote them,
    beside what the sheet made of them.
    """

    format: Literal[1]
    character_id: Slug
    sheet: dict[str, JsonValue] = {}
    extensions: dict[str, JsonValue] = {}
    spelled: list[str] = []
    is_backfill: bool = False


def found_block(
    document: JsonValue, *, path: tuple[str, ...], outside: tuple[str, ...]
) -> Block | None:
    """The block at ``path``, if there is one.

    ``outside`` lists the paths in a sheet that a card's own fields carry.

    Raises:
        UnreadableFile: it is damaged, or says again what a field says.
    """
    found = document
    for step in path:
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    try:
        block = Block.model_validate(found)
    except ValidationError as error:
        raise _damaged(error, path=path) from error
    _check_sheet(block.sheet, path=(*path, "sheet"), outside=outside)
    return block


def _check_sheet(
    values: dict[str, Any], *, path: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    draft = Draft()
    draft.values = values
    twice = [to for to in outside if draft.get(to) is not None]
    if twice:
        raise UnreadableFile(
            f"“{twice[0]}” stands in the card's own fields; remove it from"
            f" {pointer(path)}.",
            pointer=pointer((*path, *twice[0].split("."))),
        )
    named = {"framework_id": DEFAULT_FRAMEWORK_ID, **values, "display_name": "-"}
    try:
        CharacterSheet.model_validate(named)
    except ValidationError as error:
        raise _damaged(error, path=path) from error


def _damaged(error: ValidationError, *, path: tuple[str, ...]) -> UnreadableFile:
    first = error.errors(include_url=False)[0]
    where = pointer((*path, *(str(step) for step in first["loc"])))
    return UnreadableFile(
        f"{where}: {first['msg']}. Correct it, or export the character again.",
        pointer=where,
    )
