"""A traced prompt, ready for templates: spans that lead to the fields they show."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from personas.domain.composing import with_user
from personas.domain.macros import UnknownMacro
from personas.domain.pieces import Piece
from personas.domain.sections import FRAMEWORK, GROWTH
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.views.shown import field_title

_USER: Final = re.compile(r"(\{\{user\}\})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a span; ``unknown`` says what is odd about it, if anything."""

    text: str
    unknown: str = ""
    is_user: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the prompt that one field wrote.

    ``source`` is the path of that field in the form on the page; ``url`` is
    where it is edited if that is another page. Both are empty for headings.
    """

    marks: tuple[Mark, ...]
    source: str = ""
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where paths of a prompt are edited.

    ``own`` is what the paths of the form on the page start with: nothing in a
    character's editor, ``framework.`` in a framework's. ``elsewhere`` is the
    editor of the other of the two. What growth wrote is edited in neither.
    """

    own: str
    elsewhere: str

    def is_own(self, path: str) -> bool:
        return path.startswith(FRAMEWORK) == (self.own == FRAMEWORK)

    def source(self, path: str) -> str:
        if path == GROWTH or not self.is_own(path):
            return ""
        return path.removeprefix(FRAMEWORK)

    def url(self, path: str) -> str:
        if path == GROWTH or self.is_own(path):
            return ""
        field = path.removeprefix(FRAMEWORK).split(".", 1)[0]
        return f"{self.elsewhere}#field-{field}"


def title_of(path: str, /) -> str:
    """The words for a path of a prompt: ``Framework › Interaction style``."""
    if path.startswith(FRAMEWORK):
        field = path.removeprefix(FRAMEWORK).split(".", 1)[0]
        return f"Framework › {field_title(field, model=FrameworkSheet)}"
    if path == GROWTH:
        return "Growth"
    words = [word for word in path.split(".") if not word.isdecimal()]
    return field_title(".".join(words), model=CharacterSheet)


def place_words(macro: UnknownMacro, /) -> str:
    """What is wrong with a macro, and where it stands."""
    return (
        f"{title_of(macro.source)}, line {macro.line}, column {macro.column}:"
        f" nothing is called “{macro.name}”, so bots get it as written."
    )


def spans(
    pieces: Iterable[Piece],
    *,
    origin: Origin,
    unknown: Iterable[UnknownMacro],
    user: str,
) -> list[Span]:
    """Pieces of one field as one span; ``user`` stands for ``{{user}}`` if given.

    Raises:
        TextTooLong: the prompt with the user's name is longer than a served one.
    """
    pieces = list(pieces)
    if user:
        with_user("".join(piece.text for piece in pieces), name=user)
    waiting = _by_path(unknown)
    found = []
    for path, group in groupby(pieces, key=lambda piece: piece.source):
        text = "".join(piece.text for piece in group)
        marks = tuple(_marks(text, unknown=waiting.get(path), user=user))
        if not path:
            found.append(Span(marks))
            continue
        found.append(
            Span(
                marks,
                source=origin.source(path),
                title=title_of(path),
                url=origin.url(path),
            )
        )
    return found


def _by_path(unknown: Iterable[UnknownMacro]) -> dict[str, deque[UnknownMacro]]:
    """Macros by the path of their text, and by all that this lies in.

    A line such as “when annoyed: goes quiet” is traced to its row, not to the
    two texts in it.
    """
    waiting: dict[str, deque[UnknownMacro]] = {}
    for macro in unknown:
        keys = macro.source.split(".")
        for end in range(len(keys), 0, -1):
            waiting.setdefault(".".join(keys[:end]), deque()).append(macro)
    return waiting


def _marks(
    text: str, *, unknown: deque[UnknownMacro] | None, user: str
) -> Iterator[Mark]:
    """Cut out the field's unknown macros, which come in the field's order."""
    at = 0
    while unknown:
        start = text.find(unknown[0].text, at)
        if start < 0:
            break
        macro = unknown.popleft()
        yield from _with_user(text[at:start], user=user)
        yield Mark(macro.text, unknown=place_words(macro))
        at = start + len(macro.text)
    yield from _with_user(text[at:], user=user)


def _with_user(text: str, *, user: str) -> Iterator[Mark]:
    for at, part in enumerate(_USER.split(text)):
        if at % 2:
            yield Mark(user or part, is_user=True)
        elif part:
            yield Mark(part)


def texts_by_part(
    pieces: Iterable[Piece], *, origin: Origin, parts: Mapping[str, str]
) -> dict[str, str]:
    """What each part of the form wrote of the prompt.

    ``parts`` maps fields to the slugs of their parts.
    """
    found: dict[str, list[str]] = {}
    for piece in pieces:
        source = origin.source(piece.source) if piece.source else ""
        slug = parts.get(source.split(".", 1)[0])
        if slug is not None:
            found.setdefault(slug, []).append(piece.text)
    return {slug: "".join(texts) for slug, texts in found.items()}
