"""What draft and live version would send to a model, to the letter."""

import pytest

from personas.services.conversing import Asked, Said, Who, sides_of
from personas.views.characters import character_or_404
from tests.factories import make_character, make_framework
from tests.personas.test_views_characters import edit, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    make_character(
        "ada",
        scenario="You greet {{user}}.",
        post_history="Stay kind to {{user}}.",
        aliases=["Countess"],
    )
    publish()
    edit(scenario="You warn {{user}}.")


def asked(*texts, user_name="Robin", context=""):
    said = [Said(who=Who.USER, text=text) for text in texts or ("Hello",)]
    return Asked(user_name=user_name, context=context, messages=tuple(said))


def test_each_side_is_the_exact_chat(ada):
    messages = (
        Said(who=Who.USER, text="Hello {0}"),
        Said(who=Who.CHARACTER, text="Hi"),
        Said(who=Who.USER, text="{{user}} stays as typed"),
    )
    put = Asked(user_name="Robin", context="", messages=messages)

    draft, live = sides_of(character_or_404("ada"), asked=put)

    assert [m.role for m in draft.chat] == [
        "system",
        "user",
        "assistant",
        "user",
        "system",
    ]
    assert "You warn Robin." in draft.chat[0].content
    assert "You greet Robin." in live.chat[0].content
    assert [m.content for m in draft.chat[1:]] == [
        "Hello {0}",
        "Hi",
        "{{user}} stays as typed",
        "Stay kind to Robin.",
    ]
    assert (draft.revision, draft.version) == (2, None)
    assert (live.revision, live.version) == (None, 1)
    assert draft.tokens > 10
    assert draft.text.startswith("[system]\n")


def test_a_third_speaker_is_named(ada):
    messages = (
        Said(who=Who.USER, text="Hello"),
        Said(who=Who.OTHER, name="Kim", text="Me too"),
    )
    put = Asked(user_name="", context="", messages=messages)

    draft, _ = sides_of(character_or_404("ada"), asked=put)

    said = [m.content for m in draft.chat if m.role == "user"]
    assert said == ["User: Hello", "Kim: Me too"]
    assert "You warn User." in draft.chat[0].content


def test_a_character_that_is_not_live_has_one_side():
    make_character("ada")

    draft, live = sides_of(character_or_404("ada"), asked=asked())

    assert draft.chat
    assert live is None


def test_a_draft_that_cannot_be_compiled_says_why(ada):
    make_framework("quiet", is_published=False)
    edit(framework_id="quiet")

    draft, live = sides_of(character_or_404("ada"), asked=asked())

    assert draft.chat == ()
    assert "never published" in draft.problem
    assert live.chat


def test_a_prompt_beyond_the_limit_says_so(ada):
    edit(description="x" * 200_000, scenario="y" * 200_000)

    draft, _ = sides_of(character_or_404("ada"), asked=asked())

    assert "Shorten" in draft.problem


def test_kinds_of_conversation_are_chosen_or_told_by_the_messages():
    make_framework("neuro", behavioral_patterns={"mood": "calm"})
    make_framework("caring", behavioral_patterns={"mood": "warm"})
    make_framework("chaotic", behavioral_patterns={"mood": "wild"})
    make_character("ada", framework_blending={"enabled": True})
    publish()
    character = character_or_404("ada")

    plain, _ = sides_of(character, asked=asked())
    chosen, live = sides_of(character, asked=asked(context="casual"))
    told, _ = sides_of(character, asked=asked("lol hello", context="auto"))
    unknown, _ = sides_of(character, asked=asked("Zwölf", context="auto"))

    assert "warm" in chosen.chat[0].content
    assert "warm" in live.chat[0].content
    assert "calm" in plain.chat[0].content
    assert (chosen.context, told.context) == ("casual", "casual")
    assert set(told.told_by) == {"lol", "hello"}
    assert told.chat[0] == chosen.chat[0]
    assert (unknown.context, unknown.told_by) == ("", ())


def test_a_character_that_does_not_blend_sends_the_plain_prompt(ada):
    draft, live = sides_of(character_or_404("ada"), asked=asked(context="formal"))

    assert (draft.context, live.context) == ("", "")


def test_a_name_with_which_a_prompt_gets_too_long_is_told(ada):
    edit(description="{{user}}" * 30_000)
    put = asked(user_name="x" * 200)

    draft, live = sides_of(character_or_404("ada"), asked=put)

    assert (draft.chat, draft.tokens) == ((), 0)
    assert "Give a shorter name" in draft.problem
    assert (draft.revision, live.problem) == (3, "")
    assert live.chat
