"""Writing lorebooks, and reading them again."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from personas.domain.canonical import is_same
from personas.domain.dialects import UnreadableFile
from personas.domain.lore.reading import BookKind, read_book
from personas.domain.lore.sheets import Book, ChatRole, EntrySheet, Logic, Position
from personas.domain.lore.writing import (
    fingerprint,
    join_books,
    write_character_book,
    write_lorebook_v3,
    write_world_info,
)
from personas.domain.remarks import Action
from tests.personas.domain.lore_files import (
    CARD_ENTRY,
    DOCUMENTS,
    FULL,
    TEN_FIELDS,
    TEN_IN_CARD,
    WORLD_ENTRY,
    book,
    entry,
    read,
    whole,
    without_origin,
)
from tests.personas.domain.strategies import LINES, TEXT, TREES

V3_BOOK = {
    "spec": "lorebook_v3",
    "invented": 1,
    "data": {"name": "Harbor", "extensions": {}, "entries": [CARD_ENTRY]},
    "last": None,
}
ODD_ENTRY = {
    "vectorized": None,
    "order": "soon",
    "key": "tide, sea",
    "uid": 7,
    "extensions": {"mood": "calm", "depth": 1},
    "matchScenario": True,
    "matchCreatorNotes": 0,
    "decorators": [],
    "role": 1.0,
    "useGroupScoring": False,
    "characterFilter": {"names": ["Ada"], "moods": [1]},
}
PLAIN_ENTRY = {"keys": ["a"], "content": "b", "enabled": True, "insertion_order": 1}
ODD_CARD_ENTRY = {
    "extensions": {
        "depth": "deep",
        "position": 9,
        "match_scenario": False,
        "match_creator_notes": True,
        "category": "sea",
        "dramatis": {"format": 2},
        "risu_activationPercent": 40,
    },
    "name": "Tide",
    "id": "tide",
    "use_regex": True,
    "keys": "tide",
    "position": 1,
}


def as_world_info(found):
    return write_world_info(found)


def as_card_2(found):
    return write_character_book(found, version=2)


def as_card_3(found):
    return write_character_book(found, version=3)


KINDS = [as_world_info, as_card_2, as_card_3, write_lorebook_v3]

ENTRIES = st.builds(
    entry,
    title=TEXT,
    keys=st.lists(TEXT, max_size=3),
    secondary_keys=st.lists(TEXT, max_size=2),
    content=TEXT,
    logic=st.sampled_from(Logic),
    position=st.sampled_from(Position),
    role=st.sampled_from(ChatRole),
    is_selective=st.booleans(),
    use_regex=st.none() | st.booleans(),
    case_sensitive=st.none() | st.booleans(),
    use_group_scoring=st.none() | st.booleans(),
    probability=st.floats(0, 100),
    use_probability=st.booleans(),
    priority=st.none() | st.integers(-9, 9),
    delay_until_recursion=st.integers(0, 3),
    group=LINES,
    triggers=st.lists(LINES, max_size=2),
    extensions=TREES
    | st.fixed_dictionaries(
        {"match_scenario": st.booleans() | TEXT, "depth": st.integers(0, 3)}
    ),
    origin=TREES,
)
BOOKS = st.builds(
    lambda entries, **fields: book(*entries, **fields),
    entries=st.lists(ENTRIES, max_size=3),
    name=LINES,
    description=TEXT,
    for_everybody=st.booleans(),
    scan_depth=st.none() | st.integers(0, 9),
    recursive_scanning=st.none() | st.booleans(),
    extensions=TREES,
)


# As it came ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "write"),
    [
        ({"entries": {}}, as_world_info),
        ({"entries": {"0": WORLD_ENTRY}, "name": "Harbor"}, as_world_info),
        ({"entries": {"0": TEN_FIELDS}}, as_world_info),
        ({"entries": [WORLD_ENTRY], "originalData": {"a": 1}}, as_world_info),
        ({"entries": {"x": ODD_ENTRY, "7": {"uid": 8, "key": []}}}, as_world_info),
        ({"name": "Harbor", "entries": [CARD_ENTRY]}, as_card_2),
        ({"name": "Harbor", "entries": [CARD_ENTRY]}, as_card_3),
        ({"entries": [TEN_IN_CARD], "extensions": {}}, as_card_2),
        ({"entries": [PLAIN_ENTRY, PLAIN_ENTRY], "name": None}, as_card_3),
        ({"entries": [ODD_CARD_ENTRY], "extensions": None}, as_card_3),
        ({"entries": [{**ODD_CARD_ENTRY, "extensions": {}}]}, as_card_2),
        ({"entries": [{**ODD_CARD_ENTRY, "extensions": [1]}]}, as_card_2),
        ({"extensions": {"a": 1.0}, "entries": {"k": PLAIN_ENTRY}}, as_card_3),
        ({"scan_depth": "3", "entries": [], "recursive_scanning": 0}, as_card_3),
        ({"entries": "none", "name": "Harbor"}, as_card_3),
        ({"entries": [None, PLAIN_ENTRY, "odd"]}, as_card_3),
        ({"entries": {"0": WORLD_ENTRY, "1": "odd"}}, as_world_info),
        (V3_BOOK, write_lorebook_v3),
    ],
)
def test_what_came_in_a_kind_goes_out_as_it_came(document, write):
    written = write(read(document))

    assert json.dumps(written) == json.dumps(document)


@pytest.mark.parametrize(
    "document",
    [
        {"entries": None},
        {"type": "risu", "ver": 1, "data": [{"key": "a, b", "insertorder": 3}]},
        {"entries": [{**CARD_ENTRY, "id": 0}, {**CARD_ENTRY, "id": 0}]},
        {"entries": {"a": {"key": ["a"]}, "b": "odd"}},
    ],
)
def test_what_was_repaired_is_repaired_once(document):
    found = read(document)
    write = as_card_3 if found.sheet.origin["form"] == "card" else as_world_info

    assert is_same(read(write(found)), found)


def test_only_what_was_changed_is_spelled_anew():
    found = read({"entries": {"x": ODD_ENTRY}})
    fields = {"keys": ["moon"], "order": 3, "extensions": {"match_scenario": True}}
    changed = found.entries[0].model_copy(update=fields)

    written = write_world_info(found.model_copy(update={"entries": (changed,)}))

    expected = {**ODD_ENTRY, "key": ["moon"], "order": 3}
    del expected["extensions"]
    assert json.dumps(written["entries"]["x"]) == json.dumps(expected)


def test_changed_extensions_are_spelled_where_the_kind_has_them():
    world = read({"entries": {"x": {**ODD_ENTRY, "extensions": "odd"}}})
    card = read({"entries": [{**ODD_CARD_ENTRY, "matchScenario": 1}]})
    fields = {"match_creator_notes": True, "match_scenario": "odd", "new": False}

    changed = [
        write(found.model_copy(update={"entries": (e.model_copy(update=update),)}))
        for found, write in ((world, write_world_info), (card, as_card_3))
        for e in found.entries
        for update in [{"extensions": fields}]
    ]

    expected = {**ODD_ENTRY, "extensions": {"match_scenario": "odd", "new": False}}
    expected |= {"matchScenario": False, "matchCreatorNotes": True}
    assert changed[0]["entries"]["x"] == expected
    old = {key: ODD_CARD_ENTRY["extensions"][key] for key in ("depth", "position")}
    old["risu_activationPercent"] = 40
    assert changed[1]["entries"] == [
        {**ODD_CARD_ENTRY, "matchScenario": 1, "extensions": {**old, **fields}}
    ]


def test_a_new_title_takes_the_place_of_both_names():
    found = read({"entries": [{**PLAIN_ENTRY, "name": "Tide"}]})
    changed = found.entries[0].model_copy(update={"title": "Moon"})

    written = write_character_book(book(changed), version=3)

    assert written["entries"] == [{**PLAIN_ENTRY, "comment": "Moon"}]


def test_entries_come_in_the_place_of_what_was_none():
    found = read({"entries": "none", "name": "Harbor"})

    written = write_character_book(
        found.model_copy(update={"entries": (entry(keys=["a"]),)}), version=3
    )

    assert [e["keys"] for e in written["entries"]] == [["a"]]


def test_a_renamed_book_gets_its_name_written():
    found = read({"entries": {}}, name="harbor")
    sheet = found.sheet.model_copy(update={"name": "Sea"})

    assert write_world_info(Book(sheet=sheet)) == {"entries": {}, "name": "Sea"}


# In another kind -------------------------------------------------------------


def test_world_info_becomes_what_sillytavern_makes_of_it():
    found = read({"entries": {"0": WORLD_ENTRY}, "name": "Harbor"})

    (written,) = as_card_3(found)["entries"]

    extensions = written.pop("extensions")
    assert written == {k: v for k, v in CARD_ENTRY.items() if k != "extensions"}
    assert {**extensions, **CARD_ENTRY["extensions"]} == extensions


def test_a_card_becomes_world_info():
    found = read({"name": "Harbor", "entries": [CARD_ENTRY]})

    written = write_world_info(found)

    (fields,) = written["entries"].values()
    assert written["name"] == "Harbor"
    assert {**fields, **WORLD_ENTRY, "role": 0} == fields


@pytest.mark.parametrize("write", KINDS)
def test_every_typed_field_goes_into_every_kind(write):
    defaults = EntrySheet().model_dump(mode="json")
    full = entry(**FULL)
    written = json.loads(json.dumps(write(book(full, for_everybody=True))))

    assert not [k for k in FULL if defaults[k] == FULL[k]]
    assert set(FULL) == set(defaults) - {"origin"}
    again = read(written)
    assert without_origin(again) == without_origin(book(full))
    assert again.sheet.for_everybody


def test_numbers_go_along_and_stay_apart():
    card = read({"entries": [{**PLAIN_ENTRY, "id": 4}, {**PLAIN_ENTRY, "id": "x"}]})
    joined = book(*card.entries, entry(keys=["new"]), *card.entries)

    written = write_world_info(joined)["entries"]

    assert [e["uid"] for e in written.values()] == [4, "x", 5, 6, 7]
    assert list(written) == ["4", "x", "5", "6", "7"]
    assert [e["displayIndex"] for e in written.values()] == [0, 1, 2, 3, 4]


def test_places_of_two_books_stay_apart():
    found = read({"entries": {"x": {"uid": 0, "key": ["a"]}}})

    written = write_world_info(book(*found.entries, *found.entries))

    assert [(k, e["uid"]) for k, e in written["entries"].items()] == [
        ("x", 0),
        ("2", 1),
    ]


def test_how_entries_were_shown_goes_along():
    world = read({"entries": {"0": {**WORLD_ENTRY, "displayIndex": 9}}})
    odd = read({"entries": {"0": {**WORLD_ENTRY, "displayIndex": "x"}}})

    assert as_card_3(world)["entries"][0]["extensions"]["display_index"] == 9
    assert as_card_3(odd)["entries"][0]["extensions"]["display_index"] == 0


def test_v2_has_no_use_regex_of_its_own():
    plain = book(entry(keys=["a"]), entry(keys=["/a/"]), entry(use_regex=True))

    third = as_card_3(plain)["entries"]
    second = as_card_2(plain)["entries"]

    assert [e["use_regex"] for e in third] == [False, True, True]
    assert not any("use_regex" in e for e in second)
    assert [e.use_regex for e in read({"entries": second}).entries] == [
        None,
        None,
        True,
    ]


def test_what_no_kind_has_a_field_for_stands_in_our_block():
    (written,) = as_card_3(book(entry(keys=["a"], use_group_scoring=False)))["entries"]

    assert written["extensions"]["dramatis"] == {
        "format": 1,
        "fields": {"use_group_scoring": False},
    }


@pytest.mark.parametrize(
    "fields",
    [{"origin": {}}, {"invented": 1}, {"order": "soon"}, {"keys": "a"}, 3],
)
def test_a_block_that_is_not_ours_is_an_extension(fields):
    extension = {"format": 1, "fields": fields}
    found = read({"entries": [{**PLAIN_ENTRY, "extensions": {"dramatis": extension}}]})

    assert found.entries[0].extensions == {"dramatis": extension}


def test_an_extension_may_look_like_our_block():
    block = {"format": 1, "fields": {"order": 3}}
    odd = book(entry(extensions={"dramatis": block}), extensions={"dramatis": block})

    for write in KINDS:
        again = read(write(odd))
        assert again.sheet.extensions == {"dramatis": block}
        assert again.entries[0].extensions == {"dramatis": block}
        assert again.entries[0].order == 100


@pytest.mark.parametrize(
    "origin",
    [
        {"form": "card", "order": ["/extensions", "/extensions/a", "", "x/y/z"]},
        {"form": "card", "order": ["/extensions/a"], "fields": {"/extensions/a": 1}},
        {"form": "card", "root": {"data": 1}, "others": {"9": 1, "-1": 2, "9" * 30: 3}},
        {"form": "world_info", "listed": True, "others": {"0": 1}, "place": "a"},
        {"form": "card", "fields": {"/extensions": {"a": 1}}, "order": ["/extensions"]},
        {"form": "other"},
        {"invented": 1},
    ],
)
@pytest.mark.parametrize("write", KINDS)
def test_an_origin_may_hold_anything(origin, write):
    odd = book(entry(keys=["a"], origin=origin), origin=origin)

    again = read(json.loads(json.dumps(write(odd))))

    assert without_origin(again)[0] == without_origin(odd)[0]


@settings(deadline=None)
@given(BOOKS, st.sampled_from(KINDS))
def test_what_is_written_is_read_again(found, write):
    again = read(json.loads(json.dumps(write(found))))

    assert without_origin(again) == without_origin(found)
    assert is_same(
        again.sheet.model_copy(update={"origin": {}}),
        found.sheet.model_copy(update={"origin": {}}),
    )
    assert is_same(read(write(again)), again)


@settings(deadline=None)
@given(DOCUMENTS)
def test_what_was_read_is_written_and_read_again(value):
    try:
        parsed = read_book(value, name="harbor")
    except UnreadableFile:
        return
    write = {
        BookKind.WORLD_INFO: as_world_info,
        BookKind.CHARACTER_BOOK: as_card_3,
        BookKind.LOREBOOK_V3: write_lorebook_v3,
    }[parsed.kind]

    written = write(whole(parsed))

    assert is_same(read(written), whole(parsed))
    changes = {Action.REPAIRED, Action.DROPPED}
    if all(remark.action not in changes for remark in parsed.remarks):
        assert json.dumps(written) == json.dumps(value)


# The backfill ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ("@@depth 3\n@@@role user\n\nThe tide.\n@@ stays", "The tide.\n@@ stays"),
        ("\n@@depth 3\r\nThe tide.", "The tide."),
        ("@@activate", ""),
        ("  The tide. @@", "  The tide. @@"),
        ("", ""),
    ],
)
def test_a_backfill_has_no_decorators(content, written):
    found = read({"entries": [{**CARD_ENTRY, "content": content}]})

    (backfill,) = write_character_book(found, version=2, for_backfill=True)["entries"]

    assert backfill["content"] == written
    assert "use_regex" not in backfill
    assert as_card_2(found)["entries"][0]["content"] == content


def test_a_backfill_has_no_fields_but_those_of_v2():
    odd = {**PLAIN_ENTRY, "id": "tide", "mode": "normal", "extensions": {"mood": 1}}

    written = write_character_book(
        read({"entries": [odd, odd]}), version=2, for_backfill=True
    )

    plain = {**PLAIN_ENTRY, "extensions": {"mood": 1}}
    assert written["entries"] == [{**plain, "id": 1}, {**plain, "id": 0}]


# Several books ---------------------------------------------------------------


def test_one_book_stays_as_it_is():
    one = read({"entries": [CARD_ENTRY]})

    assert join_books([one]) is one


def test_no_book_cannot_be_joined():
    with pytest.raises(ValueError, match="at least one"):
        join_books([])


def test_joined_books_keep_what_each_said():
    sea = book(
        entry(keys=["a"]),
        entry(keys=["b"], scan_depth=1),
        name="Sea",
        description="Deep",
        scan_depth=5,
        token_budget=600_000,
        recursive_scanning=False,
        extensions={"a": 1, "b": 1},
    )
    land = book(
        entry(keys=["c"]), name="Land", token_budget=700_000, extensions={"a": 2}
    )

    joined = join_books([sea, land])

    assert joined.sheet.model_dump() == {
        "name": "Sea, Land",
        "description": "Deep",
        "for_everybody": False,
        "scan_depth": None,
        "token_budget": 1_000_000,
        "recursive_scanning": None,
        "extensions": {"a": 1, "b": 1},
        "origin": {},
    }
    assert [e.scan_depth for e in joined.entries] == [5, 1, None]
    assert [e.exclude_recursion for e in joined.entries] == [True, True, False]
    assert [e.prevent_recursion for e in joined.entries] == [True, True, False]


def test_books_that_agree_are_joined_without_a_change_to_entries():
    fields = {"scan_depth": 5, "recursive_scanning": False, "for_everybody": True}
    one = book(entry(keys=["a"]), **fields)

    joined = join_books([one, one])

    assert joined.entries == (*one.entries, *one.entries)
    assert joined.sheet.scan_depth == 5
    assert joined.sheet.recursive_scanning is False
    assert joined.sheet.for_everybody
    assert joined.sheet.token_budget is None


def test_too_many_entries_cannot_be_joined():
    many = book(*[entry()] * 5_001)

    with pytest.raises(ValidationError, match="10,000"):
        join_books([many, many])


# Fingerprints ----------------------------------------------------------------


def test_a_book_is_known_again_in_another_kind():
    found = read({"entries": {"0": WORLD_ENTRY}})
    embedded = read({"name": "Other", "entries": [{**CARD_ENTRY, "id": 8}]})

    assert fingerprint(found) == fingerprint(embedded)


def test_the_order_of_keys_makes_no_difference():
    one = book(entry(extensions={"a": 1, "b": 2}))
    other = book(entry(extensions={"b": 2, "a": 1}))

    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    "other",
    [
        book(entry(keys=["a"])),
        book(entry(keys=["a"]), entry(keys=["c"])),
        book(entry(keys=["b"]), entry(keys=["a"])),
        book(entry(keys=["a"]), entry(keys=["b"]), scan_depth=3),
        book(entry(keys=["a"]), entry(keys=["b"], extensions={"a": 1})),
    ],
)
def test_other_entries_or_settings_make_another_fingerprint(other):
    one = book(entry(keys=["a"]), entry(keys=["b"]))

    assert fingerprint(one) != fingerprint(other)
