"""Filling a template: named places only, one pass, everything else untouched.

``str.format`` would read attributes, obey width specifications and fail on a
stray brace; a template engine would run code. Source: ``reference/bot.md`` 1.1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from personas.domain.pieces import Piece, Pieces

SECTIONS: Final = (
    "identity",
    "behavior",
    "knowledge",
    "interaction",
    "anti_hallucination",
)
"""The sections of a prompt, in the order in which unnamed ones follow."""

PLACES: Final = ("character_name", *SECTIONS)
CHAR: Final = "char"

# Double braces first, so that ``{{identity}}`` leaves no brace behind.
_PLACE: Final = re.compile(
    r"\{\{(?P<double>" + "|".join(PLACES) + r")\}\}"
    r"|\{(?P<single>" + "|".join(PLACES) + r")\}"
    r"|(?i:\{\{(?P<macro>char)\}\})"
)
_CHAR: Final = re.compile(r"\{\{char\}\}", re.IGNORECASE)
# Looks like a place or a macro, whether or not it means something.
_ANY: Final = re.compile(r"\{\{?([A-Za-z_][A-Za-z0-9_]{0,63})\}\}?")
_KNOWN_MACROS: Final = {"char", "user", "original"}


@dataclass(frozen=True, slots=True)
class UnknownPlace:
    """Something in braces that means nothing here; it stays as it is.

    ``line`` and ``column`` count from 1.
    """

    name: str
    line: int
    column: int


def fill(template: str, *, values: Mapping[str, Pieces], source: str) -> Pieces:
    """Put ``values`` in place of their names; what goes in is not scanned again.

    ``values`` maps every name of ``PLACES``, and ``char``, which stands for
    ``{{char}}``, to its text; ``source`` is the path of the template itself.
    """
    return tuple(_filled(template, values=values, source=source))


def _filled(
    template: str, *, values: Mapping[str, Pieces], source: str
) -> Iterator[Piece]:
    at = 0
    for match in _PLACE.finditer(template):
        if match.start() > at:
            yield Piece(template[at : match.start()], source)
        yield from values[_named(match)]
        at = match.end()
    if at < len(template):
        yield Piece(template[at:], source)


def places_named(template: str) -> frozenset[str]:
    """The places that a template names."""
    return frozenset(map(_named, _PLACE.finditer(template))) - {CHAR}


def _named(match: re.Match[str]) -> str:
    return match["double"] or match["single"] or match["macro"].lower()


def with_name(text: str, *, name: str) -> str:
    """``{{char}}`` becomes the name; ``{{user}}`` stays for whoever knows them."""
    return _CHAR.sub(lambda _: name, text)


def with_names(pieces: Pieces, *, name: str) -> Pieces:
    """``with_name`` for traced texts; no macro reaches across two pieces."""
    return tuple(Piece(with_name(p.text, name=name), p.source) for p in pieces)


def unknown_places(template: str) -> Iterator[UnknownPlace]:
    """What looks like a place or macro and is neither, for the editor to mark."""
    for match in _ANY.finditer(template):
        name = match[1]
        if name in PLACES or name.lower() in _KNOWN_MACROS:
            continue
        before = template[: match.start()]
        line = before.count("\n") + 1
        column = match.start() - (before.rfind("\n") + 1) + 1
        yield UnknownPlace(name=name, line=line, column=column)
