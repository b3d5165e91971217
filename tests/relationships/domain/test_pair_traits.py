"""Traits of how one sees another, and their words."""

import pytest
from pydantic import TypeAdapter, ValidationError

from relationships.domain.traits import (
    DEFAULT_TRAIT_WORDS,
    PairTrait,
    TraitWord,
    TraitWords,
    filled,
    stepped,
    trait_words,
)

TABLE = TypeAdapter(TraitWords)


def word(trait: PairTrait, at: float, words: str = "So.") -> TraitWord:
    return TraitWord(trait=trait, at=at, words=words)


def test_traits_move_by_their_steps_and_stay_within_one():
    traits = {"warmth": 990, "trust": -10, "respect": -990}

    after = stepped(traits, steps={"warmth": 50, "respect": -50, "rivalry": 5})

    assert after == {"warmth": 1_000, "trust": -10, "respect": -1_000, "rivalry": 5}


def test_steps_can_be_taken_more_than_once():
    assert stepped({}, steps={"trust": 20}, times=3)["trust"] == 60


@pytest.mark.parametrize(
    ("warmth", "expected"),
    [
        (199, []),
        (200, ["{{char}} is warm towards {{other}}."]),
        (600, ["{{char}} is openly fond of {{other}}."]),
        (-199, []),
        (-200, ["{{char}} keeps some distance from {{other}}."]),
        (-1_000, ["{{char}} is cold to {{other}} and does not hide it."]),
    ],
)
def test_the_furthest_line_that_a_trait_has_reached_is_said(warmth, expected):
    assert trait_words({"warmth": warmth}, words=DEFAULT_TRAIT_WORDS) == expected


def test_words_come_in_the_order_of_the_traits():
    words = (word(PairTrait.RIVALRY, 0.1, "r"), word(PairTrait.WARMTH, 0.1, "w"))

    assert trait_words({"rivalry": 500, "warmth": 500}, words=words) == ["w", "r"]


def test_a_table_is_sorted_by_trait_and_value():
    rows = (
        word(PairTrait.TRUST, 0.2),
        word(PairTrait.WARMTH, 0.2),
        word(PairTrait.WARMTH, -0.2),
    )

    assert [row.key for row in TABLE.validate_python(rows)] == [
        "warmth-below-200",
        "warmth-above-200",
        "trust-above-200",
    ]


def test_the_first_table_is_valid_and_sorted():
    assert TABLE.validate_python(DEFAULT_TRAIT_WORDS, strict=True) == (
        DEFAULT_TRAIT_WORDS
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((word(PairTrait.TRUST, 0.0),), "0 is where everybody begins"),
        ((word(PairTrait.TRUST, 0.2),) * 2, "trust has words for 0.2 twice"),
    ],
)
def test_a_table_that_would_be_ambiguous_is_refused(rows, words):
    with pytest.raises(ValidationError, match=words):
        TABLE.validate_python(rows)


def test_a_line_must_say_something():
    with pytest.raises(ValidationError):
        word(PairTrait.TRUST, 0.2, "")


def test_names_take_the_places_in_the_words_once():
    text = filled(
        "{{char}} likes {{other}}, {{user}} and {{char}}.",
        char="{{other}}",
        other="{{char}} {0} %s",
    )

    assert text == "{{other}} likes {{char}} {0} %s, {{user}} and {{other}}."
