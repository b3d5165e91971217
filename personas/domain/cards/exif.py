"""Cards in WebP and JPEG pictures, in the user comment of their EXIF data.

Older SillyTavern and Agnai wrote them so. Only the way to that one field is read, and
how a viewer has to turn the picture.

Source: EXIF 2.3; ``reference/cards.md`` section 1.2.
"""

import re
import struct
from typing import Final

from core import limits
from personas.domain.dialects.parsed import UnreadableFile

JPEG: Final = b"\xff\xd8\xff"

_PREFIX: Final = b"Exif\x00\x00"
_EXIF_TABLE: Final = 0x8769
_USER_COMMENT: Final = 0x9286
_ORIENTATION: Final = 0x0112
_AS_IT_IS: Final = 1
_TURNED: Final = range(2, 9)
_ORDERS: Final = {b"II": "<", b"MM": ">"}
_APP1: Final = 0xE1
_NO_MORE_HEADERS: Final = (0xD9, 0xDA)
_ENTRY_BYTES: Final = 12
_CODE_BYTES: Final = 8
_PLAIN_CODES: Final = (b"ASCII\x00\x00\x00", bytes(_CODE_BYTES))
_WIDE_CODE: Final = b"UNICODE\x00"
_BYTE_LIST: Final = re.compile(rb"[0-9]{1,3}(?:[ ]?,[ ]?[0-9]{1,3})++")
_BYTE: Final = re.compile(rb"[0-9]+")


def is_webp(raw: bytes) -> bool:
    """Whether the bytes begin as a WebP picture does."""
    return raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"


def comment_of(raw: bytes) -> bytes | None:
    """The user comment of a WebP or JPEG picture, in UTF-8; None without one.

    A comment that is a list of byte values (``123,34,…``) is given as those bytes.

    Raises:
        UnreadableFile: there is one, and it is too large or no text.
    """
    try:
        exif = _webp_exif(raw) if is_webp(raw) else _jpeg_exif(raw)
        found = _user_comment(exif) if exif else None
    except struct.error:
        # A table that leads out of the file.
        return None
    if found is None:
        return None
    comment, wide_codec = found
    if len(comment) > limits.CARD_BYTES:
        raise UnreadableFile(
            f"The card in the picture has {len(comment):,} bytes;"
            f" {limits.CARD_BYTES:,} are allowed. Make the card smaller."
        )
    return _text(comment, wide_codec=wide_codec).strip(b"\x00 \t\r\n") or None


def _text(comment: bytes, *, wide_codec: str) -> bytes:
    code, text = comment[:_CODE_BYTES], comment[_CODE_BYTES:]
    try:
        if code == _WIDE_CODE:
            text = text.decode(wide_codec).encode("utf-8")
        elif code not in _PLAIN_CODES:
            text = comment  # written without a code, as some do
        if _BYTE_LIST.fullmatch(text.strip(b"\x00 ")):
            return bytes(int(number[0]) for number in _BYTE.finditer(text))
    except ValueError as error:
        raise UnreadableFile(
            "The card in the picture is damaged: its letters cannot be read."
            " Export it again as PNG or JSON."
        ) from error
    return text


def _webp_exif(raw: bytes) -> bytes | None:
    at = 12
    while at + 8 <= len(raw):
        (size,) = struct.unpack_from("<I", raw, at + 4)
        if raw[at : at + 4] == b"EXIF":
            return raw[at + 8 : at + 8 + size].removeprefix(_PREFIX)
        at += 8 + size + size % 2
    return None


def _jpeg_exif(raw: bytes) -> bytes | None:
    at = 2
    while raw[at : at + 1] == b"\xff":
        _, marker, size = struct.unpack_from(">BBH", raw, at)
        if marker in _NO_MORE_HEADERS:
            return None
        body = raw[at + 4 : at + 2 + size]
        if marker == _APP1 and body.startswith(_PREFIX):
            return body.removeprefix(_PREFIX)
        at += 2 + size
    return None


def _user_comment(exif: bytes) -> tuple[bytes, str] | None:
    """The raw comment, and the codec of 16-bit text in this EXIF data."""
    order = _ORDERS.get(exif[:2])
    if order is None:
        return None
    first = _first_table(exif, order=order)
    table = _entry(exif, order=order, table=first, tag=_EXIF_TABLE)
    if table is None:
        return None
    comment = _entry(exif, order=order, table=table[1], tag=_USER_COMMENT)
    if comment is None:
        return None
    count, start = comment
    codec = "utf-16-le" if order == "<" else "utf-16-be"
    return exif[start : start + count], codec


def _first_table(exif: bytes, *, order: str) -> int:
    (first,) = struct.unpack_from(f"{order}I", exif, 4)
    return int(first)


def bare_exif(body: bytes, /) -> bytes:
    """EXIF data of a JPEG less all but how to turn the picture; empty if as it is.

    ``body`` is that of a segment APP1, whatever it holds; so is what is given back.
    """
    exif = body.removeprefix(_PREFIX)
    order = _ORDERS.get(exif[:2])
    if exif == body or order is None:
        return b""
    try:
        table = _first_table(exif, order=order)
        found = _entry(exif, order=order, table=table, tag=_ORIENTATION)
    except struct.error:
        return b""
    # A number of 16 bits stands at the beginning of the four of its field.
    value = found[1] if found else _AS_IT_IS
    turn = value >> 16 if order == ">" else value & 0xFFFF
    if turn not in _TURNED:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turn, 0)
    return _PREFIX + b"MM" + struct.pack(">HIH", 42, 8, 1) + entry + bytes(4)


def _entry(exif: bytes, *, order: str, table: int, tag: int) -> tuple[int, int] | None:
    """How many values the entry ``tag`` has, and its value or where they stand."""
    (count,) = struct.unpack_from(f"{order}H", exif, table)
    for number in range(count):
        at = table + 2 + number * _ENTRY_BYTES
        found, _, values, value = struct.unpack_from(f"{order}HHII", exif, at)
        if found == tag:
            return values, value
    return None
