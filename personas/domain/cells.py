"""Fields of characters as the cells of a table: which, how shown, how read.

A cell holds text. Lists stand in one cell, separated by commas or line breaks; an
item that holds a comma or a quotation mark of its own stands in quotation marks,
with those inside it doubled.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from personas.domain.sheets import CharacterSheet

_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_SEPARATORS: Final = ",\n"


class Kind(StrEnum):
    """How the text of a cell is read."""

    LINE = "line"
    TEXT = "text"
    TERMS = "terms"
    NUMBER = "number"
    WHOLE = "whole"
    CHOICE = "choice"
    FRAMEWORK = "framework"


class Unreadable(ValueError):
    """The text of a cell is no value of its kind; says what to write."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field: ``path`` in the sheet, such as ``model.temperature``."""

    path: str
    kind: Kind
    title: str
    options: tuple[str, ...] = ()
    help: str = ""


PATHS: Final[Mapping[str, Kind]] = {
    "display_name": Kind.LINE,
    "nickname": Kind.LINE,
    "aliases": Kind.TERMS,
    "framework_id": Kind.FRAMEWORK,
    "tags": Kind.TERMS,
    "topic_interests": Kind.TERMS,
    "topic_avoidances": Kind.TERMS,
    "knowledge_domain.primary": Kind.LINE,
    "routing_weight": Kind.NUMBER,
    "behavior.reply_mode": Kind.CHOICE,
    "model.temperature": Kind.NUMBER,
    "model.max_tokens": Kind.WHOLE,
    "model.top_p": Kind.NUMBER,
    "model.frequency_penalty": Kind.NUMBER,
    "description": Kind.TEXT,
    "identity.personality": Kind.TEXT,
    "identity.who": Kind.TEXT,
    "identity.origin": Kind.TEXT,
    "identity.current_state": Kind.TEXT,
    "scenario": Kind.TEXT,
    "first_message": Kind.TEXT,
    "post_history": Kind.TEXT,
    "activity_preferences.channels": Kind.TERMS,
    "behavior.proactive.chance": Kind.NUMBER,
    "behavior.ambient.chance": Kind.NUMBER,
    "behavior.reactions.chance": Kind.NUMBER,
    "behavior.follow_ups.level": Kind.CHOICE,
    "creator": Kind.LINE,
    "character_version": Kind.LINE,
    "creator_notes": Kind.TEXT,
}
"""Path → kind, in the order in which columns are offered."""

SHOWN_FIRST: Final = (
    "display_name",
    "aliases",
    "framework_id",
    "tags",
    "topic_interests",
    "topic_avoidances",
    "routing_weight",
    "model.temperature",
)
"""The columns of a table for which none were chosen."""

# Where the title of the field alone would not say enough.
_WITH_PARENT: Final = {
    "behavior.proactive.chance",
    "behavior.ambient.chance",
    "behavior.reactions.chance",
    "behavior.follow_ups.level",
}


def _column(path: str, kind: Kind) -> Column:
    model: Any = CharacterSheet
    titles: list[str] = []
    options: tuple[str, ...] = ()
    for key in path.split("."):
        field = model.model_fields[key]
        titles.append(field.title or key)
        model = field.annotation
        if isinstance(model, type) and issubclass(model, StrEnum):
            options = tuple(member.value for member in model)
    shown = titles[-2:] if path in _WITH_PARENT else titles[-1:]
    return Column(path, kind, ": ".join(shown), options, field.description or "")


COLUMNS: Final[Mapping[str, Column]] = {
    path: _column(path, kind) for path, kind in PATHS.items()
}
"""Path → column, in the order in which they are offered."""

LIST_RULE: Final = (
    "Separate items by commas or lines; put an item that holds a comma or quotation"
    " marks into quotation marks, and double those inside it."
)


# -- Values of a sheet ---------------------------------------------------------------


def value_at(values: Mapping[str, Any], /, *, path: str) -> Any:
    """The value at ``path`` of a dumped sheet."""
    value: Any = values
    for key in path.split("."):
        value = value[key]
    return value


def with_values(
    values: Mapping[str, Any], /, *, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """A dumped sheet with other values at the paths of ``changes``."""
    changed = dict(values)
    for path, value in changes.items():
        *parents, last = path.split(".")
        at = changed
        for key in parents:
            at[key] = dict(at[key])
            at = at[key]
        at[last] = value
    return changed


# -- Text of a cell ------------------------------------------------------------------


def shown(value: Any, /, *, kind: Kind) -> str:
    """The text of a cell that ``read`` takes back for the same value."""
    match kind:
        case Kind.TERMS:
            return ", ".join(map(_quoted, value))
        case Kind.NUMBER | Kind.WHOLE:
            whole = isinstance(value, float) and value.is_integer()
            return str(int(value)) if whole and abs(value) < 10**15 else str(value)
        case _:
            return str(value)


def _quoted(item: str) -> str:
    doubled = item.replace('"', '""')
    return f'"{doubled}"' if "," in item or '"' in item else item


def read(text: str, /, *, kind: Kind) -> Any:
    """The value that the text of a cell means; limits are the sheet's to check.

    Raises:
        Unreadable: with words for whoever wrote it.
    """
    match kind:
        case Kind.TERMS:
            return list(_items(text.replace("\r\n", "\n").replace("\r", "\n")))
        case Kind.NUMBER:
            return _number(text.strip())
        case Kind.WHOLE:
            return _whole(text.strip())
        case Kind.CHOICE:
            # As the value is kept, or as pages call it.
            return text.strip().casefold().replace(" ", "_")
        case Kind.FRAMEWORK:
            return text.strip()
        case Kind.TEXT:
            return text.replace("\r\n", "\n")
        case _:
            return text


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        raise Unreadable("Write a number with a point, such as 12 or 0.5.")
    return number


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise Unreadable("Write a whole number in digits, such as 500.")
    return int(text)


def _items(text: str) -> Iterator[str]:
    """Items between commas and line breaks; empty ones do not count."""
    at = 0
    while at < len(text):
        if text[at] in _SEPARATORS or text[at].isspace():
            at += 1
        elif text[at] == '"':
            item, at = _quoted_item(text, at + 1)
            yield item
        else:
            end = at
            while end < len(text) and text[end] not in _SEPARATORS:
                end += 1
            yield text[at:end].strip()
            at = end


def _quoted_item(text: str, start: int) -> tuple[str, int]:
    """The item whose opening mark stands before ``start``, and where it ends."""
    found: list[str] = []
    at = start
    while True:
        end = text.find('"', at)
        if end < 0:
            raise Unreadable("Close the quotation mark; or double it if it is meant.")
        found.append(text[at:end])
        if text[end + 1 : end + 2] != '"':
            break
        found.append('"')
        at = end + 2
    at = end + 1
    while at < len(text) and text[at] not in _SEPARATORS:
        if not text[at].isspace():
            raise Unreadable("Put a comma after the closing quotation mark.")
        at += 1
    return "".join(found), at


def is_same_text(one: str, other: str, /) -> bool:
    """Whether two texts of a cell differ at most in how their lines end.

    Browsers and spreadsheets write line breaks as they like.
    """
    return one == other or _lines(one) == _lines(other)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
