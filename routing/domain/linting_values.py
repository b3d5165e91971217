"""Names and topics by which characters are found, and what is said of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from personas.domain.matching import comparable

OTHERS: Final = 5
"""How many others a finding names; the rest it counts."""


class PhraseKind(StrEnum):
    """What a phrase is to its character."""

    NAME = "name"
    INTEREST = "interest"
    DOMAIN = "domain"
    AVOIDANCE = "avoidance"


TITLES: Final = {
    PhraseKind.NAME: "name",
    PhraseKind.INTEREST: "interest",
    PhraseKind.DOMAIN: "main subject",
    PhraseKind.AVOIDANCE: "avoidance",
}
"""As people call them."""


class Kind(StrEnum):
    """What is wrong."""

    COLLISION = "collision"
    CONTAINED = "contained"
    PREFIX = "prefix"
    EVERYDAY = "everyday"
    SHORT = "short"
    FREQUENT = "frequent"
    CONTRADICTION = "contradiction"
    EMPTY = "empty"
    REPEATED = "repeated"


class Severity(StrEnum):
    """How much it matters, the most first."""

    PROBLEM = "problem"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name or topic, and the path of the field that holds it, as the editor calls it.

    ``is_live_only``: the published character has it, the draft does not.
    """

    kind: PhraseKind
    path: str
    text: str
    is_live_only: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A character and what it is found by."""

    character_id: str
    name: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Another character that a finding is about, and the name of it that is meant."""

    character_id: str
    name: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at; ``sentence`` says what happens and what to do.

    ``others`` are at most ``OTHERS``; ``more`` counts those that are left out.
    """

    kind: Kind
    severity: Severity
    character_id: str
    path: str
    phrase: str
    sentence: str
    others: tuple[Other, ...] = ()
    more: int = 0
    is_live_only: bool = False

    @property
    def field(self) -> str:
        """The field of the draft, without the place in it."""
        return self.path.partition(".")[0]


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """The worst first; the same order whatever the order of subjects was."""
    ranks = {severity: at for at, severity in enumerate(Severity)}
    return sorted(
        found,
        key=lambda each: (
            ranks[each.severity],
            each.character_id,
            each.field,
            _place(each.path),
            each.kind,
            each.phrase,
        ),
    )


def _place(path: str) -> int:
    last = path.rpartition(".")[2]
    return int(last) if last.isdecimal() else -1


@dataclass(frozen=True, slots=True)
class Entered:
    """A subject, and its phrases with how they are compared."""

    subject: Subject
    compared: tuple[tuple[str, Phrase], ...]

    @classmethod
    def of(cls, subject: Subject) -> "Entered":
        return cls(subject, tuple((comparable(p.text), p) for p in subject.phrases))

    def firsts(self) -> Iterator[tuple[str, Phrase]]:
        """Each phrase once per kind: of those that compare equal, the first."""
        seen: set[tuple[PhraseKind, str]] = set()
        for key, phrase in self.compared:
            if key and (phrase.kind, key) not in seen:
                seen.add((phrase.kind, key))
                yield key, phrase

    def names(self) -> Iterator[tuple[str, Phrase]]:
        for key, phrase in self.firsts():
            if phrase.kind is PhraseKind.NAME:
                yield key, phrase


def made(
    kind: Kind,
    severity: Severity,
    sentence: str,
    *,
    subject: Subject,
    phrase: Phrase,
    others: tuple[Other, ...] = (),
    more: int = 0,
) -> Finding:
    """A finding about this phrase of this character."""
    if phrase.is_live_only:
        sentence += " It is in Live, not in the draft: publish the draft to remove it."
    return Finding(
        kind=kind,
        severity=severity,
        character_id=subject.character_id,
        path=phrase.path,
        phrase=phrase.text,
        sentence=sentence,
        others=others,
        more=more,
        is_live_only=phrase.is_live_only,
    )
