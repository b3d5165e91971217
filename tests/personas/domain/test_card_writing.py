"""Cards that go out: what each form holds, and what never leaves."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from personas.domain.cards.assets import DATA_URI_BYTES
from personas.domain.cards.containers import Asset, pack_png
from personas.domain.cards.png import read_png
from personas.domain.cards.writing import CardForm, NoPicture, write_card
from personas.domain.dialects import UnreadableFile
from personas.domain.dialects.card_block import BACKFILL_NOTE
from personas.domain.lore.sheets import Book, BookSheet, EntrySheet
from personas.domain.sheets import CharacterSheet
from tests.personas.domain.card_made import (
    book_in,
    kept_in,
    parsed_card,
    png,
    sheet_in,
    v3,
)
from tests.personas.domain.dialect_files import card

BOOK = Book(
    sheet=BookSheet(name="Harbour"),
    entries=(EntrySheet(keys=["quay"], content="@@depth 3\nIt is wet."),),
)
MAIN = {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}


def ada(**fields: Any) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def with_card(**parts: Any) -> CharacterSheet:
    return ada(extensions={"dramatis:card": parts})


def raw_of(sheet: CharacterSheet, form: str, **more: Any) -> bytes:
    return write_card(sheet, character_id="ada", form=CardForm(form), **more)


def document(sheet: CharacterSheet, form: str = "v3.json", **more: Any) -> Any:
    return json.loads(raw_of(sheet, form, **more))


def chunk_of(raw: bytes, keyword: bytes) -> Any:
    at = raw.index(b"tEXt" + keyword + b"\x00")
    size = int.from_bytes(raw[at - 4 : at])
    text = raw[at + 4 + len(keyword) + 1 : at + 4 + size]
    return json.loads(base64.b64decode(text))


def test_v3_has_its_own_fields_and_no_others():
    written = document(ada(nickname="Countess", avatar_address="https://a.example/b"))

    assert (written["spec"], written["spec_version"]) == ("chara_card_v3", "3.0")
    data = written["data"]
    assert (data["nickname"], data["group_only_greetings"]) == ("Countess", [])
    assert "avatar_url" not in data
    assert "assets" not in data
    assert data["extensions"]["dramatis"]["sheet"] == {
        "framework_id": "neuro",
        "avatar_address": "https://a.example/b",
    }


def test_v3_without_a_nickname_has_none():
    assert "nickname" not in document(ada())["data"]


def test_v2_keeps_what_only_v3_has_in_our_block():
    sheet = ada(
        nickname="Countess",
        extensions={"dramatis:card": {"data": {"source": ["x"], "colour": "teal"}}},
    )

    written = document(sheet, "v2.json")

    assert (written["spec"], written["spec_version"]) == ("chara_card_v2", "2.0")
    data = written["data"]
    assert data["colour"] == "teal"
    assert not {"nickname", "source", "group_only_greetings"} & set(data)
    block = data["extensions"]["dramatis"]
    assert block["sheet"]["nickname"] == "Countess"
    assert block["extensions"] == {"dramatis:card": {"data": {"source": ["x"]}}}


def test_a_png_holds_v3_and_a_copy_for_older_programs():
    sheet = ada(
        nickname="N",
        creator_notes="Be nice.",
        avatar_address="https://a.example/b",
        extensions={
            "world": "W",
            "dramatis:card": {"root": {"r": 1}, "data": {"colour": "teal"}},
        },
    )

    raw = raw_of(sheet, "png", picture=png(), books=[BOOK])

    newer, older = chunk_of(raw, b"ccv3"), chunk_of(raw, b"chara")
    assert (newer["spec"], newer["r"]) == ("chara_card_v3", 1)
    assert newer["data"]["colour"] == "teal"
    assert set(older) == {"spec", "spec_version", "data"}
    assert (older["spec"], older["spec_version"]) == ("chara_card_v2", "2.0")
    assert set(older["data"]) == {
        *("name", "description", "personality", "scenario", "first_mes"),
        *("mes_example", "creator_notes", "system_prompt", "alternate_greetings"),
        *("post_history_instructions", "tags", "creator", "character_version"),
        *("character_book", "extensions"),
    }
    assert older["data"]["creator_notes"] == f"Be nice.{BACKFILL_NOTE}"
    assert older["data"]["extensions"]["world"] == "W"
    (entry,) = older["data"]["character_book"]["entries"]
    assert entry["content"] == "It is wet."
    (entry,) = newer["data"]["character_book"]["entries"]
    assert entry["content"] == "@@depth 3\nIt is wet."


def test_the_copy_alone_gives_the_sheet_back():
    sheet = ada(
        nickname="N",
        creator_notes="Be nice.",
        extensions={"dramatis:card": {"root": {"r": 1}, "data": {"source": ["x"]}}},
    )
    raw = raw_of(sheet, "png", picture=png())
    older = json.dumps(chunk_of(raw, b"chara")).encode()

    again = parsed_card(pack_png(png(), chunks={"chara": older}), name="x.png")

    assert sheet_in(again) == sheet


def test_old_cards_leave_the_picture():
    old = pack_png(png(), chunks={"chara": json.dumps(card(name="Old")).encode()})

    raw = raw_of(ada(), "png", picture=old)

    assert raw.count(b"tEXtchara\x00") == 1
    assert read_png(raw).picture == png()


def test_a_png_without_a_picture_is_refused():
    with pytest.raises(NoPicture, match="needs a picture"):
        raw_of(ada(), "png")


def test_a_png_of_another_kind_of_picture_is_refused():
    with pytest.raises(UnreadableFile, match="no PNG"):
        raw_of(ada(), "png", picture=b"GIF89a")


@pytest.mark.parametrize("form", list(CardForm))
def test_private_data_never_leaves(form):
    sheet = ada(
        extensions={
            "fav": True,
            "chat": "SECRET",
            "chat_metadata": {"note": "SECRET"},
            "create_date": "SECRET",
            "json_data": "SECRET",
            "dramatis:card": {
                "root": {"chat": "SECRET", "json_data": "SECRET"},
                "data": {"create_date": "SECRET", "kept": 1},
            },
        }
    )
    assets = [Asset("x_meta/1.json", b"SECRET")]

    raw = raw_of(sheet, form, picture=png(), assets=assets)

    again = parsed_card(raw, name=f"a.{form}")
    assert sheet_in(again).extensions == {"dramatis:card": {"data": {"kept": 1}}}
    assert again.assets == ()
    assert b"SECRET" not in raw


def test_the_date_of_the_change_is_given_or_stays():
    sheet = with_card(data={"creation_date": 5, "modification_date": 6})
    now = datetime(2026, 1, 2, tzinfo=UTC)

    kept, given = document(sheet)["data"], document(sheet, now=now)["data"]

    assert (kept["creation_date"], kept["modification_date"]) == (5, 6)
    assert given["creation_date"] == 5
    assert given["modification_date"] == int(now.timestamp())
    assert "modification_date" not in document(sheet, "v2.json", now=now)["data"]


def test_several_books_become_one():
    other = Book(
        sheet=BookSheet(name="Tides"), entries=(EntrySheet(keys=["t"], content="x"),)
    )

    book = document(ada(), books=[BOOK, other])["data"]["character_book"]

    assert [entry["keys"] for entry in book["entries"]] == [["quay"], ["t"]]


# Where things stand ----------------------------------------------------------


def test_fields_go_back_in_the_spelling_in_which_they_came():
    theirs = v3(
        name=" Ada ",
        tags="a, b",
        alternate_greetings="Hi",
        nickname=" N ",
        system_prompt="a\\nb",
        creator_notes=["n"],
        avatar="https://a.example/b.png",
    )
    sheet = sheet_in(parsed_card(theirs))

    data = document(sheet)["data"]

    for key, value in theirs["data"].items():
        assert data[key] == value
    assert data["extensions"]["dramatis"]["spelled"] == ["system_prompt"]
    assert sheet_in(parsed_card(document(sheet))) == sheet
    older = chunk_of(raw_of(sheet, "png", picture=png()), b"chara")["data"]
    assert older["creator_notes"] == f"n{BACKFILL_NOTE}"
    assert "avatar" not in older


def test_fields_that_were_changed_go_out_as_they_are_now():
    theirs = v3(name=" Ada ", tags="a, b", avatar="https://a.example/b.png")
    sheet = sheet_in(parsed_card(theirs)).model_copy(
        update={"tags": ["c"], "avatar_address": "https://a.example/c.png"}
    )

    written = document(sheet, "v2.json")

    data = written["data"]
    assert (data["name"], data["tags"]) == (" Ada ", ["c"])
    assert data["avatar_url"] == "https://a.example/c.png"
    assert data["extensions"]["dramatis"]["extensions"] == {
        "dramatis:card": {
            "data_spelled": {"avatar": "https://a.example/b.png", "tags": "a, b"}
        }
    }
    assert sheet_in(parsed_card(written)) == sheet


def test_extensions_go_back_as_they_were_written():
    extensions = {
        "knowledge_domain": {"rag_categories": "lore", "edition": 3},
        "topic_interests": ["tea", "tea"],
        "framework_blending": {"contexts": {"a": {"b": 2}}, "base_framework": "warm"},
    }
    sheet = sheet_in(parsed_card(card(extensions=extensions)))

    written = document(sheet, "v2.json")

    data = written["data"]
    block = data["extensions"].pop("dramatis")
    assert data["extensions"] == extensions
    assert block["spelled"] == sorted(extensions)
    assert sheet_in(parsed_card(written)) == sheet


@pytest.mark.parametrize(
    "change",
    [{"topic_interests": ["coffee"]}, {"extensions": {"knowledge_domain": 5}}],
)
def test_extensions_of_which_the_sheet_says_otherwise_stay_in_our_block(change):
    theirs = card(
        extensions={
            "topic_interests": ["tea"],
            "knowledge_domain": {"primary": "p", "edition": 3},
        }
    )
    sheet = sheet_in(parsed_card(theirs))
    kept = sheet.extensions["dramatis:card"]
    if "extensions" in change:
        change = {"extensions": {"knowledge_domain": 5, "dramatis:card": kept}}
    sheet = sheet.model_copy(update=change)

    written = document(sheet, "v2.json")

    assert len(written["data"]["extensions"]["dramatis"]["spelled"]) == 1
    assert sheet_in(parsed_card(written)) == sheet


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("root", {"name": 1, "spec": 2, "entries": [], "avatar": "x"}),
        ("data", {"name": 1, "extensions": [], "avatar": "x", "avatar_url": "y"}),
        ("data", {"group_only_greetings": [], "nickname": 5}),
        ("data", {"character_book": {"entries": []}}),
        ("data", {"character_book": {}}),
        ("data", {"character_book": None}),
        ("extensions", {"other": 1}),
        ("data_spelled", {"unknown": 1, "name": "Ada", "tags": 3, "avatar": 5}),
        ("data_spelled", {"avatar": "https://other.example"}),
        ("extensions_spelled", {"other": 1, "evolution_stages": None}),
        ("extensions_spelled", {"topic_interests": ["x" * 201]}),
    ],
)
def test_what_would_be_read_otherwise_stays_in_our_block(part, fields):
    sheet = with_card(**{part: fields})

    written = document(sheet)

    block = written["data"]["extensions"]["dramatis"]
    assert block["extensions"] == {"dramatis:card": {part: fields}}
    assert sheet_in(parsed_card(written)) == sheet


@pytest.mark.parametrize("value", [5, {}, {"root": {}}, {"else": {"a": 1}}])
def test_a_name_of_ours_that_means_nothing_stays_in_our_block(value):
    sheet = ada(extensions={"dramatis:card": value, "dramatis": "mine"})

    assert sheet_in(parsed_card(document(sheet))) == sheet


def test_somebody_elses_extension_of_our_name_goes_back_where_it_stood():
    sheet = sheet_in(parsed_card(card(extensions={"dramatis:card": "theirs"})))

    written = document(sheet)

    assert written["data"]["extensions"]["dramatis:card"] == "theirs"
    assert sheet_in(parsed_card(written)) == sheet


def test_a_nickname_in_another_spelling_waits_in_our_block_for_v3():
    sheet = sheet_in(parsed_card(v3(nickname=" N ")))

    written = document(sheet, "v2.json")

    assert "nickname" not in written["data"]
    assert sheet_in(parsed_card(written)) == sheet


@pytest.mark.parametrize(
    "book", ["see above", {"entries": [{"content": "x" * 70_000}]}]
)
def test_a_book_that_cannot_be_read_goes_back_where_it_stood(book):
    sheet = with_card(data={"character_book": book})

    assert document(sheet)["data"]["character_book"] == book
    with_bound = document(sheet, books=[BOOK])
    assert with_bound["data"]["character_book"]["name"] == "Harbour"
    assert sheet_in(parsed_card(with_bound)) == sheet


def test_ours_edited_by_another_program_is_read():
    written = document(ada(creator_notes="n"), "v2.json")
    written["data"]["extensions"]["dramatis"]["spelled"] = ["topic_interests"]
    written["name"] = "Ada"
    written["data"]["new"] = 1

    assert sheet_in(parsed_card(written)) == ada(
        creator_notes="n", extensions={"dramatis:card": {"data": {"new": 1}}}
    )


# Pictures and files ----------------------------------------------------------


def test_v2_holds_the_picture_in_a_field():
    sheet = ada(avatar_address="https://a.example/b")
    written = document(sheet, "v2.json", picture=b"abc")

    assert written["data"]["avatar"] == "data:image/png;base64,YWJj"
    assert written["data"]["avatar_url"] == "https://a.example/b"


def test_v3_holds_picture_and_files_in_its_list():
    files = [Asset("a/ü b.webp", b"1"), Asset("raw", b"2")]
    rows = [
        {"type": "emotion", "uri": "embeded://a/ü b.webp", "name": "s", "ext": "webp"},
        {"type": "x_raw", "uri": "embeded://raw"},
        {"type": "x_raw", "uri": "embeded://gone"},
        {"type": "x_raw", "uri": 5},
        5,
    ]
    sheet = with_card(data={"assets": [*rows, MAIN]})

    written = document(sheet, picture=b"abc", assets=files)

    addresses = [row["uri"] for row in written["data"]["assets"] if row != 5]
    assert addresses == [
        "data:image/webp;name=a%2F%C3%BC%20b.webp;base64,MQ==",
        "data:application/octet-stream;name=raw;base64,Mg==",
        "embeded://gone",
        5,
        "data:image/png;base64,YWJj",
    ]
    assert document(sheet)["data"]["assets"] == [*rows, MAIN]


def test_many_bytes_stay_out_of_json():
    files = [Asset("a.png", bytes(DATA_URI_BYTES + 1))]
    rows = [{"type": "emotion", "uri": "embeded://a.png", "name": "s"}]
    sheet = with_card(data={"assets": rows})

    assert document(sheet, assets=files)["data"]["assets"] == rows


def test_a_charx_holds_the_picture_under_a_name_of_its_own():
    taken = Asset("assets/icon/images/main.png", b"taken")
    also = Asset("assets/icon/images/main-2.png", b"taken, too")

    raw = raw_of(ada(), "charx", picture=b"abc", assets=[taken, also])

    again = parsed_card(raw, name="a.charx")
    assert again.picture == b"abc"
    assert set(again.assets) == {taken, also}
    assert sheet_in(again) == ada()


def test_a_charx_without_a_picture_has_no_list():
    again = parsed_card(raw_of(ada(), "charx"), name="a.charx")

    assert (again.picture, sheet_in(again)) == (None, ada())


@pytest.mark.parametrize(
    "rows",
    [
        [{**MAIN, "uri": "https://a.example/b.png"}],
        [{**MAIN, "ext": "webp"}],
        [{"type": "emotion", "uri": "ccdefault:"}],
        {"not": "a list"},
        [],
    ],
)
@pytest.mark.parametrize("form", ["v3.json", "charx", "png"])
def test_a_list_in_which_the_picture_changes_something_is_kept_apart(rows, form):
    sheet = with_card(data={"assets": rows})

    raw = raw_of(sheet, form, picture=png())

    again = parsed_card(raw, name=f"a.{form}")
    assert (again.picture, sheet_in(again)) == (png(), sheet)


def test_the_list_stays_as_it_was_without_a_picture():
    rows = [MAIN, {"type": "emotion", "uri": "https://a.example/b.png"}]
    sheet = with_card(data={"assets": rows})

    assert document(sheet)["data"]["assets"] == rows
    assert (
        kept_in(parsed_card(raw_of(sheet, "png", picture=png()), name="a.png"))[
            "assets"
        ]
        == rows
    )


def test_a_book_comes_back():
    again = parsed_card(raw_of(ada(), "v3.json", books=[BOOK]))

    entries = [(e.keys, e.content) for e in book_in(again).entries]
    assert entries == [(e.keys, e.content) for e in BOOK.entries]
