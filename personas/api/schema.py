"""Shapes of this app's answers, for the API description."""

from typing import Any, Final

from personas.domain.sheets import (
    BehaviorPolicy,
    ModelSettings,
    RagFilter,
    VoiceProfile,
)

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_TIME: Final = {"type": "string", "format": "date-time"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_QUIET: Final = {
    "type": ["object", "null"],
    "description": "The switch that silences the character everywhere, the longest of"
    " several; null: there is none, or a version was asked for by its number.",
    "properties": {
        "quiet_id": _TEXT,
        "until": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "Null: until somebody lifts it.",
        },
        "reason": _TEXT,
    },
    "required": ["quiet_id", "reason", "until"],
}


def _object(description: str = "", /, **properties: Any) -> dict[str, Any]:
    """An object all of whose properties are always there."""
    found = {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }
    return {**found, "description": description} if description else found


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


def _inline(model: Any) -> dict[str, Any]:
    """A pydantic model's schema without references to definitions elsewhere."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(definitions[node["$ref"].rpartition("/")[2]])
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(item) for item in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = resolve(schema)
    return resolved


PERSONAS: Final = _object(
    results=_list(
        _object(
            character_id=_TEXT,
            persona_id=_TEXT,
            display_name=_TEXT,
            framework_id=_TEXT,
            version=_NUMBER,
            label=_TEXT,
            avatar_url=_or_null("string"),
            tags=_TEXTS,
            active={"type": "boolean"},
            quiet=_QUIET,
            content_hash=_TEXT,
            published_at=_TIME,
        )
    ),
    next=_or_null("string"),
)

_SHARES: Final = {"type": "object", "additionalProperties": {"type": "number"}}
_BLEND: Final = _object(
    weights={**_SHARES, "description": "Framework id to share of 1."},
    report={
        "type": "object",
        "description": "Section to key to what became of it.",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"type": "object"},
        },
    },
    dropped={
        "type": "object",
        "description": "Framework id to why it was left out.",
        "additionalProperties": _TEXT,
    },
)

_PROMPT_FIELDS: Final[dict[str, Any]] = {
    "persona_id": _TEXT,
    "character_id": _TEXT,
    "framework_id": _TEXT,
    "display_name": _TEXT,
    "version": _NUMBER,
    "label": _or_null("string"),
    "context": {
        **_or_null("string"),
        "description": "The id of the kind of conversation that was asked for.",
    },
    "content_hash": _TEXT,
    "system_prompt": _TEXT,
    "sections": _list(_object(name=_TEXT, text=_TEXT, tokens=_NUMBER)),
    "tokens": _object(count=_NUMBER, tokenizer=_TEXT),
    "tools": _object(required=_TEXTS, optional=_TEXTS),
    "tools_required": _TEXTS,
    "config": _inline(ModelSettings),
    "voice": _inline(VoiceProfile),
    "behavior": _inline(BehaviorPolicy),
    "rag": _inline(RagFilter),
    "greetings": _object(first_message=_TEXT, alternates=_TEXTS),
    "post_history": _TEXT,
    "evolution": _object(count_at_compile=_NUMBER, stages=_list({"type": "object"})),
    "blend": {
        "description": "What was mixed and how; null: this is the plain prompt.",
        "anyOf": [_BLEND, {"type": "null"}],
    },
    "quiet": _QUIET,
    "compiled_at": _TIME,
}

PROMPT: Final = _object(
    "A finished prompt and all that a bot needs to speak as the character.",
    **_PROMPT_FIELDS,
)

_LORE: Final[dict[str, Any]] = {
    "entry_id": _TEXT,
    "book": _TEXT,
    "title": {**_TEXT, "description": "The first 200 characters."},
    "position": _TEXT,
    "depth": {
        **_NUMBER,
        "description": "Messages before the end; at depth and for notes only.",
    },
    "role": {"enum": ["system", "user", "assistant"]},
    "tokens": _NUMBER,
}
_OPTIONAL: Final[dict[str, Any]] = {
    "cause": {"enum": ["constant", "decorator", "key"]},
    "gate": {**_TEXT, "description": "The first that stopped the entry."},
    "key": {**_TEXT, "description": "The key that was seen."},
    "span": _object(
        "Where it was seen: characters of that message, or of its speaker's name.",
        message=_NUMBER,
        start=_NUMBER,
        end=_NUMBER,
        in_name={"type": "boolean"},
    ),
    "parent": {**_TEXT, "description": "In which entry's text it was seen instead."},
    "parent_book": _TEXT,
    "roll": {"type": "number", "description": "0 up to 100."},
    "draw": _object(
        "Which entry of a group was chosen; number null: nothing was drawn.",
        group=_TEXT,
        winner=_TEXT,
        winner_book=_TEXT,
        members=_NUMBER,
        total=_NUMBER,
        number=_or_null("number"),
    ),
    "unobeyed": {**_TEXTS, "description": "Fields that are kept and not obeyed."},
    "unsupported": _list(_object(key=_TEXT, why=_TEXT)),
}
_TRACED: Final = {
    "type": "object",
    "description": "What became of one entry; what does not apply is left out.",
    "properties": {
        "entry_id": _TEXT,
        "book": _TEXT,
        "title": _TEXT,
        "fired": {"type": "boolean"},
        "reason": {**_TEXT, "description": "In plain words."},
        "pass": {**_NUMBER, "description": "0: messages were looked through."},
        "tokens": _NUMBER,
        "total": {**_NUMBER, "description": "Of all that entered up to this one."},
        **_OPTIONAL,
    },
    "required": [
        *("book", "entry_id", "fired", "pass", "reason", "title", "tokens", "total"),
    ],
}
_TRACE: Final[dict[str, Any]] = {
    "trace": _list(_TRACED),
    "trace_left_out": {
        **_NUMBER,
        "description": "Entries in play that the trace does not tell of.",
    },
    "seed": {**_NUMBER, "description": "What decided all that is left to chance."},
}

ACTIVATED: Final = _object(
    "Entries that enter, in the order of the prompt, and why each other does not.",
    entries=_list(_object(**_LORE, text=_TEXT)),
    **_TRACE,
    tokens=_NUMBER,
    bounds=_list(
        _object("A limit that left something unread.", bound=_TEXT, detail=_TEXT)
    ),
)

COMPOSED: Final = _object(
    "A prompt with the conversation in place, ready for a model.",
    **_PROMPT_FIELDS,
    chat=_list(
        _object(
            role={"enum": ["system", "user", "assistant"]},
            content=_TEXT,
        )
    ),
    lore=_list(_object(**_LORE)),
    **_TRACE,
    detection={
        "description": "How context=auto found the kind; null if it was named.",
        "anyOf": [
            _object(
                context=_or_null("string"),
                evidence=_list(
                    _object(
                        "A word that tells of a kind; places are characters.",
                        context=_TEXT,
                        phrase=_TEXT,
                        message=_NUMBER,
                        start=_NUMBER,
                        end=_NUMBER,
                    )
                ),
                ranking=_list(_object(context=_TEXT, phrases=_NUMBER)),
            ),
            {"type": "null"},
        ],
    },
    feelings={
        "description": "What it feels for the other character, as it stands at the"
        " end of the system prompt; null without other_character_id.",
        "anyOf": [_object(band=_TEXT, words=_TEXTS), {"type": "null"}],
    },
)

BUNDLE: Final = _object(
    label=_TEXT,
    prompts=_list(PROMPT),
    roster=_list(
        _object(
            character_id=_TEXT,
            persona_id=_TEXT,
            version=_NUMBER,
            active={"type": "boolean"},
            names=_TEXTS,
            interests=_TEXTS,
            avoidances=_TEXTS,
            domain=_TEXT,
            channels=_TEXTS,
            activities=_list(_object(name=_TEXT, category=_TEXT)),
            weight={"type": "number"},
        )
    ),
    contexts=_list(_object(context=_TEXT, title=_TEXT, aliases=_TEXTS)),
)

CHANGES: Final = _object(
    changed=_list(
        _object(
            character_id=_TEXT,
            content_hash=_or_null("string"),
            quiet=_QUIET,
        )
    ),
    cursor=_TEXT,
)

_REMARKS: Final = _list(
    _object(
        field={**_TEXT, "description": "As the file has it, such as data.name."},
        action={"enum": ["mapped", "kept", "repaired", "dropped"]},
        detail=_TEXT,
    )
)

CARD_UPLOAD: Final = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
        "additionalProperties": False,
    }
}
CARD_READ: Final = _object(
    "What is in a file; nothing of it is imported yet.",
    import_id=_TEXT,
    state={"enum": ["ready", "done", "skipped"]},
    kind={"enum": ["character", "framework", "lorebook"]},
    title=_TEXT,
    object_id={**_TEXT, "description": "The id it would like to have."},
    container=_TEXT,
    dialect=_TEXT,
    remarks=_REMARKS,
    scripts=_TEXTS,
    duplicates=_list(
        _object(
            "Something here that it may be the same as, the likest first.",
            kind={"enum": ["same_content", "same_book", "same_card", "same_name"]},
            what={"enum": ["character", "framework", "lorebook"]},
            object_id=_TEXT,
            title=_TEXT,
            why=_TEXT,
        )
    ),
    fresh={**_TEXT, "description": "How it differs from the likest of them."},
    preview={
        "description": "The prompt of a new draft; null for all but characters.",
        "anyOf": [
            _object(
                system_prompt=_TEXT,
                tokens=_object(count=_NUMBER, tokenizer=_TEXT),
                framework_id=_TEXT,
                problem={**_TEXT, "description": "Why there is no prompt."},
            ),
            {"type": "null"},
        ],
    },
)
CARD_COMMITTED: Final = {
    "type": "object",
    "description": "What became of it; the id of what it is now, if it was imported.",
    "properties": {
        "action": {"enum": ["new", "replace", "merge", "skip"]},
        "character_id": _TEXT,
        "book_id": _TEXT,
        "framework_id": _TEXT,
        "is_changed": {"type": "boolean"},
        "remarks": _REMARKS,
        "made_books": {**_TEXTS, "description": "Lorebooks that came with it."},
    },
    "required": ["action", "is_changed", "made_books", "remarks"],
}
