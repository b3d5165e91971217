"""Finding phrases in text as whole words, with their places in the text as sent.

Text and phrases are compared NFKC-normalised and case-folded; underscores,
hyphens and white space, alone or in a row, are one space. A phrase counts where
no letter, digit or mark adjoins it. In scripts written without spaces any place
will do, though never one that would cut a character from its marks.

Source: design, section 4, "Matching".
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final, overload

from core.normalizing import normalize

# U+2010 is what NFKC makes of the hyphen at which no line breaks.
_SEPARATOR: Final = re.compile(r"[\s_\-\u2010]+")
_WORDS: Final = re.compile(r"[\s_\-\u2010]+|[^\s_\-\u2010]+")
# ASCII, and what is beyond it with the one character before.
_STRETCHES: Final = re.compile(
    r"[\x00-\x7f]+(?=[\x00-\x7f]|\Z)|[\x00-\x7f]?[^\x00-\x7f]+"
)
_ASCII_SEPARATORS: Final = {
    code: " " for code in range(128) if _SEPARATOR.match(chr(code))
}

# Vowels and final consonants of Hangul, and a sign of Kirat Rai: letters that
# NFKC joins with the one before, which else only marks do.
_JOINING_LETTERS: Final = frozenset([*map(chr, range(0x1160, 0x1200)), "\U00016d67"])

# First and last code points of scripts written without spaces between words.
_UNSPACED: Final = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han repetition, closing and zero
    (0x3021, 0x3029),  # Hangzhou digits
    (0x3031, 0x303C),  # kana repetition, more Hangzhou digits
    (0x3041, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo, strokes, Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han
    (0x16FE0, 0x18DFF),  # Han repetition, Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # Kana, Nushu
    (0x20000, 0x3FFFF),  # Han
)
_FIRSTS: Final = tuple(first for first, _ in _UNSPACED)

# What a character is to its neighbours.
_OTHER, _WORD, _UNSPACED_WORD = ".", "w", "u"
_MARK, _UNSPACED_MARK, _VIRAMA = "m", "n", "v"
_VIRAMA_CLASS: Final = 9  # Unicode's combining class.
# After the beginning or something other, anything may begin; after a word whose
# script has spaces, only one whose script has none. A mark belongs to what is
# before it, and a virama joins what follows to it.
_START: Final = re.compile(r"(?<![wunmv]).|(?<=[un])[wu.]|(?<=[wm])u", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Normalised:
    """Text as it is compared; ``starts[i]`` and ``ends[i]`` are the place in the
    text as sent, counted in characters, that ``text[i]`` came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def place(self, start: int, *, end: int) -> tuple[int, int]:
        """Where ``text[start:end]``, at least one character, came from."""
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase, as it was given, and where it stands in the text as sent."""

    phrase: str
    start: int
    end: int


def normalised(text: str) -> Normalised:
    """``text`` as it is compared, and where each of its characters came from."""
    if text.isascii():
        return _normalised_ascii(text)
    starts: list[int] = []
    ends: list[int] = []
    letters: list[str] = []
    for found in _STRETCHES.finditer(text):
        if found.group().isascii():
            _add_ascii(found, letters=letters, starts=starts, ends=ends)
        else:
            _add_other(found, letters=letters, starts=starts, ends=ends)
    return Normalised("".join(letters), starts, ends)


@dataclass(frozen=True, slots=True)
class _Places(Sequence[int]):
    """Where each of ``size`` characters came from, if only rows of spaces shrank.

    ``firsts`` are the characters after each row, as compared; ``lost`` says how many
    were left out before the first of them, the second, and so on. Where a character
    ends the next begins: ``shift`` 1 gives ends.
    """

    firsts: Sequence[int]
    lost: Sequence[int]
    size: int
    shift: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...

    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        places = range(self.size)[index]
        if isinstance(places, range):
            return [self._place(at) for at in places]
        return self._place(places)

    def _place(self, index: int) -> int:
        at = index + self.shift
        return at + self.lost[bisect_right(self.firsts, at)]


def _normalised_ascii(text: str) -> Normalised:
    """Without a step per character; most texts are such."""
    simple = _simple(text)
    if "  " not in simple:
        return Normalised(simple, range(len(text)), range(1, len(text) + 1))
    firsts: list[int] = []
    lost = [0]
    pieces: list[str] = []
    at = 0
    # Rows are few: ``find`` is many times as fast as trying a pattern at each space.
    while (start := simple.find("  ", at)) >= 0:
        pieces.append(simple[at : start + 1])
        at = start + 2
        while simple.startswith(" ", at):
            at += 1
        lost.append(lost[-1] + at - start - 1)
        firsts.append(at - lost[-1])
    short = "".join([*pieces, simple[at:]])
    starts = _Places(firsts, lost, size=len(short), shift=0)
    return Normalised(short, starts, replace(starts, shift=1))


def _simple(text: str) -> str:
    """ASCII as it is compared, but for separators in a row."""
    return text.translate(_ASCII_SEPARATORS).lower()


def _add_ascii(
    found: re.Match[str], *, letters: list[str], starts: list[int], ends: list[int]
) -> None:
    """A stretch of ASCII, in one step."""
    first = found.start()
    given = _normalised_ascii(found.group())
    begin = 0
    if letters and letters[-1] == " " and given.text[0] == " ":
        # The separators before go on here.
        ends[-1] = first + given.ends[0]
        begin = 1
    letters += given.text[begin:]
    starts.extend(first + at for at in given.starts[begin:])
    ends.extend(first + at for at in given.ends[begin:])


def _add_other(
    found: re.Match[str], *, letters: list[str], starts: list[int], ends: list[int]
) -> None:
    """A stretch beyond ASCII, with the character that its marks may belong to."""
    for word in _WORDS.finditer(found.group()):
        start = found.start() + word.start()
        for first, last in _clusters(word.group()):
            for letter in _folded(word.group()[first:last]):
                if letter == " " and letters and letters[-1] == " ":
                    ends[-1] = start + last
                    continue
                letters.append(letter)
                starts.append(start + first)
                ends.append(start + last)


def comparable(phrase: str) -> str:
    """The phrase as it is compared; empty if there is nothing to look for."""
    return normalised(phrase).text.strip(" ")


def spelled(phrase: str) -> str:
    """The phrase with its capitals, and in all else as it is compared."""
    return _SEPARATOR.sub(" ", normalize("NFKC", phrase).replace("’", "'")).strip(" ")


class Edges:
    """Where a phrase may stand as whole words in a text as it is compared."""

    def __init__(self, text: str) -> None:
        self._kinds = text.translate(_KINDS)

    def allow(self, start: int, *, end: int) -> bool:
        """Whether ``text[start:end]``, at least one character, is whole."""
        begins = _START.match(self._kinds, start) is not None
        return begins and _may_end(self._kinds, at=end)


class PhraseIndex:
    """Phrases to be looked for in many texts.

    Of phrases that compare equal, the first stands for all. Looking costs by
    the text's length and the lengths of phrases with one first character, not
    by the number of phrases.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases: dict[str, str] = {}
        for phrase in phrases:
            key = comparable(phrase)
            if key:
                self._phrases.setdefault(key, phrase)
        self._firsts = _firsts_by_length(self._phrases)

    def find(self, text: str) -> list[Match]:
        """Every place of every phrase, in order; where two overlap, the longer.

        Of two as long, the earlier stays.
        """
        given = normalised(text)
        kinds = given.text.translate(_KINDS)
        starts: dict[str, list[int]] = {}
        for found in _START.finditer(kinds):
            starts.setdefault(given.text[found.start()], []).append(found.start())
        taken = bytearray(len(given.text))
        places: list[tuple[int, int]] = []
        for length, letters in self._firsts:
            hits = [
                start
                for letter in letters
                for start in starts.get(letter, ())
                if not taken[start]
                and given.text[start : start + length] in self._phrases
                and _may_end(kinds, at=start + length)
            ]
            for start in sorted(hits):
                end = start + length
                # Near the end of the text a slice is shorter than asked for.
                if end <= len(taken) and taken.find(1, start, end) < 0:
                    taken[start:end] = b"\1" * length
                    places.append((start, end))
        return [
            Match(self._phrases[given.text[start:end]], *given.place(start, end=end))
            for start, end in sorted(places)
        ]


def find(text: str, *, phrases: Iterable[str]) -> list[Match]:
    """``PhraseIndex(phrases).find(text)``, for phrases that are used once."""
    return PhraseIndex(phrases).find(text)


def _firsts_by_length(phrases: Iterable[str]) -> list[tuple[int, str]]:
    """Lengths, the longest first, each with the first letters of such phrases."""
    found: dict[int, set[str]] = {}
    for phrase in phrases:
        found.setdefault(len(phrase), set()).add(phrase[0])
    return [(n, "".join(sorted(found[n]))) for n in sorted(found, reverse=True)]


def _clusters(word: str) -> Iterable[tuple[int, int]]:
    """Pieces that NFKC normalises alone as it would within the whole word."""
    if _SEPARATOR.match(word):
        return ((0, len(word)),)
    inner = [i for i in range(1, len(word)) if not _joins_before(word[i])]
    return pairwise((0, *inner, len(word)))


@lru_cache(maxsize=4_096)
def _joins_before(letter: str) -> bool:
    first = unicodedata.normalize("NFKD", letter)[0]
    return first in _JOINING_LETTERS or unicodedata.category(first)[0] == "M"


@lru_cache(maxsize=4_096)
def _folded(cluster: str) -> str:
    """Normalised, case-folded, with each separator a space."""
    folded = normalize("NFKC", cluster).casefold()
    # Folding may take a character apart again.
    again = normalize("NFKC", folded).replace("’", "'")
    return _SEPARATOR.sub(" ", again)


class _Kinds(dict[int, str]):
    """Code point → kind, for ``str.translate``; remembers what was asked."""

    def __missing__(self, code: int) -> str:
        kind = _kind(chr(code))
        # What people write in is far below; the rest need not stay in memory.
        if len(self) < 65_536:
            self[code] = kind
        return kind


def _kind(letter: str) -> str:
    category = unicodedata.category(letter)[0]
    if category not in "LNM":
        return _OTHER
    is_unspaced = _is_unspaced(ord(letter))
    if category != "M":
        return _UNSPACED_WORD if is_unspaced else _WORD
    if unicodedata.combining(letter) == _VIRAMA_CLASS:
        return _VIRAMA
    return _UNSPACED_MARK if is_unspaced else _MARK


def _is_unspaced(code: int) -> bool:
    index = bisect_right(_FIRSTS, code) - 1
    return index >= 0 and code <= _UNSPACED[index][1]


_KINDS: Final = _Kinds()


def _may_end(kinds: str, *, at: int) -> bool:
    """Whether a phrase may end before this place, by what stands there."""
    after = kinds[at] if at < len(kinds) else _OTHER
    if after in (_OTHER, _UNSPACED_WORD):
        return True
    return after == _WORD and kinds[at - 1] in (_UNSPACED_WORD, _UNSPACED_MARK)
