"""What of a card has no place in a sheet, and where a sheet's extensions keep it."""

from typing import Any, Final

from pydantic import JsonValue

from personas.domain.dialects.card_block import Block
from personas.domain.dialects.card_extensions import read_extension
from personas.domain.dialects.drafting import Record

CARD_KEY: Final = "dramatis:card"
"""Where a sheet's extensions hold a card's other fields, by where they stood:
each of ``PARTS``, only if it has something."""
ROOT: Final = "root"
DATA: Final = "data"
EXTENSIONS: Final = "extensions"
DATA_SPELLED: Final = "data_spelled"
"""Fields of ``data`` whose value a sheet holds in another spelling."""
EXTENSIONS_SPELLED: Final = "extensions_spelled"
"""Extensions that a sheet's own fields hold."""
PARTS: Final = frozenset({ROOT, DATA, EXTENSIONS, DATA_SPELLED, EXTENSIONS_SPELLED})

_PRIVATE_FIELDS: Final = frozenset(
    {"chat", "chat_metadata", "create_date", "fav", "json_data"}
)
PRIVATE: Final = dict.fromkeys((ROOT, DATA, EXTENSIONS), _PRIVATE_FIELDS)
"""What tells about the person who had the card, by where it stands.

Source: ``reference/cards.md`` sections 1.1, 1.3 and 6.
"""
_PRIVATE_WHY: Final = "Private, so it is never exported."

_DATA_WHYS: Final = {
    "group_only_greetings": "Greetings for groups have no place here.",
    "creator_notes_multilingual": "Notes in other languages have no place here.",
    "source": "Where the card comes from.",
    "assets": "Pictures and other files of the card.",
    "creation_date": "",
    "modification_date": "",
}
V3_ONLY: Final = frozenset(_DATA_WHYS)
"""Fields of Card V3 that no sheet has a place for."""
_EXTENSION_WHYS: Final = {
    "depth_prompt": "SillyTavern's note at a depth; nothing here sends it.",
    "talkativeness": "How often it speaks in SillyTavern's groups.",
    "world": "The name of a lorebook in SillyTavern; bind the book here.",
}


def explain(record: Record, *, part: str) -> None:
    """Give the reasons why fields that nobody takes are kept aside."""
    whys = {DATA: _DATA_WHYS, EXTENSIONS: _EXTENSION_WHYS}.get(part, {})
    for key, why in whys.items():
        if why and key in record:
            record.refuse(key, why=why)
    for key in PRIVATE[part]:
        if key in record:
            record.refuse(key, why=_PRIVATE_WHY)


def kept(
    rest: dict[str, Any],
    *,
    is_flat: bool,
    block: Block | None,
    spelled: dict[str, JsonValue],
    extensions_spelled: dict[str, JsonValue],
) -> dict[str, Any]:
    """A sheet's extensions, of what nobody took from a card and of our block's."""
    data = {} if is_flat else rest.pop(DATA, {})
    holder = rest if is_flat else data
    own: dict[str, Any] = {}
    if isinstance(holder.get(EXTENSIONS), dict):
        own = holder.pop(EXTENSIONS)
    literal = {CARD_KEY: own.pop(CARD_KEY)} if CARD_KEY in own else {}
    if block is not None:
        own = _without(own, spelled=extensions_spelled)
    others = {
        ROOT: rest,
        DATA: data,
        EXTENSIONS: literal,
        DATA_SPELLED: spelled,
        EXTENSIONS_SPELLED: extensions_spelled,
    }
    ours = dict(block.extensions) if block is not None else {}
    if any(others.values()):
        ours[CARD_KEY] = _joined(others, ours.get(CARD_KEY))
    return {**own, **ours}


def _without(
    own: dict[str, Any], *, spelled: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """Extensions less what the sheet's own fields hold of them, in their order."""
    left: dict[str, JsonValue] = {}
    for key, value in own.items():
        if key not in spelled:
            left[key] = value
        else:
            left |= read_extension(key, value)[1]
    return left


def _joined(placed: dict[str, Any], unplaced: Any) -> dict[str, Any]:
    """The fields that stood in a card, with those that our block had to hold.

    Sorted, so that it does not matter which of the two held a field.
    """
    if unplaced is None:
        unplaced = {}
    elif not has_parts(unplaced):
        unplaced = {EXTENSIONS: {CARD_KEY: unplaced}}
    parts = {part: {**placed[part], **unplaced.get(part, {})} for part in sorted(PARTS)}
    return {
        part: dict(sorted(fields.items())) for part, fields in parts.items() if fields
    }


def has_parts(value: JsonValue) -> bool:
    """Whether ``value`` is what ``CARD_KEY`` stands for."""
    return (
        isinstance(value, dict)
        and bool(value)
        and PARTS.issuperset(value)
        and all(isinstance(part, dict) and part for part in value.values())
    )
