"""Kinds of interaction."""

import pytest
from pydantic import TypeAdapter, ValidationError

from relationships.domain.kinds import DEFAULT_KINDS, Kind, KindTable

TABLE = TypeAdapter(KindTable)


def test_the_first_table_moves_feelings_as_the_requirement_says():
    assert {kind.kind: kind.base_milli for kind in DEFAULT_KINDS} == {
        "agreement": 2_000,
        "disagreement": -1_000,
        "compliment": 3_000,
        "insult": -3_000,
        "question": 500,
        "answer": 1_000,
        "banter": 1_500,
        "argument": -2_000,
        "collaboration": 2_500,
        "competition": -500,
        "message": 0,
    }


def test_the_first_table_moves_traits_as_designed():
    steps: dict[str, dict[str, int]] = {}
    for kind in DEFAULT_KINDS:
        for trait, step in kind.steps.items():
            steps.setdefault(trait, {})[kind.kind] = step

    assert steps == {
        "warmth": {"agreement": 20, "compliment": 50, "insult": -50, "banter": 30},
        "trust": {"answer": 20, "collaboration": 50, "argument": -30},
        "respect": {
            "agreement": 20,
            "collaboration": 30,
            "insult": -50,
            "disagreement": -10,
        },
        "rivalry": {"competition": 50, "argument": 30, "collaboration": -20},
    }


def test_the_first_table_is_valid():
    assert TABLE.validate_python(DEFAULT_KINDS, strict=True) == DEFAULT_KINDS


def test_an_id_stands_once_in_a_table():
    row = Kind(kind="praise", title="Praise", base=1.0)

    with pytest.raises(ValidationError, match="“praise” stands twice"):
        TABLE.validate_python((row, row))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "Not A Slug"},
        {"title": ""},
        {"base": 10.5},
        {"base": 0.0001},
        {"warmth": 1.5},
        {"rivalry": -1.001},
    ],
)
def test_a_kind_out_of_bounds_is_refused(wrong):
    with pytest.raises(ValidationError):
        Kind.model_validate({"kind": "praise", "title": "Praise", "base": 1.0, **wrong})
