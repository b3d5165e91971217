"""Shapes of decisions, for the API description."""

from typing import Any, Final

from personas.api.schema import COMPOSED
from routing.api.schema import BATCH_REPORTED
from routing.domain.messages import Step

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_FLAG: Final = {"type": "boolean"}
_TIME: Final = {"type": "string", "format": "date-time"}
_ID: Final = {"type": "string", "format": "uuid"}
REASONS: Final = (*(step.value for step in Step), "nobody", "disabled")
SILENT_REASONS: Final = (
    "quiet",
    "chain",
    "budget",
    "probability",
    "mention",
    "channel_mode",
    "policy",
    "chance",
    "nobody",
    "disabled",
)


def _object(
    *, optional: tuple[str, ...] = (), description: str = "", **properties: Any
) -> dict[str, Any]:
    found = {
        "type": "object",
        "properties": properties,
        "required": sorted(set(properties) - set(optional)),
    }
    return {**found, "description": description} if description else found


def _list(items: Any, description: str = "") -> dict[str, Any]:
    found = {"type": "array", "items": items}
    return {**found, "description": description} if description else found


def _or_null(schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    found = {**schema, "type": [schema["type"], "null"]}
    return {**found, "description": description} if description else found


_PLACE: Final = _or_null(
    {"type": "integer", "minimum": 0}, "Characters of the message as it was sent."
)
_SIGNAL: Final = _object(
    kind={
        "enum": ["mention", "interest", "domain", "channel", "avoidance", "activity"]
    },
    phrase={**_TEXT, "description": "As the character's sheet writes it."},
    points={**_NUMBER, "description": "Before the weight."},
    start=_PLACE,
    end=_PLACE,
)
_CANDIDATE: Final = _object(
    character_id=_TEXT,
    score=_NUMBER,
    weight=_NUMBER,
    close={**_FLAG, "description": "Near enough to the best to be drawn from."},
    signals=_list(_SIGNAL),
)
_DRAW: Final = _object(
    of={"enum": ["close", "probability", "chance"]},
    drawn={**_NUMBER, "description": "From 0 to below 1."},
    against=_or_null(_NUMBER),
    among=_list(
        {"type": "array", "prefixItems": [_TEXT, _NUMBER], "minItems": 2},
        "Who was drawn from, each with the weight.",
    ),
)
_OF_DECISION: Final[dict[str, Any]] = {
    "decision_id": _ID,
    "character_id": _or_null(_TEXT, "Who was chosen; null: nobody."),
    "persona_id": _or_null(_TEXT),
    "version": _or_null({"type": "integer"}),
    "respond": {**_FLAG, "description": "Whether an answer shall be written."},
    "respond_reason": {"enum": list(SILENT_REASONS)},
    "reason": {"enum": list(REASONS), "description": "The step that chose."},
    "explanation": {**_TEXT, "description": "In one sentence."},
    "seed": {"type": "integer", "description": "What decided all that is drawn."},
    "close_floor": _or_null(_NUMBER, "The least score that was close."),
    "candidates": _list(_CANDIDATE, "At most 50, the best first."),
    "candidates_omitted": {**_COUNT, "description": "How many more there were."},
    "skipped": _list(
        _object(
            step={"enum": [step.value for step in Step]},
            would_have_been=_or_null(_TEXT),
        ),
        "Steps after the one that chose, and whom they would have chosen.",
    ),
    "roster_version": {**_TEXT, "description": "Stands for who could answer."},
    "context": _or_null(_TEXT),
    "ignored_mentions": _list(_TEXT, "Ids of mentions that nobody has."),
    "test": {
        **_FLAG,
        "description": "Only for test keys: it was computed, and nothing was kept.",
    },
}
_OPTIONAL: Final = ("candidates_omitted", "ignored_mentions", "test")

ROUTED: Final = _object(
    optional=(*_OPTIONAL, "prompt"),
    **_OF_DECISION,
    prompt={
        "description": "As compose gives it, if it was asked for; null if nobody"
        " responds.",
        "anyOf": [COMPOSED, {"type": "null"}],
    },
)

_LISTED: Final[dict[str, Any]] = {
    **{
        name: _OF_DECISION[name]
        for name in (
            *("decision_id", "character_id", "persona_id", "version"),
            *("respond", "respond_reason", "reason", "explanation"),
        )
    },
    "decided_at": _TIME,
    "label": _TEXT,
    "channel_id": _TEXT,
    "message_id": _or_null(_TEXT),
    "server_id": _or_null(_TEXT),
    "user_id": _or_null(_TEXT),
    "author_character_id": _or_null(_TEXT),
    "delivered": _or_null(_FLAG, "Null: no outcome was reported."),
    "latency_ms": _or_null(_COUNT),
    "reply_message_id": _or_null(_TEXT),
}
DECISIONS: Final = _object(results=_list(_object(**_LISTED)), next=_or_null(_TEXT))
_ANY: Final = {"type": "object"}
DECISION: Final = _object(
    optional=_OPTIONAL,
    **{
        **_OF_DECISION,
        **_LISTED,
        "draws": _list(_DRAW, "In the order in which they were drawn."),
        "asked": {**_ANY, "description": "What was asked besides the text."},
        "state": {**_ANY, "description": "What the record said of the channel."},
        "terms": {**_ANY, "description": "Settings by which it was decided."},
        "composed": {
            "type": ["object", "null"],
            "description": "What entered the prompt, if it was asked for at once.",
        },
        "text": {**_TEXT, "description": "The message, as far as it is kept."},
        "text_kept": {"enum": ["whole", "excerpt", "none"]},
        "reply_excerpt": _TEXT,
    },
)
OUTCOME: Final = _object(
    optional=("test",),
    decision_id=_ID,
    delivered=_FLAG,
    latency_ms=_or_null(_COUNT),
    reply_message_id=_or_null(_TEXT),
    results={
        **BATCH_REPORTED["properties"]["results"],
        "description": "What became of each event, in their order.",
    },
    test=_OF_DECISION["test"],
)
REPLAYED: Final = _object(
    same=_FLAG,
    differing=_list(_TEXT, "Fields of the decision that are not as they were."),
    decision={
        "type": "object",
        "description": "What is decided now, from what was in force then.",
    },
)
