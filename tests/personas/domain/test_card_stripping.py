"""Pictures that go out with a card tell nothing besides what they show."""

import base64
import io
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from PIL import Image

from core import limits
from personas.domain.cards.containers import Asset, unpack
from personas.domain.cards.stripping import stripped, without_metadata
from personas.domain.cards.writing import CardForm, write_card
from personas.domain.dialects import UnreadableFile
from personas.domain.sheets import CharacterSheet

SECRET = b"SECRET"
ICC = b"ICC_PROFILE\x00\x01\x01colours"


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((40, 30)).convert("RGB").save(
        file, kind, **options
    )
    return file.getvalue()


def same_picture(one: bytes, other: bytes) -> bool:
    images = [Image.open(io.BytesIO(raw)).convert("RGBA") for raw in (one, other)]
    return images[0].tobytes() == images[1].tobytes()


def refused(raw: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        without_metadata(raw)
    return str(caught.value)


# JPEG -----------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes, raw: bytes | None = None) -> bytes:
    raw = raw or saved("JPEG")
    return raw[:2] + b"".join(segments) + raw[2:]


def exif(*, turn: int, order: str = ">", tag: int = 0x0112) -> bytes:
    """EXIF data with a description, and how to turn the picture."""
    head = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, 8)
    described = struct.pack(f"{order}HHII", 0x010E, 2, len(SECRET), 38)
    turned = struct.pack(f"{order}HHIHH", tag, 3, 1, turn, 0)
    table = struct.pack(f"{order}H", 2) + described + turned + bytes(4)
    return b"Exif\x00\x00" + head + table + SECRET


def test_jpeg_keeps_its_picture_and_colours_and_nothing_else():
    bare = saved("JPEG", progressive=True)
    raw = jpeg_with(
        segment(0xE0, b"JFXX\x00\x10" + SECRET),
        segment(0xE1, exif(turn=1)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + SECRET),
        segment(0xE2, ICC),
        segment(0xE2, b"MPF\x00" + SECRET),
        segment(0xED, b"Photoshop 3.0\x00" + SECRET),
        segment(0xFE, SECRET),
        b"\xff\xff\xff" + segment(0xEE, b"Adobe\x00\x64" + bytes(6)),
        raw=bare,
    )

    found = without_metadata(raw + SECRET)

    assert SECRET not in found
    assert b"JFIF\x00" in found
    assert ICC in found
    assert found.count(b"Adobe\x00") == 1
    assert same_picture(without_metadata(bare), bare)
    assert found.endswith(bare[20:])
    assert without_metadata(found) == found


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_turned_jpeg_stays_turned(order):
    found = without_metadata(jpeg_with(segment(0xE1, exif(turn=6, order=order))))

    assert dict(Image.open(io.BytesIO(found)).getexif()) == {0x0112: 6}
    assert SECRET not in found


@pytest.mark.parametrize(
    "data",
    [
        exif(turn=9),
        exif(turn=6, tag=0x0113),
        exif(turn=6)[:20],
        b"Exif\x00\x00??" + SECRET,
        exif(turn=6).removeprefix(b"Exif\x00\x00"),
    ],
)
def test_exif_data_that_does_not_turn_goes(data):
    assert b"\xff\xe1" not in without_metadata(jpeg_with(segment(0xE1, data)))


def test_jpeg_that_is_cut_off_or_endless_is_refused():
    raw = saved("JPEG")

    for broken in (
        raw[:2] + b"\xff" * 9,
        raw[:2] + b"no marker",
        raw[:2] + b"\xff\xfe\x00\x01",
        raw[:2] + b"\xff\xfe\x09\x00short",
        raw[:-2],
    ):
        if broken.startswith(b"\xff\xd8\xff"):
            assert refused(broken) == "The JPEG picture is damaged or cut off."
        else:
            assert without_metadata(broken) == broken
    assert refused(raw[:4] + b"\x00\x04ab" + b"no marker") != ""
    many = jpeg_with(segment(0xFE, b"") * limits.PNG_CHUNKS, raw=raw)
    assert refused(many) == "The JPEG picture is made of too many pieces."


# WebP -----------------------------------------------------------------------------


def riff(*pieces: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
        for kind, data in pieces
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def test_webp_keeps_its_picture_and_loses_the_rest_and_the_flags():
    raw = saved(
        "WEBP", exif=exif(turn=1), xmp=SECRET, icc_profile=b"colours", lossless=True
    )

    found = without_metadata(raw + SECRET)

    assert SECRET in raw
    assert SECRET not in found
    assert found[12:16] == b"VP8X"
    assert found[20] == raw[20] & ~0x0C
    assert b"colours" in found
    image = Image.open(io.BytesIO(found))
    assert set(image.info) & {"exif", "xmp"} == set()
    assert same_picture(raw, found)
    assert without_metadata(found) == found


def test_webp_pieces_are_taken_one_by_one():
    odd = riff((b"VP8X", b""), (b"note", SECRET + b"!"), (b"VP8L", b"abc"))

    assert without_metadata(odd) == riff((b"VP8X", b""), (b"VP8L", b"abc"))
    # Nothing to fill up the last one, and something too short to be one.
    assert without_metadata(riff((b"VP8L", b"abc"))[:-1] + b"\x00") == riff(
        (b"VP8L", b"abc")
    )
    loose = riff((b"VP8L", b"ab")) + b"1234"
    loose = loose[:4] + struct.pack("<I", len(loose) - 8) + loose[8:]
    assert without_metadata(loose) == riff((b"VP8L", b"ab"))


def test_webp_that_is_cut_off_or_endless_is_refused():
    raw = saved("WEBP")
    long = riff((b"VP8L", b"ab"))
    long = long[:16] + struct.pack("<I", 99) + long[20:]

    assert refused(raw[:-2]) == "The WebP picture is damaged or cut off."
    assert refused(long) == "The WebP picture is damaged or cut off."
    many = riff(*[(b"note", b"")] * (limits.PNG_CHUNKS + 1))
    assert refused(many) == "The WebP picture is made of too many pieces."


# GIF ------------------------------------------------------------------------------


def blocks(*parts: bytes) -> bytes:
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\x00"


def gif(*, frames: int = 1, before: Iterable[bytes] = ()) -> bytes:
    """An animation, with ``before`` behind its colours."""
    images = [Image.new("RGB", (4, 4), (50 * at, 0, 0)) for at in range(1, frames + 1)]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], loop=0)
    raw = file.getvalue()
    flags = raw[10]
    at = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    return raw[:at] + b"".join(before) + raw[at:]


def test_gif_keeps_its_pictures_and_loops_and_nothing_else():
    loop = b"\x21\xff" + blocks(b"NETSCAPE2.0", b"\x01\x00\x00")
    other_loop = b"\x21\xff" + blocks(b"ANIMEXTS1.0", b"\x01\x00\x00")
    text = b"\x21\x01" + blocks(bytes(12), b"shown")
    control = b"\x21\xf9" + blocks(bytes(4))
    raw = gif(
        before=[
            b"\x21\xfe" + blocks(SECRET, SECRET),
            b"\x21\xff" + blocks(b"XMP DataXMP", SECRET),
            b"\x21\x42" + blocks(SECRET),
            loop,
            other_loop,
            text,
            control,
        ]
    )

    found = without_metadata(raw + SECRET)

    assert SECRET not in found
    for kept in (loop, other_loop, text, control):
        assert kept in found
    assert without_metadata(found) == found


def test_gif_animation_runs_as_before():
    raw = gif(frames=3, before=[b"\x21\xfe" + blocks(SECRET)])

    found = without_metadata(raw)

    assert SECRET not in found
    assert same_picture(raw, found)
    assert Image.open(io.BytesIO(found)).n_frames == 3  # type: ignore[attr-defined]
    assert Image.open(io.BytesIO(found)).info["loop"] == 0


def test_gif_without_colours_for_all_has_those_of_its_frame():
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + b"rgbRGB"
    raw = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + frame
    raw += b"\x02" + blocks(b"\x44\x01") + b"\x3b"

    assert without_metadata(raw) == raw


def test_gif_that_is_cut_off_or_endless_is_refused():
    raw = gif()
    tiny = b"\x21\xfe" + blocks(*[b"x"] * 2_000)

    for broken in (raw[:-1], raw[:-3], raw[:8], raw[:-1] + b"\x00"):
        assert refused(broken) == "The GIF picture is damaged or cut off."
    assert refused(gif(before=[tiny])) == (
        "The GIF picture is made of too many pieces."
    )


# PNG, others, and cards -----------------------------------------------------------


def png(width: int = 2) -> bytes:
    prompt = b"tEXtparameters\x00" + SECRET
    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    parts = [b"IHDR" + head, prompt, b"IDAT...", b"IEND"]
    framed = (struct.pack(">I", len(p) - 4) + p + bytes(4) for p in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("width", [2, limits.IMAGE_PIXELS + 1])
def test_png_of_any_size_loses_its_texts(width):
    found = without_metadata(png(width))

    assert SECRET not in found
    assert b"IDAT..." in found


@pytest.mark.parametrize("raw", [b"", b"ID3\x04SECRET", b"RIFF1234WAVE", b"\xff\xd8"])
def test_files_of_other_kinds_stay_as_they_are(raw):
    assert without_metadata(raw) == raw


def test_a_damaged_picture_is_refused_by_its_name():
    with pytest.raises(UnreadableFile, match=r"“a/b\.png” is a damaged picture") as e:
        stripped(Asset("a/b.png", png()[:-20]))

    assert "Choose a form without the card's files" in str(e.value)


def test_cards_with_files_tell_nothing_of_the_pictures():
    names = ("a.png", "a.jpg", "a.webp", "a.gif", "module.risum")
    files = (
        png(),
        jpeg_with(segment(0xFE, SECRET)),
        saved("WEBP", xmp=SECRET),
        gif(before=[b"\x21\xfe" + blocks(SECRET)]),
        b"theirs",
    )
    assets = [
        Asset(f"assets/{name}", raw) for name, raw in zip(names, files, strict=True)
    ]
    rows = [
        {"type": "x_y", "uri": f"embeded://assets/{name}", "name": name, "ext": "x"}
        for name in names
    ]
    sheet = CharacterSheet.model_validate(
        {
            "display_name": "Ada",
            "framework_id": "neuro",
            "extensions": {"dramatis:card": {"data": {"assets": rows}}},
        }
    )

    written = {
        form: write_card(sheet, character_id="ada", form=form, assets=assets)
        for form in (CardForm.V3_JSON, CardForm.CHARX)
    }

    packed = {
        asset.path: asset.content
        for asset in unpack(written[CardForm.CHARX], name="a.charx").assets
    }
    assert packed["assets/module.risum"] == b"theirs"
    assert len(packed) == len(names)
    assert SECRET not in b"".join(packed.values())
    assert SECRET not in written[CardForm.CHARX]
    again = unpack(written[CardForm.V3_JSON], name="a.json").document
    assert again.count(b";base64,") == len(names)
    for raw in files[:-1]:
        assert base64_of(raw) not in again
    assert base64_of(packed["assets/a.jpg"]) in again


def base64_of(raw: bytes) -> bytes:
    return base64.b64encode(raw)
