"""What holds for any books and any conversation."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lore_books import book, entry, fired, look, rows

from personas.domain.lore.sheets import CharacterFilter, Logic, Position
from personas.domain.lore.tracing import Gate, TraceRow

WORDS = st.sampled_from(["toad", "pond", "{{user}}", "/t.+d/i", "/(?=x)/", "Ada", "-"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join) | st.text(max_size=30).filter(
    lambda text: "\x00" not in text and text.isprintable()
)
CONTENTS = st.builds(
    "{}{}".format,
    st.sampled_from(
        [
            "",
            "@@activate\n",
            "@@dont_activate\n",
            "@@depth 2\n",
            "@@exclude_keys pond\n",
        ]
    ),
    TEXTS
    | st.sampled_from(["{{random:toad,pond}}", "{{hidden_key:toad}}", "{{// x}}"]),
)
FIELDS = st.fixed_dictionaries(
    {"content": CONTENTS},
    optional={
        "keys": st.lists(WORDS, max_size=3),
        "secondary_keys": st.lists(WORDS, max_size=2),
        "logic": st.sampled_from(Logic),
        "position": st.sampled_from(Position),
        "is_enabled": st.booleans(),
        "is_constant": st.booleans(),
        "whole_words": st.none() | st.booleans(),
        "case_sensitive": st.none() | st.booleans(),
        "use_regex": st.none() | st.booleans(),
        "scan_depth": st.none() | st.integers(0, 3),
        "probability": st.sampled_from([0.0, 40.0, 100.0]),
        "order": st.integers(-2, 2),
        "ignore_budget": st.booleans(),
        "exclude_recursion": st.booleans(),
        "prevent_recursion": st.booleans(),
        "delay_until_recursion": st.integers(0, 3),
        "group": st.sampled_from(["", "a", "b", "a,b"]),
        "group_weight": st.integers(0, 3),
        "group_override": st.booleans(),
        "character_filter": st.sampled_from(
            [CharacterFilter(), CharacterFilter(names=["Ada"], is_exclude=True)]
        ),
    },
)
BOOKS = st.lists(
    st.builds(
        lambda fields, **more: book(
            *(entry(f"e{n}", **one) for n, one in enumerate(fields)), **more
        ),
        st.lists(FIELDS, max_size=5),
        scan_depth=st.none() | st.integers(0, 3),
        token_budget=st.none() | st.integers(0, 6),
        recursive_scanning=st.none() | st.booleans(),
    ),
    max_size=2,
)
SAID = st.lists(TEXTS, max_size=4)


@given(BOOKS, SAID, st.none() | st.integers(0, 10), st.integers(0, 3))
def test_the_trace_tells_of_every_entry_and_budgets_hold(books, said, budget, seed):
    found = look(books, *said, budget_tokens=budget, seed=seed, names=["Ada"])

    trace = list(found.trace)
    sheets = [one.sheet for each in books for one in each.entries]
    assert [row.entry_id for row in trace] == [
        one.entry_id for each in books for one in each.entries
    ]
    assert sorted(fired(found)) == sorted(row.entry_id for row in trace if row.fired)
    assert all(row.fired is (row.gate is None) and row.reason for row in trace)
    assert found.tokens == sum(one.tokens for one in found.entries)
    bound = [
        row.tokens
        for row, sheet in zip(trace, sheets, strict=True)
        if row.fired and not sheet.ignore_budget
    ]
    assert budget is None or sum(bound) <= budget

    again = look(books, *said, budget_tokens=budget, seed=seed, names=["Ada"])
    assert again.entries == found.entries
    assert list(again.trace) == trace


@given(BOOKS, SAID, st.integers(0, 3))
def test_an_entry_that_is_out_of_it_changes_nothing(books, said, seed):
    stranger = book(
        entry("off", is_constant=True, is_enabled=False, group="a"),
        entry("unseen", keys=["nobody says this"], probability=50.0, group="b"),
        book_id="stranger",
    )

    alone = look(books, *said, seed=seed)

    for more in ([stranger, *books], [*books, stranger]):
        together = look(more, *said, seed=seed)
        assert together.entries == alone.entries
        told = [row for row in together.trace if row.book_id != "stranger"]
        assert list(map(_near, told)) == list(map(_near, alone.trace))


def _near(row: TraceRow) -> TraceRow:
    """The row without what is known only because another entry looks further back."""
    if row.gate not in {Gate.TOO_FAR_BACK, Gate.NOT_BY_ENTRIES}:
        return row
    return replace(
        row,
        gate=Gate.KEY,
        key=None,
        span=None,
        parent=None,
        parent_book=None,
        round_number=0,
    )


@given(SAID, st.lists(st.text(max_size=20), max_size=3))
def test_any_texts_may_be_said_by_anybody(said, odd):
    books = book(
        entry("a", keys=["toad", "/./"], content="toad"), entry("b", keys=["toad"])
    )

    found = look(books, *said, *odd, "\ud800")

    assert len(found.trace) == 2


@pytest.mark.parametrize("content", ["{{user}} toad", "toad", "toad " * 12_000])
def test_many_entries_that_wake_each_other_end_soon(content):
    books = book(
        *(
            entry(f"e{n}", keys=["toad", f"e{n - 1}"], content=f"e{n} {content}")
            for n in range(2_000)
        )
    )
    started = time.process_time()

    found = look(books, "toad " * 1_000)

    assert rows(found)["e0"].gate in (None, Gate.SIZE)
    assert time.process_time() - started < 20
