"""Rare turns of the pure rules that no other test takes."""

import pytest
from pydantic import ValidationError

from personas.domain.contexts import ConversationContext, Detector
from personas.domain.diffing import text_pieces
from personas.domain.matching import _Kinds
from personas.domain.merging import merge
from personas.domain.searching import _WINDOW, _window
from personas.domain.sheets import BlendWeight


def test_a_kind_gives_each_framework_one_weight():
    twice = [{"framework_id": "neuro", "weight": 1.0}] * 2

    with pytest.raises(ValidationError, match="one weight"):
        ConversationContext.model_validate({"context": "casual", "weights": twice})


def test_phrases_of_a_kind_that_compare_equal_count_once():
    kind = ConversationContext(context="casual", vocabulary=["day-off", "day off"])

    found = Detector([kind]).detect(["My day off!"])

    assert [evidence.phrase for evidence in found.evidence] == ["day-off"]


def test_auto_is_no_kind_of_conversation():
    with pytest.raises(ValidationError, match="auto"):
        BlendWeight(context="auto", framework_id="neuro", weight=1.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n" * 3_000, "b\nc\na\n" * 2_000),
        (
            "x\n" + "a\nb\n" * 60 + "once\n" + "c\nd\n" * 20 + "y\n",
            "z\n" + "b\na\n" * 60 + "once\n" + "d\nc\n" * 20 + "w\n",
        ),
    ],
    ids=["nothing stands once", "one line stands once"],
)
def test_texts_of_the_same_few_lines_are_told_whole(before, after):
    pieces = text_pieces(before, after=after)

    assert "".join(p.text for p in pieces if p.kind != "added") == before
    assert "".join(p.text for p in pieces if p.kind != "removed") == after


def test_kinds_of_letters_are_not_kept_without_end():
    kinds = _Kinds(dict.fromkeys(range(65_536), "."))

    assert kinds[ord("𝕬")] == "w"
    assert len(kinds) == 65_536


def test_lists_with_repeats_do_not_merge_as_sets():
    merged = merge(["a"], mine=["a", "a"], theirs=["b"], terms=[()])

    assert [overlap.path for overlap in merged.overlaps] == [()]


@pytest.mark.parametrize(
    ("word", "is_cut"), [("needle", True), ("nowhere", False)], ids=["far", "absent"]
)
def test_the_window_of_a_long_text_is_where_a_word_is(word, is_cut):
    text = "hay " * _WINDOW + "needle" + " hay" * 9

    window, was_cut = _window(text, words=[word])

    assert (word in window, was_cut) == (is_cut, is_cut)
