"""What the names of several characters do to each other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from personas.domain.matching import Edges
from routing.domain.linting_values import (
    OTHERS,
    Entered,
    Finding,
    Kind,
    Other,
    Phrase,
    Severity,
    Subject,
    made,
)

LONGEST_INNER: Final = 60
"""In characters: longer names are only compared whole, so that cost has a bound."""
SHORTEST_BEGINNING: Final = 3


@dataclass(frozen=True, slots=True)
class _Held:
    """Some of those who have a name, and how many have it."""

    some: tuple[Other, ...] = ()
    count: int = 0

    def plus(self, other: Other) -> "_Held":
        """One more than is told is kept, since the one asked about is left out."""
        some = self.some if len(self.some) > OTHERS else (*self.some, other)
        return replace(self, some=some, count=self.count + 1)

    def without(self, character_id: str) -> tuple[tuple[Other, ...], int]:
        """Others, and how many more there are; the one left out has it, too."""
        others = [each for each in self.some if each.character_id != character_id]
        shown = tuple(others[:OTHERS])
        return shown, self.count - 1 - len(shown)


class Names:
    """Everybody's names by how they are compared, and which stand within which."""

    def __init__(self, entered: Iterable[Entered]) -> None:
        self._by_key: dict[str, _Held] = {}
        for each in entered:
            for key, phrase in each.names():
                subject = each.subject
                other = Other(subject.character_id, subject.name, phrase.text)
                self._by_key[key] = self._by_key.get(key, _Held()).plus(other)
        self._lengths = sorted(
            {len(k) for k in self._by_key if len(k) <= LONGEST_INNER}
        )
        # Name → names that stand in it, or that one of its words begins with.
        self._inner: dict[str, tuple[str, ...]] = {}
        self._begun: dict[str, tuple[str, ...]] = {}
        # Name → those who have a longer one around it; of those who share that, one.
        self._around: dict[str, list[Other]] = {}
        for key, held in self._by_key.items():
            self._take_apart(key)
            for part in self._inner.get(key, ()):
                self._around.setdefault(part, []).append(held.some[0])

    def _take_apart(self, key: str) -> None:
        edges = Edges(key)
        inner, begun = [], []
        for start, end in self._parts(key):
            part = key[start:end]
            if edges.allow(start, end=end):
                inner.append(part)
            elif start == 0 or key[start - 1] == " ":
                begun.append(part)
        if inner:
            self._inner[key] = tuple(dict.fromkeys(inner))
        if begun := [part for part in begun if len(part) >= SHORTEST_BEGINNING]:
            self._begun[key] = tuple(dict.fromkeys(begun))

    def _parts(self, key: str) -> Iterator[tuple[int, int]]:
        """Where a shorter name stands in it, whole or not."""
        for start in range(len(key)):
            # No name begins within such a word, which most are.
            if start and key[start - 1 : start + 1].isalnum() and key.isascii():
                continue
            for length in self._lengths:
                if start + length > len(key) or length == len(key):
                    break
                if key[start : start + length] in self._by_key:
                    yield start, start + length

    def about(self, each: Entered) -> Iterator[Finding]:
        """All that other characters' names do to this one's."""
        subject = each.subject
        own = dict(each.names())
        for key, phrase in own.items():
            others, more = self._by_key[key].without(subject.character_id)
            if others:
                yield _collision(subject, phrase, others=others, more=more)
            for parts, told in ((self._inner, _longer), (self._begun, _begins)):
                for part in parts.get(key, ()):
                    if part not in own:
                        yield told(subject, phrase, self._by_key[part].some[0])
        yield from self._shorter_ones(subject, own)

    def _shorter_ones(
        self, subject: Subject, own: dict[str, Phrase]
    ) -> Iterator[Finding]:
        is_own = subject.character_id
        ours = Counter(
            part
            for key in own
            if self._by_key[key].some[0].character_id == is_own
            for part in self._inner.get(key, ())
        )
        for key, phrase in own.items():
            around = self._around.get(key, [])
            others = (each for each in around if each.character_id != is_own)
            shown = tuple(islice(others, OTHERS))
            if shown:
                more = len(around) - ours[key] - len(shown)
                yield _shorter(subject, phrase, others=shown, more=more)


def _collision(
    subject: Subject, phrase: Phrase, *, others: tuple[Other, ...], more: int
) -> Finding:
    words = (
        f"“{phrase.text}” is a name of {listed(subject, others, more=more)}, too."
        " A draw decides who of them answers to it. Give each a name of its own."
    )
    return made(
        Kind.COLLISION,
        Severity.PROBLEM,
        words,
        subject=subject,
        phrase=phrase,
        others=others,
        more=more,
    )


def _longer(subject: Subject, phrase: Phrase, other: Other) -> Finding:
    words = (
        f"“{phrase.text}” has “{other.phrase}” in it, a name of {other.name}. The whole"
        f" of it means this character. “{other.phrase}” alone means {other.name}. If"
        " people shorten it so, change one of the two."
    )
    return made(
        Kind.CONTAINED,
        Severity.WARNING,
        words,
        subject=subject,
        phrase=phrase,
        others=(other,),
    )


def _shorter(
    subject: Subject, phrase: Phrase, *, others: tuple[Other, ...], more: int
) -> Finding:
    longer = others[0]
    words = (
        f"“{phrase.text}” stands in “{longer.phrase}”, a name of"
        f" {listed(subject, others, more=more)}. Alone it means this character, even if"
        " people shorten the other so. Change one of the two if they do."
    )
    return made(
        Kind.CONTAINED,
        Severity.WARNING,
        words,
        subject=subject,
        phrase=phrase,
        others=others,
        more=more,
    )


def _begins(subject: Subject, phrase: Phrase, other: Other) -> Finding:
    words = (
        f"A word of “{phrase.text}” begins with “{other.phrase}”, a name of"
        f" {other.name}. Only whole words count, so the two are never mixed up."
        " Nothing needs to be done."
    )
    return made(
        Kind.PREFIX,
        Severity.INFORMATION,
        words,
        subject=subject,
        phrase=phrase,
        others=(other,),
    )


def listed(subject: Subject, others: Sequence[Other], *, more: int) -> str:
    """Who they are, in words."""
    names = [
        f"another {each.name}" if each.name == subject.name else each.name
        for each in others
    ]
    names = list(dict.fromkeys(names))
    if more:
        names.append(f"{more:,} more")
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
