"""Shapes of this app's answers, for the API description."""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_POINTS: Final = {
    "type": "number",
    "minimum": -10,
    "maximum": 10,
    "description": "Points, with three decimals.",
}


def _object(**properties: Any) -> dict[str, Any]:
    """An object all of whose properties are always there."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }


_DIRECTION: Final = _object(
    before={**_POINTS, "description": "Just before, decayed until then; points."},
    after=_POINTS,
    seq={
        "type": "integer",
        "minimum": 1,
        "description": "The number of this change among all of this direction.",
    },
)
_AFFINITY: Final = {
    **_object(speaker_to_responder=_DIRECTION, responder_to_speaker=_DIRECTION),
    "type": ["object", "null"],
    "description": "What it did to both feelings; null if a user was met.",
}
_COUNTED: Final[dict[str, Any]] = {
    "id": _TEXT,
    "status": {"type": "string", "enum": ["accepted"]},
    "character_id": _TEXT,
    "count": {**_COUNT, "description": "All interactions of the character so far."},
    "crossed": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "description": "Milestones that this one passed, lowest first.",
    },
    "affinity": _AFFINITY,
}
_TEST: Final = {
    "type": "boolean",
    "description": "Only for test keys: it was computed, and nothing was kept.",
}


def _answer(**changed: Any) -> dict[str, Any]:
    found = _object(**{**_COUNTED, **changed})
    found["properties"]["test"] = _TEST
    return found


REPORTED: Final = _answer()
_REJECTED: Final = _object(
    id={
        "type": ["string", "null"],
        "description": "As it was sent; null if it cannot be an id.",
    },
    status={"type": "string", "enum": ["rejected"]},
    code={"type": "string", "description": "As of a problem."},
    detail={"type": "string", "description": "What is wrong, and what to do."},
    errors={
        "type": "array",
        "items": _object(
            pointer={"type": "string", "description": "Into the body that was sent."},
            code=_TEXT,
            detail=_TEXT,
        ),
    },
)
BATCH_REPORTED: Final = _object(
    results={
        "type": "array",
        "description": "One for each event, in their order.",
        "items": {
            "oneOf": [
                _answer(status={"type": "string", "enum": ["accepted", "duplicate"]}),
                _REJECTED,
            ]
        },
    }
)
