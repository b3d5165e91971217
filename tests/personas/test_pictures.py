"""Pictures that strangers made."""

import io
import struct
import warnings
import zlib

import pytest
from PIL import Image

from personas.services import pictures, reencoding
from tests.factories import NOW


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _animated_without_frames() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    png = file.getvalue()
    # After the signature (8 bytes) and the header (25).
    return png[:33] + _chunk(b"acTL", struct.pack(">II", 0, 0)) + png[33:]


def _huge() -> bytes:
    """Says that it has 100 megapixels, where the decoder begins to warn."""
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    ends = _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + ends


@pytest.fixture
def warned():
    """What was warned of, as a process sees it that shows every warning."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        reencoding.hush()
        yield seen


@pytest.mark.django_db
def test_odd_picture_is_decoded_quietly(warned):
    assert reencoding.reencoded(_animated_without_frames()).width == 8

    assert warned == []


def test_bomb_is_refused_quietly(warned):
    with pytest.raises(pictures.BadPicture, match="16 megapixels"):
        reencoding.reencoded(_huge())

    assert warned == []


@pytest.mark.django_db
def test_picture_is_stored_once_and_a_bad_one_refused_by_name():
    first = pictures.store(_animated_without_frames(), now=NOW)

    again = pictures.store(bytes(first.content), now=NOW)

    assert (first.width, first.height) == (8, 8)
    assert again == first
    with pytest.raises(pictures.BadPicture, match="16 megapixels"):
        pictures.store(_huge(), now=NOW)
    with pytest.raises(pictures.BadPicture, match="PNG, JPEG"):
        pictures.store(b"no picture", now=NOW)


def test_both_would_be_warned_of():
    for raw, expected in [
        (_animated_without_frames(), UserWarning),
        (_huge(), Image.DecompressionBombWarning),
    ]:
        with pytest.warns(expected):
            Image.open(io.BytesIO(raw)).close()
