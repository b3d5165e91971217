"""Unicode normalization in time that grows with the text, whatever the text is.

``unicodedata.normalize`` sorts a run of combining marks by comparing each with
each: a text of nothing else, small enough to be stored, takes it half a minute.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final, Literal

MOST_MARKS: Final = 30
"""Marks in a row that are put in order together, as in the Stream-Safe Text Format
of Unicode Standard Annex 15; no writing needs more."""


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """``text`` in a normalization form; longer runs of marks in pieces."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize(form, piece) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """The text, cut only within runs of more than ``MOST_MARKS`` marks."""
    start = run = 0
    for at, letter in enumerate(text):
        is_mark = letter > "\u02ff" and unicodedata.category(letter)[0] == "M"
        run = run + 1 if is_mark else 0
        if run > MOST_MARKS:
            yield text[start:at]
            start, run = at, 1
    yield text[start:]
