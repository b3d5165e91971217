"""Many members, long messages, and the requirement's own loop over made-up ones."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.routing import cast_of, loop
from routing.domain.messages import Place
from routing.domain.roster import MANY, Member
from tests.routing.domain.test_who_answers import ADA, CHESS, CY, FREELY, ask


@pytest.mark.parametrize(
    "allow", [None, {"m3"}, {"m3", "m4", "out"}, {f"m{at}" for at in range(200)}]
)
def test_a_phrase_of_very_many_finds_who_may_answer(allow):
    cast = [Member(f"m{at}", at, interests=("tea",)) for at in range(MANY)]
    place = Place(
        allow=None if allow is None else frozenset(allow), deny=frozenset({"m4"})
    )

    found = ask(*cast, text="tea", place=place, steps=())

    ids = {one.character_id for one in cast} - {"m4"}
    expected = ids if allow is None else ids & allow
    assert {c.character_id for c in found.candidates} == expected


def test_what_somebody_prefers_is_no_reason_where_they_may_not_answer():
    cast = (CY, replace(ADA, activities=(CHESS,), channels=("c1",)))
    place = replace(FREELY, deny=frozenset({"ada"}))

    found = ask(*cast, text="Ada, tea", place=place, message={"activity": CHESS})

    assert [c.character_id for c in found.candidates] == ["cy"]


def test_long_and_hostile_messages_are_read():
    spam = ["toad " * 1_600, "猫" * 2_700, "\u0301" * 4_000, "🍄" * 2_000, "." * 8_000]
    cast = [Member("t", 1, names=("toad", "🍄", "猫", "."), interests=("toad toad",))]

    for text in spam:
        assert ask(*cast, text=text).reason in {"mention", "nobody"}


@given(st.integers(0), st.integers(1, 30))
def test_scores_are_those_of_the_loop_where_no_word_is_in_another(seed, size):
    rng = random.Random(seed)
    # Each word ends as no word goes on, so that parts of words make no difference.
    cast = [
        replace(
            one,
            names=tuple(map(closed, one.names)),
            interests=tuple(dict.fromkeys(map(closed, one.interests))),
            avoidances=tuple(dict.fromkeys(map(closed, one.avoidances))),
            domain=closed(one.domain),
            weight=rng.choice([500, 1_000, 2_000]),
            channels=tuple(rng.choices(["c1", "c2"], k=rng.randint(0, 1))),
        )
        for one in cast_of(size, most_words=20, rng=rng)
    ]
    said = [rng.choice([*one.interests, *one.names]) for one in rng.choices(cast, k=5)]
    text = " zz. ".join(said)

    found = ask(*cast, text=text, steps=())

    assert {c.character_id: c.score for c in found.candidates if c.score} == {
        id_: score for id_, score in slow_scores(cast, text).items() if score
    }


def closed(phrase: str) -> str:
    return " ".join(f"q{word}q" for word in phrase.split())


def slow_scores(cast: list[Member], text: str) -> dict[str, int]:
    """The loop's, but that a weight does not touch avoidances."""
    plain = [replace(one, weight=1_000, avoidances=()) for one in cast]
    against = [
        replace(one, names=(), interests=(), domain="", channels=(), weight=1_000)
        for one in cast
    ]
    plus, minus = loop(plain, text, channel="c1"), loop(against, text)
    return {
        one.character_id: round(
            plus.get(one.character_id, 0) * one.weight
            + minus.get(one.character_id, 0) * 1_000
        )
        for one in cast
    }
