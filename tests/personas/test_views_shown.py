"""Values and differences as pages show them."""

import pytest

from personas.domain.diffing import Piece
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.views.comparing import (
    CONTEXT_CHARACTERS,
    Run,
    differences,
    inputs,
    runs,
    text_runs,
)
from personas.views.shown import (
    LabelName,
    face,
    field_title,
    initials,
    prompt_sections,
    token_bar,
    value_text,
)


def sheet(**fields):
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


@pytest.mark.parametrize(
    ("name", "title", "badge"),
    [("production", "Live", "live"), ("staging", "Trial", "trial"), ("x", "x", "info")],
)
def test_labels_have_titles(name, title, badge):
    assert LabelName.of(name) == LabelName(name, title, badge)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada", "A"),
        ("ada lovelace king", "AK"),
        ("“Ada” Lovelace", "AL"),
        ("潮目 小夜", "潮小"),
        ("ßeta", "SS"),
        ("🜁 fire", "🜁F"),
    ],
)
def test_initials(name, expected):
    assert initials(name) == expected


def test_a_face_keeps_its_colour_when_renamed():
    assert (
        face("ada", name="Ada", digest="").hue == face("ada", name="B", digest="").hue
    )
    assert face("ada", name="Ada", digest="").url == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("display_name", "Name"),
        ("identity.origin", "Identity › From"),
        ("model.extra.top_k", "Model settings › Extra › top_k"),
        ("nothing.known", "nothing › known"),
        ("voice.rvc.model", "Voice › Voice conversion (RVC) › Model"),
    ],
)
def test_field_titles(path, expected):
    assert field_title(path, model=CharacterSheet) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        ({}, ""),
        ("two\nlines", "two\nlines"),
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        (0.5, "0.5"),
        (["a", "b"], "– a\n– b"),
        ([{"key": "sad", "value": "quiet"}], "– sad: quiet"),
        ([{"kind": "", "items": ["a", "b"]}], "– items: a, b"),
        (
            {"may_use": "all", "none": "", "deep": {"x": [1, None]}},
            "may use: all\ndeep: x: 1",
        ),
    ],
)
def test_values_as_text(value, expected):
    assert value_text(value) == expected


def test_a_token_bar_fills_its_width():
    bar = token_bar({"identity": 30, "behavior": 0, "knowledge": 10, "total": 100})

    assert bar.total == 100
    assert [(s.title, s.tokens) for s in bar.segments] == [
        ("Identity", 30),
        ("Knowledge", 10),
        ("Template and the rest", 60),
    ]
    assert sum(float(s.width) for s in bar.segments) == pytest.approx(100, abs=0.1)
    assert bar.segments[1].x == "30.00"


@pytest.mark.parametrize("tokens", [{"total": 0}, {"total": 5, "identity": 50}])
def test_a_token_bar_of_odd_counts(tokens):
    bar = token_bar(tokens)

    assert all(0 <= float(s.x) <= 100 for s in bar.segments)


def test_empty_sections_are_not_shown():
    texts = [("identity", "I am."), ("behavior", " \n")]
    served = [{"name": n, "text": t, "tokens": 1} for n, t in texts]

    assert [s.title for s in prompt_sections(served)] == ["Identity"]


# -- Differences -------------------------------------------------------------------


def test_equal_texts_have_no_runs():
    assert text_runs("same", after="same") == ()


def test_words_that_went_and_came_are_marked():
    found = text_runs("the old pier", after="the new pier")

    assert found == (
        Run("the "),
        Run("old", is_removed=True),
        Run("new", is_added=True),
        Run(" pier"),
    )


def test_long_unchanged_text_is_cut_between_words():
    same = "word " * 400
    found = runs([Piece("same", same), Piece("added", "!")])

    first, last, added = found
    assert len(first.text) <= CONTEXT_CHARACTERS
    assert first.text.endswith("word")
    assert len(first.text) + first.left_out + len(last.text) == len(same)
    assert added.is_added


def test_long_text_without_blanks_is_cut_anyway():
    [head, tail] = runs([Piece("same", "x" * 5_000)])

    assert len(head.text) == len(tail.text) == CONTEXT_CHARACTERS
    assert head.left_out == 5_000 - 2 * CONTEXT_CHARACTERS


def test_short_unchanged_text_stays_whole():
    assert runs([Piece("same", "x" * 300)]) == (Run("x" * 300),)


def test_numbers_are_told_whole():
    [change] = differences(sheet(routing_weight=1.0), after=sheet(routing_weight=1.5))

    assert [run.text for run in change.runs] == ["1.0", " → ", "1.5"]


def test_a_picture_is_told_by_its_address():
    [change] = differences(sheet(), after=sheet(avatar="a" * 64))

    assert change.is_picture
    assert change.picture_before == ""
    assert change.picture_after == f"/pictures/{'a' * 64}.png"


def test_changes_that_read_the_same_are_told_as_json():
    before = FrameworkSheet(name="N", extensions={"x": {"a": ""}})
    after = FrameworkSheet(name="N", extensions={"x": {"a": []}})

    [change] = differences(before, after=after)

    assert "".join(run.text for run in change.runs if run.is_added) == "[]"


def test_equal_sheets_do_not_differ():
    assert differences(sheet(tags=["x"]), after=sheet(tags=["x"])) == []


def test_inputs_are_the_fields_that_say_something():
    found = {i.title: i.text for i in inputs(sheet(aliases=["Countess"]))}

    assert found["Name"] == "Ada"
    assert found["Also called"] == "– Countess"
    assert "Scenario" not in found
