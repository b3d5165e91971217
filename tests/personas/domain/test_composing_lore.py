"""Lore and macros in a composed chat, and what is answered of them."""

import pytest

from personas.domain.composing import (
    Lore,
    Message,
    TextTooLong,
    compose,
    prompt_for_user,
)
from personas.domain.lore.answers import served_row, served_trace
from personas.domain.lore.indexing import BookInPlay, LoreIndex
from tests.personas.domain.lore_books import book, entry, look, words
from tests.personas.domain.test_composing import PROMPT

BOB = Message("Bob", "Tea by the sea?")
ADA = Message("Ada", "Yes.")
EVE = Message("Bob", "Good.")


def composed(*books: BookInPlay, prompt=PROMPT, **changes):
    lore = Lore(LoreIndex(books, count_tokens=words), char="Ada", names=("Ada",))
    values = {
        "messages": (BOB, ADA, EVE),
        "names": ("Ada",),
        "user_name": None,
        "count_tokens": words,
        "lore": lore,
    }
    return compose(prompt, **{**values, **changes})


def said(answer) -> list[tuple[str, str]]:
    return [(each["role"], each["content"]) for each in answer["chat"]]


def test_lore_stands_before_after_and_among_the_messages():
    always = {"is_constant": True, "order": 1}
    answer = composed(
        book(
            entry("before", **always, position="before_character"),
            entry("after", **always, position="after_character"),
            entry("deep", **always, position="at_depth", depth=1),
            entry("note", **always, position="note_top", depth=1),
            entry("far", **always, position="at_depth", depth=9, role="user"),
        )
    )

    assert said(answer)[:2] == [
        ("system", "before\n\nYou are Ada. You talk to Bob.\n\nafter"),
        ("user", "far"),
    ]
    assert said(answer)[2:-1] == [
        ("user", "Tea by the sea?"),
        ("assistant", "Yes."),
        ("system", "note\n\ndeep"),
        ("user", "Good."),
    ]
    assert answer["tokens"]["count"] == words(answer["system_prompt"])
    assert {each["entry_id"] for each in answer["lore"]} == {
        *("before", "after", "far", "note", "deep"),
    }
    assert answer["trace_left_out"] == 0


def test_lore_alone_is_a_prompt_and_nothing_before_it_leaves_it_as_it_was():
    blank = {**PROMPT, "system_prompt": " "}
    constant = book(entry("alone", is_constant=True))

    assert said(composed(constant, prompt=blank))[0] == ("system", "alone")
    sleeping = composed(book(entry("quiet", keys=["never said"])))
    assert sleeping["system_prompt"] == "You are Ada. You talk to Bob."
    assert sleeping["lore"] == []


def test_a_section_reads_alike_by_itself_and_in_the_prompt():
    sections = [
        {"name": "identity", "text": "Likes {{random:tea,rum,ink,fog}}.", "tokens": 1},
        {"name": "behavior", "text": "Rolls {{roll:900}}.", "tokens": 1},
        {"name": "knowledge", "text": "Not {{roll:9}} in it.", "tokens": 1},
    ]
    whole = "Ada. Likes {{random:tea,rum,ink,fog}}. Rolls {{roll:900}}. {{// end}}"

    found = prompt_for_user(
        {**PROMPT, "system_prompt": whole, "sections": sections},
        user_name="Bob",
        count_tokens=words,
        char="Ada",
        seed=5,
    )

    first, second, _ = (each["text"] for each in found["sections"])
    assert found["system_prompt"] == f"Ada. {first} {second} "
    assert "{{" not in first + second


def test_macros_that_grow_without_end_are_refused():
    text = "{{// quiet}}" + "{{user}}" * 20_000

    with pytest.raises(TextTooLong, match="macros"):
        prompt_for_user(
            {**PROMPT, "system_prompt": text},
            user_name="B" * 200,
            count_tokens=words,
        )


def test_rows_say_what_applies_and_those_that_entered_come_first():
    books = [
        book(
            entry("asleep", keys=["never"], sticky=2),
            entry("broken", keys=["/(?=a)/"]),
            entry("one", keys=["tea"], group="drinks", group_weight=1),
            entry("two", keys=["tea"], group="drinks", group_weight=0),
        )
    ]
    index = LoreIndex(books, count_tokens=words)
    found = look(books, "some tea")

    rows, left_out = served_trace(found, index=index, most=9)
    fewest, more = served_trace(found, index=index, most=2)

    by_id = {row["entry_id"]: row for row in rows}
    assert left_out == 0
    assert by_id["asleep"]["gate"] == "key"
    assert by_id["asleep"]["unobeyed"]
    assert by_id["broken"]["unsupported"][0]["key"] == "/(?=a)/"
    span = {"message": 0, "start": 5, "end": 8, "in_name": False}
    assert by_id["one"]["span"] == span
    assert by_id["two"]["draw"]["winner"] == "one"
    assert "roll" not in by_id["one"]
    assert by_id["one"] == served_row(found.trace[2])
    assert ([row["entry_id"] for row in fewest], more) == (["asleep", "one"], 2)
