"""Finding what other programs would run: it is kept as it is, and never run here.

Source: ``reference/cards.md`` section 6, "code in cards".
"""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import coercing

_KEYS: Final = frozenset(
    {
        "triggerscript",
        "virtualscript",
        "backgroundhtml",
        "customscripts",
        "lowlevelaccess",
        "regex_scripts",
        "tavernhelper_scripts",
        "tavern_helper",
    }
)
"""Fields of RisuAI and SillyTavern that hold code, in small letters."""
# Possessive, so that no text makes them look twice.
_HTML: Final = re.compile(
    r"<script\b"
    r"|<[a-z][^<>]*?[\s/\"']on[a-z]++\s*+="
    r"|\b(?:href|src)\s*+=\s*+[\"']?+\s*+javascript:",
    re.IGNORECASE,
)


def script_places(document: JsonValue) -> list[str]:
    """The fields that hold code, by their dotted paths, in the order of the file."""
    return [".".join(path) for path in _found(document, ())]


def _found(value: JsonValue, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str):
        if _HTML.search(value):
            yield path
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _found(item, (*path, str(at)))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.lower() not in _KEYS:
                yield from _found(item, (*path, key))
            elif item and not coercing.is_empty(item):
                yield (*path, key)
