"""What will go wrong with the names and topics by which characters are found.

Names and topics are compared as messages are compared with them. Looking costs by
the phrases and their lengths, never by pairs of characters.
Source: design, section 4, "Beside it": names that collide, begin each other or are
common words.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from personas.domain.matching import normalised
from routing.domain.linting_alone import about_one, frequent
from routing.domain.linting_names import Names
from routing.domain.linting_values import Entered, Finding, Subject, ordered
from routing.domain.phrases import PhraseMap

FREQUENT_PERCENT: Final = 30
FREQUENT_MESSAGES: Final = 20


def findings(
    subjects: Iterable[Subject], *, messages: Sequence[str] = ()
) -> list[Finding]:
    """All that is found, the worst first, then by character and field.

    ``messages`` are texts that were sent, to tell which phrases stand in most.
    """
    linter = Linter(subjects)
    return ordered([*linter.findings, *linter.frequent(messages)])


class Linter:
    """Findings about these subjects, and the index by which messages are searched."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._entered = [
            Entered.of(subject)
            for subject in sorted(subjects, key=lambda each: each.character_id)
        ]
        self._names = Names(self._entered)
        self._phrases: PhraseMap[str] | None = None
        self.findings = ordered(self._found())

    def _found(self) -> Iterator[Finding]:
        for each in self._entered:
            yield from about_one(each)
            yield from self._names.about(each)

    def frequent(self, messages: Sequence[str]) -> list[Finding]:
        """Phrases that stand in so many of the messages that they tell nothing.

        A name that only stands within a longer one is counted, too.
        """
        counts: Counter[str] = Counter()
        if len(messages) < FREQUENT_MESSAGES:
            return []
        phrases = self._searched()
        for text in messages:
            counts.update({key for _, _, key in phrases.find(normalised(text))})
        least = max(FREQUENT_MESSAGES, -(-FREQUENT_PERCENT * len(messages) // 100))
        often = {key: n for key, n in counts.items() if n >= least}
        return [
            frequent(each.subject, phrase, count=often[key], of=len(messages))
            for each in self._entered
            for key, phrase in each.firsts()
            if key in often
        ]

    def _searched(self) -> PhraseMap[str]:
        if self._phrases is None:
            keys = {key for each in self._entered for key, _ in each.compared if key}
            empty: PhraseMap[str] = PhraseMap.empty()
            self._phrases = empty.patched(put=[(key, key) for key in sorted(keys)])
        return self._phrases
