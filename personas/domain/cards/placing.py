"""Where a written card holds what a sheet's extensions kept of another.

Each field goes back to where it stood, if reading it there gives the sheet as it is
now; otherwise our block holds it, and nothing is lost.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import JsonValue, ValidationError

from personas.domain.canonical import canonical_json
from personas.domain.cards.assets import DEFAULT, read_assets, written_assets
from personas.domain.cards.parts import Asset
from personas.domain.dialects import card, card_keeping, coercing, pictures
from personas.domain.dialects.card_block import BLOCK_KEY
from personas.domain.dialects.card_extensions import READ, read_extension
from personas.domain.dialects.card_keeping import (
    CARD_KEY,
    DATA,
    EXTENSIONS,
    PRIVATE,
)
from personas.domain.dialects.card_root import MIRRORS
from personas.domain.dialects.parsed import DEFAULT_FRAMEWORK_ID, UnreadableFile
from personas.domain.lore.reading import read_book
from personas.domain.sheets import CharacterSheet

ASSETS: Final = "assets"
# What a card's reader takes, or goes by to tell what the file is.
_ROOT_TAKEN: Final = (
    MIRRORS.keys()
    | card.V1_FIELDS
    | {"spec", "spec_version", "data", "avatar", "entries"}
    | {"framework_id", "prompt_template", "type"}
)
_ROWS: Final = {row.key: row for row in card.READ_FIELDS}
_DATA_TAKEN: Final = _ROWS.keys() | {"avatar", "avatar_url", EXTENSIONS}


@dataclass(frozen=True)
class Shape:
    """What a card is written for.

    ``picture_uri`` is the address of the picture in V3's list of assets, None where
    the list needs to name none. ``embedded`` are the files that the list holds,
    ``packed`` those that stand beside it.
    """

    version: Literal[2, 3]
    is_backfill: bool = False
    has_book: bool = False
    has_picture_field: bool = False
    picture_uri: str | None = None
    embedded: tuple[Asset, ...] = ()
    packed: tuple[Asset, ...] = ()


@dataclass
class Placed:
    """What stands where in a card; ``block`` holds our block's extensions."""

    root: dict[str, JsonValue] = field(default_factory=dict)
    data: dict[str, JsonValue] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)
    block: dict[str, Any] = field(default_factory=dict)
    spelled: list[str] = field(default_factory=list)


def placed(sheet: CharacterSheet, *, shape: Shape) -> Placed:
    """Find a place for what the sheet's extensions hold, but for what is private."""
    found = Placed(extensions=_public(sheet.extensions, part=EXTENSIONS))
    for key in (BLOCK_KEY, CARD_KEY):
        if key in found.extensions:
            found.block[key] = found.extensions.pop(key)
    parts: dict[str, dict[str, Any]] = {}
    if card_keeping.has_parts(found.block.get(CARD_KEY)):
        parts = found.block.pop(CARD_KEY)
    placer = _Placer(found, sheet=sheet, shape=shape)
    placer.put_picture(parts.get(DATA, {}).get(ASSETS))
    unplaced: dict[str, dict[str, JsonValue]] = {}
    for part, fields in parts.items():
        for key, value in _public(fields, part=part).items():
            if not placer.put(part, key=key, value=value):
                unplaced.setdefault(part, {})[key] = value
    if unplaced:
        found.block[CARD_KEY] = unplaced
    return found


def _public(fields: dict[str, Any], *, part: str) -> dict[str, Any]:
    hidden = PRIVATE.get(part, frozenset())
    return {key: value for key, value in fields.items() if key not in hidden}


class _Placer:
    """Puts one field after the other where it stood, or says that it cannot."""

    def __init__(self, found: Placed, *, sheet: CharacterSheet, shape: Shape) -> None:
        self._found = found
        self._sheet = sheet
        self._shape = shape
        self._is_v3 = shape.version == 3 and not shape.is_backfill

    def put(self, part: str, *, key: str, value: JsonValue) -> bool:
        """Put the field where it stood; False if our block must hold it."""
        match part:
            case card_keeping.ROOT:
                return self._put_root(key, value)
            case card_keeping.DATA:
                return self._put_data(key, value)
            case card_keeping.DATA_SPELLED:
                return self._put_spelled(key, value)
            case card_keeping.EXTENSIONS_SPELLED:
                return self._put_extension(key, value)
            case _:
                return self._put_literal(key, value)

    def put_picture(self, kept: JsonValue) -> None:
        """Write the list of assets, if the kept one or the picture needs it."""
        uri = self._shape.picture_uri
        if self._is_v3 and (kept is not None or uri not in (None, DEFAULT)):
            self._found.data[ASSETS] = written_assets(
                kept, picture_uri=uri, files=self._shape.embedded
            )

    def _put_root(self, key: str, value: JsonValue) -> bool:
        if key in _ROOT_TAKEN or self._shape.is_backfill:
            return False
        self._found.root[key] = value
        return True

    def _put_data(self, key: str, value: JsonValue) -> bool:
        if self._shape.is_backfill or key in _DATA_TAKEN:
            return False
        if key in card_keeping.V3_ONLY and not self._is_v3:
            return False
        match key:
            case "assets":
                return self._is_stable(value)
            case "group_only_greetings" if value == []:
                return False
            case "character_book" if self._shape.has_book or not is_unreadable(value):
                return False
        self._found.data[key] = value
        return True

    def _is_stable(self, kept: JsonValue) -> bool:
        """Whether the list that was written is read as the kept one."""
        written = self._found.data.get(ASSETS)
        again = read_assets(written, files=self._shape.packed).value
        return canonical_json(again) == canonical_json(kept)

    def _put_spelled(self, key: str, value: JsonValue) -> bool:
        if key == "avatar":
            return self._put_address(value)
        row = _ROWS.get(key)
        if row is None or (row is card.NICKNAME and not self._is_v3):
            return False
        if self._shape.is_backfill and key == "creator_notes":
            return False
        current = value_at(self._sheet, row.to)
        if value == current or row.how(value).value != current:
            return False
        if row is card.FOREIGN_PROMPT:
            self._found.spelled.append(key)
        self._found.data[key] = value
        return True

    def _put_address(self, value: JsonValue) -> bool:
        if self._shape.has_picture_field or self._shape.is_backfill:
            return False
        address = self._sheet.avatar_address
        if not pictures.is_address(value) or coercing.line(value).value != address:
            return False
        self._found.data["avatar"] = value
        return True

    def _put_extension(self, key: str, value: JsonValue) -> bool:
        values, left = read_extension(key, value) if key in READ else ({}, {})
        if not values or not _says(self._sheet, values):
            return False
        extensions = self._found.extensions
        own = {key: extensions[key]} if key in extensions else {}
        if canonical_json(left) != canonical_json(own):
            return False
        extensions[key] = value
        self._found.spelled.append(key)
        return True

    def _put_literal(self, key: str, value: JsonValue) -> bool:
        if key != CARD_KEY:
            return False
        self._found.extensions[key] = value
        return True


def is_unreadable(book: JsonValue) -> bool:
    """Whether a card's book can only be kept as it is."""
    if not isinstance(book, dict):
        return not coercing.is_empty(book)
    if not book:
        return False
    try:
        read_book(book, name="Book")
    except UnreadableFile:
        return True
    return False


def value_at(sheet: CharacterSheet, to: str) -> Any:
    """The value of the sheet's field at the dotted path ``to``."""
    value: Any = sheet
    for step in to.split("."):
        value = getattr(value, step)
    return value


def _says(sheet: CharacterSheet, values: dict[str, Any]) -> bool:
    """Whether the sheet has what ``values``, of a sheet in the making, say."""
    named = {"display_name": "-", "framework_id": DEFAULT_FRAMEWORK_ID, **values}
    try:
        other = CharacterSheet.model_validate(named)
    except ValidationError:
        return False
    keys = set(values)
    ours = sheet.model_dump(mode="json", include=keys)
    return canonical_json(ours) == canonical_json(
        other.model_dump(mode="json", include=keys)
    )
