"""Builders of files that carry cards, honest and hostile."""

import base64
import io
import json
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from personas.domain.cards.containers import Container, unpack
from personas.domain.dialects import UnreadableFile
from personas.domain.remarks import Remark

MEGABYTE = 1000 * 1000
# Far above what any of these needs, and far below what a bomb would.
SECONDS = 20
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def card_json(name: str = "Ada", **fields: Any) -> bytes:
    data = {"name": name, **fields}
    document = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    return json.dumps(document).encode()


def chunk(kind: bytes, content: bytes, *, checksum: int | None = None) -> bytes:
    """A piece of a PNG; its checksum is right unless one is given."""
    if checksum is None:
        checksum = zlib.crc32(kind + content)
    size = struct.pack(">I", len(content))
    return size + kind + content + struct.pack(">I", checksum)


def header(width: int = 1, height: int = 1) -> bytes:
    """The first piece: a grey picture of this size."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


IDAT = chunk(b"IDAT", zlib.compress(b"\x00\x00"))
IEND = chunk(b"IEND", b"")


def text(keyword: bytes, content: bytes, *, checksum: int | None = None) -> bytes:
    return chunk(b"tEXt", keyword + b"\x00" + content, checksum=checksum)


def packed_text(keyword: bytes, content: bytes) -> bytes:
    return chunk(b"zTXt", keyword + b"\x00\x00" + zlib.compress(content))


def utf8_text(keyword: bytes, content: bytes, *, packed: bool = False) -> bytes:
    flags = b"\x01\x00" if packed else b"\x00\x00"
    body = zlib.compress(content) if packed else content
    return chunk(b"iTXt", keyword + b"\x00" + flags + b"en\x00Card\x00" + body)


def chara(document: bytes | None = None, *, keyword: bytes = b"chara") -> bytes:
    """A card as most programs write it."""
    return text(keyword, base64.b64encode(document or card_json()))


def png(*after: bytes, before: Iterable[bytes] = ()) -> bytes:
    """A picture with pieces before and after its image data."""
    return b"".join((SIGNATURE, header(), *before, IDAT, *after, IEND))


def zipped(
    members: Mapping[str, bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> bytes:
    """A zip; ``changes`` are attributes of members as its directory has them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for name, attributes in (changes or {}).items():
            for attribute, value in attributes.items():
                setattr(archive.getinfo(name), attribute, value)
    return out.getvalue()


def charx(**members: bytes) -> bytes:
    return zipped({"card.json": card_json(), **members})


def unpacked(raw: bytes, *, name: str = "file") -> Container:
    return unpack(raw, name=name)


def refusal(raw: bytes, *, name: str = "file") -> str:
    with pytest.raises(UnreadableFile) as caught:
        unpack(raw, name=name)
    message = str(caught.value)
    # Whole sentences, and nothing of Python.
    assert message.endswith(".")
    assert "Error" not in message
    return message


def told(remarks: Iterable[Remark]) -> list[tuple[str, str, str]]:
    return [(one.field, one.action.value, one.detail) for one in remarks]


def at_peak(act: Callable[[], str]) -> tuple[str, int]:
    """What ``act`` gives, and the most bytes it held; it may not take long either."""
    tracemalloc.start()
    began = time.process_time()
    try:
        result = act()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < SECONDS
    return result, peak
