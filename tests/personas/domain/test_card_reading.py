"""Cards of every version: what maps, what is kept, and what a file is instead."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import limits
from personas.domain.cards.containers import Asset, ContainerKind
from personas.domain.dialects import ParsedCharacter, ParsedFramework, UnreadableFile
from personas.domain.lore.reading import ParsedBook
from personas.domain.remarks import Action
from tests.personas.domain.card_made import (
    book_in,
    in_charx,
    in_png,
    kept_in,
    parsed_card,
    png,
    refused,
    remarks_of,
    sheet_in,
    v3,
)
from tests.personas.domain.dialect_files import card


def uri(content: bytes, *, head: str = "image/png") -> str:
    return f"data:{head};base64,{base64.b64encode(content).decode()}"


BOOK = {"name": "Harbour", "entries": [{"keys": ["quay"], "content": "It is wet."}]}


# Versions --------------------------------------------------------------------


def test_v3_maps_its_nickname_and_keeps_its_other_fields():
    parsed = parsed_card(
        v3(
            nickname=" Countess ",
            group_only_greetings=["All of you!"],
            creator_notes_multilingual={"de": "Hallo"},
            source=["https://cards.example/1"],
            creation_date=5,
            modification_date=6,
            colour="teal",
        )
    )

    assert sheet_in(parsed).nickname == "Countess"
    assert kept_in(parsed) == {
        "group_only_greetings": ["All of you!"],
        "creator_notes_multilingual": {"de": "Hallo"},
        "source": ["https://cards.example/1"],
        "creation_date": 5,
        "modification_date": 6,
        "colour": "teal",
    }
    for key in kept_in(parsed):
        ((action, _),) = remarks_of(parsed, f"data.{key}")
        assert action is Action.KEPT
    assert kept_in(parsed, "data_spelled") == {"nickname": " Countess "}


def test_empty_group_greetings_say_nothing():
    assert sheet_in(parsed_card(v3(group_only_greetings=[]))).extensions == {}


@pytest.mark.parametrize(
    ("spec", "version", "remarks"),
    [
        ("chara_card_v2", "2.0", [(Action.MAPPED, "Card V2.0.")]),
        ("CHARA_CARD_V3", "3.0", [(Action.MAPPED, "Card V3.0.")]),
        (
            "chara_card_v4",
            "3.0",
            [
                (
                    Action.REPAIRED,
                    "“chara_card_v4” is not known yet; it was read as Card V3.",
                )
            ],
        ),
        (
            "tavern_ai",
            "1.0",
            [(Action.REPAIRED, "“tavern_ai” is not known; it was read as a card.")],
        ),
    ],
)
def test_the_specification_is_named(spec, version, remarks):
    parsed = parsed_card({"spec": spec, "spec_version": version, "data": {"name": "A"}})

    assert sheet_in(parsed).display_name == "A"
    assert remarks_of(parsed, "spec") == remarks
    assert remarks_of(parsed, "spec_version") == [(Action.MAPPED, f"Card V{version}.")]


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        ("3.1", "Version 3.1 is newer than 3.0; what is new was kept aside."),
        (4, "Version 4 is newer than 3.0; what is new was kept aside."),
        ("soon", "“soon” is no version; nothing depends on it."),
        (None, "“” is no version; nothing depends on it."),
    ],
)
def test_strange_versions_are_read_with_a_remark(version, detail):
    parsed = parsed_card({**v3(extra=1), "spec_version": version})

    assert kept_in(parsed) == {"extra": 1}
    assert remarks_of(parsed, "spec_version") == [(Action.REPAIRED, detail)]


def test_an_older_program_of_taverns_writes_its_fields_at_the_root():
    parsed = parsed_card({"spec": "tavern_ai", "name": "Ada", "first_mes": "Hi"})

    assert sheet_in(parsed).first_message == "Hi"


def test_a_specification_without_data_is_refused_with_advice():
    assert "export it again" in refused({"spec": "chara_card_v3", "title": "x"})


@pytest.mark.parametrize(
    "document",
    [
        {"name": "Ada"},
        {"name": "Ada", "description": ""},
        {"name": "Ada", "data": {"name": "Ada"}},
        {"data": {"name": "Ada", "first_mes": ""}},
        v3(),
    ],
)
def test_a_name_is_enough(document):
    assert sheet_in(parsed_card(document)).display_name == "Ada"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"name": "ada", "scripts": {"build": "x"}}, "a program package"),
        ({"name": "ada", "version": "1", "dependencies": {}}, "a program package"),
        (
            {"persona_id": "a", "character_id": "a", "system_prompt": "x"},
            "a finished prompt",
        ),
        ({"system_prompt": "x", "compiled_at": 5}, "a finished prompt"),
        ([{"name": "A", "first_mes": ""}, 5], "a list of 2 characters"),
        ([1, 2, 3], "a list of 3 items"),
        ({"data": {"name": "x"}}, "an object with the fields data"),
        ({"data": {"first_mes": "x"}}, "an object with the fields data"),
        ({"data": "x", "title": "y"}, "an object with the fields data"),
    ],
)
def test_what_is_no_card_is_called_what_it_is(document, what):
    assert what.removeprefix("a ") in refused(document)


# The root --------------------------------------------------------------------


def test_what_the_root_says_again_is_dropped_and_data_counts():
    document = card(
        description="d",
        creator_notes="n",
        extensions={"talkativeness": "0.5"},
    )
    document |= {
        "name": "Ada",
        "description": "other",
        "creatorcomment": "n",
        "talkativeness": "0.5",
        "scenario": "only here",
        "avatar": "none",
    }

    parsed = parsed_card(document)

    sheet = sheet_in(parsed)
    assert (sheet.description, sheet.scenario) == ("d", "only here")
    assert kept_in(parsed, "root") == {"description": "other"}
    assert remarks_of(parsed, "name") == [(Action.MAPPED, "data.name says the same.")]
    assert remarks_of(parsed, "description") == [
        (Action.KEPT, "data.description says something else, and counts.")
    ]
    assert remarks_of(parsed, "creatorcomment") == [
        (Action.MAPPED, "data.creator_notes says the same.")
    ]
    assert remarks_of(parsed, "talkativeness") == [
        (Action.MAPPED, "data.extensions.talkativeness says the same.")
    ]
    assert remarks_of(parsed, "scenario") == [(Action.MAPPED, "scenario")]
    assert remarks_of(parsed, "avatar") == [(Action.DROPPED, "No picture named.")]


def test_what_only_the_root_has_and_no_sheet_is_kept():
    document = {**card(extensions=5), "talkativeness": "0.3"}

    assert kept_in(parsed_card(document), "root") == {"talkativeness": "0.3"}


def test_a_picture_at_the_root_counts_where_data_has_none():
    parsed = parsed_card({**card(), "avatar": uri(b"abc")})

    assert parsed.picture == b"abc"


def test_the_picture_in_data_counts_before_that_at_the_root():
    parsed = parsed_card({**card(avatar=uri(b"abc")), "avatar": uri(b"root")})

    assert parsed.picture == b"abc"


def test_private_fields_are_kept_and_said_to_stay_here():
    document = card(extensions={"fav": True, "world": "Harbour", "depth_prompt": {}})
    document |= {"chat": "one", "fav": True, "create_date": "x", "json_data": "{}"}

    parsed = parsed_card(document)

    assert kept_in(parsed, "root") == {
        "chat": "one",
        "fav": True,
        "create_date": "x",
        "json_data": "{}",
    }
    for field in ("chat", "fav", "create_date", "json_data", "data.extensions.fav"):
        assert remarks_of(parsed, field) == [
            (Action.KEPT, "Private, so it is never exported.")
        ]
    ((action, detail),) = remarks_of(parsed, "data.extensions.world")
    assert (action, "bind the book" in detail) == (Action.KEPT, True)


# Relatives -------------------------------------------------------------------


def test_pygmalions_names_are_read():
    parsed = parsed_card(
        {
            "char_name": "Ada",
            "char_persona": "d",
            "world_scenario": "s",
            "char_greeting": "g",
            "example_dialogue": "e",
        }
    )

    sheet = sheet_in(parsed)
    assert (sheet.display_name, sheet.description, sheet.scenario) == ("Ada", "d", "s")
    assert (sheet.first_message, sheet.example_messages) == ("g", "e")
    assert sheet.extensions == {}
    assert remarks_of(parsed, "") == []


def test_of_two_dialects_in_one_file_v1_counts_first():
    parsed = parsed_card(
        {
            "name": "Ada",
            "description": "",
            "first_mes": "one",
            "char_name": "Ada",
            "char_persona": "only there",
            "char_greeting": "two",
        }
    )

    sheet = sheet_in(parsed)
    assert (sheet.description, sheet.first_message) == ("only there", "one")
    assert kept_in(parsed, "root") == {"char_greeting": "two"}
    assert remarks_of(parsed, "") == [
        (
            Action.REPAIRED,
            "In two dialects; the fields of Card V1 count before the others.",
        )
    ]


def test_agnais_own_names_are_read():
    parsed = parsed_card(
        {
            "kind": "character",
            "name": "Ada",
            "scenario": "s",
            "greeting": "g",
            "sampleChat": "e",
            "persona": {"kind": "text"},
        }
    )

    sheet = sheet_in(parsed)
    assert (sheet.first_message, sheet.example_messages) == ("g", "e")
    assert kept_in(parsed, "root") == {
        "kind": "character",
        "persona": {"kind": "text"},
    }


@pytest.mark.parametrize("name", ["ada.yaml", "ada.json"])
def test_characters_of_textgen_are_read(name):
    fields = {"name": "Ada", "greeting": "Hi", "context": "c", "turn_template": "t"}
    raw = (
        "".join(f"{key}: {value}\n" for key, value in fields.items()).encode()
        if name.endswith("yaml")
        else json.dumps(fields).encode()
    )

    parsed = parsed_card(raw, name=name)

    sheet = sheet_in(parsed)
    assert (sheet.display_name, sheet.first_message) == ("Ada", "Hi")
    assert sheet.description == "c"
    assert sheet.extensions == {"dramatis:kept": {"turn_template": "t"}}
    assert isinstance(parsed.content, ParsedCharacter)
    assert parsed.content.dialect == "textgen"


def test_frameworks_and_books_come_through_the_same_door():
    framework = parsed_card({"framework_id": "f", "prompt_template": "x"})
    book = parsed_card({"entries": {"0": {"key": ["a"], "content": "{{getvar::x}}"}}})
    wrapped = parsed_card({"spec": "lorebook_v3", "data": {"name": "W", "entries": []}})

    assert isinstance(framework.content, ParsedFramework)
    assert isinstance(book.content, ParsedBook)
    assert isinstance(wrapped.content, ParsedBook)
    assert book.content.sheet.name == "file"
    assert wrapped.content.sheet.name == "W"
    assert book.book is None
    assert remarks_of(book, "")[-1] == (
        Action.KEPT,
        "Macros that mean nothing here stay as they are: {{getvar::x}}.",
    )


# Prompts that weigh ----------------------------------------------------------


def test_prompts_that_others_obey_are_flagged():
    parsed = parsed_card(
        card(system_prompt="{{original}} Be kind.", post_history_instructions="Now!")
    )

    sheet = sheet_in(parsed)
    assert sheet.system_prompt_override.text == "{{original}} Be kind."
    assert sheet.post_history == "Now!"
    ((_, first),) = remarks_of(parsed, "data.system_prompt")
    ((_, last),) = remarks_of(parsed, "data.post_history_instructions")
    assert first.startswith("system_prompt_override.text. Others put it")
    assert last.startswith("post_history. Sent last, so it weighs most;")


def test_empty_prompts_are_not():
    parsed = parsed_card(card(system_prompt="", post_history_instructions=""))

    assert remarks_of(parsed, "data.system_prompt") == [
        (Action.MAPPED, "system_prompt_override.text")
    ]


# Books -----------------------------------------------------------------------


def test_the_book_of_a_card_is_read():
    parsed = parsed_card(v3(character_book=BOOK))

    assert sheet_in(parsed).extensions == {}
    assert book_in(parsed).sheet.name == "Harbour"
    assert [entry.content for entry in book_in(parsed).entries] == ["It is wet."]
    fields = {remark.field for remark in parsed.remarks}
    assert any(field.startswith("data.character_book") for field in fields)


def test_a_book_without_a_name_is_called_as_its_card_or_file():
    nameless = {"entries": BOOK["entries"]}

    named = parsed_card(v3(character_book=nameless))
    unnamed = parsed_card(
        {"spec": "chara_card_v3", "data": {"character_book": nameless}}
    )

    assert book_in(named).sheet.name == "Ada"
    assert book_in(unnamed).sheet.name == "file"


def test_the_book_of_a_flat_card_is_read():
    parsed = parsed_card({"name": "A", "first_mes": "", "character_book": BOOK})

    assert book_in(parsed).sheet.name == "Harbour"
    assert sheet_in(parsed).extensions == {}


@pytest.mark.parametrize("book", [None, {}, []])
def test_an_empty_book_says_nothing(book):
    parsed = parsed_card(v3(character_book=book))

    assert (parsed.book, sheet_in(parsed).extensions) == (None, {})


@pytest.mark.parametrize(
    "book",
    [
        [1, 2],
        "see above",
        {"entries": [{"content": "x" * (limits.LORE_ENTRY_BYTES + 1)}]},
    ],
)
def test_a_book_that_cannot_be_read_stays_with_the_card(book):
    parsed = parsed_card(v3(character_book=book))

    assert parsed.book is None
    assert kept_in(parsed) == {"character_book": book}
    actions = {action for action, _ in remarks_of(parsed, "data.character_book")}
    assert actions == {Action.KEPT}


# Pictures and files ----------------------------------------------------------


def test_a_png_card_is_its_picture():
    parsed = parsed_card(in_png(v3()), name="Ada.png")

    assert (parsed.container, parsed.picture) == (ContainerKind.PNG, png())
    assert remarks_of(parsed, "avatar") == []


def test_v3_in_the_older_chunk_is_read():
    parsed = parsed_card(in_png(v3(nickname="N"), keyword="chara"), name="Ada.png")

    assert sheet_in(parsed).nickname == "N"


def test_a_second_picture_inside_is_left_out_with_a_remark():
    parsed = parsed_card(in_png(card(avatar=uri(b"abc"))), name="Ada.png")

    assert parsed.picture == png()
    assert remarks_of(parsed, "avatar") == [
        (Action.DROPPED, "Left out: the picture of the file itself counts.")
    ]


def test_the_same_picture_inside_is_no_second_one():
    parsed = parsed_card(in_png(card(avatar=uri(png()))), name="Ada.png")

    assert remarks_of(parsed, "avatar") == []


def test_the_main_icon_of_a_charx_is_the_picture_and_other_files_stay():
    icon = {
        "type": "icon",
        "uri": "embeded://a/one.webp",
        "name": "main",
        "ext": "webp",
    }
    smile = {"type": "emotion", "uri": "embeded://a/two.png", "name": "s", "ext": "png"}
    raw = in_charx(
        v3(assets=[icon, smile]), **{"a__one.webp": b"one", "a__two.png": b"two"}
    )

    parsed = parsed_card(raw, name="Ada.charx")

    assert parsed.picture == b"one"
    assert parsed.assets == (Asset("a/two.png", b"two"),)
    assert kept_in(parsed)["assets"] == [
        {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},
        smile,
    ]
    assert (Action.MAPPED, "The picture.") in remarks_of(parsed, "data.assets")


@pytest.mark.parametrize("scheme", ["embedded://", "__asset:"])
def test_other_spellings_of_addresses_inside_are_understood(scheme):
    icon = {"type": "icon", "uri": f"{scheme}x.png", "name": "face", "ext": "png"}
    raw = in_charx(v3(assets=[icon]), **{"x.png": b"one"})

    assert parsed_card(raw, name="Ada.charx").picture == b"one"


def test_a_list_that_says_what_no_list_says_is_dropped():
    only = {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}
    parsed = parsed_card(in_png(v3(assets=[only])), name="Ada.png")

    assert sheet_in(parsed).extensions == {}
    assert remarks_of(parsed, "data.assets") == [
        (Action.MAPPED, "The picture is the card's own, as where there is no list.")
    ]


def test_the_picture_may_stand_in_the_list_itself():
    icon = {"type": "icon", "uri": uri(b"abc"), "name": "main", "ext": "png"}

    parsed = parsed_card(v3(assets=[icon]))

    assert parsed.picture == b"abc"
    assert sheet_in(parsed).extensions == {}


@pytest.mark.parametrize(
    "icon",
    [
        {"type": "icon", "uri": "https://a.example/b.png", "name": "main"},
        {"type": "icon", "uri": "embeded://gone.png", "name": "main"},
        {"type": "icon", "uri": "data:image/png;base64,?", "name": "main"},
        {"type": "icon", "uri": 5, "name": "main"},
        {"type": "icon", "name": "main"},
        "icon",
    ],
)
def test_a_main_icon_that_is_nowhere_stays_as_it_is(icon):
    parsed = parsed_card(v3(assets=[icon]))

    assert parsed.picture is None
    assert kept_in(parsed)["assets"] == [icon]


def test_of_several_icons_none_is_the_main_one_unless_it_says_so():
    icons = [{"type": "icon", "uri": uri(b"abc"), "name": name} for name in "ab"]

    parsed = parsed_card(v3(assets=icons))

    assert parsed.picture is None
    assert [asset.path for asset in parsed.assets] == [
        "assets/icon/images/a.png",
        "assets/icon/images/b.png",
    ]


def test_files_that_are_not_there_are_named():
    rows = [{"type": "emotion", "uri": "embeded://gone.png", "name": "s"}]

    parsed = parsed_card(v3(assets=rows))

    assert (Action.REPAIRED, "Files that are not in it: gone.png.") in remarks_of(
        parsed, "data.assets"
    )


def test_files_in_the_list_become_files_beside_the_card():
    rows = [
        {"type": "emotion", "uri": uri(b"1"), "name": "Smile!", "ext": "PNG"},
        {"type": "emotion", "uri": uri(b"2"), "name": "smile", "ext": "png"},
        {"type": 5, "uri": uri(b"3", head="x/y;name=a%2Fb.bin"), "ext": None},
        {"uri": uri(b"4", head="x/y;name=..%2Fb.bin")},
        {"type": "emotion", "uri": "data:nothing"},
    ]

    parsed = parsed_card(v3(assets=rows))

    assert [(asset.path, asset.content) for asset in parsed.assets] == [
        ("assets/emotion/images/smile.png", b"1"),
        ("assets/emotion/images/smile-2.png", b"2"),
        ("a/b.bin", b"3"),
        ("assets/other/images/3.png", b"4"),
    ]
    addresses = [row["uri"] for row in kept_in(parsed)["assets"]]
    assert addresses == [
        *(f"embeded://{asset.path}" for asset in parsed.assets),
        "data:nothing",
    ]


def test_only_so_many_files_are_taken_out_of_a_list():
    row = {"type": "emotion", "uri": uri(b"1"), "name": "s"}

    parsed = parsed_card(v3(assets=[row] * (limits.ARCHIVE_MEMBERS + 1)))

    assert len(parsed.assets) == limits.ARCHIVE_MEMBERS
    assert kept_in(parsed)["assets"][-1] == row


def test_a_list_of_assets_that_is_none_is_kept():
    assert kept_in(parsed_card(v3(assets={"a": 1}))) == {"assets": {"a": 1}}


# Scripts and macros ----------------------------------------------------------


def test_what_others_would_run_is_kept_and_named():
    parsed = parsed_card(
        v3(
            first_mes='<img src="x" onerror="alert(1)">',
            creator_notes="Knows JavaScript: the good parts. 1 < 2, on = off.",
            alternate_greetings=["Hi", "<a href='javascript:x'>x</a>"],
            extensions={
                "risuai": {
                    "triggerscript": [{"effect": []}],
                    "backgroundHTML": "<b>",
                    "lowLevelAccess": False,
                    "customScripts": [],
                },
                "regex_scripts": [{"findRegex": "x"}],
            },
            character_book={"entries": [{"keys": [], "content": "<script>x</script>"}]},
        )
    )

    assert parsed.scripts == (
        "data.first_mes",
        "data.alternate_greetings.1",
        "data.extensions.risuai.triggerscript",
        "data.extensions.risuai.backgroundHTML",
        "data.extensions.regex_scripts",
        "data.character_book.entries.0.content",
    )
    for field in parsed.scripts:
        assert (Action.KEPT, "Contains a script: kept, never run.") in remarks_of(
            parsed, field
        )
    assert sheet_in(parsed).extensions["regex_scripts"] == [{"findRegex": "x"}]


def test_macros_that_mean_nothing_are_listed_once():
    entries = [
        {
            "keys": ["a"],
            "content": "{{random:a,b}} {{ROLL:6}} {{pick}} {{time}} {{weekday}}",
        }
    ]
    parsed = parsed_card(
        v3(
            description="{{time}} {{char}} {{time}} {{user}}",
            character_book={"entries": entries},
        )
    )

    assert remarks_of(parsed, "") == [
        (
            Action.KEPT,
            "Macros that mean nothing here stay as they are: {{time}}, {{weekday}}.",
        )
    ]


# Anything --------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        *("spec", "data", "name", "first_mes", "assets", "extensions", "entries"),
        *("character_book", "type", "uri", "keys", "content", "nickname", "tags"),
        *("regex_scripts", "talkativeness", "fav", "char_name", "greeting", "avatar"),
        *("group_only_greetings", "spec_version", "dramatis", "dramatis:card"),
    ]
)
VALUES = st.recursive(
    st.sampled_from(
        [
            *(None, True, 0, -3.5, 10**17, "", "x", "icon", "main", "ccdefault:"),
            *("data:,x", "embeded://x", "chara_card_v3", "lorebook_v3", "<script>"),
            *("a\x00b", "{{x}}"),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(KEYS | st.text(max_size=3), VALUES, max_size=6),
    st.sampled_from([{}, {"spec": "chara_card_v3"}]),
    st.booleans(),
)
def test_any_object_is_read_or_refused(document, sign, is_png):
    document = {**document, **sign}
    raw = in_png(document) if is_png else json.dumps(document).encode()
    try:
        parsed = parsed_card(raw, name="file.png" if is_png else "file.json")
    except UnreadableFile:
        return

    assert isinstance(parsed.content, ParsedCharacter | ParsedFramework | ParsedBook)
