"""Finding which of very many phrases stand in a text, as whole words.

What is found is what ``personas.domain.matching`` would find for each phrase alone.
Looking costs by the text and what it hits, not by the number of phrases; one phrase
more or less costs the same at any number.
Source: design, section 4, "Matching"; ``reference/performance.md``, C.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from rpds import HashTrieMap

from personas.domain.matching import Edges, Normalised

T = TypeVar("T")

# ASCII by bytes, which is several times as fast.
_ASCII_WORDS: Final = bytes(
    code if chr(code).isalnum() else ord(" ") for code in range(256)
)


class _Words(dict[int, str]):
    """For ``str.translate``: letters and digits of scripts with spaces stay, all else
    becomes a space."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        # A word of a script with spaces does not end before another letter.
        is_of_word = letter.isalnum() and not Edges(f"a{letter}").allow(0, end=1)
        word = letter if is_of_word else " "
        # What people write in is far below; the rest need not stay in memory.
        if len(self) < 65_536:
            self[code] = word
        return word


_WORDS: Final = _Words()


def _worded(text: str) -> str:
    """A space for each character that is in no word of a script with spaces."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_WORDS).decode("ascii")
    return text.translate(_WORDS)


class _Shapes:
    """How phrases begin and how long they are, so that little is looked up.

    Shared by all indexes that were made from one another and only ever added to: a
    shape that no phrase has any more costs a look and finds nothing.
    """

    __slots__ = ("firsts", "words", "writing")

    def __init__(self) -> None:
        # First word → most words of a plain phrase, lengths of the others.
        self.words: dict[str, tuple[int, tuple[int, ...]]] = {}
        # First character that is in no word → lengths of such phrases.
        self.firsts: dict[str, tuple[int, ...]] = {}
        # Reading needs no lock, since values are replaced whole.
        self.writing = threading.Lock()

    def add(self, phrase: str, *, is_plain: bool) -> None:
        word = _worded(phrase).partition(" ")[0]
        with self.writing:
            if not word:
                lengths = self.firsts.get(phrase[0], ())
                self.firsts[phrase[0]] = _with(lengths, len(phrase))
                return
            most, lengths = self.words.get(word, (0, ()))
            if is_plain:
                most = max(most, phrase.count(" ") + 1)
            else:
                lengths = _with(lengths, len(phrase))
            self.words[word] = (most, lengths)


def _with(lengths: tuple[int, ...], length: int) -> tuple[int, ...]:
    return lengths if length in lengths else (*lengths, length)


@dataclass(frozen=True, slots=True)
class PhraseMap(Generic[T]):
    """Phrases as they are compared, each with what it stands for; never changes.

    ``plain`` are made of words with single spaces between; ``others`` have signs,
    marks or characters of a script written without spaces.
    """

    _plain: "HashTrieMap[str, T]"
    _others: "HashTrieMap[str, T]"
    _shapes: _Shapes

    @classmethod
    def empty(cls) -> "PhraseMap[T]":
        return cls(HashTrieMap(), HashTrieMap(), _Shapes())

    def get(self, phrase: str) -> T | None:
        found = self._plain.get(phrase)
        return self._others.get(phrase) if found is None else found

    def patched(
        self, *, put: Iterable[tuple[str, T]] = (), drop: Iterable[str] = ()
    ) -> "PhraseMap[T]":
        """With these phrases, none of them empty, and without those, which are here."""
        plain, others = self._plain, self._others
        for phrase in drop:
            if phrase in plain:
                plain = plain.remove(phrase)
            else:
                others = others.remove(phrase)
        for phrase, value in put:
            if phrase in plain:
                plain = plain.insert(phrase, value)
            elif phrase in others:
                others = others.insert(phrase, value)
            else:
                is_plain = _worded(phrase) == phrase
                self._shapes.add(phrase, is_plain=is_plain)
                if is_plain:
                    plain = plain.insert(phrase, value)
                else:
                    others = others.insert(phrase, value)
        return PhraseMap(plain, others, self._shapes)

    def find(self, given: Normalised) -> list[tuple[int, int, T]]:
        """Every place of every phrase in the compared text, by start and length.

        Places overlap where phrases do.
        """
        text = given.text
        is_ascii = text.isascii()
        words = self._shapes.words
        found: list[tuple[int, int, T]] = []
        doubtful: list[tuple[int, int, T]] = []
        # Beyond ASCII, a mark may adjoin what looks like a whole word.
        whole = found if is_ascii else doubtful
        # Each character that is in no word parts two pieces, which may be empty.
        pieces = _worded(text).split(" ")
        start = before = 0
        for at in [at for at, piece in enumerate(pieces) if piece in words]:
            start += sum(map(len, pieces[before:at])) + at - before
            before = at
            most, lengths = words[pieces[at]]
            end = start - 1
            for piece in pieces[at : at + most]:
                end += 1 + len(piece)
                value = self._plain.get(text[start:end])
                if value is not None:
                    whole.append((start, end, value))
            for length in lengths:
                self._find_other(text, start=start, length=length, found=doubtful)
        firsts = self._shapes.firsts
        if firsts and not firsts.keys().isdisjoint(text):
            for start, letter in enumerate(text):
                for length in firsts.get(letter, ()):
                    self._find_other(text, start=start, length=length, found=doubtful)
        if doubtful:
            edges = Edges(text)
            found += [hit for hit in doubtful if edges.allow(hit[0], end=hit[1])]
            found.sort(key=_by_place)
        return found

    def _find_other(
        self, text: str, *, start: int, length: int, found: list[tuple[int, int, T]]
    ) -> None:
        value = self._others.get(text[start : start + length])
        # Near the end of the text a slice is shorter than asked for.
        end = start + length
        if value is not None and end <= len(text):
            found.append((start, end, value))


def _by_place(hit: tuple[int, int, object]) -> tuple[int, int]:
    return hit[0], hit[1]
