"""Shapes of this app's answers, for the API description."""

from typing import Any, Final

_Schema = dict[str, Any]
_TEXT: Final[_Schema] = {"type": "string"}
_WHOLE: Final[_Schema] = {"type": "integer"}


def _object(description: str = "", /, **properties: _Schema) -> _Schema:
    schema = {
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }
    return {**schema, "description": description} if description else schema


def _or_null(kind: str, /, **more: Any) -> _Schema:
    return {"type": [kind, "null"], **more}


STAGE: Final = _object(
    "A stage of growth; what was passed stands as it was then.",
    stage_id=_or_null("integer", description="null while it is ahead."),
    milestone={**_WHOLE, "description": "The number of interactions."},
    title=_TEXT,
    description=_TEXT,
    status={
        "enum": [
            "ahead",
            "offered",
            "waiting",
            "postponed",
            "applied",
            "rejected",
            "reverted",
        ],
        "description": "offered: added below the count, so that nobody passed it.",
    },
    wants={
        "enum": ["apply", "revert", None],
        "description": "What was decided and is still to be carried out.",
    },
    failure=_or_null("string", description="Why that did not work the last time."),
    flagged={
        "type": "boolean",
        "description": "Reports were declared void, and the count is below it now.",
    },
    reached_at=_or_null("string", format="date-time"),
    version=_or_null("integer", description="The version it last went live with."),
    changes={"type": "object", "description": "What it changes in the character."},
)

EVOLUTION: Final = _object(
    "How far a character has come.",
    count={**_WHOLE, "description": "Interactions that count."},
    mode={"enum": ["auto", "approve", "frozen"]},
    traits={
        "type": "object",
        "additionalProperties": {"type": "number"},
        "description": "Trait → -1 to 1, with three decimals.",
    },
    stages={"type": "array", "items": STAGE},
    next={
        "anyOf": [
            _object(milestone=_WHOLE, remaining=_WHOLE),
            {"type": "null"},
        ],
        "description": "The next milestone, with or without a stage.",
    },
)
