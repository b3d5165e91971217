"""Differences, ready for templates: fields with titles, texts as runs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.diffing import Piece, field_changes, text_pieces
from personas.domain.sheets import Sheet
from personas.views.shown import field_title, picture_url, value_text

# Of a long run that did not change, so much is shown at each end.
CONTEXT_CHARACTERS: Final = 160
_PICTURE: Final = "avatar"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of text; ``left_out`` characters of what stayed are not shown after it."""

    text: str
    is_added: bool = False
    is_removed: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs; pictures as addresses, everything else as runs."""

    title: str
    runs: tuple[Run, ...]
    is_picture: bool = False
    picture_before: str = ""
    picture_after: str = ""


def runs(pieces: Iterable[Piece], /) -> tuple[Run, ...]:
    """Runs of a diff, long unchanged ones cut in the middle."""
    found: list[Run] = []
    for piece in pieces:
        if piece.kind != "same":
            found.append(
                Run(
                    piece.text,
                    is_added=piece.kind == "added",
                    is_removed=piece.kind == "removed",
                )
            )
            continue
        if len(piece.text) <= 3 * CONTEXT_CHARACTERS:
            found.append(Run(piece.text))
            continue
        head = _whole_words(piece.text[:CONTEXT_CHARACTERS])
        # Backwards, the end of a text is cut as its beginning is.
        tail = _whole_words(piece.text[: -CONTEXT_CHARACTERS - 1 : -1])[::-1]
        left_out = len(piece.text) - len(head) - len(tail)
        found += [Run(head, left_out=left_out), Run(tail)]
    return tuple(found)


def _whole_words(text: str) -> str:
    """``text`` up to its last line break, or blank, if that keeps half of it."""
    for at in (text.rfind("\n"), text.rfind(" ")):
        if at > len(text) // 2:
            return text[:at]
    return text


def text_runs(before: str, /, *, after: str) -> tuple[Run, ...]:
    """The word diff of two texts; nothing if they are the same."""
    return runs(text_pieces(before, after=after)) if before != after else ()


def differences(before: Sheet, /, *, after: Sheet) -> list[FieldDifference]:
    """Every field of ``after`` that is not as in ``before``, in the sheet's order."""
    found = []
    for change in field_changes(before, after=after):
        title = field_title(change.path, model=type(after))
        if change.path == _PICTURE:
            found.append(
                FieldDifference(
                    title,
                    runs=(),
                    is_picture=True,
                    picture_before=picture_url(change.before or ""),
                    picture_after=picture_url(change.after or ""),
                )
            )
            continue
        old, new = value_text(change.before), value_text(change.after)
        if _is_number(change.before) and _is_number(change.after):
            # Digit by digit they would be hard to read.
            told = (Run(old, is_removed=True), Run(" → "), Run(new, is_added=True))
            found.append(FieldDifference(title, runs=told))
            continue
        if old == new:
            # Such as an absent name in a tree and an empty one.
            old, new = _json(change.before), _json(change.after)
        found.append(FieldDifference(title, runs=text_runs(old, after=new)))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True)
class Input:
    """One authored field with its value as text."""

    title: str
    text: str
    picture: str = ""


def inputs(sheet: Sheet, /) -> list[Input]:
    """Every field that says something, in the sheet's order."""
    found = []
    for name, value in sheet.model_dump(mode="json").items():
        title = field_title(name, model=type(sheet))
        if name == _PICTURE and value:
            found.append(Input(title, "", picture=picture_url(value)))
        elif text := value_text(value):
            found.append(Input(title, text))
    return found
