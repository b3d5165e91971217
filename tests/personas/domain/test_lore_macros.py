"""Macros of lorebook texts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.lore import macros
from personas.domain.lore.chances import digested, drawn
from personas.domain.lore.macros import (
    MOST_NESTED,
    Expanded,
    MacrosTooLong,
    MacroValues,
    expand,
    has_macros,
    has_names,
    signs,
    with_names,
)

VALUES = MacroValues(char="Ada", user="Bo")


def text_of(text: str, *, values: MacroValues = VALUES, seed: int = 1) -> str:
    return expand(text, values=values, seed=seed).text


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{{char}} {{ CHAR }} <BOT> <bot>", "Ada Ada Ada Ada"),
        ("{{user}} <User>", "Bo Bo"),
        ("{{{char}}}", "{Ada}"),
        ("{{{{char}}}}", "{{Ada}}"),
        ("a{{// not this {{char}} }}b", "ab"),
        ("a{{//}}b", "ab"),
        ("{{comment: x}}", ""),
        ("{{hidden_key: x}}", ""),
        ("{{reverse:abc}}", "cba"),
        ("{{reverse:{{char}}!}}", "!adA"),
        ("{{REVERSE:ab}}", "ba"),
        ("{{random:one}}", "one"),
        ("{{random:}}", ""),
        (r"{{random: a\,b }}", "a,b"),
        ("{{random:{a}}}", "{a}"),
        ("{{pick::one}}", "one"),
        ("{{roll:1}} {{roll:d1}} {{roll: D1 }}", "1 1 1"),
    ],
)
def test_macros_are_expanded(text, expanded):
    assert text_of(text) == expanded


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "{{nothing}}",
        "{{original}}",
        "{{char:x}}",
        "{{}}",
        "{{",
        "}}",
        "}}{{",
        '{"a": {"b": 1}}',
        "{{roll:0}}",
        "{{roll:x}}",
        "{{roll:1000000000000}}",
        "{{random::a::b}}",
        "{{pick::a::b}}",
        "{{time}}",
        "{{random:a",
        "{char}",
        "{{cha{r}}",
    ],
)
def test_all_else_stays_as_it_is(text):
    assert text_of(text) == text


def test_without_a_user_their_macros_stay():
    nobody = MacroValues(char="Ada")

    assert text_of("{{user}} <USER> {{char}}", values=nobody) == "{{user}} <USER> Ada"


@pytest.mark.parametrize("name", ["{{roll:6}}", "<BOT>", "{{char}}", "random:", "//"])
def test_what_a_macro_inserts_is_not_looked_at_again(name):
    values = MacroValues(char="Ada", user=name)

    assert text_of("{{user}}", values=values) == name
    assert text_of("{{random:{{user}}}}", values=values) == name
    assert text_of("{{{{user}}}}", values=values) == "{{" + name + "}}"


def test_a_comma_in_a_name_parts_no_options():
    values = MacroValues(char="Ada", user="a,b")

    found = {text_of("{{random:{{user}},c}}", values=values, seed=n) for n in range(40)}

    assert found == {"a,b", "c"}


def test_random_is_by_seed_and_place():
    text = "{{random:a,b,c,d}}" * 8

    assert text_of(text, seed=1) == text_of(text, seed=1)
    assert text_of(text, seed=1) != text_of(text, seed=2)
    assert len(set(text_of(text, seed=1))) > 1


def test_pick_is_by_text_and_what_it_is_steady_in_not_by_seed():
    text = "{{pick:a,b,c,d}}" * 8
    chat = MacroValues(char="Ada", steady="chat 1")

    assert text_of(text, values=chat, seed=1) == text_of(text, values=chat, seed=2)
    assert text_of(text, values=chat) != text_of(text, values=VALUES)
    assert text_of(text + ".", values=chat) != text_of(text, values=chat) + "."


def test_a_text_is_read_once_for_all_its_picks(monkeypatch):
    digests, draws = [], []

    def counted_digest(text):
        digests.append(text)
        return digested(text)

    def counted_draw(*parts):
        draws.append(sum(len(str(part)) for part in parts))
        return drawn(*parts)

    monkeypatch.setattr(macros, "digested", counted_digest)
    monkeypatch.setattr(macros, "drawn", counted_draw)
    text = "{{pick:a,b}}" * 5_000

    assert set(text_of(text)) == {"a", "b"}
    assert digests == [text]
    assert len(draws) == 5_000
    assert max(draws) < 100


def test_a_text_without_picks_is_not_digested(monkeypatch):
    monkeypatch.delattr(macros, "digested")

    assert text_of("{{random:a}}") == "a"


def test_signs_are_counted():
    assert signs("{{pick:a,b}} <BOT>") == 6
    assert signs("plain") == 0


def test_rolls_are_from_one_to_the_number():
    rolls = {text_of("{{roll:d6}}", seed=n) for n in range(200)}

    assert rolls == {"1", "2", "3", "4", "5", "6"}


def test_hidden_keys_and_comments_are_handed_out():
    text = "a{{hidden_key:the {{char}}}}{{comment:for {{user}}}}{{hidden_key:x}}"

    assert expand(text, values=VALUES, seed=1) == Expanded(
        text="a", hidden=("the Ada", "x"), comments=("for Bo",)
    )


def test_nesting_is_bounded():
    deep = "{{reverse:" * (MOST_NESTED + 1) + "ab" + "}}" * (MOST_NESTED + 1)

    assert text_of(deep) == "{{reverse:ab}}"


@pytest.mark.parametrize(
    "text", ["{{user}}" * 10, "{{reverse:{{user}}}}", "{{// {{user}} }}" * 90]
)
def test_a_result_too_long_is_refused_by_name(text):
    values = MacroValues(char="Ada", user="x" * 1_000)

    with pytest.raises(MacrosTooLong, match="Write fewer macros"):
        expand(text, values=values, seed=1, most_bytes=999)


def test_a_text_as_long_as_allowed_is_expanded():
    values = MacroValues(char="é" * 10)

    assert expand("{{char}}", values=values, seed=1, most_bytes=20).text == "é" * 10
    with pytest.raises(MacrosTooLong):
        expand("{{char}}", values=values, seed=1, most_bytes=19)


def test_names_alone_may_be_put_in():
    assert with_names("{{ char }} <user> {{random:a}}", values=VALUES) == (
        "Ada Bo {{random:a}}"
    )
    assert with_names("<BOT>", values=VALUES, quote=str.upper) == "ADA"
    assert with_names("<USER>", values=MacroValues(char="Ada")) == "<USER>"


def test_whether_there_is_something_to_do():
    assert has_macros("{{x")
    assert has_macros("<BOT>")
    assert not has_macros("{x} <b>")
    assert has_names("{{user}}")
    assert has_names("<bot>")
    assert not has_names("{{x}}")


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 30_000,
        "}" * 60_000,
        "{{reverse:" * 6_000 + "}}" * 6_000,
        "{{random::" * 6_000 + "}}" * 6_000,
        "{{a{" * 15_000 + "}}" * 15_000,
        "{{" + " " * 60_000,
        "{{random:" + "\\" * 60_000 + "}}",
    ],
)
def test_time_grows_with_the_text_only(text):
    started = time.process_time()

    text_of(text)

    assert time.process_time() - started < 5


@given(
    st.text(alphabet="{}<>:,/\\ abdehikmoprstucny_1", max_size=80),
    st.text(max_size=8),
    st.integers(),
)
def test_any_text_comes_out_the_same_for_the_same_seed(text, name, seed):
    values = MacroValues(char=name, user=name)

    once = expand(text, values=values, seed=seed)

    assert once == expand(text, values=values, seed=seed)
    if not has_macros(text):
        assert once.text == text
