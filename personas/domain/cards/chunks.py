"""PNG as its chunks: walked, checked and written, without decoding the picture.

Walked by hand, because Pillow leaves out text after the picture's data until it has
decoded the picture, and keeps only the last of several texts with one keyword.

Source: PNG specification (third edition); ``reference/cards.md`` section 6.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core import limits
from personas.domain.cards.payloads import inflate
from personas.domain.dialects.parsed import UnreadableFile

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_HEADER_BYTES: Final = 13
_FRAME_BYTES: Final = 12  # length, type and checksum around a chunk's body
_LENGTH: Final = struct.Struct(">I")
_SIZE: Final = struct.Struct(">II")
_AGAIN: Final = "Download or export it again."

# What the picture needs: all else may tell of its maker, time, place or prompt.
_PICTURE: Final = frozenset(
    b"IHDR PLTE IDAT tRNS gAMA cHRM sRGB iCCP sBIT cICP mDCV cLLI bKGD hIST pHYs sPLT"
    b" acTL fcTL fdAT".split()
)
_TEXTS: Final = frozenset([b"tEXt", b"zTXt", b"iTXt"])


@dataclass(frozen=True)
class Chunk:
    """One chunk: its type of four letters, its body, and its bytes in the file."""

    kind: bytes
    body: bytes
    checksum: int

    @property
    def is_intact(self) -> bool:
        """Whether the checksum fits the content."""
        return zlib.crc32(self.body, zlib.crc32(self.kind)) == self.checksum


@dataclass(frozen=True)
class Text:
    """A text chunk: its keyword, where it stands, and its text as it is there."""

    keyword: str
    place: str
    body: bytes
    is_packed: bool
    is_intact: bool

    def unpacked(self, *, most: int) -> bytes:
        """The text itself.

        Raises:
            UnreadableFile: damaged, or larger than ``most`` bytes.
        """
        return inflate(self.body, most=most) if self.is_packed else self.body


def chunks_of(
    raw: bytes, *, most_pixels: int | None = limits.IMAGE_PIXELS
) -> Iterator[Chunk]:
    """The chunks of a PNG, up to its end mark and without it.

    ``most_pixels`` is None where nobody is going to decode the picture.

    Raises:
        UnreadableFile: not built as a PNG, cut off, or a picture too large.
    """
    at = len(SIGNATURE)
    for number in range(limits.PNG_CHUNKS):
        chunk = _chunk(raw, at=at)
        if number == 0:
            _check_header(chunk, most_pixels=most_pixels)
        if chunk.kind == b"IEND":
            return
        yield chunk
        at += _FRAME_BYTES + len(chunk.body)
    raise UnreadableFile(
        f"The picture is made of more than {limits.PNG_CHUNKS:,} pieces."
        " Export the card again from the program that made it."
    )


def _chunk(raw: bytes, *, at: int) -> Chunk:
    left = len(raw) - at - _FRAME_BYTES
    if left < 0:
        raise UnreadableFile(
            f"The picture is cut off at byte {len(raw):,}: its end mark is missing."
            f" {_AGAIN}"
        )
    (length,) = _LENGTH.unpack_from(raw, at)
    if length > left:
        raise UnreadableFile(
            f"The picture is damaged or cut off: the piece at byte {at:,} should have"
            f" {length:,} bytes, but only {left:,} follow. {_AGAIN}"
        )
    end = at + 8 + length
    (checksum,) = _LENGTH.unpack_from(raw, end)
    return Chunk(raw[at + 4 : at + 8], raw[at + 8 : end], checksum)


def _check_header(chunk: Chunk, *, most_pixels: int | None) -> None:
    if chunk.kind != b"IHDR" or len(chunk.body) != _HEADER_BYTES:
        raise UnreadableFile(
            f"The picture is no proper PNG: it does not begin with its size. {_AGAIN}"
        )
    width, height = _SIZE.unpack_from(chunk.body)
    if not width or not height:
        raise UnreadableFile(f"The picture is {width} × {height} pixels. {_AGAIN}")
    if most_pixels is not None and width * height > most_pixels:
        raise UnreadableFile(
            f"The picture has {width:,} × {height:,} pixels;"
            f" {most_pixels:,} in all are allowed. Export the card with a"
            " smaller picture."
        )


def texts_of(chunks: Iterable[Chunk]) -> list[Text]:
    """The text chunks, in the file's order, none of them unpacked."""
    texts = []
    side = "before"
    for chunk in chunks:
        if chunk.kind == b"IDAT":
            side = "after"
        if chunk.kind in _TEXTS:
            place = f"{chunk.kind.decode('ascii')} {side} the image data"
            texts.append(_text(chunk, place=place))
    return texts


def _text(chunk: Chunk, *, place: str) -> Text:
    keyword, _, body = chunk.body.partition(b"\x00")
    is_packed = chunk.kind == b"zTXt"
    if chunk.kind == b"zTXt":
        body = body[1:]  # the method, of which there is only one
    elif chunk.kind == b"iTXt":
        # A flag, the method, the language and the keyword in that language.
        is_packed = body[:1] == b"\x01"
        body = body[2:].partition(b"\x00")[2].partition(b"\x00")[2]
    return Text(keyword.decode("latin-1"), place, body, is_packed, chunk.is_intact)


def without_texts(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks that a picture needs: no texts, times, places or signatures."""
    return (chunk for chunk in chunks if chunk.kind in _PICTURE)


def text_chunk(keyword: str, *, text: bytes) -> Chunk:
    """A ``tEXt`` chunk; ``keyword`` is Latin-1, ``text`` has no NUL."""
    body = keyword.encode("latin-1") + b"\x00" + text
    return Chunk(b"tEXt", body, zlib.crc32(body, zlib.crc32(b"tEXt")))


def assembled(chunks: Iterable[Chunk]) -> bytes:
    """The PNG of ``chunks``, with its end mark."""
    end = Chunk(b"IEND", b"", zlib.crc32(b"IEND"))
    pieces = [SIGNATURE]
    for chunk in (*chunks, end):
        pieces += (_LENGTH.pack(len(chunk.body)), chunk.kind, chunk.body)
        pieces.append(_LENGTH.pack(chunk.checksum))
    return b"".join(pieces)
