"""Which entries enter, and what stops each other one."""

import pytest
from lore_books import (
    VALUES,
    book,
    entry,
    fired,
    look,
    rows,
    words,
)

from personas.domain.composing import Message
from personas.domain.lore import activating, budgeting
from personas.domain.lore.indexing import LoreIndex
from personas.domain.lore.macros import MacroValues, expand
from personas.domain.lore.sheets import (
    CharacterFilter,
    ChatRole,
    Logic,
    Position,
)
from personas.domain.lore.tracing import Bound, Cause, Gate, GroupDraw, Span

ELVES = CharacterFilter(names=["Ada"], tags=["Elf"])
NO_ELVES = CharacterFilter(tags=["elf"], is_exclude=True)
KEY = {"keys": ["toad"]}
MORE = {**KEY, "secondary_keys": ["pond", "lake"]}

# Gate, fields with which it lets an entry in, fields with which it stops it there.
GATES = [
    (Gate.DISABLED, {**KEY}, {**KEY, "is_enabled": False}),
    (Gate.DISABLED, {**KEY}, {"is_constant": True, "is_enabled": False}),
    (
        Gate.CHARACTER,
        {**KEY, "character_filter": ELVES},
        {**KEY, "character_filter": NO_ELVES},
    ),
    (
        Gate.CHARACTER,
        {**KEY, "character_filter": CharacterFilter(names=["Zoe"], is_exclude=True)},
        {**KEY, "character_filter": CharacterFilter(names=["Ada"], tags=["orc"])},
    ),
    (
        Gate.CHARACTER,
        {**KEY, "character_filter": CharacterFilter(tags=["ELF"])},
        {**KEY, "character_filter": CharacterFilter(names=["Zoe"], tags=["elf"])},
    ),
    (
        Gate.OUTLET,
        {**KEY, "position": "outlet", "content": "@@depth 1\nx"},
        {**KEY, "position": "outlet"},
    ),
    (
        Gate.DONT_ACTIVATE,
        {"content": "@@dont_activate\n@@activate\nx"},
        {"is_constant": True, "content": "@@dont_activate\nx"},
    ),
    (Gate.NO_KEYS, {"is_constant": True}, {}),
    (Gate.NO_KEYS, {"content": "@@activate\nx"}, {"keys": [" "]}),
    (Gate.UNSUPPORTED, {"keys": ["/(?=x)/", "toad"]}, {"keys": ["/(?=x)/", "--"]}),
    (
        Gate.ONLY_BY_ENTRIES,
        {"keys": ["woken"], "delay_until_recursion": 1},
        {**KEY, "delay_until_recursion": 1, "exclude_recursion": True},
    ),
    (Gate.KEY, {**KEY}, {"keys": ["frog", "toads"]}),
    (Gate.TOO_FAR_BACK, {"keys": ["old"], "scan_depth": 3}, {"keys": ["old"]}),
    (
        Gate.TOO_FAR_BACK,
        {"keys": ["woken"], "scan_depth": 0},
        {"keys": ["toad"], "scan_depth": 0},
    ),
    (Gate.KEY, {"keys": ["oa"], "whole_words": False}, {"keys": ["oa"]}),
    (Gate.KEY, {"keys": ["TOAD"]}, {"keys": ["TOAD"], "case_sensitive": True}),
    (
        Gate.NOT_BY_ENTRIES,
        {"keys": ["woken"]},
        {"keys": ["woken"], "exclude_recursion": True},
    ),
    (Gate.SECONDARY_KEYS, MORE, {**KEY, "secondary_keys": ["lake"]}),
    (
        Gate.SECONDARY_KEYS,
        {**KEY, "secondary_keys": ["lake"], "is_selective": False},
        {**MORE, "logic": Logic.AND_ALL},
    ),
    (
        Gate.SECONDARY_KEYS,
        {**KEY, "secondary_keys": ["pond", "toad"], "logic": Logic.AND_ALL},
        {**KEY, "secondary_keys": ["pond", "toad"], "logic": Logic.NOT_ALL},
    ),
    (
        Gate.SECONDARY_KEYS,
        {**MORE, "logic": Logic.NOT_ALL},
        {**MORE, "logic": Logic.NOT_ANY},
    ),
    (
        Gate.SECONDARY_KEYS,
        {**KEY, "secondary_keys": ["lake"], "logic": Logic.NOT_ANY},
        {**KEY, "secondary_keys": ["lake"], "logic": Logic.AND_ANY},
    ),
    (
        Gate.ADDITIONAL_KEYS,
        {**KEY, "content": "@@additional_keys lake,pond\nx"},
        {"is_constant": True, "content": "@@additional_keys lake\nx"},
    ),
    (
        Gate.EXCLUDED_KEY,
        {**KEY, "content": "@@exclude_keys lake\nx"},
        {**KEY, "content": "@@exclude_keys lake,pond\nx"},
    ),
    (Gate.GROUP, {**KEY, "group": "mine"}, {**KEY, "group": "taken, mine"}),
    (
        Gate.NEVER,
        {**KEY, "probability": 0, "use_probability": False},
        {**KEY, "probability": 0},
    ),
    (Gate.CHANCE, {**KEY, "probability": 100}, {**KEY, "probability": 1e-9}),
    (Gate.EMPTY, {**KEY}, {**KEY, "content": " {{// nothing}}\n"}),
    (
        Gate.SIZE,
        {**KEY, "content": "x " * 1_000},
        {**KEY, "content": "{{char}}" * 8_000, "ignore_budget": True},
    ),
    (Gate.BUDGET, {**KEY, "content": "x " * 10}, {**KEY, "content": "x " * 5_000}),
    (
        Gate.BUDGET,
        {**KEY, "content": "x " * 5_000, "ignore_budget": True},
        {**KEY, "content": "x " * 5_000},
    ),
]
WAKER = entry("waker", is_constant=True, content="somebody woken", group="taken")
LONG_NAME = MacroValues(char="Ada " * 20, user="Bo")


@pytest.mark.parametrize(("gate", "passing", "stopped"), GATES)
def test_each_gate_lets_in_and_stops(gate, passing, stopped):
    books = book(WAKER, entry("in", **passing), entry("out", **stopped, order=-5))

    found = look(
        books,
        "old news",
        "at the pond",
        "a Toad!",
        values=LONG_NAME,
        names=["ada"],
        tags=["elf", "witch"],
        budget_tokens=5_000,
    )

    row = rows(found)
    assert row["in"].fired
    assert row["in"].gate is None
    assert row["in"].reason == row["in"].cause.sentence
    assert not row["out"].fired
    assert row["out"].gate is gate
    assert row["out"].reason == gate.sentence
    assert set(fired(found)) == {"waker", "in"}


def test_a_book_has_a_budget_of_its_own():
    first = book(
        entry("a", is_constant=True, content="1 2 3"),
        entry("b", is_constant=True, content="1 2"),
        entry("c", is_constant=True, content="1"),
        entry("d", is_constant=True, content="1", ignore_budget=True),
        token_budget=4,
    )
    second = book(entry("e", is_constant=True), book_id="second")

    found = look([first, second], "x")

    assert fired(found) == ["a", "d", "e"]
    assert [row.gate for row in found.trace] == [
        None,
        Gate.BOOK_BUDGET,
        Gate.BOOK_BUDGET,
        None,
        None,
    ]
    assert rows(found)["b"].tokens == 2
    # Not counted: the budget was known to be used up.
    assert rows(found)["c"].tokens == 0
    assert rows(found)["e"].total == found.tokens == 5


def test_constants_come_first_then_the_larger_order_then_the_place():
    books = [
        book(
            entry("late", **KEY, order=1),
            entry("early", **KEY, order=9),
            entry("always", is_constant=True, order=-1),
        ),
        book(entry("second", **KEY, order=9), book_id="second"),
    ]

    found = look(books, "toad", budget_tokens=3)

    totals = {row.entry_id: row.total for row in found.trace if row.fired}
    assert totals == {"always": 1, "early": 2, "second": 3}
    assert rows(found)["late"].gate is Gate.BUDGET


def test_a_text_that_just_fills_the_budget_fits():
    books = book(entry("a", is_constant=True, content="1 2"))

    assert fired(look(books, budget_tokens=2)) == ["a"]
    assert fired(look(books, budget_tokens=1)) == []


def test_what_does_not_fit_stops_what_would_have():
    books = book(
        entry("large", is_constant=True, content="1 2 3", order=200),
        entry("small", is_constant=True, content="1"),
        entry("whatever", is_constant=True, content="1 2 3 4", ignore_budget=True),
    )

    found = look(books, budget_tokens=2)

    assert fired(found) == ["whatever"]
    assert rows(found)["small"].gate is Gate.BUDGET


def test_what_a_budget_refused_wakes_nobody():
    books = book(
        entry("large", is_constant=True, content="woken 2 3"),
        entry("other", keys=["woken"]),
        entry("later", keys=["woken"], delay_until_recursion=1),
    )

    found = look(books, budget_tokens=2)

    assert fired(found) == []
    assert rows(found)["later"].gate is Gate.ONLY_BY_ENTRIES


def test_all_texts_together_are_bounded(monkeypatch):
    monkeypatch.setattr(budgeting, "LORE_BYTES", 5)
    books = book(
        entry("a", is_constant=True, content="éé"),
        entry("b", is_constant=True, content="éé", ignore_budget=True),
        entry("c", is_constant=True, content="x"),
    )

    assert [row.gate for row in look(books).trace] == [None, Gate.SIZE, Gate.SIZE]


def test_texts_that_are_read_for_nothing_are_bounded(monkeypatch):
    monkeypatch.setattr(budgeting, "MOST_READ", 20)
    books = book(
        entry("a", is_constant=True, content="{{//" + "x" * 10 + "}}"),
        entry("b", is_constant=True, content="{{//" + "x" * 10 + "}}"),
    )

    assert [row.gate for row in look(books).trace] == [Gate.EMPTY, Gate.SIZE]


def test_what_a_budget_refused_is_not_read(monkeypatch):
    monkeypatch.setattr(budgeting, "MOST_READ", 12)
    books = book(
        entry("a", is_constant=True, content="1 2"),
        entry("b", is_constant=True, content="1 2 3"),
        entry("c", is_constant=True, content="1 2 3 4 5 6 7 8 9"),
        entry("d", is_constant=True, content="1 2", ignore_budget=True),
    )

    found = look(books, budget_tokens=4)

    assert fired(found) == ["a", "d"]
    assert rows(found)["c"].gate is Gate.BUDGET


def test_macros_are_bounded_and_texts_without_them_still_enter(monkeypatch):
    monkeypatch.setattr(budgeting, "MOST_SIGNS", 8)
    expanded = []

    def counted(text, **given):
        expanded.append(text)
        return expand(text, **given)

    monkeypatch.setattr(activating, "expand", counted)
    books = book(
        entry("a", is_constant=True, content="{{char}}{{char}}"),
        entry("b", is_constant=True, content="{{char}}"),
        entry("c", is_constant=True, content="<BOT>", ignore_budget=True),
        entry("d", is_constant=True, content="{a}, {b}, {c}"),
    )

    found = look(books)

    assert fired(found) == ["a", "d"]
    assert rows(found)["b"].gate is rows(found)["c"].gate is Gate.MACROS
    assert expanded == ["{{char}}{{char}}"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("{{pick:a,b}}" * 5_000, "Bo"),
        ("{{user}}" * 7_000, "x" * 200),
        ("{{//}}" * 10_000, "Bo"),
        ("{{random:" + "," * 60_000 + "}}", "Bo"),
        ("{{reverse:" * 7 + "{{user}}" * 500 + "}}" * 7, "x" * 200),
    ],
)
def test_of_many_texts_of_macros_few_are_expanded(content, name, monkeypatch):
    expanded = []

    def counted(text, **given):
        expanded.append(text)
        return expand(text, **given)

    monkeypatch.setattr(activating, "expand", counted)
    books = book(
        *(entry(f"e{n}", is_constant=True, content=content) for n in range(200))
    )

    found = look(books, values=MacroValues(char="Ada", user=name))

    assert 1 <= len(expanded) <= 20
    assert sum(text.count("{{") for text in expanded) <= 25_000
    assert found.trace[199].gate in {Gate.MACROS, Gate.SIZE}


def test_entries_wake_each_other_and_say_who():
    books = book(
        entry("a", keys=["toad"], content="of the pond"),
        entry("b", keys=["pond"], content="near the {{char}}"),
        entry("c", keys=["ada"]),
        entry("d", keys=["nobody"]),
    )

    found = look(books, "a toad")

    assert fired(found) == ["a", "b", "c"]
    told = [(row.parent, row.parent_book, row.round_number) for row in found.trace]
    assert told == [
        (None, None, 0),
        ("a", "book", 1),
        ("b", "book", 2),
        (None, None, 0),
    ]
    assert rows(found)["c"].key == "ada"
    assert rows(found)["c"].span is None


@pytest.mark.parametrize(
    ("one", "of"),
    [
        ({"prevent_recursion": True}, {}),
        ({}, {"recursive_scanning": False}),
    ],
)
def test_texts_wake_nobody_where_told_not_to(one, of):
    books = book(entry("a", is_constant=True, **one), entry("b", keys=["a"]), **of)

    assert fired(look(books)) == ["a"]


def test_a_book_without_recursion_is_not_woken_by_another():
    first = book(entry("a", is_constant=True))
    second = book(entry("b", keys=["a"]), book_id="second", recursive_scanning=False)

    found = look([first, second])

    assert rows(found)["b"].gate is Gate.NOT_BY_ENTRIES
    assert rows(found)["b"].parent == "a"
    assert rows(found)["b"].round_number == 1


def test_levels_open_one_after_another():
    books = book(
        entry("a", keys=["toad"], content="one"),
        entry("third", keys=["toad"], delay_until_recursion=9),
        entry("second", keys=["toad"], delay_until_recursion=2, content="b"),
        entry("fourth", keys=["nothing"], delay_until_recursion=20),
    )

    found = look(books, "toad")

    assert [row.round_number for row in found.trace] == [0, 3, 1, 0]
    assert fired(found) == ["a", "third", "second"]
    assert rows(found)["fourth"].gate is Gate.KEY


def test_without_a_text_to_look_through_no_level_opens():
    books = book(entry("a", is_constant=True, delay_until_recursion=1))

    assert rows(look(books, "toad"))["a"].gate is Gate.ONLY_BY_ENTRIES


def test_a_further_key_may_be_told_by_a_text():
    books = book(
        entry("a", keys=["toad"], secondary_keys=["pond"]),
        entry("b", keys=["toad"], content="pond"),
    )

    found = look(books, "toad")

    assert fired(found) == ["a", "b"]
    assert rows(found)["a"].round_number == 1


def test_rounds_are_bounded(monkeypatch):
    monkeypatch.setattr(activating, "MOST_ROUNDS", 2)
    books = book(*(entry(f"e{n}", keys=[f"e{n - 1}"]) for n in range(1, 6)))

    found = look(books, "e0")

    assert fired(found) == ["e1", "e2", "e3"]
    assert found.bounds == (Bound.ROUNDS,)
    assert found.bounds[0].sentence


def test_scan_depth_zero_looks_through_texts_only():
    books = book(
        entry("a", keys=["toad"], scan_depth=1, content="pond"),
        entry("b", keys=["toad"]),
        entry("c", keys=["pond"]),
        scan_depth=0,
    )

    found = look(books, "toad pond")

    assert fired(found) == ["a", "c"]
    assert rows(found)["b"].gate is Gate.TOO_FAR_BACK


def test_a_key_further_back_than_is_looked_is_told():
    books = book(
        entry("deep", keys=["nothing"], scan_depth=4),
        entry("near", keys=["frog", "toad"], scan_depth=1, exclude_recursion=True),
        entry("told", is_constant=True, content="toad"),
        entry("woken", keys=["toad"], scan_depth=1),
    )

    found = rows(look(books, "a frog", "a toad", "news"))

    near = found["near"]
    assert (near.gate, near.cause) == (Gate.TOO_FAR_BACK, None)
    # Of several keys, the one that was said last.
    assert (near.key, near.span, near.parent) == ("toad", Span(1, 2, 6), None)
    assert near.round_number == 0
    # What is too far back in messages is still seen in a text.
    assert found["woken"].fired
    assert (found["woken"].parent, found["woken"].span) == ("told", None)


def test_what_nobody_looks_so_far_back_for_is_not_told():
    found = rows(look(book(entry("a", keys=["toad"], scan_depth=1)), "toad", "news"))

    assert (found["a"].gate, found["a"].key) == (Gate.KEY, None)


def test_a_decorator_overrides_how_far_is_looked():
    books = book(
        entry("a", keys=["toad"], content="@@scan_depth 3\na", scan_depth=1),
        entry("b", keys=["toad"], scan_depth=1),
    )

    assert fired(look(books, "toad", "x", "y")) == ["a"]


def test_messages_are_bounded(monkeypatch):
    monkeypatch.setattr(activating, "MOST_MESSAGES", 1)
    books = book(entry("a", keys=["toad"]), entry("b", keys=["frog"]))

    found = look(books, "toad", "frog")

    assert fired(found) == ["b"]
    assert found.bounds == (Bound.MESSAGES,)


def test_characters_are_bounded(monkeypatch):
    monkeypatch.setattr(activating, "MOST_CHARACTERS", 12)
    books = book(
        entry("a", keys=["toad"]),
        entry("b", keys=["frog"], content="woken, and longer"),
        entry("c", keys=["newt"]),
        entry("d", keys=["woken"]),
    )

    found = look(books, "toad", "frog or newt")

    assert fired(found) == ["b"]
    assert found.bounds == (Bound.ENTRY_TEXTS, Bound.MESSAGES)


def test_a_conversation_that_just_fits_is_looked_through(monkeypatch):
    monkeypatch.setattr(activating, "MOST_CHARACTERS", len("\x01Bo: toad"))

    found = look(book(entry("a", keys=["toad"])), "toad")

    assert fired(found) == ["a"]
    assert found.bounds == ()


@pytest.mark.parametrize(
    ("key", "name", "text", "span"),
    [
        ("toad", "Bo", "a  Toad", Span(0, 3, 7)),
        ("toad", "", "a toad", Span(0, 2, 6)),
        ("bo", "Bo", "toad", Span(0, 0, 2, in_name=True)),
        ("/o: t/", "Bo", "toad", Span(0, 1, 2, in_name=True)),
        (r"/\x01bo: to/i", "Bo", "toad", Span(0, 0, 2, in_name=True)),
        (r"/\x01to/", "", "toad", Span(0, 0, 2)),
        ("/^/", "Bo", "toad", Span(1, 0, 0, in_name=True)),
        ("/: t/", "Bo", "toad", Span(0, 0, 1)),
    ],
)
def test_spans_are_places_in_messages_as_sent(key, name, text, span):
    index = LoreIndex([book(entry("a", keys=[key]))], count_tokens=words)
    messages = [Message(name, text), Message("Al", "nothing")]

    found = activating.activate(index, messages=messages, values=VALUES)

    assert rows(found)["a"].span == span
    assert rows(found)["a"].cause is Cause.KEY


def test_names_in_keys_are_put_in_and_mean_themselves_in_patterns():
    books = book(
        entry("a", keys=["{{char}}'s hat"]),
        entry("b", keys=["/<USER> sings/"]),
        entry("c", keys=["{{user}}"], scan_depth=0),
    )
    index = LoreIndex([books], count_tokens=words)

    def keys(user: str | None, text: str):
        values = MacroValues(char="Ada", user=user)
        found = activating.activate(index, messages=[Message("", text)], values=values)
        return {row.entry_id: row.key for row in found.trace if row.fired}

    assert keys("B.", "B. sings; ada's hat") == {"a": "Ada's hat", "b": "/B\\. sings/"}
    assert keys("B.", "Bo sings") == {}
    assert keys(None, "<USER> sings") == {"b": "/<USER> sings/"}
    assert keys("", "toad") == {}


def test_keys_of_few_names_are_kept_ready():
    index = LoreIndex([book(entry("a", keys=["{{user}}"]))], count_tokens=words)

    for name in [f"u{n}" for n in range(40)] * 2:
        (_, table) = index.tables(MacroValues(char="Ada", user=name))
        assert [key.text for key in table.keys.values()] == [name]
    assert index.tables(VALUES) is not None


def test_hidden_keys_wake_others_and_do_not_enter():
    books = book(
        entry("a", is_constant=True, content="x{{hidden_key:toad}}"),
        entry("b", is_constant=True, content="{{hidden_key:frog}}"),
        entry("c", keys=["toad"]),
        entry("d", keys=["frog"]),
    )

    found = look(books)

    assert [one.text for one in found.entries] == ["x", "c", "d"]
    assert rows(found)["b"].gate is Gate.EMPTY
    assert rows(found)["d"].parent == "b"


def test_an_empty_entry_stands_for_its_group():
    books = book(
        entry("a", is_constant=True, content="", group="g", group_override=True),
        entry("b", is_constant=True, group="g"),
        entry("c", is_constant=True, content="woken"),
        entry("d", keys=["woken"], group="g"),
    )

    found = look(books)

    assert fired(found) == ["c"]
    assert rows(found)["b"].draw == GroupDraw("g", "a", "book", 2, 0, None)
    assert rows(found)["d"].draw == GroupDraw("g", "a", "book", 1, 0, None)


def test_a_group_is_drawn_by_seed_and_yields_nothing_if_its_winner_falls():
    books = book(
        entry("a", is_constant=True, group="g", group_weight=1),
        entry("b", is_constant=True, group="g", group_weight=3),
    )

    found = [fired(look(books, seed=seed)) for seed in range(200)]

    assert {tuple(one) for one in found} == {("a",), ("b",)}
    assert 20 < found.count(["a"]) < 80
    unlucky = book(
        entry("a", is_constant=True, group="g", group_override=True, probability=0),
        entry("b", is_constant=True, group="g"),
        entry("c", keys=["d"], group="g"),
        entry("d", is_constant=True),
    )
    # Who comes in a later round stands for a group of which nobody entered.
    assert fired(look(unlucky)) == ["c", "d"]


def test_rolls_are_by_seed_and_do_not_hang_together():
    one = entry("a", is_constant=True, probability=30)
    alone = book(one)
    together = book(entry("z", is_constant=True, probability=50), one)

    rolls = [rows(look(alone, seed=seed))["a"].roll for seed in range(300)]

    assert rolls == [rows(look(together, seed=seed))["a"].roll for seed in range(300)]
    assert 60 < sum(roll < 30 for roll in rolls) < 120
    for seed, roll in enumerate(rolls):
        assert bool(fired(look(alone, seed=seed))) is (roll < 30)


def test_a_chance_of_nothing_is_not_rolled():
    row = rows(look(book(entry("a", is_constant=True, probability=0))))["a"]

    assert (row.gate, row.cause, row.roll) == (Gate.NEVER, Cause.CONSTANT, None)
    assert row.reason == "Its chance is 0: it never enters."


def test_texts_are_placed():
    books = book(
        entry("a", is_constant=True, position="at_depth", depth=1, order=5),
        entry("b", is_constant=True, position="at_depth", depth=3, role="user"),
        entry("c", is_constant=True, order=7, title="C"),
        entry("d", is_constant=True, order=6),
        entry("e", is_constant=True, content="@@depth 2\n@@role assistant\n\nE"),
        entry(
            "f",
            is_constant=True,
            position="at_depth",
            content="@@position after_desc\nF",
        ),
    )

    found = look(books)

    assert fired(found) == ["d", "c", "f", "b", "e", "a"]
    at_depth = found.entries[3:]
    assert [(one.depth, one.role) for one in at_depth] == [
        (3, ChatRole.USER),
        (2, ChatRole.ASSISTANT),
        (1, ChatRole.SYSTEM),
    ]
    assert at_depth[1].text == "E"
    assert found.entries[1].title == "C"
    assert found.entries[2].position is Position.AFTER_CHARACTER


def test_what_is_not_obeyed_is_named():
    books = book(
        entry(
            "a",
            keys=["/(?=x)/", "toad"],
            priority=0,
            sticky=1,
            cooldown=2,
            delay=3,
            use_group_scoring=True,
            is_vectorized=True,
            triggers=["swipe"],
            automation_id="x",
            position="outlet",
            content="@@is_greeting 1\nx",
            extensions={"match_scenario": True, "match_creator_notes": False},
        ),
        entry("b", priority=2),
        entry("c"),
    )

    found = rows(look(books))

    assert found["a"].unobeyed == (
        "priority",
        "use_group_scoring",
        "sticky",
        "cooldown",
        "delay",
        "triggers",
        "automation_id",
        "is_vectorized",
        "outlet",
        "match_scenario",
        "@@is_greeting",
    )
    assert [key for key, _ in found["a"].unsupported] == ["/(?=x)/"]
    assert found["b"].unobeyed == ("priority",)
    assert found["c"].unobeyed == ()


def test_the_trace_is_a_sequence():
    trace = look(book(entry("a"), entry("b"), entry("c"))).trace

    assert len(trace) == 3
    assert [row.entry_id for row in trace[1:]] == ["b", "c"]
    assert trace[-1].entry_id == "c"
    with pytest.raises(IndexError):
        trace[3]


def test_tokens_are_counted_once_for_a_text_without_macros():
    counted = []

    def count(text: str) -> int:
        counted.append(text)
        return 1

    index = LoreIndex(
        [
            book(
                entry("a", is_constant=True),
                entry("b", is_constant=True, content="{{char}}"),
            )
        ],
        count_tokens=count,
    )
    for _ in range(3):
        activating.activate(index, messages=[], values=VALUES)

    assert counted == ["a", "Ada", "Ada", "Ada"]


def test_without_books_nothing_happens():
    found = look([], "toad")

    assert fired(found) == []
    assert list(found.trace) == []
    assert found.bounds == ()


def test_every_gate_cause_and_bound_has_a_sentence():
    sentences = [one.sentence for one in (*Gate, *Cause, *Bound)]

    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)
