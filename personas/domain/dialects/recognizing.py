"""Telling which dialect a file is in, or what it is instead."""

from collections.abc import Callable
from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import card, coercing
from personas.domain.dialects.parsed import Dialect, UnreadableFile

Document = dict[str, JsonValue]

_ADVICE: Final = "Give a character or a framework."
_FINISHED: Final = (
    "The file is a finished prompt, which a bot made from a character and a framework."
    " Give those two files."
)
_CARD_SPECS: Final = ("chara_card", "tavern_ai")


def _is_card(document: Document) -> bool:
    spec = document.get("spec")
    data = document.get("data")
    if isinstance(spec, str) and spec.lower().startswith(_CARD_SPECS):
        return True
    if not isinstance(data, dict):
        return False
    # Beside its own name, a name is enough; some programs write no more.
    said = not card.V1_FIELDS.isdisjoint(data) or "name" in document
    return "name" in data and said


def _is_finished_prompt(document: Document) -> bool:
    return "system_prompt" in document and not document.keys().isdisjoint(
        {"compiled_at", "tools_required", "persona_id"}
    )


def _has(*keys: str) -> Callable[[Document], bool]:
    return lambda document: not document.keys().isdisjoint(keys)


def _is_textgen(document: Document) -> bool:
    return any(isinstance(document.get(key), str) for key in ("greeting", "context"))


# The first that fits counts. A framework has both of its keys whatever else it has.
_SIGNS: Final[tuple[tuple[Callable[[Document], bool], Dialect], ...]] = (
    (lambda d: d.keys() >= {"framework_id", "prompt_template"}, Dialect.FRAMEWORK),
    (_is_card, Dialect.CARD),
    (_has("prompt_template", "behavioral_patterns"), Dialect.FRAMEWORK),
    (_has("core", "autonomous_behavior"), Dialect.AUTONOMOUS),
    (_has("prompt_file"), Dialect.FIRST),
    (_has("identity", "character_id", "display_name"), Dialect.LEGACY),
    (card.is_flat, Dialect.CARD),
    (_is_textgen, Dialect.TEXTGEN),
)


def recognized(value: JsonValue) -> tuple[Document, Dialect]:
    """The file's object and its dialect.

    Raises:
        UnreadableFile: it is something else; the message says what.
    """
    if not isinstance(value, dict):
        raise UnreadableFile(f"The file holds {_what(value)}")
    if _is_finished_prompt(value):
        raise UnreadableFile(_FINISHED)
    for fits, dialect in _SIGNS:
        if fits(value):
            return value, dialect
    raise UnreadableFile(f"The file holds {_object(value)}. {_ADVICE}")


def _what(value: JsonValue) -> str:
    match value:
        case list() if any(_is_character(item) for item in value):
            return f"a list of {len(value)} characters. Give each a file of its own."
        case list():
            return f"a list of {len(value)} items. {_ADVICE}"
        case None:
            return f"only null. {_ADVICE}"
        case str():
            return f"only a text. {_ADVICE}"
        case bool():
            return f"only true or false. {_ADVICE}"
        case _:
            return f"only a number. {_ADVICE}"


def _is_character(item: JsonValue) -> bool:
    return isinstance(item, dict) and any(fits(item) for fits, _ in _SIGNS)


def _object(document: Document) -> str:
    spec = document.get("spec")
    if "entries" in document or (isinstance(spec, str) and "lorebook" in spec.lower()):
        return "a lorebook"
    if not document:
        return "an empty object"
    if "dependencies" in document or "scripts" in document:
        return "the description of a program package"
    named = coercing.described([key[:40] for key in document])
    return f"an object with the fields {named}"
