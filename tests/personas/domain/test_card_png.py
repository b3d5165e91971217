"""Cards in PNG pictures."""

import base64
import io
import struct
import zlib

import pytest
from PIL import Image

from core import limits
from personas.domain.cards.containers import ContainerKind, pack_png
from personas.domain.dialects import UnreadableFile
from tests.personas.domain.card_files import (
    IDAT,
    IEND,
    MEGABYTE,
    SIGNATURE,
    at_peak,
    card_json,
    chara,
    chunk,
    header,
    packed_text,
    png,
    refusal,
    text,
    told,
    unpacked,
    utf8_text,
)

CARD = card_json()
PACKED = base64.b64encode(CARD)


def reason(raw: bytes) -> str:
    """Why the only card in a picture cannot be read."""
    return refusal(raw).partition("cannot be read. ")[2]


@pytest.mark.parametrize(
    "one",
    [
        text(b"chara", PACKED),
        text(b"ccv3", PACKED),
        text(b"Chara", PACKED),
        text(b"CCV3", PACKED),
        packed_text(b"chara", PACKED),
        utf8_text(b"chara", PACKED),
        utf8_text(b"ccv3", PACKED, packed=True),
    ],
)
@pytest.mark.parametrize("is_before", [True, False])
def test_card_is_found_in_each_kind_of_text_on_either_side(one, is_before):
    found = unpacked(png(before=(one,)) if is_before else png(one))

    assert found.kind is ContainerKind.PNG
    assert found.document == CARD
    assert found.syntax == "json"
    assert found.picture == png()
    assert found.assets == ()
    assert found.remarks == ()


def test_first_newer_card_counts_wherever_it_stands():
    older = chara(card_json("Ada"))
    newer = chara(card_json("Ada", kept=True), keyword=b"ccv3")

    found = unpacked(png(older, newer))

    assert found.document == card_json("Ada", kept=True)
    assert told(found.remarks) == [
        (
            "chara",
            "dropped",
            "The same card in its older form; the newer one (ccv3) counts.",
        )
    ]


def test_two_characters_in_one_picture_are_both_named():
    raw = png(
        packed_text(b"chara", base64.b64encode(card_json("Bo"))),
        before=(chara(card_json("Ada")),),
    )

    found = unpacked(raw)

    assert found.document == card_json("Ada")
    assert told(found.remarks) == [
        (
            "chara",
            "dropped",
            (
                "Different cards in one picture: “Ada” (chara, tEXt before the image"
                " data) counts, “Bo” (chara, zTXt after the image data) was left out."
            ),
        )
    ]


def test_older_card_of_another_character_is_no_older_form():
    found = unpacked(png(chara(card_json("Bo")), chara(CARD, keyword=b"ccv3")))

    assert "“Ada” (ccv3" in found.remarks[0].detail
    assert "“Bo” (chara" in found.remarks[0].detail


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        (b'{"name": "Ada"}', "“Ada”"),
        (b'{"name": 3}', "one without a name"),
        (b'{"data": {}}', "one without a name"),
        (b'{"data": [], "name": "Ada\\u0007"}', "“Ada�”"),
        (b'{"name": "%s"}' % (b"a" * 90), f"“{'a' * 80}…”"),
    ],
)
def test_characters_are_named_as_far_as_they_have_names(document, shown):
    found = unpacked(png(chara(document), chara(card_json("Bo"))))

    assert f": {shown} (chara" in found.remarks[0].detail


def test_copies_of_one_card_are_nothing_to_tell():
    spaced = CARD.replace(b'": ', b'"  :  ')

    found = unpacked(png(chara(), chara(spaced), utf8_text(b"chara", PACKED)))

    assert found.remarks == ()


def test_first_valid_card_counts_and_broken_ones_are_told():
    found = unpacked(
        png(text(b"ccv3", b"!!"), chara(b"[1]"), chara(), packed_text(b"chara", b"x"))
    )

    assert found.document == CARD
    assert "It is neither base64 nor JSON" in refusal(png(text(b"ccv3", b"!!")))
    assert [r[:2] for r in told(found.remarks)] == [
        ("ccv3", "dropped"),
        ("chara", "dropped"),
        ("chara", "dropped"),
    ]
    assert "tEXt after the image data" in found.remarks[0].detail
    assert "not an object" in found.remarks[1].detail
    assert "zTXt after the image data" in found.remarks[2].detail


def test_wrong_checksum_is_told_if_the_card_can_be_read():
    found = unpacked(png(text(b"chara", PACKED, checksum=7)))

    assert found.document == CARD
    assert told(found.remarks) == [
        ("chara", "repaired", "Its checksum is wrong; it could be read all the same.")
    ]
    assert "neither base64" in reason(png(text(b"chara", b"=!=", checksum=7)))


@pytest.mark.parametrize(
    ("content", "document", "repair"),
    [
        (b"\xef\xbb\xbf \n" + CARD + b"\n", CARD, "plain JSON"),
        ('{"a": "é♪"}'.encode(), '{"a": "é♪"}'.encode(), "plain JSON"),
        ('{"a": "é"}'.encode("latin-1"), '{"a": "é"}'.encode(), "Latin-1"),
        (base64.b64encode(b'{"a": 1}').rstrip(b"="), b'{"a": 1}', "padding"),
        (base64.b64encode(b'{"a": 11}') + b"==", b'{"a": 11}', "padding"),
        (
            base64.urlsafe_b64encode('{"a": "?>~üÿ~~~"}'.encode()),
            '{"a": "?>~üÿ~~~"}'.encode(),
            "URL-safe",
        ),
    ],
)
def test_odd_ways_to_write_a_card_are_read_and_told(content, document, repair):
    found = unpacked(png(text(b"chara", content)))

    assert found.document == document
    assert found.remarks[0].field == "chara"
    assert found.remarks[0].action == "repaired"
    assert any(repair in remark.detail for remark in found.remarks)


def test_white_space_in_base64_is_nothing_to_tell():
    lines = b"\r\n ".join(PACKED[at : at + 20] for at in range(0, len(PACKED), 20))

    found = unpacked(png(text(b"chara", lines)))

    assert (found.document, found.remarks) == (CARD, ())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "It is empty"),
        (b" \n", "It is empty"),
        (base64.b64encode(b"rubbish"), "neither base64 nor JSON"),
        (b"a", "neither base64 nor JSON"),
        (b"\xff\xfe{}", "neither base64 nor JSON"),
        (base64.b64encode(b'{"\xff"}'), "not UTF-8"),
        (base64.b64encode(b'{"a": NaN}'), "NaN"),
        (b'{"a": ', "not JSON"),
        (b"[" * 100, "levels deep"),
        (base64.b64encode(b"[1]"), "not an object"),
        (b"rcc||rccv1||abc", "encrypted by RisuAI"),
        (base64.b64encode(b"rcc||rccv1||abc"), "encrypted by RisuAI"),
    ],
)
def test_what_is_no_card_is_refused_with_its_place(content, expected):
    message = refusal(png(text(b"chara", content)))

    assert message.startswith(
        "The card in the picture (“chara”, tEXt after the image data) cannot be read."
    )
    assert expected in message


def test_picture_without_a_card_is_refused_by_name():
    assert "A picture without a card" in refusal(png())
    assert "A picture without a card" in refusal(png(text(b"parameters", b"a cat")))
    assert "A picture without a card" in refusal(png(chunk(b"tEXt", b"charas")))


def test_keyword_without_its_end_is_an_empty_card():
    assert "empty" in refusal(png(chunk(b"tEXt", b"chara")))
    assert "empty" in refusal(png(chunk(b"iTXt", b"chara\x00")))
    assert "cut off" in refusal(png(chunk(b"zTXt", b"chara")))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (SIGNATURE, "cut off at byte 8"),
        (png(chara())[:-12], "cut off at byte"),
        (png(chara())[:-1], "cut off at byte"),
        (png(chara())[:100], "piece at byte 55 should have"),
        (SIGNATURE + header() + b"\xff\xff\xff\xfftEXt" + IEND, "4,294,967,295"),
        (SIGNATURE + IDAT + chara() + IEND, "does not begin with its size"),
        (SIGNATURE + IEND, "does not begin with its size"),
        (SIGNATURE + chunk(b"IHDR", bytes(12)) + IEND, "does not begin with its size"),
        (SIGNATURE + header(0, 4) + chara() + IEND, "0 × 4 pixels"),
        (SIGNATURE + header(4, 0) + chara() + IEND, "4 × 0 pixels"),
        (SIGNATURE + header(4000, 4001) + chara() + IEND, "4,000 × 4,001 pixels"),
        (SIGNATURE + header(2**32 - 1, 2**32 - 1) + chara() + IEND, "pixels"),
        (b"\x89PNG\n\x1a\n" + png(chara())[8:], "damaged on its way"),
    ],
)
def test_broken_pictures_are_refused(raw, expected):
    assert expected in refusal(raw)


def test_picture_of_the_largest_size_is_read():
    raw = SIGNATURE + header(4000, 4000) + chara() + IEND

    assert unpacked(raw).document == CARD


def test_picture_of_too_many_pieces_is_refused():
    assert "20,000 pieces" in refusal(
        png(*[chunk(b"IDAT", b"")] * limits.PNG_CHUNKS, chara())
    )


def test_what_follows_the_end_of_the_picture_is_ignored():
    assert unpacked(png(chara()) + b"more").picture == png()


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([text(b"note", b"")] * 101, "more than 100 texts"),
        ([chara()] * 11, "more than 10 cards"),
        ([text(b"chara-ext-asset_:%d" % n, b"") for n in range(513)], "512 files"),
    ],
)
def test_too_many_texts_are_refused(chunks, expected):
    assert expected in refusal(png(*chunks))


def test_as_many_texts_as_allowed_are_read():
    texts = [text(b"note", b"")] * 90 + [chara()] * 10
    files = [text(b"chara-ext-asset_:%d" % n, b"YQ==") for n in range(512)]

    found = unpacked(png(*texts, *files))

    assert len(found.assets) == 512


def test_files_in_texts_come_along():
    found = unpacked(
        png(
            chara(),
            text(b"chara-ext-asset_:icons/Main.png", base64.b64encode(b"main")),
            text(b"Chara-Ext-Asset_3", base64.b64encode(b"three")),
        )
    )

    assert [(a.path, a.content) for a in found.assets] == [
        ("icons/Main.png", b"main"),
        ("3", b"three"),
    ]
    assert found.picture == png()


def test_files_that_cannot_be_read_are_left_out_and_told():
    found = unpacked(
        png(
            chara(),
            text(b"chara-ext-asset_:a", b"YQ=="),
            text(b"chara-ext-asset_:a", b"Yg=="),
            text(b"chara-ext-asset_:b", b"!"),
            text(b"chara-ext-asset_:../c", b"YQ=="),
            packed_text(b"chara-ext-asset_:d", b"YQ=="),
            text(b"chara-ext-asset_", b"YQ=="),
        )
    )

    assert [a.path for a in found.assets] == ["a"]
    assert found.assets[0].content == b"a"
    left = "A file in the picture was left out. "
    assert [
        (field, detail.removeprefix(left)) for field, _, detail in told(found.remarks)
    ] == [
        ("chara-ext-asset_a", "A file of this name came before it."),
        (
            "chara-ext-asset_b",
            "It is neither base64 nor JSON. Export the card again.",
        ),
        (
            "chara-ext-asset_../c",
            "It has a name that leads out of its folder (..).",
        ),
        (
            "chara-ext-asset_d",
            "It is compressed text, which is read for cards only.",
        ),
        ("chara-ext-asset_", "It has no name."),
    ]


def test_bare_picture_has_nothing_private():
    private = (
        text(b"parameters", b"a cat in a hat"),
        chunk(b"eXIf", b"MM\x00*"),
        chunk(b"tIME", bytes(7)),
        chunk(b"caBX", b"signed by me"),
    )
    colours = chunk(b"gAMA", struct.pack(">I", 45455))

    found = unpacked(png(chara(), *private, before=(colours,)))

    assert found.picture == png(before=(colours,))


@pytest.mark.parametrize(
    "one",
    [
        packed_text(b"chara", b"A" * (200 * MEGABYTE)),
        utf8_text(b"chara", b"A" * (200 * MEGABYTE), packed=True),
    ],
)
def test_inflate_bombs_cost_neither_memory_nor_time(one):
    raw = png(*[one] * limits.PNG_CARDS)

    message, peak = at_peak(lambda: refusal(raw))

    assert "unpacks to more than 20,000,000 bytes" in message
    assert peak < 100 * MEGABYTE


def test_text_after_which_nothing_may_be_unpacked_is_refused():
    half = packed_text(b"chara", b"A" * (12 * MEGABYTE))

    found = unpacked(png(chara(), half, half))

    assert "8,000,000 are allowed" in found.remarks[0].detail
    assert "unpacks to more than" in found.remarks[1].detail


def test_damaged_and_cut_compressed_text_is_refused():
    good = zlib.compress(PACKED)

    for broken in (b"rubbish", good[:-6], good[:-1] + b"\x00"):
        one = chunk(b"zTXt", b"chara\x00\x00" + broken)
        assert "compressed text is" in reason(png(one))


def test_card_of_too_many_bytes_or_values_is_refused():
    long = b'{"a": "' + b"x" * (8 * MEGABYTE) + b'"}'
    many = b'{"a": [' + b"1," * limits.JSON_VALUES + b"1]}"

    assert "8,000,000 are allowed" in reason(png(packed_text(b"chara", long)))
    assert "more than 1,000,000 values" in reason(png(packed_text(b"chara", many)))


def test_packed_picture_holds_the_new_cards_and_no_other_text():
    old = (
        chara(card_json("Old")),
        packed_text(b"CCV3", PACKED),
        utf8_text(b"chara", PACKED),
        text(b"chara-ext-asset_:a", b"YQ=="),
        text(b"Software", b"secret"),
        chunk(b"eXIf", b"MM\x00*"),
        chunk(b"tIME", bytes(7)),
    )
    two, three = card_json("Two"), card_json("Three")

    packed = pack_png(png(*old, before=old), chunks={"ccv3": three, "chara": two})

    assert packed == png(
        text(b"chara", base64.b64encode(two)), text(b"ccv3", base64.b64encode(three))
    )
    assert unpacked(packed).document == three


def test_packed_picture_may_hold_one_card():
    assert pack_png(png(), chunks={"ccv3": CARD}) == png(text(b"ccv3", PACKED))
    assert pack_png(png(chara()), chunks={}) == png()


def test_packing_twice_changes_nothing():
    once = pack_png(png(), chunks={"ccv3": CARD, "chara": CARD})

    assert pack_png(once, chunks={"ccv3": CARD, "chara": CARD}) == once


def test_packed_animation_keeps_its_frames():
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 90, 200)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])

    packed = pack_png(out.getvalue(), chunks={"chara": CARD})

    with Image.open(io.BytesIO(packed)) as image:
        image.load()
        assert image.n_frames == 3
        assert image.getpixel((0, 0)) == 0
    with Image.open(io.BytesIO(packed)) as image:
        image.seek(2)
        image.load()
        assert image.text == {"chara": PACKED.decode()}
    with Image.open(io.BytesIO(unpacked(packed).picture)) as image:
        image.load()
        assert image.text == {}


@pytest.mark.parametrize(
    "picture", [b"", b"\xff\xd8\xff", png()[:-1], SIGNATURE + header(9999, 9999) + IEND]
)
def test_packing_into_what_is_no_picture_is_refused(picture):
    with pytest.raises(UnreadableFile):
        pack_png(picture, chunks={"chara": CARD})
