"""Shapes of what is answered about channels, for the API description."""

from typing import Any, Final

from core import limits
from personas.domain.sheets import ReplyMode
from routing.services.inheriting import CATEGORY, DEFAULT, OWN, PARENT, REPLY_MODES

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_MODES: Final = [ReplyMode(mode).value for mode in REPLY_MODES]
_ORIGIN: Final = {"type": "string", "enum": [OWN, PARENT, CATEGORY, DEFAULT]}
_CHARACTERS: Final = {
    "type": "array",
    "items": _TEXT,
    "maxItems": limits.LIST_ITEMS,
}


def _object(**properties: Any) -> dict[str, Any]:
    """An object all of whose properties are always there."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }


_SETTINGS: Final = {
    **_object(
        reply_mode={"type": ["string", "null"], "enum": [*_MODES, None]},
        allow={**_CHARACTERS, "type": ["array", "null"]},
        deny={**_CHARACTERS, "type": ["array", "null"]},
        default_character_id=_TEXT_OR_NULL,
    ),
    "description": "What the channel says of itself; null is inherited.",
}
_EFFECTIVE: Final = {
    **_object(
        reply_mode={"type": "string", "enum": _MODES},
        allow={
            **_CHARACTERS,
            "type": ["array", "null"],
            "description": "Only these may answer; null: everybody may.",
        },
        deny={**_CHARACTERS, "description": "These never answer."},
        default_character_id={
            **_TEXT_OR_NULL,
            "description": "Who answers if nobody fits; empty: nobody; null: whom the"
            " settings of the installation name.",
        },
        **{
            "from": _object(
                reply_mode=_ORIGIN,
                allow=_ORIGIN,
                deny=_ORIGIN,
                default_character_id=_ORIGIN,
            )
        },
    ),
    "description": "What holds in the channel, and where each part of it was said.",
}
_LISTED: Final[dict[str, Any]] = {
    "id": _TEXT,
    "name": {**_TEXT, "description": "Empty until a bot tells it."},
    "category_id": _TEXT_OR_NULL,
    "parent_id": _TEXT_OR_NULL,
    "settings": _SETTINGS,
    "revision": {
        "type": "integer",
        "minimum": 1,
        "description": "Of the settings; the `ETag` is made of it.",
    },
}
CHANNELS: Final = _object(
    results={"type": "array", "items": _object(**_LISTED)},
    next={**_TEXT_OR_NULL, "description": "The cursor of the next page."},
)
CHANNEL: Final = _object(
    **_LISTED,
    effective=_EFFECTIVE,
    quiet={
        "type": "array",
        "description": "Quiet switches that are on here.",
        "items": _object(
            quiet_id=_TEXT,
            character_id=_TEXT_OR_NULL,
            other_character_id=_TEXT_OR_NULL,
        ),
    },
)
SYNCED: Final = _object(created=_COUNT, changed=_COUNT, unchanged=_COUNT)
