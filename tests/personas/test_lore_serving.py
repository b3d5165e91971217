"""Lore in a chat, by plain functions; on the test console; and checks about it."""

import uuid
from typing import Any

import pytest

from core import limits
from personas.domain.composing import Lore, Message, TextTooLong, compose
from personas.domain.lore.answers import served_row
from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.domain.lore.tracing import (
    Cause,
    Gate,
    GroupDraw,
    Span,
    TraceRow,
)
from personas.models import Character
from personas.services import conversing, lore_publishing, lorebooks, publishing
from personas.services.conversing import Asked, Said, Who
from tests.factories import NOW, make_character

WHO: dict[str, Any] = {"actor": None, "now": NOW}
BOB = Message("Bob", "One.")
EVE = Message("Bob", "Two.")
PROMPT: dict[str, Any] = {
    "character_id": "ada",
    "system_prompt": "You are Ada.",
    "sections": [],
    "tokens": {"count": 3, "tokenizer": "t"},
    "greetings": {"first_message": "", "alternates": []},
    "post_history": "",
}


def lore(*entries: dict[str, Any], **fields: Any) -> Lore:
    """A book of entries that are always there, their text their title."""
    book = BookInPlay(
        "book",
        BookSheet(name="Book"),
        tuple(
            EntryInPlay(
                f"{n:032x}",
                EntrySheet.model_validate(
                    {"is_constant": True, "title": str(n), "content": str(n), **each}
                ),
            )
            for n, each in enumerate(entries)
        ),
    )
    return Lore(index=LoreIndex([book], count_tokens=len), char="Ada", **fields)


def composed(*messages: Message, prompt: dict[str, Any] = PROMPT, **changes: Any):
    values = {"user_name": None, "count_tokens": len, **changes}
    return compose(prompt, messages=messages, names=["Ada"], **values)


def said(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in answer["chat"]]


# -- Places ----------------------------------------------------------------------------


def test_texts_stand_around_the_whole_prompt_in_the_order_of_their_places():
    answer = composed(
        lore=lore(
            {"position": "examples_bottom"},
            {"position": "examples_top"},
            {"position": "after_character", "order": 2},
            {"position": "after_character", "order": 1},
            {"position": "before_character", "order": 2},
            {"position": "before_character", "order": 1},
        )
    )

    text = "5\n\n4\n\nYou are Ada.\n\n3\n\n2\n\n1\n\n0"
    assert said(answer) == [("system", text)]
    assert answer["tokens"] == {"count": len(text), "tokenizer": "t"}


def test_a_blank_prompt_leaves_no_gap_before_lore():
    answer = composed(prompt={**PROMPT, "system_prompt": " "}, lore=lore({}))

    assert said(answer) == [("system", "0")]


def test_lore_at_depth_stands_so_many_messages_before_the_end():
    at = {"position": "at_depth"}
    answer = composed(
        BOB,
        EVE,
        lore=lore(
            {**at, "depth": 0},
            {**at, "depth": 1, "role": "assistant"},
            {**at, "depth": 2},
            {**at, "depth": 99, "role": "user"},
            {"position": "note_bottom", "depth": 1},
            {"position": "note_top", "depth": 1},
            {**at, "depth": 1},
        ),
    )

    assert said(answer)[1:] == [
        ("user", "3"),
        ("system", "2"),
        ("user", "One."),
        ("system", "5\n\n6\n\n4"),
        ("assistant", "1"),
        ("user", "Two."),
        ("system", "0"),
    ]
    assert answer["tokens"] == PROMPT["tokens"]


def test_an_outlet_is_nowhere_and_the_trace_says_so():
    answer = composed(lore=lore({"position": "outlet"}))

    assert said(answer) == [("system", "You are Ada.")]
    assert answer["lore"] == []
    assert (answer["trace"][0]["gate"], answer["trace"][0]["unobeyed"]) == (
        "outlet",
        ["outlet"],
    )


def test_all_of_an_answer_is_bounded():
    large = "x" * limits.LORE_ENTRY_BYTES
    answer = composed(lore=lore(*[{"content": large, "title": large}] * 40))

    assert len(answer["lore"]) == limits.TEXT_BYTES // limits.LORE_ENTRY_BYTES
    assert len(answer["system_prompt"]) < limits.TEXT_BYTES + 1_000
    assert {len(one["title"]) for one in answer["lore"] + answer["trace"]} == {200}


# -- Macros of the character -----------------------------------------------------------


def test_a_section_reads_the_same_by_itself_as_in_the_prompt():
    die = "{{roll:1000000}}"
    prompt = {
        **PROMPT,
        "system_prompt": f"A {die}. B {die}! C {die}? {die}",
        "sections": [
            {"name": "identity", "text": f"B {die}!", "tokens": 1},
            {"name": "behavior", "text": f"A {die}.", "tokens": 1},
            {"name": "knowledge", "text": f"{die}.", "tokens": 1},
            {"name": "interaction", "text": "C", "tokens": 1},
            {"name": "anti_hallucination", "text": "", "tokens": 1},
        ],
    }

    answer = composed(prompt=prompt, seed=5)

    system = answer["system_prompt"]
    for section in (0, 1):
        assert answer["sections"][section]["text"] in system
        assert answer["sections"][section]["tokens"] > 1
    assert "{{" not in system
    assert answer["sections"][3] == prompt["sections"][3]
    assert composed(prompt=prompt, seed=5) == answer
    assert composed(prompt=prompt, seed=6) != answer


def test_without_a_user_other_macros_are_expanded_all_the_same():
    prompt = {**PROMPT, "system_prompt": "<BOT> and {{user}}: {{reverse:on}}"}

    answer = composed(prompt=prompt, lore=lore())

    assert said(answer) == [("system", "Ada and {{user}}: no")]


def test_texts_that_macros_make_too_long_are_refused():
    text = "{{reverse:a}}" + "{{char}}" * 40_000
    prompt = {**PROMPT, "post_history": text}
    named = lore()
    named = Lore(index=named.index, char="n" * 200)

    with pytest.raises(TextTooLong, match="256 KiB"):
        composed(prompt=prompt, lore=named)


# -- Rows of the trace -----------------------------------------------------------------


def test_a_row_tells_all_that_applies():
    row = TraceRow(
        entry_id="e",
        book_id="b",
        book="B",
        title="T",
        fired=False,
        gate=Gate.GROUP,
        cause=Cause.KEY,
        key="k",
        span=Span(1, 2, 3, in_name=True),
        parent="p",
        parent_book="b",
        round_number=2,
        roll=0.0,
        draw=GroupDraw("g", "w", "c", 2, 200, 7.5),
        tokens=3,
        total=9,
        unobeyed=("sticky",),
        unsupported=(("/(?=x)/", "Look-ahead."),),
    )

    assert served_row(row) == {
        "entry_id": "e",
        "book": "b",
        "title": "T",
        "fired": False,
        "reason": Gate.GROUP.sentence,
        "cause": "key",
        "gate": "group",
        "key": "k",
        "span": {"message": 1, "start": 2, "end": 3, "in_name": True},
        "parent": "p",
        "parent_book": "b",
        "roll": 0.0,
        "draw": {
            "group": "g",
            "winner": "w",
            "winner_book": "c",
            "members": 2,
            "total": 200,
            "number": 7.5,
        },
        "pass": 2,
        "tokens": 3,
        "total": 9,
        "unobeyed": ["sticky"],
        "unsupported": [{"key": "/(?=x)/", "why": "Look-ahead."}],
    }


# -- The test console and publishing ---------------------------------------------------


def make_book(name: str, *contents: str, is_published: bool = True) -> str:
    book = lorebooks.create_book(
        sheet=BookSheet(name=name),
        entries=[
            EntrySheet(title=text, keys=["tower"], content=text) for text in contents
        ],
        **WHO,
    )
    if is_published:
        lore_publishing.publish_book(book_id=book.book_id, note="N", **WHO)
    return book.book_id


def publish() -> publishing.Outcome:
    return publishing.publish(character_ids=["ada"], note="N", author=None, now=NOW)


@pytest.mark.django_db
def test_the_test_console_shows_lore_of_the_draft_and_of_what_is_live():
    make_book("Old", "Old tower.")
    make_book("New", "New tower.")
    make_book("Draft", "Unseen.", is_published=False)
    make_character("ada", lorebooks=["old"])
    publish()
    character = Character.objects.for_sheets().with_live_label().get()
    character.lorebooks = ["new", "draft"]
    asked = Asked(
        user_name="Bob",
        context="",
        messages=(Said(who=Who.USER, text="What of the tower?"),),
    )

    draft, live = conversing.sides_of(character, asked=asked)

    assert (draft.lore, live.lore) == (("New tower.",), ("Old tower.",))
    assert draft.chat[0].content.startswith("New tower.\n\n")
    assert live.chat[0].content.startswith("Old tower.\n\n")
    assert conversing.sides_of(character, asked=asked) == (draft, live)


@pytest.mark.django_db
def test_publishing_a_character_tells_of_books_that_are_not_served():
    make_book("Good", "x")
    make_book("Draft", "x", is_published=False)
    gone = make_book("Gone", "x")
    lorebooks.archive_book(book_id=gone, is_archived=True, **WHO)
    make_character("ada", lorebooks=["good", "draft", "gone", "nowhere"])

    outcome = publish()

    assert outcome.published == {"ada": 1}
    unpublished, archived, unknown = outcome.warnings["ada"]
    assert "lorebook “Draft” was never published" in unpublished
    assert "lorebook “Gone” is archived" in archived
    assert "There is no lorebook “nowhere”." in unknown


def test_entries_of_other_books_with_the_same_id_do_not_count_as_entered():
    """An id is one book's own: the trace must not take one entry for another."""
    same = uuid.UUID(int=1).hex
    books = [
        BookInPlay(
            name,
            BookSheet(name=name),
            (
                EntryInPlay(
                    same, EntrySheet(title=name, content="x", is_constant=is_on)
                ),
                *(EntryInPlay(f"{name}{n}", EntrySheet()) for n in range(700)),
            ),
        )
        for name, is_on in (("a", False), ("b", True))
    ]

    answer = composed(lore=Lore(LoreIndex(books, count_tokens=len), char="Ada"))

    assert (len(answer["trace"]), answer["trace_left_out"]) == (1000, 402)
    assert [row["title"] for row in answer["trace"] if row["fired"]] == ["b"]
