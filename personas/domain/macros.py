"""Macros that authors wrote and nobody knows, with their places in the field.

They stay in the prompt as they are; the editor marks them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.lore.macros import MacroValues, expand
from personas.domain.placeholders import PLACES, unknown_places
from personas.domain.sections import FRAMEWORK

TEMPLATE: Final = "prompt_template"
# Also those with arguments, such as {{random:a,b}}.
_MACRO: Final = re.compile(r"\{\{([^{}\n]{1,200})\}\}")
_ANYBODY: Final = MacroValues(char="", user="")
_KNOWN: Final = frozenset({"char", "user", "original"})
_UNSERVED: Final = frozenset(
    {
        "activity_preferences",
        "avatar",
        "avatar_address",
        "behavior",
        "character_version",
        "creator",
        "creator_notes",
        "extensions",
        "framework_blending",
        "framework_id",
        "model",
        "rag",
        "tags",
        "voice",
    }
)
"""Fields that reach no prompt and no message as text."""


@dataclass(frozen=True, slots=True)
class UnknownMacro:
    """Something in braces that means nothing where it stands.

    ``source`` is the path of the field as prompts trace it; ``name`` is what
    stands between the braces, ``text`` the whole of it; ``line`` and ``column``
    count from 1, in the field's own text.
    """

    source: str
    name: str
    text: str
    line: int
    column: int


def unknown_macros(sheet: Mapping[str, Any], *, prefix: str = "") -> list[UnknownMacro]:
    """Those of all served texts of a dumped sheet, in the order of its fields.

    ``prefix`` is put before paths: ``framework.`` for a framework. Only a prompt
    template has places with single braces; everywhere else those are plain text.
    """
    found: list[UnknownMacro] = []
    for name, value in sheet.items():
        if name not in _UNSERVED:
            is_template = prefix == FRAMEWORK and name == TEMPLATE
            found += _found(value, path=prefix + name, is_template=is_template)
    return found


def _found(value: Any, *, path: str, is_template: bool) -> Iterator[UnknownMacro]:
    if isinstance(value, str):
        if "{" in value:
            yield from _in_text(value, path=path, is_template=is_template)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _found(item, path=f"{path}.{key}", is_template=is_template)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _found(item, path=f"{path}.{at}", is_template=is_template)


def _in_text(text: str, *, path: str, is_template: bool) -> Iterator[UnknownMacro]:
    """Line by line, since counting lines for each find would be quadratic."""
    for number, line in enumerate(text.split("\n"), start=1):
        for start, written in sorted(_in_line(line, is_template=is_template)):
            name = written.strip("{}").strip()
            yield UnknownMacro(path, name, written, number, start + 1)


def _in_line(line: str, *, is_template: bool) -> set[tuple[int, str]]:
    """Where each begins, from 0, and the whole of it."""
    known = _KNOWN | set(PLACES) if is_template else _KNOWN
    found = {
        (match.start(), match[0])
        for match in _MACRO.finditer(line)
        if match[1].strip().casefold() not in known and not _is_expanded(match[0])
    }
    if is_template:
        for place in unknown_places(line):
            found.add((place.column - 1, _written(line, start=place.column - 1)))
    return found


def _is_expanded(written: str) -> bool:
    """Whether ``compose`` puts something in its place."""
    return expand(written, values=_ANYBODY, seed=0).text != written


def _written(line: str, *, start: int) -> str:
    """What begins there, with as many braces as it has."""
    end = line.index("}", start) + 1
    return line[start : end + 1] if line[end : end + 1] == "}" else line[start:end]
