"""Feelings in words for a prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain import composing
from personas.domain.composing import Message, Toward
from personas.domain.feelings import Feelings, named, section

NAMES = {"char": "Ada", "other": "Eve"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} likes {{other}}.", "Ada likes Eve."),
        ("{{CHAR}} and {{Other}}", "Ada and Eve"),
        ("{{user}} stays, and { {char}} too.", "{{user}} stays, and { {char}} too."),
        ("  Blank around. ", "Blank around."),
    ],
)
def test_names_stand_in_their_places(text, expected):
    assert named(Feelings("friend", (text,)), **NAMES).words == (expected,)


def test_blank_sentences_are_left_out():
    feelings = Feelings("neutral", ("", "  \n", "{{other}}"))

    assert named(feelings, char="Ada", other=" ").words == ()
    assert named(feelings, **NAMES) == Feelings("neutral", ("Eve",))


@given(st.text(), st.text())
def test_names_are_not_looked_through_again(char, other):
    found = named(Feelings("x", (".{{char}}|{{other}}.",)), char=char, other=other)

    assert found.words == (f".{char}|{other}.",)


def test_a_section_has_a_heading_and_a_line_for_each():
    feelings = Feelings("friend", ("One.", "Two."))

    assert section(feelings, **NAMES) == "## How Ada feels about Eve\n\nOne.\nTwo."


def test_without_words_there_is_no_section():
    assert section(Feelings("neutral", ()), **NAMES) == ""


PROMPT = {
    "character_id": "ada",
    "system_prompt": "You are Ada.",
    "sections": [],
    "tokens": {"count": 3, "tokenizer": "x"},
    "greetings": {"first_message": "", "alternates": []},
    "post_history": "",
}


def composed(toward: Toward | None, **changes):
    return composing.compose(
        {**PROMPT, **changes},
        messages=[Message("Eve", "Hello.")],
        names=["Ada"],
        user_name=None,
        count_tokens=len,
        toward=toward,
    )


def test_the_words_stand_at_the_end_of_the_system_prompt_and_are_counted():
    friend = Feelings("friend", ("{{char}} likes {{other}}.",))

    answer = composed(Toward(friend, **NAMES))

    text = "You are Ada.\n\n## How Ada feels about Eve\n\nAda likes Eve."
    assert answer["system_prompt"] == text
    assert answer["chat"][0] == {"role": "system", "content": text}
    assert answer["tokens"] == {"count": len(text), "tokenizer": "x"}
    assert answer["feelings"] == {"band": "friend", "words": ["Ada likes Eve."]}


def test_a_blank_prompt_becomes_the_words_alone():
    friend = Feelings("friend", ("Likes.",))

    answer = composed(Toward(friend, **NAMES), system_prompt=" ")

    assert answer["system_prompt"] == "## How Ada feels about Eve\n\nLikes."


def test_without_words_the_prompt_is_as_it_was_and_the_band_is_told():
    answer = composed(Toward(Feelings("neutral", ("",)), **NAMES))

    assert answer["system_prompt"] == PROMPT["system_prompt"]
    assert answer["tokens"] == PROMPT["tokens"]
    assert answer["feelings"] == {"band": "neutral", "words": []}


def test_towards_nobody_there_are_no_feelings():
    assert composed(None)["feelings"] is None
