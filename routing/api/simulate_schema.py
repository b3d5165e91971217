"""The shape of what is tried, for the API description."""

from typing import Any, Final

from routing.api.decision_schema import DECISION, ROUTED

_TEXT: Final = {"type": "string"}
_OF_TRIAL: Final[dict[str, Any]] = {
    "decision_id": {"type": "null", "description": "There is no decision."},
    "draws": DECISION["properties"]["draws"],
    "roster": {"enum": ["production", "draft"]},
    "runs": {"type": "integer", "minimum": 1},
    "distribution": {
        "type": "array",
        "description": "How the runs ended, the most frequent first.",
        "items": {
            "type": "object",
            "properties": {
                "character_id": {"type": ["string", "null"]},
                "respond": {"type": "boolean"},
                "share": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 1,
                    "description": "Of all runs.",
                },
            },
            "required": ["character_id", "respond", "share"],
        },
    },
    "left_out": {
        "type": "array",
        "description": "With roster draft: drafts that could not be tried.",
        "items": {
            "type": "object",
            "properties": {"character_id": _TEXT, "why": _TEXT},
            "required": ["character_id", "why"],
        },
    },
}
_UNTOLD: Final = ("test",)

SIMULATED: Final[dict[str, Any]] = {
    **ROUTED,
    "properties": {
        **{k: v for k, v in ROUTED["properties"].items() if k not in _UNTOLD},
        **_OF_TRIAL,
    },
    "required": sorted({*ROUTED["required"], *_OF_TRIAL} - {"left_out"}),
}
