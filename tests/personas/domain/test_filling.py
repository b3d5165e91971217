"""Filling gaps of a draft by a file that it never met before."""

import pytest

from personas.domain.filling import fill


@pytest.mark.parametrize(
    ("mine", "theirs", "empty", "expected", "differing"),
    [
        ("", "b", None, "b", ()),
        ("a", "", None, "a", ()),
        ("a", None, None, "a", ()),
        (None, "b", None, "b", ()),
        ("a", "a", None, "a", ()),
        ("a", "b", None, "a", ((),)),
        (1.0, 2.0, 1.0, 2.0, ()),
        (2.0, 1.0, 1.0, 2.0, ()),
        (2.0, 3.0, 1.0, 2.0, ((),)),
        (False, True, True, False, ()),
        (["a"], ["b", "a"], None, ["a", "b"], ()),
        ([1], [True], None, [1, True], ()),
        ([], ["b"], None, ["b"], ()),
        (["a"], {"b": 1}, None, ["a"], ((),)),
        ({"a": 1}, ["b"], None, {"a": 1}, ((),)),
    ],
)
def test_one_place(mine, theirs, empty, expected, differing):
    found = fill(mine, theirs=theirs, empty=empty)

    # As text, for 1 and true are equal otherwise.
    assert repr(found.value) == repr(expected)
    assert found.differing == differing


def test_objects_are_filled_key_by_key_and_differences_have_their_path():
    mine = {"name": "Ada", "identity": {"who": "a clerk", "where": ""}, "only": 1}
    theirs = {"name": "Ada L.", "identity": {"who": "a poet", "where": "here", "x": 0}}
    empty = {"identity": {"x": 0}, "name": ""}

    found = fill(mine, theirs=theirs, empty=empty)

    assert found.value == {
        "name": "Ada",
        "identity": {"who": "a clerk", "where": "here", "x": 0},
        "only": 1,
    }
    assert found.differing == (("name",), ("identity", "who"))


def test_nothing_of_the_draft_is_changed_in_place():
    mine = {"tags": ["a"], "deep": {"a": ""}}

    fill(mine, theirs={"tags": ["b"], "deep": {"a": "b"}})

    assert mine == {"tags": ["a"], "deep": {"a": ""}}
