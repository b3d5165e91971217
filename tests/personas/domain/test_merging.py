"""Two people changed one sheet."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from personas.domain.merging import (
    ABSENT,
    Merge,
    Overlap,
    Path,
    is_same,
    merge,
    term_paths,
)
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from tests.personas.domain.strategies import CHARACTERS, FRAMEWORKS

WORDS = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.sampled_from([None, True, 1, 1.0, "", "a", "b"])
# Few keys and values, so that both sides often touch the same place.
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=4)
TERMS = st.lists(WORDS, unique=True)
TREES = st.tuples(OBJECTS, TERMS).map(lambda two: {"tree": two[0], "terms": two[1]})
PLACES = frozenset({("terms",)})


def merged(base: Any, mine: Any, theirs: Any, **options: Any) -> Merge:
    return merge(base, mine=mine, theirs=theirs, terms=PLACES, **options)


def paths(value: Any, path: Path = ()) -> set[Path]:
    """Every place of a value, inside objects."""
    found = {path}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths(inner, (*path, key))
    return found


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value.get(key, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def unordered(value: Any) -> Any:
    """A value whose objects and terms may stand in any order."""
    return json.dumps({**value, "terms": sorted(value["terms"])}, sort_keys=True)


@given(base=TREES, mine=TREES)
def test_what_only_one_side_changed_is_taken_whole(base, mine):
    one, other = merged(base, mine, base), merged(base, base, mine)

    assert json.dumps(one.value) == json.dumps(other.value) == json.dumps(mine)
    assert one.overlaps == other.overlaps == ()


@given(base=TREES, both=TREES)
def test_the_same_change_of_both_is_no_overlap(base, both):
    found = merged(base, both, both)

    assert json.dumps(found.value) == json.dumps(both)
    assert not found.overlaps


@given(base=TREES, mine=TREES, theirs=TREES)
def test_both_sides_find_the_same_overlaps(base, mine, theirs):
    one, other = merged(base, mine, theirs), merged(base, theirs, mine)

    assert {o.path: (o.mine, o.theirs) for o in one.overlaps} == {
        o.path: (o.theirs, o.mine) for o in other.overlaps
    }
    if not one.overlaps:
        assert unordered(one.value) == unordered(other.value)


@given(base=TREES, mine=TREES, theirs=TREES)
def test_nothing_that_only_one_side_changed_is_lost(base, mine, theirs):
    found = merged(base, mine, theirs)
    open_places = {o.path for o in found.overlaps}

    for path in paths(base) | paths(mine) | paths(theirs):
        if any(path[: len(place)] == place for place in open_places):
            continue
        before, my, their = at(base, path), at(mine, path), at(theirs, path)
        if is_same(before, their):
            assert is_same(at(found.value, path), my)
        elif is_same(before, my):
            assert is_same(at(found.value, path), their)


@given(base=TREES, mine=TREES, theirs=TREES)
def test_terms_that_either_added_are_there_and_removed_ones_are_not(base, mine, theirs):
    found = merged(base, mine, theirs)
    assume(("terms",) not in {o.path for o in found.overlaps})
    old, my, their = base["terms"], mine["terms"], theirs["terms"]

    added = {*my, *their} - {*old}
    kept = {*old} & {*my} & {*their}
    assert sorted(found.value["terms"]) == sorted(added | kept)


@given(base=TREES, mine=TREES, theirs=TREES)
def test_an_overlap_holds_both_texts_and_mine_stays_in_the_value(base, mine, theirs):
    found = merged(base, mine, theirs)

    for overlap in found.overlaps:
        assert is_same(overlap.mine, at(mine, overlap.path))
        assert is_same(overlap.theirs, at(theirs, overlap.path))
        assert is_same(at(found.value, overlap.path), overlap.mine)


@given(base=TREES, mine=TREES, theirs=TREES, data=st.data())
def test_each_choice_puts_the_chosen_text_in_its_place(base, mine, theirs, data):
    open_ones = merged(base, mine, theirs).overlaps
    sides = st.sampled_from(["mine", "theirs"])
    chosen = {o.path: data.draw(sides) for o in open_ones}

    found = merged(base, mine, theirs, chosen=chosen)

    assert not found.overlaps
    for overlap in open_ones:
        wanted = overlap.mine if chosen[overlap.path] == "mine" else overlap.theirs
        assert is_same(at(found.value, overlap.path), wanted)


@given(base=CHARACTERS, mine=CHARACTERS, theirs=CHARACTERS)
def test_merged_fields_of_characters_are_a_sheet_again(base, mine, theirs):
    sheets = [sheet.model_dump(mode="json") for sheet in (base, mine, theirs)]

    found = merge(
        sheets[0], mine=sheets[1], theirs=sheets[2], terms=term_paths(CharacterSheet)
    )

    assert isinstance(CharacterSheet.model_validate(found.value), CharacterSheet)


@given(base=FRAMEWORKS, mine=FRAMEWORKS)
def test_a_framework_that_nobody_else_changed_stays_as_written(base, mine):
    old, new = base.model_dump(mode="json"), mine.model_dump(mode="json")

    found = merge(old, mine=new, theirs=old, terms=term_paths(FrameworkSheet))

    assert json.dumps(found.value) == json.dumps(new)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        (["a", "b"], ["a", "x", "b"], ["a", "b", "y"], ["a", "x", "b", "y"]),
        (["a", "b"], ["b", "a"], ["a", "b", "y"], ["b", "y", "a"]),
        (["a", "b"], ["a", "b", "x"], ["b", "a"], ["b", "x", "a"]),
        (["a", "b"], ["b"], ["a"], []),
        (["a", "b"], ["b", "a"], ["b", "a", "x"], ["b", "a", "x"]),
        ([], ["x", "y"], ["y", "x"], ["x", "y"]),
        (["a"], ["x"], ["y"], ["y", "x"]),
    ],
)
def test_terms_keep_the_order_of_whoever_changed_it(base, mine, theirs, expected):
    found = merge(base, mine=mine, theirs=theirs, terms={()})

    assert found == Merge(expected, ())


def test_terms_that_both_reordered_differently_are_an_overlap():
    base, mine, theirs = ["a", "b", "c"], ["b", "a", "c"], ["a", "c", "b"]

    found = merge(base, mine=mine, theirs=theirs, terms={()})

    assert found == Merge(mine, (Overlap((), base, mine, theirs),))


def test_a_removed_key_that_the_other_changed_is_an_overlap():
    found = merge({"a": 1}, mine={}, theirs={"a": 2})

    assert found == Merge({}, (Overlap(("a",), 1, ABSENT, 2),))


def test_choosing_what_was_removed_removes_it():
    found = merge({"a": 1}, mine={"a": 2}, theirs={}, chosen={("a",): "theirs"})

    assert found == Merge({}, ())


def test_keys_that_both_added_merge_inside():
    mine, theirs = {"new": {"a": 1}}, {"new": {"b": 2}}

    assert merge({}, mine=mine, theirs=theirs).value == {"new": {"a": 1, "b": 2}}


def test_keys_that_both_reordered_differently_are_one_overlap():
    base = {"a": 1, "b": 2, "c": 3}
    mine = {"b": 2, "a": 1, "c": 3}
    theirs = {"a": 1, "c": 3, "b": 4}

    assert [o.path for o in merge(base, mine=mine, theirs=theirs).overlaps] == [()]


def test_keys_keep_the_order_of_whoever_changed_it():
    found = merge({"a": 1, "b": 2}, mine={"a": 9, "b": 2}, theirs={"b": 2, "a": 1})

    assert list(found.value.items()) == [("b", 2), ("a", 9)]


def test_lists_of_objects_are_compared_as_a_whole():
    base = {"rows": [{"a": 1}]}
    mine, theirs = {"rows": [{"a": 2}]}, {"rows": [{"a": 1}, {"a": 3}]}

    assert [o.path for o in merge(base, mine=mine, theirs=theirs).overlaps] == [
        ("rows",)
    ]


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), ("", 0)])
def test_values_of_other_types_are_changes(one, other):
    assert merge({"a": one}, mine={"a": one}, theirs={"a": other}).value == {"a": other}
    assert not is_same(one, other)


def test_a_text_that_both_made_an_object_of_is_an_overlap():
    found = merge({"a": "x"}, mine={"a": {"k": 1}}, theirs={"a": {"m": 2}})

    assert [o.path for o in found.overlaps] == [("a",)]


def test_lists_of_terms_are_found_by_their_type():
    assert ("aliases",) in term_paths(CharacterSheet)
    assert ("rag", "categories") in term_paths(CharacterSheet)
    assert ("identity", "core_traits") not in term_paths(CharacterSheet)
    assert ("tool_requirements", "required") in term_paths(FrameworkSheet)
