"""Who answers: each step, its draws, and what it says of the others."""

from dataclasses import replace
from typing import Any

import pytest

from personas.domain.sheets import ReplyMode
from routing.domain.deciding import decide
from routing.domain.messages import (
    Activity,
    Candidate,
    Decision,
    Draw,
    Message,
    PairFacts,
    Place,
    Quieted,
    Signal,
    Skipped,
    State,
    Step,
    Terms,
)
from routing.domain.roster import Member, Roster

FREELY = Place(names=("c1", "Kitchen"), reply_mode=ReplyMode.FREELY)
ADA = Member(
    "ada", 1, names=("Ada",), interests=("tea", "ice cream"), avoidances=("rain",)
)
BO = Member("bo", 2, names=("Bo", "Bobo"), interests=("tea",), domain="chess")
NEW = State()
CY = Member("cy", 3, names=("Cy",), channels=("kitchen",))


def ask(
    *cast: Member,
    text: str = "",
    drawn: tuple[float, ...] = (),
    state: State = NEW,
    place: Place = FREELY,
    message: dict[str, Any] | None = None,
    **terms: Any,
) -> Decision:
    """A decision; a draw that is not foreseen fails."""
    numbers = iter(drawn)
    found = decide(
        Roster.of(cast),
        Message(text, **(message or {})),
        state=state,
        terms=Terms(place=place, **terms),
        pair_facts=lambda _: PairFacts(0, 1.0),
        rng=numbers.__next__,
    )
    assert list(numbers) == []
    return found


def told(decision: Decision) -> tuple[str, str | None]:
    return decision.reason, decision.character_id


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("what time does the party start", "Art", "The Arbiter"),
        ("another one", "Not", "The Arbiter"),
        ("they said so", "The", "Hey"),
        ("see you tomorrow", "Tom", "Row"),
        ("pasta alfredo", "Fred", "Alf"),
        ("shall we", "Hal", "All"),
        ("the master bedroom", "Master Chief", "Bed"),
        ("robot or computer", "Bot", "Put"),
    ],
)
def test_no_part_of_a_word_names_anybody(text, name, other):
    cast = [Member("a", 1, names=(name,)), Member("b", 2, names=(other,))]

    assert told(ask(*cast, text=text)) == ("nobody", None)


def test_a_longer_name_hides_those_within_it():
    goth = Member("goth", 1, names=("Goth Mommy", "Mommy"))
    dagoth = Member("dagoth", 2, names=("Dagoth",))
    toad, toadette = Member("t", 3, names=("Toad",)), Member("tt", 4, names=("Toad X",))
    cast = (goth, dagoth, toad, toadette)

    assert told(ask(*cast, text="Dagoth what do you think")) == ("mention", "dagoth")
    assert told(ask(*cast, text="hi toad x")) == ("mention", "tt")
    assert told(ask(*cast, text="goth_mommy?")) == ("mention", "goth")
    both = ask(*cast, text="toad x and toad", drawn=(0.0,))
    assert [c.character_id for c in both.candidates] == ["t", "tt"]


def test_a_name_counts_though_its_bearer_may_not_answer():
    long = Member("long", 1, names=("Toad X",))
    toad = Member("toad", 2, names=("Toad",))
    place = replace(FREELY, deny=frozenset({"long"}))

    assert told(ask(long, toad, text="toad x", place=place)) == ("nobody", None)


def test_disabled_computes_nothing():
    found = ask(ADA, text="Ada", is_enabled=False)

    assert found == Decision(None, "disabled", respond=False, respond_reason="disabled")


def test_nobody_fits():
    found = ask(ADA, BO, text="hello")

    assert found == Decision(None, "nobody", respond=False, respond_reason="nobody")


def test_all_that_a_decision_tells():
    found = ask(ADA, BO, CY, text="Ada: TEA, ice-cream, chess, rain. Tea!")

    assert found == Decision(
        "ada",
        "mention",
        respond=True,
        respond_reason="mention",
        candidates=(
            Candidate(
                "ada",
                100_000,
                1_000,
                is_close=True,
                signals=(
                    Signal("mention", "Ada", 100, 0, 3),
                    Signal("interest", "tea", 50, 5, 8),
                    Signal("interest", "ice cream", 50, 10, 19),
                    Signal("avoidance", "rain", -100, 28, 32),
                ),
            ),
            Candidate(
                "bo",
                80_000,
                1_000,
                is_close=False,
                signals=(
                    Signal("interest", "tea", 50, 5, 8),
                    Signal("domain", "chess", 30, 21, 26),
                ),
            ),
            Candidate(
                "cy",
                20_000,
                1_000,
                is_close=False,
                signals=(Signal("channel", "kitchen", 20),),
            ),
        ),
        skipped=(
            Skipped("sticky", None),
            Skipped("activity", None),
            Skipped("content", "ada"),
            Skipped("fallback", None),
        ),
    )


def test_a_phrase_counts_once_and_in_each_of_its_kinds():
    member = Member(
        "a",
        1,
        weight=1_500,
        names=("Tea",),
        interests=("tea", "TEA", "cake"),
        domain="tea",
        avoidances=("tea",),
    )

    (candidate,) = ask(member, text="tea tea", steps=()).candidates

    assert candidate.score == (100 + 50 + 30) * 1_500 - 100_000
    assert [s.kind for s in candidate.signals] == [
        "mention",
        "interest",
        "domain",
        "avoidance",
    ]
    assert {(s.start, s.end) for s in candidate.signals} == {(0, 3)}


def test_explicit_mentions_come_before_names():
    message = {"mentions": ("bo", "bo", "unknown")}

    found = ask(ADA, BO, text="Ada?", message=message)

    assert told(found) == ("mention", "bo")
    assert found.candidates[1].signals == (Signal("mention", "Bo", 100),)
    assert told(ask(BO, text="bobo", message=message)) == ("mention", "bo")


def test_of_those_mentioned_who_may_not_answer_a_name_decides():
    place = replace(FREELY, deny=frozenset({"bo"}))

    found = ask(ADA, BO, text="Ada?", place=place, message={"mentions": ("bo",)})

    assert told(found) == ("mention", "ada")


def test_somebody_without_a_name_is_mentioned_by_id():
    (candidate,) = ask(Member("x", 1), message={"mentions": ("x",)}).candidates

    assert candidate.signals == (Signal("mention", "x", 100),)


def test_among_several_named_scores_leave_avoidances_out():
    found = ask(ADA, BO, text="Ada, Bo: rain", drawn=(0.7,))

    assert told(found) == ("mention", "bo")
    assert found.close_floor == 80_000
    assert [(c.character_id, c.score, c.is_close) for c in found.candidates] == [
        ("bo", 100_000, True),
        ("ada", 0, True),
    ]


@pytest.mark.parametrize(
    ("sticky", "text", "more", "winner"),
    [
        (("ada", 41.0), "", {}, "ada"),
        (("ada", 299.9), "", {}, "ada"),
        (("ada", 300.0), "", {}, None),
        (("ada", 41.0), "rain", {}, None),
        (("ada", 41.0), "", {"message": {"ignore_sticky": True}}, None),
        (("unknown", 41.0), "", {}, None),
        (("ada", 41.0), "", {"place": replace(FREELY, deny=frozenset({"ada"}))}, None),
        (("ada", 41.0), "", {"place": replace(FREELY, allow=frozenset({"x"}))}, None),
        (None, "", {}, None),
    ],
)
def test_who_answered_last_goes_on(sticky, text, more, winner):
    found = ask(ADA, text=text, state=State(sticky=sticky), **more)

    assert told(found) == ("nobody" if winner is None else "sticky", winner)


def test_a_mention_comes_before_stickiness_unless_set_otherwise():
    state = State(sticky=("ada", 1.0))

    assert told(ask(ADA, BO, text="bo", state=state)) == ("mention", "bo")
    first = ask(ADA, BO, text="bo", state=state, steps=(Step.STICKY, Step.MENTION))
    assert told(first) == ("sticky", "ada")
    assert first.skipped == (Skipped("mention", "bo"),)
    assert [c.is_close for c in first.candidates] == [False]


def test_of_those_whom_it_is_a_topic_only_the_allowed_count():
    place = replace(FREELY, allow=frozenset({"bo"}))

    found = ask(ADA, BO, text="Is there tea?", place=place)

    assert told(found) == ("content", "bo")
    assert [each.character_id for each in found.candidates] == ["bo"]


CHESS = Activity("Chess", "Board game")
GO = Activity("Go", "board-game")


@pytest.mark.parametrize(
    ("asked", "winner", "drawn"),
    [
        (Activity("chess", "gaming"), "ada", ()),
        (Activity("CHESS", "board game"), "ada", ()),
        (Activity("Tag", "Board game"), "ada", (0.4,)),
        (Activity("Tag", "Board game"), "bo", (0.6,)),
        (Activity("", ""), None, ()),
        (Activity("Tag"), None, ()),
        (None, None, ()),
    ],
)
def test_an_activity_finds_who_likes_it(asked, winner, drawn):
    ada, bo = replace(ADA, activities=(CHESS,)), replace(BO, activities=(GO,))

    found = ask(bo, ada, CY, place=Place(), message={"activity": asked}, drawn=drawn)

    assert told(found) == ("nobody" if winner is None else "activity", winner)
    assert found.close_floor == (50_000 if drawn else None)


def test_an_activity_changes_no_score():
    found = ask(replace(ADA, activities=(CHESS,)), message={"activity": CHESS})

    assert found.candidates == (
        Candidate(
            "ada", 0, 1_000, is_close=True, signals=(Signal("activity", "Chess", 100),)
        ),
    )


def test_content_draws_among_close_scores_by_weight():
    light = Member("light", 1, weight=1_000, interests=("tea", "cake"), domain="jam")
    heavy = Member("heavy", 2, weight=1_300, interests=("tea",), domain="cake")
    far = Member("far", 3, interests=("tea",))
    cast = (far, light, heavy)

    found = ask(*cast, text="tea, cake, jam", drawn=(0.56,))

    # 130 and 104, of which 104 is just close enough.
    assert told(found) == ("content", "heavy")
    assert found.close_floor == 104_000
    among = (("light", 1_000), ("heavy", 1_300))
    assert found.draws == (Draw("close", 0.56, among=among),)


def test_a_draw_goes_by_weight_in_order_of_score_and_id():
    cast = [
        Member("b", 1, weight=1_000, interests=("tea",)),
        Member("a", 2, weight=1_000, interests=("tea",)),
        Member("c", 3, weight=1_200, interests=("tea",)),
        Member("far", 4, weight=950, interests=("tea",)),
    ]

    winners = {d: ask(*cast, text="tea", drawn=(d,)) for d in (0, 0.4, 0.7, 0.999999)}

    assert [w.character_id for w in winners.values()] == ["c", "a", "b", "b"]
    among = (("c", 1_200), ("a", 1_000), ("b", 1_000))
    assert winners[0.4].draws == (Draw("close", 0.4, among=among),)
    assert winners[0.4].close_floor == 48_000
    assert [c.is_close for c in winners[0].candidates] == [True, True, True, False]


def test_nobody_of_no_weight_is_drawn_unless_all_have_none():
    none = Member("a", 1, weight=0, names=("Ann",))
    some = Member("b", 2, weight=1, names=("Ben",))
    other = Member("c", 3, weight=0, names=("Cat",))

    assert ask(none, other, text="Ann, Cat", drawn=(0.5,)).character_id == "c"
    assert ask(none, other, text="Ann, Cat", drawn=(0.49,)).character_id == "a"
    # 0 and 0.1 are not close.
    assert ask(none, some, text="Ann, Ben").character_id == "b"


def test_a_number_that_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="below 1"):
        ask(ADA, BO, text="tea", drawn=(1.0,))


def test_a_score_of_zero_is_no_reason():
    found = ask(ADA, text="Ada rain", steps=(Step.CONTENT,))

    assert told(found) == ("nobody", None)
    assert [c.score for c in found.candidates] == [0]


def test_a_skipped_step_tells_the_likeliest():
    heavy = Member("heavy", 1, weight=1_050, interests=("tea",))
    light = Member("light", 2, weight=1_000, interests=("tea", "cake"))
    light_too = replace(light, character_id="a")
    state = State(sticky=("heavy", 1))

    def skipped(*cast: Member, text: str) -> dict[str, str | None]:
        found = ask(*cast, text=text, state=state)
        return {one.step: one.would_have_been for one in found.skipped}

    assert skipped(heavy, light, text="tea")["content"] == "heavy"
    assert skipped(heavy, light, light_too, text="tea cake")["content"] == "a"


@pytest.mark.parametrize(
    ("own", "general", "winner"),
    [
        (None, "bo", "bo"),
        (None, "", None),
        ("ada", "bo", "ada"),
        ("", "bo", None),
        ("unknown", "bo", None),
    ],
)
def test_a_default_answers_if_nobody_fits(own, general, winner):
    place = Place(default_character_id=own)

    found = ask(ADA, BO, place=place, default_character_id=general)

    assert told(found) == ("nobody" if winner is None else "fallback", winner)


@pytest.mark.parametrize(
    ("author", "quiets", "left"),
    [
        (None, [], ["ada", "bo"]),
        ("ada", [], ["bo"]),
        ("elsewhere", [], ["ada", "bo"]),
        (None, [Quieted("q", "ada")], ["bo"]),
        ("ada", [Quieted("q", "ada", "bo")], []),
        ("bo", [Quieted("q", "ada", "bo")], []),
        ("elsewhere", [Quieted("q", "ada", "bo")], ["ada", "bo"]),
        (None, [Quieted("q", "ada", "bo")], ["ada", "bo"]),
        (None, [Quieted("q")], ["ada", "bo"]),
    ],
)
def test_author_and_quiet_ones_are_left_out(author, quiets, left):
    found = ask(
        ADA,
        BO,
        text="tea",
        message={"author_character_id": author},
        quiets=tuple(quiets),
        steps=(),
    )

    assert [c.character_id for c in found.candidates] == left
