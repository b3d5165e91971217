"""A prompt and a conversation as one chat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import limits
from personas.domain import composing
from personas.domain.composing import (
    Message,
    TextTooLong,
    chat,
    compose,
    prompt_for_user,
    served_detection,
    speakers,
    user_of,
    with_user,
)
from personas.domain.contexts import Detection, Evidence, Ranked

PROMPT = {
    "character_id": "ada",
    "context": None,
    "system_prompt": "You are Ada. You talk to {{user}}.",
    "sections": [
        {"name": "identity", "text": "Friend of {{User}}", "tokens": 5},
        {"name": "behavior", "text": "Calm.", "tokens": 7},
    ],
    "tokens": {"count": 9, "tokenizer": "t"},
    "greetings": {"first_message": "Hi {{user}}", "alternates": ["Yo {{USER}}"]},
    "post_history": "Stay kind to {{user}}.",
}
NAMES = ("Ada", "The Clerk")
ADA = Message("Ada", "Good day.")
BOB = Message("Bob", "Hello!")
EVE = Message("Eve", "Me too.")


def composed(*messages: Message, **changes):
    values = {
        "messages": messages,
        "names": NAMES,
        "user_name": None,
        "count_tokens": len,
    }
    return compose(PROMPT, **{**values, **changes})


def test_chat_is_prompt_messages_and_what_comes_after():
    answer = composed(BOB, ADA)

    assert answer["chat"] == [
        {"role": "system", "content": "You are Ada. You talk to Bob."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Good day."},
        {"role": "system", "content": "Stay kind to Bob."},
    ]
    assert (answer["lore"], answer["trace"], answer["feelings"]) == ([], [], None)
    assert answer["character_id"] == "ada"


@pytest.mark.parametrize("name", ["ada", "ADA", "the_clerk", "The  Clerk", "Ａｄａ"])
def test_character_is_known_by_name_and_alias_however_written(name):
    answer = composed(Message(name, "Mine."), BOB)

    assert answer["chat"][1] == {"role": "assistant", "content": "Mine."}


def test_speakers_are_named_when_there_are_several():
    answer = composed(BOB, ADA, EVE)

    assert [m["content"] for m in answer["chat"][1:-1]] == [
        "Bob: Hello!",
        "Good day.",
        "Eve: Me too.",
    ]


def test_one_speaker_written_in_two_ways_is_one():
    answer = composed(BOB, Message("bob", "Again."))

    assert [m["content"] for m in answer["chat"][1:-1]] == ["Hello!", "Again."]


def test_user_is_in_place_everywhere_and_changed_texts_are_counted():
    answer = composed(BOB, user_name="Zoë")

    assert answer["system_prompt"] == "You are Ada. You talk to Zoë."
    assert answer["sections"] == [
        {"name": "identity", "text": "Friend of Zoë", "tokens": 13},
        {"name": "behavior", "text": "Calm.", "tokens": 7},
    ]
    assert answer["tokens"] == {"count": 29, "tokenizer": "t"}
    assert answer["greetings"] == {"first_message": "Hi Zoë", "alternates": ["Yo Zoë"]}
    assert answer["post_history"] == "Stay kind to Zoë."


def test_without_a_name_the_last_other_speaker_is_the_user():
    assert composed(BOB, EVE, ADA)["greetings"]["first_message"] == "Hi Eve"


def test_where_nobody_speaks_the_macro_stays():
    answer = composed()

    assert answer["chat"][0]["content"] == PROMPT["system_prompt"]
    assert answer["tokens"] == PROMPT["tokens"]
    assert user_of([ADA], who=speakers([ADA], names=NAMES)) is None


def test_what_people_say_is_not_looked_through_for_macros():
    answer = composed(Message("Bob", "I am {{user}} and {{char}}"))

    assert answer["chat"][1]["content"] == "I am {{user}} and {{char}}"


def test_blank_prompts_and_texts_after_are_left_out():
    prompt = {**PROMPT, "system_prompt": " \n", "post_history": ""}

    assert chat(prompt, messages=[BOB], who=speakers([BOB], names=NAMES)) == [
        {"role": "user", "content": "Hello!"}
    ]


def test_a_name_of_hyphens_is_nobody_elses():
    answer = composed(Message("-", "Who?"), names=("Ada", "--"))

    assert answer["chat"][1]["role"] == "user"


def test_detection_is_told_with_its_evidence():
    detection = Detection(
        context="tea",
        evidence=(Evidence("tea", "kettle", message=0, start=1, end=7),),
        ranking=(Ranked("tea", 1, 0),),
    )

    assert served_detection(detection) == {
        "context": "tea",
        "evidence": [
            {"context": "tea", "phrase": "kettle", "message": 0, "start": 1, "end": 7}
        ],
        "ranking": [{"context": "tea", "phrases": 1}],
    }


@given(st.text(), st.text(), st.text())
def test_a_name_goes_in_as_it_is_and_is_not_looked_through(before, name, after):
    text = f"{before}{{{{uSeR}}}}{after}"

    assert name in with_user(text, name=name)
    assert with_user("{{user}}", name="{{user}} \\1") == "{{user}} \\1"


@pytest.mark.parametrize("macro", ["{{user}}", "{{USER}}", "{{u\u017fer}}"])
def test_a_text_with_the_name_may_be_as_long_as_any_and_no_longer(macro):
    fits = macro + "x" * (limits.TEXT_BYTES - 300)
    name = "ü" * 150

    assert len(with_user(fits, name=name).encode()) == limits.TEXT_BYTES
    with pytest.raises(TextTooLong, match="shorter name"):
        with_user(fits + "x", name=name)


def test_texts_that_are_short_enough_can_be_too_long_together():
    def greeted(*texts: str):
        greetings = {"first_message": "", "alternates": texts}
        return prompt_for_user(
            {**PROMPT, "greetings": greetings},
            user_name="n" * 200,
            count_tokens=len,
        )

    long = "{{user}}" * 1_000
    grown = greeted(long, "{{user}}")["greetings"]["alternates"]
    assert grown == ["n" * 200_000, "n" * 200]
    with pytest.raises(TextTooLong, match=r"together.*shorter name"):
        greeted(long, long)


def test_a_text_that_names_nobody_is_never_too_long():
    text = "x" * (limits.TEXT_BYTES + 1)

    assert with_user(text, name="Bob") == text


@pytest.mark.parametrize(
    "field",
    [
        {"system_prompt": "{{user}}" * 30_000},
        {"sections": [{"name": "x", "text": "{{user}}" * 30_000, "tokens": 1}]},
        {"greetings": {"first_message": "{{user}}" * 30_000, "alternates": []}},
        {"greetings": {"first_message": "", "alternates": ["{{user}}" * 30_000]}},
        {"post_history": "{{user}}" * 30_000},
    ],
)
def test_no_text_of_the_answer_grows_beyond_the_limit(field):
    with pytest.raises(TextTooLong, match=r"8,789 KiB.* 256 KiB.*\{\{user\}\}"):
        compose(
            {**PROMPT, **field},
            messages=(),
            names=NAMES,
            user_name="x" * 300,
            count_tokens=len,
        )


def test_each_spelling_of_a_name_is_compared_once(monkeypatch):
    compared = []

    def comparable(name):
        compared.append(name)
        return name.casefold()

    monkeypatch.setattr(composing, "comparable", comparable)

    composed(*[BOB, ADA, EVE] * 20)

    assert sorted(compared) == sorted([*NAMES, "Ada", "Bob", "Eve"])
