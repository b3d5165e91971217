"""What changed between two sheets, and between two texts."""

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from personas.domain.sheets import Sheet

_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
# With the blanks after them: by themselves, blanks would be found everywhere.
_WORD_AND_BLANKS: Final = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")
# difflib's time grows with the pairs of equal parts; beyond so many, the parts that
# both sides hold once divide the texts first. Edits in 100 KB take some 30 ms.
_MOST_PAIRS: Final = 5_000
_MOST_DIVISIONS: Final = 40

_Span = tuple[int, int, int, int]
"""From and up to where in the old parts, and in the new ones."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; ``before`` or ``after`` is ``None`` if it was absent."""

    path: str
    before: Any
    after: Any


_Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that stayed, went or came."""

    kind: _Kind
    text: str


def field_changes(before: Sheet | None, *, after: Sheet) -> list[FieldChange]:
    """Differing fields by dotted path, in the order of the sheet."""
    old = before.model_dump(mode="json") if before is not None else {}
    return list(_changes(old, after.model_dump(mode="json"), path=""))


def _changes(before: Any, after: Any, *, path: str) -> Iterator[FieldChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*after, *before]):
            inner = f"{path}.{key}" if path else key
            yield from _changes(before.get(key), after.get(key), path=inner)
    elif before != after:
        yield FieldChange(path=path, before=before, after=after)


def text_pieces(before: str, *, after: str) -> list[Piece]:
    """The texts as runs: compared by lines, and word by word where lines differ."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[Piece] = []
    for is_same, (i1, i2, j1, j2) in _spans(old, new):
        if is_same:
            _add(pieces, "same", "".join(old[i1:i2]))
            continue
        gone, come = "".join(old[i1:i2]), "".join(new[j1:j2])
        _add_words(pieces, gone, come)
    return pieces


def _add_words(pieces: list[Piece], before: str, after: str) -> None:
    old = _WORD_AND_BLANKS.findall(before)
    new = _WORD_AND_BLANKS.findall(after)
    stretches: list[_Stretch] = []
    for is_same, (i1, i2, j1, j2) in _spans(old, new):
        stretches.append(_Stretch("".join(old[i1:i2]), "".join(new[j1:j2]), is_same))
        _join(stretches)
    for stretch in stretches:
        if stretch.is_same:
            _add(pieces, "same", stretch.old)
        else:
            _add_change(pieces, _WORD.findall(stretch.old), _WORD.findall(stretch.new))


def _add_change(pieces: list[Piece], old: list[str], new: list[str]) -> None:
    """Without the words and blanks that both begin or end with."""
    start = _common(zip(old, new, strict=False))
    rest = min(len(old), len(new)) - start
    end = min(_common(zip(reversed(old), reversed(new), strict=False)), rest)
    _add(pieces, "same", "".join(old[:start]))
    _add(pieces, "removed", "".join(old[start : len(old) - end]))
    _add(pieces, "added", "".join(new[start : len(new) - end]))
    _add(pieces, "same", "".join(old[len(old) - end :]))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of both texts; if ``is_same``, they are equal there."""

    old: str
    new: str
    is_same: bool = False

    @property
    def size(self) -> int:
        return max(len(self.old), len(self.new))


def _join(stretches: list[_Stretch]) -> None:
    """Tell what stayed between two changes with them, if it is little beside them.

    A sentence that was written anew is easier to read in one piece than around
    the “and” that it has in common with the old one.
    """
    while len(stretches) >= 3 and not stretches[-1].is_same:
        before, same, after = stretches[-3:]
        is_little = 2 * same.size <= min(before.size, after.size)
        if not (is_little or same.old.isspace()):
            return
        stretches[-3:] = [
            _Stretch(
                before.old + same.old + after.old, before.new + same.new + after.new
            )
        ]


def _add(pieces: list[Piece], kind: _Kind, text: str) -> None:
    """Append a run; what is of the same kind as the last one joins it."""
    if not text:
        return
    if pieces and pieces[-1].kind == kind:
        pieces[-1] = Piece(kind, pieces[-1].text + text)
    else:
        pieces.append(Piece(kind, text))


def _spans(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, _Span]]:
    """Stretches that are the same and that are not, covering both in order."""
    at, to = 0, 0
    for i, j, size in _matches(old, new):
        if (at, to) != (i, j):
            yield False, (at, i, to, j)
        yield True, (i, i + size, j, j + size)
        at, to = i + size, j + size
    if (at, to) != (len(old), len(new)):
        yield False, (at, len(old), to, len(new))


def _matches(
    old: Sequence[str], new: Sequence[str], *, divisions: int = 0
) -> Iterator[tuple[int, int, int]]:
    """``(place in old, place in new, how many)`` of equal stretches, in order."""
    start = _common(zip(old, new, strict=False))
    rest = min(len(old), len(new)) - start
    end = min(_common(zip(reversed(old), reversed(new), strict=False)), rest)
    if start:
        yield 0, 0, start
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    for i, j, size in _inner(inner_old, inner_new, divisions=divisions):
        yield start + i, start + j, size
    if end:
        yield len(old) - end, len(new) - end, end


def _common(pairs: "zip[tuple[str, str]]") -> int:
    """How many pairs are equal before the first that is not."""
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _inner(
    old: Sequence[str], new: Sequence[str], *, divisions: int
) -> Iterator[tuple[int, int, int]]:
    if not old or not new:
        return
    counts, others = Counter(old), Counter(new)
    if sum(count * others[part] for part, count in counts.items()) <= _MOST_PAIRS:
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        yield from (tuple(m) for m in matcher.get_matching_blocks() if m.size)  # type: ignore[misc]
        return
    once = {part for part in counts if counts[part] == others[part] == 1}
    if not once or divisions == _MOST_DIVISIONS:
        return
    at, to = 0, 0
    places = [*_in_order(old, new, once=once), (len(old), len(new))]
    for i, j in places:
        for k, m, size in _matches(old[at:i], new[to:j], divisions=divisions + 1):
            yield at + k, to + m, size
        if i < len(old):
            yield i, j, 1
        at, to = i + 1, j + 1


def _in_order(
    old: Sequence[str], new: Sequence[str], *, once: set[str]
) -> list[tuple[int, int]]:
    """The most places of ``once`` that follow each other in both (patience sorting)."""
    place = {part: j for j, part in enumerate(new) if part in once}
    tops: list[int] = []  # The smallest place that ends a row of each length.
    ends: list[tuple[int, int, int]] = []  # Place in old, in new, and what is before.
    last: list[int] = []  # Index in ends of each top.
    for i, part in enumerate(old):
        if part not in once:
            continue
        j = place[part]
        row = bisect_left(tops, j)
        ends.append((i, j, last[row - 1] if row else -1))
        tops[row : row + 1] = [j]
        last[row : row + 1] = [len(ends) - 1]
    found: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        i, j, at = ends[at]
        found.append((i, j))
    return found[::-1]
