"""Reading lorebooks of every kind."""

import contextlib
import copy

import pytest
from hypothesis import given, settings

from core import limits
from personas.domain.canonical import is_same
from personas.domain.dialects import UnreadableFile
from personas.domain.lore import fitting
from personas.domain.lore.reading import NAMELESS, BookKind, is_book, read_book
from personas.domain.lore.sheets import Logic, Position
from personas.domain.remarks import Action
from tests.personas.domain.lore_files import (
    CARD_ENTRY,
    DOCUMENTS,
    TEN_FIELDS,
    TEN_IN_CARD,
    WORLD_ENTRY,
    read,
    whole,
    without_origin,
)
from tests.personas.domain.strategies import TREES


def one_entry(fields, *, name="harbor"):
    return read({"entries": [fields]}, name=name).entries[0]


def one_remark(fields, *, field):
    remarks = read_book({"entries": [fields]}, name="harbor").remarks
    return [(r.action, r.detail) for r in remarks if r.field == f"entries.*.{field}"]


# What it is ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"entries": {}}, BookKind.WORLD_INFO),
        ({"entries": {"0": WORLD_ENTRY}}, BookKind.WORLD_INFO),
        ({"entries": [WORLD_ENTRY]}, BookKind.WORLD_INFO),
        ({"name": "Harbor", "entries": []}, BookKind.CHARACTER_BOOK),
        ({"entries": [CARD_ENTRY]}, BookKind.CHARACTER_BOOK),
        ({"entries": {"0": CARD_ENTRY}}, BookKind.CHARACTER_BOOK),
        ({"spec": "lorebook_v3", "data": {"entries": []}}, BookKind.LOREBOOK_V3),
        ({"type": "risu", "ver": 1, "data": []}, BookKind.CHARACTER_BOOK),
    ],
)
def test_the_kind_shows_in_the_fields(document, kind):
    assert is_book(document)
    assert read_book(document, name="x").kind == kind


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"entries": "none"},
        {"spec": "chara_card_v2", "entries": []},
        {"spec": "lorebook_v3"},
        {"spec": 3, "type": "risu", "data": {}},
    ],
)
def test_other_files_are_no_lorebooks(document):
    assert not is_book(document)


def test_what_stands_around_a_book_is_kept():
    document = {"spec": "lorebook_v3", "data": {"entries": {}}, "mood": 1}
    parsed = read_book(document, name="Sea")

    assert parsed.kind == BookKind.LOREBOOK_V3
    assert parsed.sheet.origin["root"] == {**document, "data": None}
    assert [(r.field, r.action) for r in parsed.remarks] == [
        ("spec", Action.MAPPED),
        ("mood", Action.KEPT),
    ]


def test_world_info_in_a_v3_wrapper_is_world_info():
    document = {"spec": "lorebook_v3", "data": {"entries": [WORLD_ENTRY]}}
    parsed = read_book(document, name="Sea")

    assert parsed.kind == BookKind.WORLD_INFO
    assert parsed.remarks[0].field == "spec"
    assert parsed.remarks[0].action == Action.DROPPED


def test_a_book_without_a_name_takes_the_one_given():
    assert read({"entries": []}, name="Deep  Sea").sheet.name == "Deep  Sea"
    assert read({"name": " ", "entries": []}, name="Sea").sheet.name == "Sea"
    assert read({"name": None, "entries": []}, name="\u200b").sheet.name == NAMELESS
    assert read({"name": "Harbor", "entries": []}, name="Sea").sheet.name == "Harbor"


def test_a_long_name_is_cut_and_said_so():
    parsed = read_book({"name": "x" * 300, "entries": []}, name="Sea")

    assert parsed.sheet.name == "x" * limits.NAME_LENGTH
    assert parsed.remarks[0].action == Action.REPAIRED
    assert parsed.remarks[0].detail == "The name was shortened."


def test_a_books_own_settings_are_read():
    sheet = read(
        {
            "name": "Harbor",
            "description": "The old town",
            "scan_depth": 3,
            "token_budget": "700",
            "recursive_scanning": False,
            "extensions": {"mood": "calm"},
            "invented": [1],
            "entries": [],
        }
    ).sheet

    assert sheet.model_dump(exclude={"origin", "extensions"}) == {
        "name": "Harbor",
        "description": "The old town",
        "for_everybody": False,
        "scan_depth": 3,
        "token_budget": 700,
        "recursive_scanning": False,
    }
    assert sheet.extensions == {"mood": "calm"}
    assert sheet.origin["fields"] == {"/token_budget": "700", "/invented": [1]}


# SillyTavern -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "card"), [(WORLD_ENTRY, CARD_ENTRY), (TEN_FIELDS, TEN_IN_CARD)]
)
def test_world_info_and_the_book_made_of_it_agree(world, card):
    one = read({"entries": {"0": world}})
    other = read({"name": "Harbor", "entries": [card]})

    assert without_origin(one) == without_origin(other)


def test_world_info_fields_are_mapped():
    found = one_entry(
        {
            **WORLD_ENTRY,
            "delayUntilRecursion": True,
            "role": 2,
            "outletName": "harbor",
            "ignoreBudget": True,
            "triggers": ["quiet"],
            "characterFilter": {"isExclude": True, "names": ["Ada"], "tags": []},
            "matchScenario": True,
            "matchCreatorNotes": False,
            "extensions": {"mood": "calm"},
        }
    )

    assert found.keys == ["lantern", "/lamp(s|light)?/i"]
    assert found.secondary_keys == ["fog"]
    assert found.logic == Logic.NOT_ALL
    assert found.position == Position.NOTE_BOTTOM
    assert (found.probability, found.use_probability) == (30.0, True)
    assert found.delay_until_recursion == 1
    assert found.role == "assistant"
    assert found.outlet == "harbor"
    assert found.triggers == ["quiet"]
    assert found.ignore_budget
    assert found.character_filter.is_exclude
    assert found.character_filter.names == ["Ada"]
    assert found.extensions == {"mood": "calm", "match_scenario": True}


def test_the_position_of_extensions_counts():
    found = one_entry({**CARD_ENTRY, "position": "before_char"})

    assert found.position == Position.NOTE_BOTTOM
    assert one_remark(CARD_ENTRY, field="position") == [
        (Action.KEPT, "1 entry (0): extensions.position was read instead.")
    ]


@pytest.mark.parametrize(
    ("said", "position"),
    [
        ("before_char", Position.BEFORE_CHARACTER),
        ("after_char", Position.AFTER_CHARACTER),
    ],
)
def test_the_position_of_v2_counts_where_there_is_no_other(said, position):
    assert one_entry({"keys": [], "position": said}).position == position


@pytest.mark.parametrize("said", [True, False])
def test_use_regex_of_sillytavern_says_nothing(said):
    found = one_entry({**CARD_ENTRY, "constant": True, "use_regex": said})

    assert found.use_regex is None
    assert found.is_constant


@pytest.mark.parametrize("said", [True, False])
def test_use_regex_of_others_is_read(said):
    assert one_entry({"keys": ["a"], "use_regex": said}).use_regex is said


def test_a_chance_that_is_not_there_is_not_used():
    found = one_entry({**CARD_ENTRY, "extensions": {"useProbability": False}})

    assert (found.probability, found.use_probability) == (100.0, True)
    assert not one_entry({**WORLD_ENTRY, "useProbability": False}).use_probability


def test_group_scoring_that_is_off_was_perhaps_never_said():
    assert (
        one_entry({**WORLD_ENTRY, "useGroupScoring": False}).use_group_scoring is None
    )
    assert one_entry({**WORLD_ENTRY, "useGroupScoring": True}).use_group_scoring is True


def test_case_is_read_from_both_places_of_a_card():
    said = {**CARD_ENTRY, "case_sensitive": True}
    extensions = {**CARD_ENTRY["extensions"], "case_sensitive": False}

    assert one_entry(said).case_sensitive is True
    assert one_entry({**said, "extensions": extensions}).case_sensitive is False


def test_the_name_is_the_title_where_there_is_no_comment():
    assert one_entry({"keys": [], "name": "Fog"}).title == "Fog"
    assert one_entry({"keys": [], "comment": "", "name": "Fog"}).title == "Fog"
    assert one_entry({"keys": [], "comment": "Sea", "name": "Fog"}).title == "Sea"


def test_further_keys_of_a_card_count_only_if_it_says_so():
    assert not one_entry({"keys": ["a"], "secondary_keys": ["b"]}).is_selective
    assert one_entry({"uid": 0, "key": ["a"], "keysecondary": ["b"]}).is_selective


# RisuAI ----------------------------------------------------------------------


def test_entries_of_risu_are_read_as_it_writes_them_into_cards():
    entry = {
        "key": "tide, sea ,",
        "secondkey": "moon",
        "insertorder": 40,
        "comment": "Tide",
        "content": "It comes.",
        "mode": "normal",
        "alwaysActive": True,
        "selective": True,
        "extentions": {"risu_case_sensitive": True, "risu_other": 1},
        "activationPercent": 40,
        "loreCache": None,
        "useRegex": False,
    }
    parsed = read_book({"type": "risu", "ver": 1, "data": [entry]}, name="Sea")
    (found,) = parsed.entries

    assert found.keys == ["tide", "sea"]
    assert found.secondary_keys == ["moon"]
    assert (found.order, found.probability) == (40, 40.0)
    assert found.is_constant
    assert found.is_selective
    assert found.case_sensitive is True
    assert found.use_regex is False
    assert found.extensions == {"risu_other": 1, "risu_loreCache": None}
    assert (
        parsed.remarks[0].detail == "1 entry (0): Read as RisuAI writes it into a card."
    )


def test_risu_has_constant_as_a_mode_too():
    entry = {"key": "", "insertorder": 1, "mode": "constant", "extentions": "odd"}

    found = one_entry(entry)

    assert found.is_constant
    assert found.keys == []
    assert found.origin["fields"]["/extentions"] == "odd"


# Wrong types -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("a, b,,c", ["a", "b", "c"]),
        ("/a{1,2}/i", ["/a{1,2}/i"]),
        ("/a, b", ["/a", "b"]),
        ("/a, b/no flags", ["/a", "b/no flags"]),
        ("//", ["//"]),
        (["a", 1, None], ["a", "1"]),
        ([" a ", ""], [" a ", ""]),
        (None, []),
        (7, ["7"]),
    ],
)
def test_keys_of_other_types_become_a_list(value, keys):
    assert one_entry({**WORLD_ENTRY, "key": value}).keys == keys


@pytest.mark.parametrize(
    ("value", "is_pattern"),
    [
        ("/a/", True),
        ("/a/gi", True),
        ("/a/b/", True),
        ("//", False),
        ("a/", False),
        ("/a/x", False),
    ],
)
def test_a_pattern_stands_between_strokes(value, is_pattern):
    assert fitting.is_pattern(value) is is_pattern


@pytest.mark.parametrize(
    ("field", "value", "to", "expected", "action"),
    [
        ("order", "5", "order", 5, Action.REPAIRED),
        ("order", "soon", "order", 100, Action.KEPT),
        ("order", None, "order", 100, Action.REPAIRED),
        ("disable", 1, "is_enabled", False, Action.REPAIRED),
        ("disable", "perhaps", "is_enabled", True, Action.KEPT),
        ("position", "4", "position", "at_depth", Action.REPAIRED),
        ("position", "at_depth", "position", "at_depth", Action.MAPPED),
        ("position", 8, "position", "before_character", Action.KEPT),
        ("position", -1, "position", "before_character", Action.KEPT),
        ("position", True, "position", "before_character", Action.KEPT),
        ("position", 1.2, "position", "after_character", Action.REPAIRED),
        ("selectiveLogic", 3, "logic", "and_all", Action.MAPPED),
        ("delayUntilRecursion", 2, "delay_until_recursion", 2, Action.MAPPED),
        ("delayUntilRecursion", "2", "delay_until_recursion", 2, Action.REPAIRED),
        ("sticky", -3, "sticky", 0, Action.REPAIRED),
        ("sticky", None, "sticky", 0, Action.MAPPED),
        ("scanDepth", "", "scan_depth", None, Action.KEPT),
        ("probability", 300, "probability", 100.0, Action.REPAIRED),
        ("comment", 7, "title", "7", Action.REPAIRED),
        ("triggers", "quiet", "triggers", ["quiet"], Action.REPAIRED),
        ("matchScenario", 1, "extensions", {"match_scenario": True}, Action.REPAIRED),
        ("matchScenario", "perhaps", "extensions", {}, Action.KEPT),
        ("extensions", "odd", "extensions", {}, Action.KEPT),
        ("invented", 1, "extensions", {}, Action.KEPT),
    ],
)
def test_wrong_types_fit_by_table(field, value, to, expected, action):
    entry = {**WORLD_ENTRY, field: value}

    assert getattr(one_entry(entry), to) == expected
    assert [said for said, _ in one_remark(entry, field=field)] == [action]


def test_what_does_not_fit_is_kept():
    found = one_entry({**WORLD_ENTRY, "order": "soon", "invented": {"a": [1]}})

    assert found.origin["fields"]["/order"] == "soon"
    assert found.origin["fields"]["/invented"] == {"a": [1]}


def test_a_filter_keeps_its_other_parts():
    entry = {**WORLD_ENTRY, "characterFilter": {"names": "Ada", "moods": [1]}}

    assert one_entry(entry).character_filter.names == ["Ada"]
    assert [said for said, _ in one_remark(entry, field="characterFilter")] == [
        Action.REPAIRED,
        Action.KEPT,
    ]
    entry["characterFilter"] = "Ada"
    assert [said for said, _ in one_remark(entry, field="characterFilter")] == [
        Action.KEPT
    ]


@pytest.mark.parametrize("value", [None, "none", 3])
def test_entries_that_are_none_give_an_empty_book(value):
    parsed = read_book({"name": "Sea", "entries": value}, name="x")

    assert parsed.entries == ()
    assert parsed.remarks[0].field == "entries"


def test_what_is_no_entry_is_kept_beside_them():
    parsed = read_book({"entries": [None, CARD_ENTRY, "odd"]}, name="Sea")

    assert len(parsed.entries) == 1
    assert parsed.sheet.origin["others"] == {"0": None, "2": "odd"}
    assert parsed.remarks[0].field == "entries.*"
    assert parsed.remarks[0].detail == "2 entries (0, 2): It is no object."


# Numbers ---------------------------------------------------------------------


def test_entries_with_one_number_stay_two():
    first, second = ({**CARD_ENTRY, "content": text} for text in "ab")
    parsed = read_book(
        {"entries": [first, second]}, name="Sea", field="data.character_book"
    )

    assert [e.content for e in parsed.entries] == ["a", "b"]
    assert [e.origin["fields"]["/id"] for e in parsed.entries] == [0, 1]
    (said,) = [
        r
        for r in parsed.remarks
        if r.field == "data.character_book.entries.*.id" and r.action == Action.REPAIRED
    ]
    assert said.detail.startswith("1 entry (1): ")


def test_world_info_needs_numbers_and_a_card_does_not():
    world = read({"entries": {"a": {"key": ["a"]}, "b": {"key": ["b"], "uid": 4}}})
    card = read({"entries": [{"keys": ["a"]}, {"keys": ["b"], "id": "b"}]})

    assert [e.origin["fields"]["/uid"] for e in world.entries] == [5, 4]
    assert [e.origin["place"] for e in world.entries] == ["a", "b"]
    assert "/id" not in card.entries[0].origin["order"]
    assert card.entries[1].origin["fields"] == {"/id": "b"}


@pytest.mark.parametrize("odd", [None, True, 1.5, "", [1]])
def test_what_is_no_number_becomes_one(odd):
    found = one_entry({"keys": ["a"], "id": odd})

    assert found.origin["fields"]["/id"] == 0


# Remarks and refusals --------------------------------------------------------


def test_equal_remarks_are_one_line_with_a_count():
    entries = {str(n): {**WORLD_ENTRY, "uid": n, "order": "9"} for n in range(12)}
    remarks = read_book({"entries": entries}, name="Sea").remarks
    lines = {(r.field, r.action): r.detail for r in remarks}

    assert len(lines) == len(remarks) == len(WORLD_ENTRY)
    assert lines["entries.*.key", Action.MAPPED] == "12 entries: keys"
    assert lines["entries.*.uid", Action.KEPT] == "12 entries (0, 1, 2 …)"
    assert lines["entries.*.order", Action.REPAIRED] == (
        "12 entries (0, 1, 2 …): The text “9” was read as a number."
    )


def test_too_many_entries_are_refused():
    entries = [{}] * (limits.LORE_ENTRIES + 1)

    with pytest.raises(
        UnreadableFile, match=r"data\.entries: Keep at most 10,000"
    ) as refused:
        read_book({"spec": "lorebook_v3", "data": {"entries": entries}}, name="Sea")

    assert refused.value.pointer == "/data/entries"


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"content": "x" * (64 * 1024 + 1)}, "/content", "Shorten this text to 64 KiB"),
        ({"key": ["k" * 2_001]}, "/key", "at most 2000"),
        ({"comment": "a\x00"}, "/comment", "NUL"),
        ({"extensions": {"a": "\x00"}}, "/extensions", "NUL"),
        ({"invented": "\ud800"}, "", "surrogate"),
    ],
)
def test_what_no_sheet_holds_is_refused_with_its_place(fields, pointer, message):
    entries = {"0": WORLD_ENTRY, "a/b": {**WORLD_ENTRY, "uid": 1, **fields}}

    with pytest.raises(UnreadableFile, match=message) as refused:
        read_book({"entries": entries}, name="Sea", field="data.character_book")

    assert refused.value.pointer == f"/data/character_book/entries/a~1b{pointer}"


def test_a_book_that_no_sheet_holds_is_refused_with_its_place():
    with pytest.raises(UnreadableFile, match="NUL") as refused:
        read_book({"description": "\x00", "entries": []}, name="Sea")

    assert refused.value.pointer == "/description"


@settings(deadline=None)
@given(DOCUMENTS)
def test_any_object_is_read_or_refused_by_name(value):
    before = copy.deepcopy(value)
    with contextlib.suppress(UnreadableFile):
        assert is_same(whole(read_book(value, name="Sea")), read(before, name="Sea"))
    assert value == before


@settings(deadline=None)
@given(TREES)
def test_every_unknown_field_of_an_entry_is_kept(tree):
    (found,) = read({"entries": [{**tree, **CARD_ENTRY}]}).entries

    for key in set(tree) - set(CARD_ENTRY) - {"name", "priority", "case_sensitive"}:
        name = key.replace("~", "~0").replace("/", "~1")
        assert found.origin["fields"][f"/{name}"] == tree[key]
