"""Shapes of the answers about quiet switches, for the API description."""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
_ID: Final = {"type": ["string", "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    """An object all of whose properties are always there."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }


QUIET: Final = _object(
    quiet_id={"type": "string", "format": "uuid"},
    character_id={**_ID, "description": "Null: every character."},
    other_character_id={
        **_ID,
        "description": "If given, neither of the two answers the other; else both"
        " speak as ever.",
    },
    channel_id={
        **_ID,
        "description": "Only there, in its threads, and, if it is a category, in its"
        " channels; null: everywhere.",
    },
    until={
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Null: until somebody lifts it.",
    },
    reason=_TEXT,
    created_at=_TIME,
    by={**_TEXT, "description": "The person, or the name of the bot's key."},
)
QUIETS: Final = _object(
    results={"type": "array", "items": QUIET}, next={"type": ["string", "null"]}
)
