"""Looking for many keys at once, in passages of text.

Plain keys are found by one Aho-Corasick automaton over text as it is compared
(``personas/domain/matching.py``), and then held to their options; patterns by sets
of RE2 programs. Time grows with the text and with what is found in it, hardly with
the number of keys.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple

import re2
from ahocorasick_rs import AhoCorasick

from personas.domain.lore.keys import (
    Key,
    clean,
    compiled,
    pattern_options,
    unsupported,
)
from personas.domain.lore.tracing import Bound
from personas.domain.matching import Edges, comparable, normalised, spelled

MOST_PLACES: Final = 1_000_000
"""Places of keys that are looked at for one conversation."""
MOST_PATTERNS: Final = 3_000
MOST_PROGRAM: Final = 150_000
"""Steps of all patterns' programs together."""
PATTERN_WORK: Final = 150_000_000
"""Steps of programs times characters of text, for one conversation: a few seconds
where none of RE2's shortcuts helps, and at least a thousand characters."""
TOO_MANY_PATTERNS: Final = "The books in play have too many patterns for this one."

MARK: Final = "\x01"
"""Begins each passage, as in SillyTavern; no word reaches across it."""

_WINDOW: Final = 4_096  # Bounds the memory of one look by the automaton.
_HEAD: Final = 128  # Of longer keys, the automaton knows only so many characters.
_SET_PATTERNS: Final = 256
_SET_BYTES: Final = 8 * 1024 * 1024


class Hit(NamedTuple):
    """Where a key was seen: in which passage, and between which characters of it."""

    passage: int
    start: int
    end: int


@dataclass(slots=True)
class Effort:
    """What may still be spent on one conversation, and the bounds that were met."""

    places: int = MOST_PLACES
    pattern_work: int = PATTERN_WORK
    bounds: set[Bound] = field(default_factory=set)


class KeyTable:
    """Keys, each with a number, to be looked for in many texts."""

    def __init__(self, keys: Mapping[int, Key]) -> None:
        self.keys = keys
        self.unsupported: dict[int, str] = {}
        self._plain = _PlainKeys(
            {n: key for n, key in keys.items() if key.source is None}
        )
        self._patterns = _Patterns(self._supported_patterns())
        for number, key in keys.items():
            if key.source is None and not self._plain.has(number):
                self.unsupported[number] = unsupported(key)

    def look(self, passages: Sequence[str], *, effort: Effort) -> dict[int, Hit]:
        """The first place of each key that is in the passages, by its number.

        Each passage begins with ``MARK``; of several, an earlier one counts.
        """
        hits: dict[int, Hit] = {}
        texts = [clean(passage) for passage in passages]
        self._plain.look(texts, hits=hits, effort=effort)
        self._patterns.look(texts, hits=hits, effort=effort)
        return hits

    def _supported_patterns(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        size = 0
        for number, key in self.keys.items():
            if key.source is None:
                continue
            program = compiled(key.source)
            if isinstance(program, str):
                self.unsupported[number] = program
                continue
            size += program.programsize
            if len(found) == MOST_PATTERNS or size > MOST_PROGRAM:
                self.unsupported[number] = TOO_MANY_PATTERNS
                continue
            found[number] = program
        return found


class _Wanted(NamedTuple):
    """A plain key where its head was found; ``whole`` is all of it if it is longer."""

    number: int
    whole: str
    is_word: bool
    spelling: str


class _PlainKeys:
    """Plain keys, by the heads that the automaton finds."""

    def __init__(self, keys: Mapping[int, Key]) -> None:
        heads: dict[str, list[_Wanted]] = {}
        self._numbers: set[int] = set()
        for number, key in keys.items():
            text = clean(key.text)
            compared = comparable(text)
            if not compared:
                continue
            whole = compared if len(compared) > _HEAD else ""
            spelling = spelled(text) if key.case_sensitive else ""
            wanted = _Wanted(number, whole, key.whole_words, spelling)
            heads.setdefault(compared[:_HEAD], []).append(wanted)
            self._numbers.add(number)
        self._wanted = list(heads.values())
        self._longest = max(map(len, heads), default=0)
        self._automaton = AhoCorasick(list(heads))

    def has(self, number: int) -> bool:
        return number in self._numbers

    def look(
        self, texts: Sequence[str], *, hits: dict[int, Hit], effort: Effort
    ) -> None:
        text = "".join(texts)
        given = normalised(text)
        edges: Edges | None = None
        firsts = list(accumulate(map(len, texts), initial=0))
        for wanted, start, end in self._places(given.text, effort=effort):
            if wanted.number in hits:
                continue
            edges = edges or Edges(given.text)
            if wanted.is_word and not edges.allow(start, end=end):
                continue
            first, last = given.place(start, end=end)
            if wanted.spelling and spelled(text[first:last]) != wanted.spelling:
                continue
            passage = bisect_right(firsts, first) - 1
            base = firsts[passage]
            if last > firsts[passage + 1]:
                # A key that holds the mark itself.
                continue
            hits[wanted.number] = Hit(passage, first - base, last - base)

    def _places(
        self, text: str, *, effort: Effort
    ) -> Iterator[tuple[_Wanted, int, int]]:
        """Where heads stand, with each key that goes on as the text does."""
        for at in range(0, len(text), _WINDOW):
            part = text[at : at + _WINDOW + self._longest - 1]
            found = self._automaton.find_matches_as_indexes(part, overlapping=True)
            for head, first, last in found:
                effort.places -= len(self._wanted[head])
                if effort.places < 0:
                    effort.bounds.add(Bound.PLACES)
                    return
                start = at + first
                for wanted in self._wanted[head]:
                    if not wanted.whole:
                        yield wanted, start, at + last
                    elif text.startswith(wanted.whole, start):
                        yield wanted, start, start + len(wanted.whole)


class _Patterns:
    """Patterns, in sets that tell which of them are in a text."""

    def __init__(self, programs: Mapping[int, Any]) -> None:
        numbers = list(programs)
        self._size = sum(program.programsize for program in programs.values())
        self._sets = [
            _PatternSet({n: programs[n] for n in numbers[at : at + _SET_PATTERNS]})
            for at in range(0, len(numbers), _SET_PATTERNS)
        ]

    def look(
        self, texts: Sequence[str], *, hits: dict[int, Hit], effort: Effort
    ) -> None:
        for at, text in enumerate(texts if self._sets else ()):
            part = text[: effort.pattern_work // self._size]
            effort.pattern_work -= len(part) * self._size
            if len(part) < len(text):
                effort.bounds.add(Bound.PATTERN_TEXT)
            for patterns in self._sets if part else ():
                for number, start, end in patterns.places(part, hits=hits):
                    hits[number] = Hit(at, start, end)


class _PatternSet:
    """Some patterns, and one program for all of them where RE2 has room for it."""

    def __init__(self, programs: Mapping[int, Any]) -> None:
        self._programs = list(programs.items())
        self._set = _set_of([program.pattern for program in programs.values()])

    def places(
        self, text: str, *, hits: Mapping[int, Hit]
    ) -> Iterator[tuple[int, int, int]]:
        """The first place of each pattern that was not seen before."""
        for at in self._likely(text):
            number, program = self._programs[at]
            found = None if number in hits else program.search(text)
            if found is not None:
                yield number, *found.span()

    def _likely(self, text: str) -> Sequence[int]:
        """Those that are in the text, or all if the one program ran out of memory.

        It does so silently; that the last pattern, which is in every text, was not
        found, tells.
        """
        last = len(self._programs)
        found = [] if self._set is None else self._set.Match(text) or []
        return [at for at in found if at != last] if last in found else range(last)


def _set_of(sources: Sequence[str]) -> Any:
    """One program for all, ending with a pattern that is in every text, or ``None``."""
    together = re2.Set.SearchSet(pattern_options(memory=_SET_BYTES))
    try:
        for source in (*sources, ""):
            together.Add(source)
        together.Compile()
    except re2.error:
        return None
    return together
