"""Differences by field and by word."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.diffing import FieldChange, Piece, field_changes, text_pieces
from personas.domain.sheets import CharacterSheet


def character(**fields) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def test_only_differing_fields_are_listed_by_path():
    before = character(description="One", model={"temperature": 0.5})
    after = character(description="Two", model={"temperature": 0.6})

    assert field_changes(before, after=after) == [
        FieldChange("description", "One", "Two"),
        FieldChange("model.temperature", 0.5, 0.6),
    ]


def test_without_a_before_everything_is_new():
    paths = {change.path for change in field_changes(None, after=character())}

    assert "display_name" in paths


def test_keys_that_went_are_listed_too():
    before = character(extensions={"gone": {"a": 1}})

    assert field_changes(before, after=character()) == [
        FieldChange("extensions.gone", {"a": 1}, None)
    ]


def test_words_that_went_and_came():
    assert text_pieces("a red fox", after="a blue fox") == [
        Piece("same", "a "),
        Piece("removed", "red"),
        Piece("added", "blue"),
        Piece("same", " fox"),
    ]


def test_words_are_found_in_long_texts_too():
    lines = [f"Line {at} of a long tale.\n" for at in range(4_000)]
    old = "".join(lines)
    lines[2_000] = "Line 2000 of a very long tale.\n"

    changed = [p for p in text_pieces(old, after="".join(lines)) if p.kind != "same"]

    assert changed == [Piece("added", "very ")]


def test_what_was_written_anew_is_told_in_one_piece():
    old = "Pip is the first intern: a copper kettle, two skates and much hope."
    new = "A kettle on wheels who whistles at dawn, and only then."

    kinds = [piece.kind for piece in text_pieces(old, after=new)]

    assert kinds == ["removed", "added", "same"]


def test_what_is_added_at_the_end_leaves_the_last_word_alone():
    assert text_pieces("likes tides", after="likes tides and storms") == [
        Piece("same", "likes tides"),
        Piece("added", " and storms"),
    ]


def test_little_edits_keep_what_is_between_them():
    pieces = text_pieces("an old pier and a red hat", after="a new pier and a blue hat")

    assert Piece("same", " pier and a ") in pieces


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n" * 20_000, "a\n" * 20_000),
        ("a " * 20_000, "a b " * 10_000),
        ("ab" * 20_000, "ba" * 20_000),
        ("\n".join(map(str, range(20_000))), "\n".join(map(str, range(20_000, 0, -1)))),
        (" ".join(map(str, range(9_000))), " ".join(map(str, range(9_000, 0, -1)))),
        ("a\nb\n" * 10_000, "b\na\n" * 10_000),
    ],
)
def test_texts_made_to_be_slow_are_not(old, new):
    start = time.process_time()

    pieces = text_pieces(old, after=new)

    assert time.process_time() - start < 3
    assert "".join(p.text for p in pieces if p.kind != "added") == old
    assert "".join(p.text for p in pieces if p.kind != "removed") == new


_WORDS = st.lists(st.sampled_from(["a", "b", "the", " ", "\n", ",", "pier"])).map(
    "".join
)


@given(st.text(max_size=200) | _WORDS, st.text(max_size=200) | _WORDS)
def test_pieces_rebuild_both_texts(before, after):
    pieces = text_pieces(before, after=after)

    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after
