"""Traits of characters that drift: design, section 5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evolution.domain.drifting import (
    DEFAULT_TRAITS,
    MOST,
    MOST_TRAITS,
    TraitSpec,
    TraitStep,
    TraitTable,
    TraitWords,
    drifted,
    milli,
    words_of,
)

KINDS = ["agreement", "insult", "banter", "message", "argument", "answer"]


def spec(trait="cheer", *, steps=(), words=(), title="") -> TraitSpec:
    return TraitSpec(
        trait=trait,
        title=title,
        steps=[TraitStep(kind=kind, step=step) for kind, step in steps],
        words=[TraitWords(at=at, words=text) for at, text in words],
    )


CHEER = spec(
    steps=[("joke", 0.01), ("insult", -0.02)],
    words=[(0.2, "merry"), (0.5, "very merry"), (-0.2, "sad"), (-0.5, "very sad")],
)


def test_a_kind_moves_the_traits_that_name_it_and_no_others():
    calm = spec("calm", steps=[("insult", -0.005)])

    after = drifted({"calm": 100}, kind="joke", times=3, specs=[CHEER, calm])

    assert after == {"calm": 100, "cheer": 30}


@pytest.mark.parametrize(
    ("before", "kind", "times", "expected"),
    [
        (0, "joke", 1, 10),
        (0, "insult", 2, -40),
        (990, "joke", 100, MOST),
        (-990, "insult", 100, -MOST),
        (500, "joke", -3, 470),
        (500, "unknown", 9, 500),
    ],
)
def test_it_stays_within_one(before, kind, times, expected):
    after = drifted({"cheer": before}, kind=kind, times=times, specs=[CHEER])

    assert after["cheer"] == expected


def test_a_trait_that_the_table_lost_stays_as_it_is():
    assert drifted({"old": 7}, kind="joke", times=1, specs=[CHEER])["old"] == 7


def test_what_it_was_given_stays_as_it_was():
    before = {"cheer": 1}

    drifted(before, kind="joke", times=1, specs=[CHEER])

    assert before == {"cheer": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (199, []),
        (200, ["merry"]),
        (499, ["merry"]),
        (500, ["very merry"]),
        (-199, []),
        (-200, ["sad"]),
        (-1000, ["very sad"]),
    ],
)
def test_words_are_those_of_the_furthest_drift(value, expected):
    assert words_of({"cheer": value}, [CHEER]) == expected


def test_words_come_in_the_order_of_the_table():
    calm = spec("calm", words=[(0.1, "calm")])

    found = words_of({"cheer": 300, "calm": 300, "gone": 900}, [calm, CHEER])

    assert found == ["calm", "merry"]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 100)), max_size=60))
def test_the_default_traits_never_leave_their_range(reports):
    traits: dict[str, int] = {}
    for kind, times in reports:
        traits = drifted(traits, kind=kind, times=times, specs=DEFAULT_TRAITS)

    assert all(-MOST <= value <= MOST for value in traits.values())
    assert len(words_of(traits, DEFAULT_TRAITS)) <= len(DEFAULT_TRAITS)


def test_the_default_steps_are_small_and_each_trait_is_told_both_ways():
    assert len(DEFAULT_TRAITS) == 4
    for each in DEFAULT_TRAITS:
        assert all(0 < abs(row.step) <= 0.01 for row in each.steps)
        assert {row.at for row in each.words} == {0.2, 0.5, -0.2, -0.5}


def test_points_are_rounded_to_thousandths():
    assert milli(0.0049999999999) == 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": "joke", "step": 0.2}, "less than or equal to 0.1"),
        ({"kind": "joke", "step": 0.0005}, "three decimals"),
        ({"kind": "Joke!", "step": 0.01}, "pattern"),
    ],
)
def test_a_step_is_small_and_of_a_kind(row, message):
    with pytest.raises(ValidationError, match=message):
        TraitStep.model_validate(row)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"at": 0.0, "words": "x"}, "other than 0"),
        ({"at": 1.1, "words": "x"}, "less than or equal to 1"),
        ({"at": 0.2, "words": ""}, "at least 1"),
        ({"at": 0.2, "words": "a\nb"}, "one line"),
    ],
)
def test_words_need_a_place_and_a_sentence(row, message):
    with pytest.raises(ValidationError, match=message):
        TraitWords.model_validate(row)


def test_a_kind_has_one_step_and_a_place_one_sentence():
    with pytest.raises(ValidationError, match="each kind one step"):
        spec(steps=[("joke", 0.01), ("joke", 0.02)])
    with pytest.raises(ValidationError, match="each number one sentence"):
        spec(words=[(0.2, "a"), (0.2, "b")])


def test_a_table_names_each_trait_once():
    table = TypeAdapter(TraitTable)

    assert table.validate_python(DEFAULT_TRAITS) == DEFAULT_TRAITS
    with pytest.raises(ValidationError, match="“cheer” stands twice"):
        table.validate_python((CHEER, CHEER))
    with pytest.raises(ValidationError, match=f"at most {MOST_TRAITS}"):
        table.validate_python(tuple(spec(f"t{at}") for at in range(MOST_TRAITS + 1)))


def test_people_read_the_title_or_else_the_id():
    assert spec(title="Good cheer").name == "Good cheer"
    assert spec().name == "cheer"
