"""Shapes of this app's answers, for the API description."""

from typing import Any, Final

from relationships.domain.traits import TRAITS

_Schema = dict[str, Any]
_TEXT: Final[_Schema] = {"type": "string"}
_WHOLE: Final[_Schema] = {"type": "integer"}
_POINTS: Final[_Schema] = {
    "type": "number",
    "description": "With three decimals.",
}
_TIME: Final[_Schema] = {"type": "string", "format": "date-time"}


def _object(description: str = "", /, **properties: _Schema) -> _Schema:
    schema = {
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }
    return {**schema, "description": description} if description else schema


def _or_null(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: _Schema, description: str = "") -> _Schema:
    schema: _Schema = {"type": "array", "items": items}
    return {**schema, "description": description} if description else schema


_TRAITS: Final = _object(**dict.fromkeys(TRAITS, _POINTS))
_PAIR: Final[dict[str, _Schema]] = {
    "source": {**_TEXT, "description": "Who feels."},
    "target": {**_TEXT, "description": "For whom."},
    "affinity": {**_POINTS, "description": "-10 to 10, decayed to as_of."},
    "stored": {**_POINTS, "description": "What it was at updated_at."},
    "updated_at": _or_null(_TIME),
    "resting": {**_POINTS, "description": "What it fades towards."},
    "band": _TEXT,
    "events": {**_WHOLE, "description": "Interactions that count."},
    "seq": {**_WHOLE, "description": "The number of the newest ledger row."},
    "tension": {**_POINTS, "description": "0 to 1, of both, decayed to as_of."},
    "tension_stored": _POINTS,
    "tension_at": _or_null(_TIME),
}
_DIRECTION: Final = {**_PAIR, "traits": _TRAITS}

RELATIONSHIPS: Final = _object(
    "What everybody feels for everybody, at one moment.",
    as_of=_TIME,
    seq={
        **_WHOLE,
        "description": "Follow the stream “relationships” from this number.",
    },
    characters=_list(
        _object(
            character_id=_TEXT,
            display_name=_TEXT,
            avatar_url=_or_null(_TEXT),
            active={"type": "boolean"},
        )
    ),
    pairs=_list(
        _object(**_PAIR), "Each direction in which anything ever happened, by ids."
    ),
)

_ROW: Final = _object(
    seq=_WHOLE,
    at=_TIME,
    cause={"enum": ["event", "set", "reset", "resting", "void"]},
    report=_or_null(_WHOLE),
    kind=_or_null(_TEXT),
    is_speaker={"type": "boolean"},
    base=_POINTS,
    intensity=_POINTS,
    compatibility=_POINTS,
    tension_before=_POINTS,
    is_trigger={"type": "boolean"},
    factor=_POINTS,
    wanted={**_POINTS, "description": "The change before the day’s cap cut it."},
    change=_POINTS,
    before={**_POINTS, "description": "Decayed to the moment of the row."},
    after=_POINTS,
    resting=_POINTS,
    tension=_POINTS,
    traits=_TRAITS,
    events=_WHOLE,
    band={**_or_null(_TEXT), "description": "The band that was entered, if any."},
    folded={
        **_WHOLE,
        "description": "Older rows of the day that were compacted into this one.",
    },
    reason=_TEXT,
    author=_or_null(_TEXT),
)
RELATIONSHIP: Final = _object(
    "What two characters feel for each other.",
    as_of=_TIME,
    **_DIRECTION,
    trigger_topics=_list(_TEXT),
    reverse=_object("The other direction.", **_DIRECTION),
    history=_list(_ROW, "Rows of the ledger of this direction, newest first."),
    next=_or_null(_TEXT),
)

_ODDS: Final[dict[str, _Schema]] = {
    "target": _TEXT,
    "probability": {"type": "number"},
    "affinity": _POINTS,
    "base": {"type": "number", "description": "(affinity + 10) / 20"},
    "recent_events": {**_WHOLE, "description": "Between the two, in 24 hours."},
    "history": {"type": "number", "description": "max(0.3, 1 - 0.1 × recent_events)"},
    "compatibility": {"type": "number"},
    "tension": _POINTS,
    "calm": {"type": "number", "description": "1 - 0.8 × tension"},
    "random": {"type": "number", "description": "0.8 to 1.2, by the seed."},
    "seed": _WHOLE,
}
PROBABILITY: Final = _object(
    "The chance that source answers target, with all of its factors.", **_ODDS
)
PROBABILITIES: Final = _object(results=_list(_object(**_ODDS)))
