"""Cards in zip archives, and archives of several files."""

import io
import re
import stat
import struct
import zipfile

import pytest

from core import limits
from personas.domain.cards.archives import members_of, pack_charx, read_charx
from personas.domain.cards.containers import Asset, ContainerKind
from personas.domain.dialects import UnreadableFile
from tests.personas.domain.card_files import (
    MEGABYTE,
    at_peak,
    card_json,
    charx,
    refusal,
    told,
    unpacked,
    zipped,
)

CARD = card_json()


def refused(raw: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        members_of(raw)
    return str(caught.value)


def with_attributes(name: str, **attributes) -> bytes:
    members = {"card.json": CARD, name: b"x"}
    return zipped(members, changes={name: attributes})


def renamed(name: bytes) -> bytes:
    """An archive with a member whose name no honest program writes."""
    stand_in = b"n" * len(name)
    return charx(**{stand_in.decode(): b"x"}).replace(stand_in, name)


def test_charx_gives_its_card_and_files():
    found = unpacked(charx(**{"assets/icon/images/1.png": b"png", "extra.json": b"1"}))

    assert found.kind is ContainerKind.CHARX
    assert found.document == CARD
    assert found.picture is None
    assert [(a.path, a.content) for a in found.assets] == [
        ("assets/icon/images/1.png", b"png"),
        ("extra.json", b"1"),
    ]
    assert found.remarks == ()


def test_folders_are_no_files():
    found = unpacked(charx(**{"assets/": b"", "assets/a": b"a"}))

    assert [a.path for a in found.assets] == ["assets/a"]


def test_files_of_risu_are_kept_and_marked():
    found = unpacked(charx(**{"module.risum": b"\x6f", "x_meta/1.json": b"{}"}))

    assert [(a.path, a.is_private) for a in found.assets] == [
        ("module.risum", False),
        ("x_meta/1.json", True),
    ]
    (module, meta) = told(found.remarks)
    assert module[:2] == ("module.risum", "kept")
    assert "lorebook in it is not read" in module[2]
    assert meta[:2] == ("x_meta/1.json", "kept")
    assert "never exported" in meta[2]


def test_start_is_where_the_zip_begins_behind_other_bytes():
    assert read_charx(b"prefix" + charx()).start == 6
    assert read_charx(charx()).start == 0


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"package.json": b"{}", "Characters/a/character.json": b"{}"}, "Voxta"),
        ({"manifest.json": b"{}", "characters/a/character.json": b"{}"}, "BYAF"),
        ({"[Content_Types].xml": b"<a/>", "word/document.xml": b""}, "Office"),
        ({"Ada/card.json": CARD}, "in a folder (“Ada/card.json”)"),
        ({"card.JSON": CARD}, "A zip of several files (1)"),
        ({"package.json": b"{}", "b.json": CARD}, "A zip of several files (2)"),
        ({"manifest.json": b"{}", "b.json": CARD}, "A zip of several files (2)"),
        ({}, "A zip of several files (0)"),
    ],
)
def test_archives_without_a_card_are_refused_by_name(members, expected):
    assert expected in refusal(zipped(members))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"/etc/passwd", "root of a disk"),
        (b"C:/a.json", "root of a disk"),
        (b"../a.json", "leads out of its folder"),
        (b"a/../../b", "leads out of its folder"),
        (b"a/..", "leads out of its folder"),
        (b"a\\b.json", "backslash"),
        (b"a\x00b.json", "control characters"),
        (b"a\nb.json", "control characters"),
        ("a\u202eb".encode(), "control characters"),
        (b"n" * 401, "more than 400 characters"),
    ],
)
def test_unsafe_names_are_refused(name, expected):
    if name == "a\u202eb".encode():
        raw = charx(**{name.decode(): b"x"})
    else:
        raw = renamed(name)

    assert expected in refused(raw)
    assert expected in refusal(raw)
    assert "\n" not in refusal(raw)


def test_file_without_a_name_is_refused():
    assert "has no name" in refusal(with_attributes("a", filename=""))


@pytest.mark.parametrize(
    "name", ["..a/b..c", "a b.json", "ü/♪.png", "a/./b", "n" * 400, "c/:d"]
)
def test_odd_but_safe_names_are_read(name):
    assert [a.path for a in unpacked(charx(**{name: b"x"})).assets] == [name]


@pytest.mark.parametrize("bit", [0x1, 0x40, 0x2000])
def test_encrypted_files_are_refused(bit):
    assert "is encrypted" in refusal(with_attributes("a", flag_bits=bit))


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK]
)
def test_links_and_devices_are_refused(kind):
    raw = with_attributes("a", external_attr=(kind | 0o777) << 16)

    assert "is a link or a device" in refusal(raw)


def test_plain_files_of_any_system_are_read():
    for mode in (0, stat.S_IFREG | 0o644):
        raw = with_attributes("a", external_attr=mode << 16)
        assert [a.path for a in unpacked(raw).assets] == ["a"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_repeated_names_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("card.json", CARD)
        archive.writestr("card.json", card_json("Bo"))

    assert "“card.json” is in it twice" in refusal(out.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method):
    raw = zipped({"card.json": CARD}, method=method)

    assert "only deflate is read" in refusal(raw)


def test_too_many_files_are_refused():
    most = {f"{number}": b"" for number in range(limits.ARCHIVE_MEMBERS)}

    assert len(members_of(zipped(most))) == limits.ARCHIVE_MEMBERS
    assert "more than 512 files" in refused(zipped(most | {"more": b""}))


def test_directory_is_counted_before_it_is_read():
    raw = zipped({f"{number}": b"" for number in range(2_100)})

    assert "more than 512 files" in refused(raw)


def test_card_of_too_many_bytes_or_values_is_refused():
    # Noise, so that it is no bomb by its ratio.
    long = bytes(range(256)) * (8 * 4 * 1000)
    many = b"," * limits.JSON_VALUES + b"{"

    stored = zipped({"card.json": long}, method=zipfile.ZIP_STORED)
    assert "8,192,000 bytes; 8,000,000 are allowed" in refusal(stored)
    stored = zipped({"card.json": many}, method=zipfile.ZIP_STORED)
    assert "more than 1,000,000 values" in refusal(stored)


def guarded(raw: bytes) -> str:
    """The refusal of a bomb, which must cost neither memory nor time."""
    message, peak = at_peak(lambda: refused(raw))
    assert peak < 200 * MEGABYTE
    return message


def test_bombs_are_refused_by_what_they_declare():
    big = zipped({"a": bytes(20 * MEGABYTE + 1)})
    dense = zipped({"a": bytes(19 * MEGABYTE)})
    many = zipped({f"{n}": bytes(range(100)) * 1_500 for n in range(401)})

    assert "unpacks to more than 20,000,000 bytes" in guarded(big)
    assert "more than 100 times its size" in guarded(dense)
    assert "unpacks to more than 60,000,000 bytes" in guarded(many)


def test_small_files_may_be_packed_as_tightly_as_they_can():
    assert members_of(zipped({"a": bytes(MEGABYTE)}))[0].content == bytes(MEGABYTE)


def lying(size: int) -> bytes:
    """A bomb of 200 MB that says it has ``size`` bytes."""
    raw = bytearray(zipped({"a": bytes(200 * MEGABYTE)}))
    local, central = raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02")
    raw[local + 22 : local + 26] = struct.pack("<I", size)
    raw[central + 24 : central + 28] = struct.pack("<I", size)
    return bytes(raw)


@pytest.mark.parametrize("size", [0, 7, 15 * MEGABYTE])
def test_bombs_that_lie_about_their_size_are_cut_short(size):
    assert "is damaged" in guarded(lying(size))


def test_bombs_whose_members_share_their_bytes_are_refused():
    raw = zipped({f"{n:03}": bytes(range(100)) * 1_500 for n in range(400)})
    first = raw.index(b"PK\x01\x02")
    directory = re.sub(
        rb"(PK\x01\x02.{38}).{4}", rb"\1\0\0\0\0", raw[first:], flags=re.DOTALL
    )

    # All members say that they stand where the first does.
    assert "is damaged" in guarded(raw[:first] + directory)


@pytest.mark.parametrize("cut", [4, 30, 60, -1, -5, -22])
def test_cut_archives_are_refused(cut):
    assert "damaged or cut off" in refusal(charx(a=b"b" * 100)[:cut])


def test_damaged_members_are_refused():
    raw = zipped({"card.json": CARD}, method=zipfile.ZIP_STORED)
    packed = zipped({"card.json": CARD * 9})
    start = packed.index(b"card.json") + 9

    for broken in (
        raw.replace(b"chara_card_v3", b"chara_card_v4"),
        raw.replace(b"card.json", b"curd.json", 1),
        packed[:start] + b"\xff" * 8 + packed[start + 8 :],
    ):
        assert "“card.json” is damaged" in refusal(broken)


def test_archive_of_a_later_format_is_refused():
    raw = with_attributes("a", extract_version=99)

    assert "damaged" in refusal(raw)


def test_members_are_all_files_but_noise():
    inner = charx()
    members = members_of(
        zipped(
            {
                "a/": b"",
                "a/one.json": b"1",
                "two.charx": inner,
                "__MACOSX/a/._one.json": b"",
                "a/.DS_Store": b"",
                "Thumbs.db": b"",
            }
        )
    )

    assert [(m.name, m.content) for m in members] == [
        ("a/one.json", b"1"),
        ("two.charx", inner),
    ]


def test_members_of_what_is_no_archive_is_refused():
    assert "damaged or cut off" in refused(b"")
    assert "damaged or cut off" in refused(b"PK\x03\x04 and no more")


def test_packed_charx_is_read_back():
    assets = [Asset("assets/b.png", b"b" * 99), Asset("assets/a.png", b"a")]

    found = unpacked(pack_charx(CARD, assets=assets))

    assert found.kind is ContainerKind.CHARX
    assert found.document == CARD
    assert found.assets == (assets[1], assets[0])


def test_packed_charx_is_the_same_each_time():
    assets = [Asset("b", b"b"), Asset("a", b"a")]

    raw = pack_charx(CARD, assets=assets)

    assert raw == pack_charx(CARD, assets=assets[::-1])
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        infos = archive.infolist()
    assert [i.filename for i in infos] == ["card.json", "a", "b"]
    assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {i.create_system for i in infos} == {3}
    assert {i.external_attr >> 16 for i in infos} == {stat.S_IFREG | 0o644}
    assert [i.compress_type for i in infos] == [8, 0, 0]


def test_packed_charx_leaves_private_files_out():
    assets = [Asset("x_meta/1.json", b"{}"), Asset("X_Meta/2.json", b"{}")]

    assert pack_charx(CARD, assets=assets) == pack_charx(CARD, assets=[])


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["ü.png"], "“ü.png” has a name with other letters than ASCII"),
        (["../a"], "leads out of its folder"),
        (["a", "a"], "“a” has a name that is taken"),
        (["card.json"], "“card.json” has a name that is taken"),
        (["a/"], "“a/” has the name of a folder"),
        ([f"{n}" for n in range(512)], "more than 512 files"),
    ],
)
def test_packing_files_with_bad_names_is_refused(paths, expected):
    with pytest.raises(UnreadableFile) as caught:
        pack_charx(CARD, assets=[Asset(path, b"") for path in paths])

    assert expected in str(caught.value)
