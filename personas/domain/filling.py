"""Filling gaps: what a file adds to a draft that it never met before.

Without a common beginning nobody can tell which of two texts is newer. So what the
draft lacks is taken from the file, lists get what only the file has at their end,
and where both say something else the draft stays, and the place is told.
Values are compared as they are written, as in ``merging``.
"""

from dataclasses import dataclass
from typing import Any

from personas.domain.merging import Path, is_same


@dataclass(frozen=True, slots=True)
class Filled:
    """``differing`` are the places where the draft stayed, outermost first."""

    value: Any
    differing: tuple[Path, ...]


def fill(mine: Any, *, theirs: Any, empty: Any = None, path: Path = ()) -> Filled:
    """``mine`` with what only ``theirs`` says.

    ``empty`` is a value of the same shape that says nothing, such as a sheet's
    defaults; a place where a value is like it has a gap, and so has one with an
    empty text, list or object, or ``None``.
    """
    if is_same(mine, theirs) or _says_nothing(theirs, empty):
        return Filled(mine, ())
    if _says_nothing(mine, empty):
        return Filled(theirs, ())
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _filled_object(mine, theirs=theirs, empty=empty, path=path)
    if isinstance(mine, list) and isinstance(theirs, list):
        more = [item for item in theirs if not any(is_same(item, m) for m in mine)]
        return Filled([*mine, *more], ())
    return Filled(mine, (path,))


def _filled_object(
    mine: dict[str, Any], *, theirs: dict[str, Any], empty: Any, path: Path
) -> Filled:
    value = dict(mine)
    differing: list[Path] = []
    gaps = empty if isinstance(empty, dict) else {}
    for key, their in theirs.items():
        if key not in mine:
            value[key] = their
            continue
        inner = (*path, key)
        found = fill(mine[key], theirs=their, empty=gaps.get(key), path=inner)
        value[key] = found.value
        differing += found.differing
    return Filled(value, tuple(differing))


def _says_nothing(value: Any, empty: Any) -> bool:
    return value is None or value in ("", [], {}) or is_same(value, empty)
