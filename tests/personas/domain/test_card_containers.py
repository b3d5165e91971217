"""What a file is, whichever container a card comes in, and that nothing else fails."""

import base64
import io
import json
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import limits
from personas.domain.cards.archives import members_of, pack_charx
from personas.domain.cards.containers import Asset, ContainerKind, pack_png, unpack
from personas.domain.dialects import UnreadableFile
from personas.domain.dialects.reading import FILE_DEPTH, load
from tests.personas.domain.card_files import (
    card_json,
    chara,
    charx,
    packed_text,
    png,
    refusal,
    text,
    told,
    unpacked,
    utf8_text,
)

CARD = card_json()
JPEG = b"\xff\xd8"


def exif(comment: bytes, *, order: str = "<") -> bytes:
    """EXIF data with a user comment behind other entries."""
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    entry = struct.Struct(f"{order}HHII")
    first = entry.pack(0x0112, 3, 1, 1) + entry.pack(0x8769, 4, 1, 38)
    second = entry.pack(0x9000, 7, 4, 0) + entry.pack(0x9286, 7, len(comment), 68)
    two = struct.pack(f"{order}H", 2)
    tables = two + first + bytes(4) + two + second + bytes(4)
    return start + struct.pack(f"{order}I", 8) + tables + comment


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP"
    for kind, content in chunks:
        body += kind + struct.pack("<I", len(content)) + content
        body += b"\x00" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg(*segments: tuple[int, bytes], end: bytes = b"\xff\xda\x00\x02") -> bytes:
    raw = JPEG
    for marker, content in segments:
        raw += struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
    return raw + end


def noted(comment: bytes, **more) -> bytes:
    return webp((b"VP8 ", b"odd"), (b"EXIF", exif(comment, **more)))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (CARD, "a.json"),
        (CARD, "a.txt"),
        (CARD, ""),
        (b"\xef\xbb\xbf \r\n" + CARD, "a"),
        (b"[1]", "a"),
        (b"no JSON at all", "A.JSON"),
        ('{"a": 1}'.encode("utf-16"), "a"),
    ],
)
def test_json_goes_on_as_it_is(raw, name):
    found = unpack(raw, name=name)

    assert (found.kind, found.syntax) == (ContainerKind.JSON, "json")
    assert found.document == raw
    assert (found.picture, found.assets, found.remarks) == (None, (), ())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "The file is empty"),
        (b" \r\n\t", "only white space"),
        (b"\xef\xbb\xbf", "only white space"),
        (b"You are Ada, a kind smith.", "A plain text, not a card"),
        ("\ufeffDu bist Ada.".encode(), "A plain text, not a card"),
        (b"You \xe4re", "unknown kind (its first bytes are 59 6f 75 20)"),
        (b"a\x00b", "unknown kind"),
        (b"GIF89a...", "A GIF picture"),
        (b"GIF87a...", "A GIF picture"),
        (b"%PDF-1.7", "A PDF document"),
        (b"{\\rtf1 text}", "An RTF document"),
        (b"ID3\x04...", "A sound (MP3)"),
        (b"\xff\xfb\x90", "A sound (MP3)"),
        (b"OggS\x00", "A sound (Ogg)"),
        (b"MZ\x90\x00", "A program for Windows"),
        (b"\x7fELF", "A program for Linux"),
        (b"7z\xbc\xaf\x27\x1c", "A 7-Zip archive"),
        (b"Rar!\x1a\x07", "A RAR archive"),
        (b"\x1f\x8b\x08", "A gzip archive"),
        (b"\x00\x00\x00\x1cftypavif", "AVIF or HEIC"),
        (b" \n<!DOCTYPE HTML><p>", "A web page"),
        (b"\xef\xbb\xbf<html>", "A web page"),
        (b"<?xml version='1.0'?>", "An XML or SVG file"),
        (b"<svg>", "An XML or SVG file"),
    ],
)
def test_other_files_are_refused_by_name(raw, expected):
    assert expected in refusal(raw)


def test_web_page_saved_under_the_name_of_a_card_is_named():
    assert "A web page" in refusal(b"<html>Sign in</html>", name="ada.json")


def test_too_large_files_are_refused():
    raw = bytes(limits.UPLOAD_BYTES + 1)

    assert "20,000,001 bytes; 20,000,000 are allowed" in refusal(raw)


def test_json_of_too_many_values_is_refused():
    most = b"[" + b"," * (limits.JSON_VALUES - 1)

    assert unpacked(most).document == most
    assert "more than 1,000,000 values" in refusal(most + b"{")


def test_marks_inside_texts_do_not_count_as_values():
    inside = json.dumps({"a": '\\"{{user}}, [' * 400_000, "b": "x"}).encode()
    crowd = b",".join([b'"{,["'] * limits.JSON_VALUES)

    assert inside.count(b"{") + inside.count(b",") > limits.JSON_VALUES
    assert unpacked(inside).document == inside
    assert unpacked(b"[" + crowd + b"]").document
    assert "more than 1,000,000 values" in refusal(b"[[" + crowd + b"]]")
    # An unclosed text, as long as it may be.
    assert unpacked(b'[" ' + b"\\,[{" * 1_500_000 + b"\\").document


def read_yaml(source: str, name: str = "ada.yaml"):
    return json.loads(unpack(source.encode(), name=name).document)


def test_yaml_goes_on_as_json():
    raw = "name: Ada\ngreeting: |-\n  Hello,\n  you.\ncontext: 'It''s ü ♪'\n".encode()

    found = unpack(raw, name="Ada.YML")

    assert (found.kind, found.syntax) == (ContainerKind.YAML, "yaml")
    assert json.loads(found.document) == {
        "name": "Ada",
        "greeting": "Hello,\nyou.",
        "context": "It's ü ♪",
    }
    assert (found.picture, found.assets, found.remarks) == (None, (), ())


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-0", 0),
        ("999999999999999999", 999999999999999999),
        ("1000000000000000000", "1000000000000000000"),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e9", "1e9"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("2024-01-31", "2024-01-31"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("&a 12", 12),
        ("[1, [a, {b: c}], {}]", [1, ["a", {"b": "c"}], {}]),
        ("!!map {a: 1}", {"a": 1}),
        ("<<", "<<"),
    ],
)
def test_values_of_yaml_are_those_of_json_and_else_text(source, value):
    assert read_yaml(f"a: {source}") == {"a": value}


@pytest.mark.parametrize("key", ["1", "true", "~", "2024-01-31", "__proto__", ""])
def test_names_in_yaml_are_text(key):
    assert read_yaml(f'"{key}": 1') == {key: 1}
    if key:
        assert read_yaml(f"{key}: 1") == {key: 1}


def test_repeated_names_in_yaml_are_told():
    found = unpack(b"a: 1\nb: {a: 1}\na: 2\n", name="a.yaml")

    assert json.loads(found.document) == {"a": 2, "b": {"a": 1}}
    assert told(found.remarks) == [
        ("a", "repaired", "The key came more than once; the last one counts.")
    ]


def test_byte_order_mark_of_yaml_is_taken_off():
    found = unpack(b"\xef\xbb\xbfname: Ada", name="a.yaml")

    assert json.loads(found.document) == {"name": "Ada"}
    assert [r.detail for r in found.remarks] == [
        "Byte order mark at the start removed."
    ]


def test_halves_of_pairs_in_yaml_are_left_to_the_reader_of_json():
    found = unpack(b'a: "\\uD800"', name="a.yaml")

    assert load(found.document)[0] == {"a": "�"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a: &b [1]\nc: *b\n", "an alias (*) at line 2"),
        ("a: &b {<<: *b}", "an alias (*)"),
        ("a: 1\n---\nb: 2\n", "a second document (---) at line 2"),
        ("a: !!python/object/apply:os.system ['id']", "a tag (!) at line 1"),
        ("a: !!binary aGk=", "a tag (!)"),
        ("!!timestamp 2024-01-31: 1", "a tag (!)"),
        ("a: !mine {}", "a tag (!)"),
        ("? [a, b]\n: 1", "a list or an object as a name"),
        ("? {a: b}\n: 1", "a list or an object as a name"),
        ("a: " + "[" * FILE_DEPTH, f"more than {FILE_DEPTH} levels"),
        ("a: 'open", "is not YAML: found unexpected end of stream at 1:9"),
        ("a: b: c", "mapping values are not allowed here at 1:5"),
        ("a:\n\tb: 1", "is not YAML"),
        ("a: \x07", "a character that no text has"),
        ('a: "\\UFFFFFFFF"', "a character that no text has"),
        ("%YAML " + "1" * 5000 + ".1\n---\na: 1", "a character that no text has"),
        ("# nothing", "holds no fields"),
        ("- a\n- b\n", "holds no fields"),
        ("just some words", "holds no fields"),
        ("a: " + "x" * limits.YAML_BYTES, "262,144 are allowed"),
    ],
)
def test_yaml_that_no_character_needs_is_refused(source, expected):
    assert expected in refusal(source.encode(), name="a.yaml")


def test_yaml_in_other_encodings_is_refused():
    assert "not UTF-8" in refusal("a: ü".encode("latin-1"), name="a.yaml")
    assert "UTF-16" in refusal("a: ü".encode("utf-16"), name="a.yaml")


def test_yaml_nests_as_deep_as_json_may():
    deep = FILE_DEPTH - 1

    found = read_yaml("a: " + "[" * deep + "]" * deep)

    assert load(json.dumps(found).encode())[0] == found


BYTE_LIST = ",".join(str(byte) for byte in CARD).encode()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "comment",
    [
        CARD,
        b"ASCII\x00\x00\x00" + CARD,
        bytes(8) + CARD + b"\x00",
        BYTE_LIST,
        b"ASCII\x00\x00\x00" + BYTE_LIST.replace(b",", b", "),
        base64.b64encode(CARD),
    ],
)
def test_card_in_the_comment_of_a_webp_or_jpeg_is_read(comment, order):
    data = exif(comment, order=order)

    for raw, kind in (
        (noted(comment, order=order), "webp"),
        (webp((b"EXIF", b"Exif\x00\x00" + data)), "webp"),
        (jpeg((0xE0, b"JFIF"), (0xE1, b"Exif\x00\x00" + data)), "jpeg"),
    ):
        found = unpacked(raw)
        assert (found.kind, found.document, found.picture) == (kind, CARD, raw)
        assert (found.assets, found.remarks) == ((), ())


@pytest.mark.parametrize(("order", "codec"), [("<", "utf-16-le"), (">", "utf-16-be")])
def test_card_in_a_wide_comment_is_read(order, codec):
    comment = b"UNICODE\x00" + '{"a": "ü♪"}'.encode(codec)

    assert unpacked(noted(comment, order=order)).document == '{"a": "ü♪"}'.encode()


def test_mended_comment_is_told():
    found = unpacked(noted('{"a": "ü"}'.encode("latin-1")))

    assert [r[:2] for r in told(found.remarks)] == [("UserComment", "repaired")]
    assert "Latin-1" in found.remarks[0].detail


@pytest.mark.parametrize(
    "raw",
    [
        webp(),
        webp((b"VP8 ", b"abc")),
        webp((b"EXIF", b"")),
        webp((b"EXIF", b"neither order")),
        webp((b"EXIF", b"II*\x00")),
        webp((b"EXIF", b"II*\x00\xff\xff\xff\xff")),
        webp((b"EXIF", exif(b"x")[:30])),
        webp((b"EXIF", b"MM\x00*\x00\x00\x00\x08\x00\x00")),
        webp((b"EXIF", exif(b"x").replace(b"\x86\x92", b"\x87\x92"))),
        noted(b""),
        noted(b"ASCII\x00\x00\x00 \x00"),
        b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff",
        b"RIFF\xff\xff\xff\xffWEBPabcd\xff\xff\xff\xff",
    ],
)
def test_webp_without_a_card_is_refused_by_name(raw):
    assert "A WebP picture without a card" in refusal(raw)


@pytest.mark.parametrize(
    "raw",
    [
        jpeg((0xE0, b"JFIF")),
        jpeg((0xE1, b"http://xmp")),
        jpeg((0xE2, b"Exif\x00\x00" + exif(CARD))),
        jpeg(end=b"\xff\xd9"),
        jpeg((0xE0, b"JFIF"), end=b""),
        jpeg(end=b"\xff"),
        jpeg(end=b"\xff\xe0\x00"),
        jpeg(end=b"\xff\xe0\x00\x00" + b"\x00"),
        jpeg((0xE1, b"Exif\x00\x00")),
    ],
)
def test_jpeg_without_a_card_is_refused_by_name(raw):
    assert "A JPEG picture without a card" in refusal(raw)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (b"taken in June", "is no card that can be read. It is neither base64 nor"),
        (b"[1]", "not an object"),
        (b"300,1,2", "its letters cannot be read"),
        (b"UNICODE\x00\x00\xd8", "its letters cannot be read"),
        (b"123", "neither base64"),
        (b"{" + b" " * limits.CARD_BYTES, "8,000,000 are allowed"),
    ],
)
def test_comment_that_is_no_card_is_refused(comment, expected):
    assert expected in refusal(noted(comment))


def test_card_that_pillow_wrote_into_a_picture_is_read():
    image = Image.new("RGB", (2, 2))
    data = Image.Exif()
    data.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00" + CARD

    for form in ("WEBP", "JPEG"):
        out = io.BytesIO()
        image.save(out, form, exif=data)
        assert unpacked(out.getvalue()).document == CARD


def test_jpeg_with_a_zip_behind_it_is_a_charx():
    picture = jpeg((0xE0, b"JFIF")) + b"\x12\x34\xff\xd9"

    found = unpacked(picture + charx(a=b"x", **{"x_meta/1.json": b"{}"}))

    assert found.kind is ContainerKind.JPEG
    assert found.document == CARD
    assert found.picture == picture
    assert [a.path for a in found.assets] == ["a", "x_meta/1.json"]
    assert [r.field for r in found.remarks] == ["x_meta/1.json"]


def test_jpeg_with_a_broken_zip_behind_it_is_refused():
    assert "damaged" in refusal(
        jpeg() + charx()[4:].replace(b"PK\x01\x02", b"PK\x01\x03")
    )


# Whatever comes: a container, or a refusal in words. The fuzz targets in fuzz/ look
# for the same without end.
VALID = (
    (png(chara(), chara(card_json("Bo"), keyword=b"ccv3")), "a.png"),
    (
        png(packed_text(b"chara", b"{}"), utf8_text(b"ccv3", b"{}", packed=True)),
        "a.png",
    ),
    (png(chara(), text(b"chara-ext-asset_:a", b"YQ==")), "a.png"),
    (charx(**{"assets/a.png": b"a" * 50, "module.risum": b"b"}), "a.charx"),
    (jpeg((0xE0, b"JFIF")) + charx(), "a.jpg"),
    (jpeg((0xE1, b"Exif\x00\x00" + exif(CARD))), "a.jpg"),
    (noted(CARD), "a.webp"),
    (noted(BYTE_LIST, order=">"), "a.webp"),
    (CARD, "a.json"),
    (b"name: Ada\ngreeting: |\n  Hello.\ncontext: [a, {b: 'c'}]\n", "a.yaml"),
)


@st.composite
def mutated(draw):
    """A valid file, flipped, cut, filled or doubled at some places."""
    raw, name = draw(st.sampled_from(VALID))
    raw = bytearray(raw)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["flip", "cut", "insert", "double", "end"])):
            case "flip":
                raw[at:end] = draw(st.binary(min_size=end - at, max_size=end - at))
            case "cut":
                del raw[at:end]
            case "insert":
                raw[at:at] = draw(st.binary(max_size=8))
            case "double":
                raw[at:at] = raw[at:end]
            case "end":
                del raw[at:]
    return bytes(raw), name


def is_taken(raw: bytes, name: str) -> bool:
    """Whether the file holds a card; anything but a refusal in words is let out."""
    try:
        found = unpack(raw, name=name)
    except UnreadableFile:
        return False
    # What came in can go out again.
    pack_charx(found.document, assets=[a for a in found.assets if a.path.isascii()])
    if found.kind is ContainerKind.PNG:
        packed = pack_png(found.picture, chunks={"ccv3": found.document})
        assert unpack(packed, name="a.png").document == found.document
    return True


@pytest.mark.parametrize(("raw", "name"), VALID)
def test_valid_files_are_taken(raw, name):
    assert is_taken(raw, name)


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_mutated_files_are_read_or_refused(file):
    is_taken(*file)


STARTS = sorted({raw[:12] for raw, _ in VALID} | {b"PK\x03\x04", b"\xff\xd8\xff", b""})


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=200), st.sampled_from(VALID))
def test_any_bytes_are_read_or_refused(start, rest, valid):
    is_taken(start + rest, valid[1])


@settings(max_examples=100, deadline=None)
@given(mutated())
def test_members_of_anything_are_files_or_a_refusal(file):
    try:
        members = members_of(file[0])
    except UnreadableFile:
        return
    assert all(member.name for member in members)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_yaml_or_refused(source):
    try:
        found = unpack(source.encode("utf-8", "replace"), name="a.yaml")
    except UnreadableFile:
        return
    assert isinstance(json.loads(found.document), dict)


@given(
    st.dictionaries(st.text("ab/.", min_size=1, max_size=8), st.binary(), max_size=4)
)
def test_files_survive_a_charx(files):
    assets = tuple(Asset(path, content) for path, content in sorted(files.items()))
    try:
        raw = pack_charx(CARD, assets=assets)
    except UnreadableFile:
        return

    assert unpacked(raw).assets == assets


def test_every_flipped_byte_is_read_or_refused():
    chance = random.Random(4)
    for raw, name in VALID:
        for at in range(0, len(raw), 3):
            changed = bytearray(raw)
            changed[at] = chance.randrange(256)
            is_taken(bytes(changed), name)
