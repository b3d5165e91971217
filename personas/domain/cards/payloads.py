"""The text that holds a card inside a picture: base64 of JSON, or nearly so.

Source: ``reference/cards.md`` sections 1.2 and 6.
"""

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import JsonValue

from core import limits
from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.dialects.reading import BOM, load

_ENCRYPTED: Final = b"rcc||"
_OPENINGS: Final = (b"{", b"[")
# One match for each bracket or comma, with all texts before it, and one at the end.
# Possessive, and never without a match, so that it stays linear.
_MARKS: Final = re.compile(
    rb'(?:"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[^"\[{,]++)*+(?:([\[{,])|\Z)', re.DOTALL
)
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")

RAW_JSON: Final = "Written as plain JSON, without base64; read all the same."
LATIN_1: Final = "Written in Latin-1 instead of UTF-8; read all the same."
PADDING: Final = "The padding at the end of the base64 was mended."
URL_SAFE: Final = "Written in the URL-safe kind of base64; read all the same."


@dataclass(frozen=True)
class Payload:
    """A card's JSON object, its bytes, and what had to be mended to get at it."""

    document: bytes
    value: dict[str, JsonValue]
    repairs: tuple[str, ...]


def check_weight(document: bytes) -> None:
    """Refuse JSON of so many values that reading it would fill the memory.

    Raises:
        UnreadableFile: more than ``limits.JSON_VALUES`` brackets and commas outside
            its texts.
    """
    most = limits.JSON_VALUES
    if sum(document.count(mark) for mark in (b"{", b"[", b",")) <= most:
        return
    marks = (match for match in _MARKS.finditer(document) if match.lastindex)
    if next(islice(marks, most, None), None) is not None:
        raise UnreadableFile(
            f"The card has more than {limits.JSON_VALUES:,} values, which no real one"
            " has. Check where it comes from, or split its lorebook."
        )


def inflate(packed: bytes, *, most: int) -> bytes:
    """What zlib packed, never more than ``most`` bytes of it.

    Raises:
        UnreadableFile: it is larger, damaged or cut off.
    """
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, most + 1)
    except zlib.error as error:
        raise UnreadableFile(
            "Its compressed text is damaged. Export the card again."
        ) from error
    if len(content) > most:
        raise UnreadableFile(
            f"It unpacks to more than {most:,} bytes. Make the card smaller."
        )
    if not unpacker.eof:
        raise UnreadableFile("Its compressed text is cut off. Export the card again.")
    return content


def unbase64(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The bytes that ``text`` stands for, and what had to be mended.

    Python's own reader skips letters that it does not know and gives rubbish;
    this one takes white space out, mends the padding, and knows the URL-safe kind.

    Raises:
        UnreadableFile: it is not base64.
    """
    packed = b"".join(text.split())
    bare = packed.rstrip(b"=")
    padded = bare + b"=" * (-len(bare) % 4)
    repairs = () if padded == packed else (PADDING,)
    standard = padded.translate(_URL_SAFE)
    if standard != padded:
        repairs = (*repairs, URL_SAFE)
    try:
        return base64.b64decode(standard, validate=True), repairs
    except binascii.Error as error:
        raise _neither() from error


def read_payload(text: bytes) -> Payload:
    """The card in ``text``, the content of a text chunk or of an EXIF comment.

    Raises:
        UnreadableFile: it is no card, too large, or encrypted. The caller says
            where.
    """
    packed = text.removeprefix(BOM).strip()
    if packed.startswith(_ENCRYPTED):
        raise _encrypted()
    if not packed:
        raise UnreadableFile("It is empty. Export the card again.")
    if packed.startswith(_OPENINGS):
        document, repairs = _raw_json(packed)
    else:
        document, repairs = unbase64(packed)
    if len(document) > limits.CARD_BYTES:
        raise UnreadableFile(
            f"It has {len(document):,} bytes; {limits.CARD_BYTES:,} are allowed."
            " Make the card smaller."
        )
    if document.startswith(_ENCRYPTED):
        raise _encrypted()
    # Many a short text happens to be base64, of rubbish.
    if not document.removeprefix(BOM).lstrip().startswith(_OPENINGS):
        raise _neither()
    check_weight(document)
    value, _ = load(document)
    if not isinstance(value, dict):
        raise UnreadableFile("Its JSON is not an object. Export the card again.")
    return Payload(document, value, repairs)


def _raw_json(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    # The PNG standard wants Latin-1 in text chunks; most programs write UTF-8.
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1").encode("utf-8"), (RAW_JSON, LATIN_1)
    return text, (RAW_JSON,)


def _encrypted() -> UnreadableFile:
    return UnreadableFile(
        "It is encrypted by RisuAI (it begins with “rcc||”). Open it in RisuAI and"
        " export it without encryption."
    )


def _neither() -> UnreadableFile:
    return UnreadableFile("It is neither base64 nor JSON. Export the card again.")
