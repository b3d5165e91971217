"""What one character's names and topics tell without those of others."""

from collections.abc import Iterator
from typing import Final

from routing.domain.everyday_words import EVERYDAY, TOPICS
from routing.domain.linting_values import (
    TITLES,
    Entered,
    Finding,
    Kind,
    Phrase,
    PhraseKind,
    Severity,
    Subject,
    made,
)

SHORT: Final = 2


def about_one(each: Entered) -> Iterator[Finding]:
    """What is wrong with its phrases, whatever others have."""
    firsts: dict[tuple[PhraseKind, str], Phrase] = {}
    for key, phrase in each.compared:
        if not key:
            yield _empty(each.subject, phrase)
            continue
        first = firsts.setdefault((phrase.kind, key), phrase)
        if first is not phrase:
            if not phrase.is_live_only:
                yield _repeated(each.subject, phrase, first=first)
            continue
        if key in EVERYDAY and (phrase.kind is PhraseKind.NAME or key not in TOPICS):
            yield _everyday(each.subject, phrase)
        elif _is_short(key):
            yield _short(each.subject, phrase)
    for (kind, key), phrase in firsts.items():
        avoided = firsts.get((PhraseKind.AVOIDANCE, key))
        if avoided and kind in {PhraseKind.INTEREST, PhraseKind.DOMAIN}:
            yield _contradiction(each.subject, phrase)


def _is_short(key: str) -> bool:
    """One or two letters or digits, in a script with capitals.

    In others, such as Hangul or Han, two letters are a whole name.
    """
    return (
        len(key) <= SHORT
        and key.isalnum()
        and all(letter.isdecimal() or letter != letter.upper() for letter in key)
    )


def _empty(subject: Subject, phrase: Phrase) -> Finding:
    words = (
        f"“{phrase.text}” has nothing that can be looked for, so no message ever"
        " matches it. Write a word, or take it out."
    )
    return made(Kind.EMPTY, Severity.PROBLEM, words, subject=subject, phrase=phrase)


def _repeated(subject: Subject, phrase: Phrase, *, first: Phrase) -> Finding:
    words = (
        f"“{phrase.text}” is the same as the {TITLES[phrase.kind]} “{first.text}”:"
        " capitals, hyphens and spaces make no difference. It counts once. Take one"
        " out."
    )
    if phrase.text == first.text:
        words = (
            f"“{phrase.text}” is there twice as a {TITLES[phrase.kind]}. It counts"
            " once. Take one out."
        )
    return made(
        Kind.REPEATED, Severity.INFORMATION, words, subject=subject, phrase=phrase
    )


_HARM: Final = {
    PhraseKind.NAME: "Such a message counts as addressed to this character. Use a"
    " longer name.",
    PhraseKind.INTEREST: "Each such message gives this character 50 points. Use a"
    " phrase that says more.",
    PhraseKind.DOMAIN: "Each such message gives this character 30 points. Use a"
    " phrase that says more.",
    PhraseKind.AVOIDANCE: "Each such message takes 100 points from this character. Use"
    " a phrase that says more.",
}


def _everyday(subject: Subject, phrase: Phrase) -> Finding:
    words = (
        f"“{phrase.text}” is an everyday word. People write it without meaning"
        f" anything by it. {_HARM[phrase.kind]}"
    )
    return made(Kind.EVERYDAY, Severity.WARNING, words, subject=subject, phrase=phrase)


def _short(subject: Subject, phrase: Phrase) -> Finding:
    words = (
        f"“{phrase.text}” is very short. It is easily written with another meaning."
        f" {_HARM[phrase.kind]}"
    )
    return made(Kind.SHORT, Severity.WARNING, words, subject=subject, phrase=phrase)


def frequent(subject: Subject, phrase: Phrase, *, count: int, of: int) -> Finding:
    """It stands in ``count`` of the newest ``of`` messages."""
    words = (
        f"“{phrase.text}” stands in {count:,} of the newest {of:,} messages, so it says"
        f" little about them. {_HARM[phrase.kind]}"
    )
    return made(Kind.FREQUENT, Severity.WARNING, words, subject=subject, phrase=phrase)


def _contradiction(subject: Subject, phrase: Phrase) -> Finding:
    points = 50 if phrase.kind is PhraseKind.INTEREST else 30
    words = (
        f"“{phrase.text}” is an avoidance of this character, too. It gives {points}"
        " points and takes 100. Take it out of one of the two."
    )
    return made(
        Kind.CONTRADICTION, Severity.PROBLEM, words, subject=subject, phrase=phrase
    )
