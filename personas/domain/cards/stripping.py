"""Pictures without what tells of their maker, time, place or prompt.

Taken apart into their pieces, never decoded. What a picture needs stays, as a list of
what is known; a file of another kind stays as it is.

Source: ITU T.81 and JFIF 1.02; WebP container specification; GIF89a; PNG
specification (third edition); ``reference/cards.md`` section 6, "private data out".
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from core import limits
from personas.domain.cards.chunks import SIGNATURE as PNG
from personas.domain.cards.chunks import assembled, chunks_of, without_texts
from personas.domain.cards.exif import JPEG, bare_exif, is_webp
from personas.domain.cards.parts import Asset, excerpt
from personas.domain.dialects.parsed import UnreadableFile

GIFS: Final = (b"GIF87a", b"GIF89a")


def stripped(asset: Asset, /) -> Asset:
    """The file; a picture (PNG, JPEG, WebP, GIF) without its metadata.

    Raises:
        UnreadableFile: it begins as a picture and is not built as one, so nobody can
            tell what is in it.
    """
    try:
        return replace(asset, content=without_metadata(asset.content))
    except UnreadableFile as error:
        raise UnreadableFile(
            f"The card's file “{excerpt(asset.path)}” is a damaged picture, so private"
            f" data in it cannot be taken out. {error} Choose a form without the"
            " card's files, or the original."
        ) from error


def without_metadata(raw: bytes, /) -> bytes:
    """A picture less its metadata and whatever follows it; other bytes as they are.

    Raises:
        UnreadableFile: it is not built as it begins.
    """
    if raw.startswith(PNG):
        return assembled(without_texts(chunks_of(raw, most_pixels=None)))
    if raw.startswith(JPEG):
        return b"".join(_jpeg(raw))
    if is_webp(raw):
        return _webp(raw)
    if raw.startswith(GIFS):
        return b"".join(_gif(raw))
    return raw


def _cut_off(kind: str) -> UnreadableFile:
    return UnreadableFile(f"The {kind} picture is damaged or cut off.")


def _too_many(kind: str) -> UnreadableFile:
    return UnreadableFile(f"The {kind} picture is made of too many pieces.")


# JPEG -----------------------------------------------------------------------------

_START: Final = b"\xff\xd8"
_END: Final = 0xD9
_SCAN: Final = 0xDA
_COMMENT: Final = 0xFE
_EXIF: Final = 0xE1
_APPLICATIONS: Final = range(0xE0, 0xF0)
# By their markers, how the bodies of those that a viewer needs begin: size in print,
# colours, and how colours were turned. Others hold EXIF, XMP, captions, thumbnails.
_NEEDED: Final = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
_FILLING: Final = re.compile(rb"\xff++")
# Neither a byte 0xFF of the picture's data, nor a mark to start again from.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _jpeg(raw: bytes) -> Iterator[bytes]:
    yield _START
    at = len(_START)
    for _ in range(limits.PNG_CHUNKS):
        filled = _FILLING.match(raw, at)
        if filled is None or filled.end() == len(raw):
            raise _cut_off("JPEG")
        at = filled.end() - 1
        marker = raw[at + 1]
        if marker == _END:
            yield raw[at : at + 2]
            return
        size = int.from_bytes(raw[at + 2 : at + 4])
        end = at + 2 + size
        if size < 2 or end > len(raw):
            raise _cut_off("JPEG")
        if marker == _SCAN:
            found = _MARKER.search(raw, end)
            if found is None:
                raise _cut_off("JPEG")
            end = found.start()
        if marker == _EXIF:
            bare = bare_exif(raw[at + 4 : end])
            if bare:
                yield raw[at : at + 2] + (len(bare) + 2).to_bytes(2) + bare
        elif _is_needed(marker, body=raw[at + 4 : at + 20]):
            yield raw[at:end]
        at = end
    raise _too_many("JPEG")


def _is_needed(marker: int, *, body: bytes) -> bool:
    if marker in _APPLICATIONS:
        return marker in _NEEDED and body.startswith(_NEEDED[marker])
    return marker != _COMMENT


# WebP -----------------------------------------------------------------------------

_WEBP_PIECES: Final = frozenset(
    [b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"]
)
_EXTENDED: Final = b"VP8X"
_HAS_METADATA: Final = 0x08 | 0x04  # EXIF, XMP
_RIFF_HEAD: Final = 12
_CHUNK_HEAD: Final = 8


def _webp(raw: bytes) -> bytes:
    body = b"".join(_webp_pieces(raw))
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _webp_pieces(raw: bytes) -> Iterator[bytes]:
    end = _CHUNK_HEAD + int.from_bytes(raw[4:8], "little")
    if end > len(raw):
        raise _cut_off("WebP")
    at = _RIFF_HEAD
    for _ in range(limits.PNG_CHUNKS):
        if at + _CHUNK_HEAD > end:
            return
        kind, size = raw[at : at + 4], int.from_bytes(raw[at + 4 : at + 8], "little")
        start = at + _CHUNK_HEAD
        if start + size > end:
            raise _cut_off("WebP")
        body = raw[start : start + size]
        if kind == _EXTENDED and body:
            body = bytes([body[0] & ~_HAS_METADATA]) + body[1:]
        if kind in _WEBP_PIECES:
            # Filled up to an even number of bytes.
            yield kind + size.to_bytes(4, "little") + body + bytes(size % 2)
        at = start + size + size % 2
    raise _too_many("WebP")


# GIF ------------------------------------------------------------------------------

_SCREEN: Final = 13  # the signature, and what is said of the whole picture
_IMAGE: Final = 0x2C
_EXTENSION: Final = 0x21
_TRAILER: Final = 0x3B
_HAS_COLOURS: Final = 0x80
_CONTROL: Final = 0xF9
_PLAIN_TEXT: Final = 0x01
_APPLICATION: Final = 0xFF
# How often an animation runs.
_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def _gif(raw: bytes) -> Iterator[bytes]:
    blocks = _Blocks(raw)
    at = blocks.after_colours(_SCREEN - 3, size=3)
    yield raw[:at]
    while (kind := blocks.byte(at)) != _TRAILER:
        if kind == _IMAGE:
            # Place and size, colours, the width of codes, then the data.
            end = blocks.after(blocks.after_colours(at + 9, size=1) + 1)
            is_needed = True
        elif kind == _EXTENSION:
            end = blocks.after(at + 2)
            is_needed = _is_needed_extension(raw[at + 1 : at + 14])
        else:
            raise _cut_off("GIF")
        if is_needed:
            yield raw[at:end]
        at = end
    yield raw[at : at + 1]


def _is_needed_extension(head: bytes) -> bool:
    """By its label, the length of its first block, and the beginning of that."""
    if head[0] == _APPLICATION:
        return head[2:] in _LOOPS
    return head[0] in {_CONTROL, _PLAIN_TEXT}


class _Blocks:
    """Finds where the parts of a GIF end, and counts them."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        # Most have 255 bytes; a file of tiny ones would take long.
        self._left = 1_000 + len(raw) // 8

    def byte(self, at: int) -> int:
        if at >= len(self._raw):
            raise _cut_off("GIF")
        return self._raw[at]

    def after_colours(self, at: int, *, size: int) -> int:
        """Where the table of colours ends that the byte at ``at`` tells of.

        ``size`` is the number of bytes from there to the table.
        """
        flags = self.byte(at)
        return at + size + (3 << (flags & 7) + 1 if flags & _HAS_COLOURS else 0)

    def after(self, at: int) -> int:
        """Where a row of blocks ends, each with its length before it."""
        while length := self.byte(at):
            at += 1 + length
            self._left -= 1
            if self._left < 0:
                raise _too_many("GIF")
        return at + 1
