"""The JSON of a card, made of a sheet and what goes with it.

The card's own fields hold what they can, our block in its extensions holds the rest.
"""

from typing import Any, Final

from pydantic import JsonValue

from personas.domain.cards.placing import Placed, Shape, placed, value_at
from personas.domain.dialects import card
from personas.domain.dialects.card_block import BACKFILL_NOTE, BLOCK_KEY
from personas.domain.dialects.card_keeping import EXTENSIONS
from personas.domain.dialects.card_root import SPECS
from personas.domain.dialects.writing import FORMAT
from personas.domain.sheets import CharacterSheet

_SPECS: Final = dict(zip((2, 3), SPECS.items(), strict=True))


def card_document(
    sheet: CharacterSheet,
    *,
    character_id: str,
    shape: Shape,
    book: dict[str, JsonValue] | None = None,
    avatar: str = "",
    modified: int | None = None,
) -> dict[str, Any]:
    """A card as a JSON object; the same sheet gives the same object.

    ``book`` is the lorebook as this version writes it, ``avatar`` the ``data:``
    address of the picture where a field holds it, ``modified`` the time of V3's
    ``modification_date`` in seconds, for whoever knows it.

    ``sheet.avatar``, which names a stored picture, is left out.
    """
    found = placed(sheet, shape=shape)
    dump = sheet.model_dump(mode="json", exclude_defaults=True)
    for key in ("avatar", EXTENSIONS):
        dump.pop(key, None)
    data = _fields(dump, sheet=sheet, shape=shape) | found.data
    if avatar:
        data["avatar"] = avatar
    if "avatar_address" in dump:
        if "avatar" in found.data:
            del dump["avatar_address"]
        elif shape.version == 2 and not shape.is_backfill:
            data["avatar_url"] = dump.pop("avatar_address")
    if modified is not None and shape.version == 3:
        data["modification_date"] = modified
    if book is not None:
        data["character_book"] = book
    block = _block(found, character_id=character_id, dump=dump, shape=shape)
    data[EXTENSIONS] = {**found.extensions, BLOCK_KEY: block}
    spec, version = _SPECS[shape.version]
    return {"spec": spec, "spec_version": version, "data": data, **found.root}


def _fields(
    dump: dict[str, Any], *, sheet: CharacterSheet, shape: Shape
) -> dict[str, Any]:
    """The fields that each card of this version has; they leave ``dump``."""
    data = {row.key: _moved(dump, row.to, sheet=sheet) for row in card.ALL_FIELDS}
    if shape.version == 3:
        data["group_only_greetings"] = []
        if sheet.nickname:
            data["nickname"] = _moved(dump, "nickname", sheet=sheet)
    if shape.is_backfill:
        data["creator_notes"] += BACKFILL_NOTE
    return data


def _moved(dump: dict[str, Any], to: str, *, sheet: CharacterSheet) -> Any:
    """The value of the sheet's field ``to``, which leaves ``dump``."""
    *parents, last = to.split(".")
    place = dump.get(parents[0], {}) if parents else dump
    place.pop(last, None)
    if parents and not place:
        dump.pop(parents[0], None)
    value = value_at(sheet, to)
    return list(value) if isinstance(value, list) else str(value)


def _block(
    found: Placed, *, character_id: str, dump: dict[str, Any], shape: Shape
) -> dict[str, Any]:
    block: dict[str, Any] = {
        "format": FORMAT,
        "character_id": character_id,
        "sheet": dump,
    }
    if found.block:
        block["extensions"] = found.block
    if found.spelled:
        block["spelled"] = sorted(found.spelled)
    if shape.is_backfill:
        block["is_backfill"] = True
    return block
