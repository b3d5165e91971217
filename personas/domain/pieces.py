"""Texts that remember which field each part of them came from.

The editor leads from a span of the finished prompt to its field and back. The
prompt itself is the pieces joined, so the two can never tell different tales.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text and the path of the field it came from.

    ``source`` is written as forms name their controls, for example
    ``quirks.0.items.2``; the framework's start with ``framework.``. It is empty
    for what no field wrote: blank lines between parts, headings of sections.
    """

    text: str
    source: str = ""


Pieces = tuple[Piece, ...]


def text_of(pieces: Iterable[Piece]) -> str:
    """The text, without its origins."""
    return "".join(piece.text for piece in pieces)


def is_blank(pieces: Iterable[Piece]) -> bool:
    """Whether nothing of it can be seen."""
    return not any(piece.text.strip() for piece in pieces)


def joined(parts: Iterable[Pieces], *, between: str = "\n\n") -> Pieces:
    """The parts that hold anything, with ``between`` between them."""
    return tuple(_joined(parts, between=between))


def _joined(parts: Iterable[Pieces], *, between: str) -> Iterator[Piece]:
    is_first = True
    for part in parts:
        if is_blank(part):
            continue
        if not is_first:
            yield Piece(between)
        is_first = False
        yield from part
