"""What a sheet takes and refuses."""

import pytest
from pydantic import ValidationError

from core import limits
from personas.domain.sheets import CharacterSheet, FrameworkSheet


def refused(match: str, **fields) -> None:
    with pytest.raises(ValidationError, match=match):
        CharacterSheet.model_validate(
            {"display_name": "Ada", "framework_id": "neuro", **fields}
        )


def deep(levels: int) -> dict:
    tree: dict = {}
    for _ in range(levels - 1):
        tree = {"a": tree}
    return tree


@pytest.mark.parametrize(
    ("match", "fields"),
    [
        ("NUL", {"description": "a\x00b"}),
        ("position 2", {"description": "a\ud800"}),
        ("Shorten", {"description": "é" * (limits.TEXT_BYTES // 2 + 1)}),
        ("one line", {"display_name": "A\nB"}),
        ("visible", {"display_name": "\u200b\u2060"}),
        ("visible", {"aliases": [" "]}),
        ("levels deep", {"extensions": deep(limits.JSON_DEPTH + 1)}),
        ("NUL", {"extensions": {"a\x00": 1}}),
        ("NUL", {"extensions": {"a": ["b\x00"]}}),
        ("finite", {"extensions": {"a": float("inf")}}),
        ("digits", {"extensions": {"a": 10**limits.INTEGER_DIGITS}}),
        ("at least one category", {"rag": {"mode": "only"}}),
        (
            "number of interactions",
            {"evolution_stages": [{"milestone": 50}, {"milestone": 50}]},
        ),
        ("greater than or equal", {"evolution_stages": [{"milestone": 0}]}),
        ("valid integer", {"evolution_stages": [{"milestone": "50"}]}),
        ("less than or equal", {"model": {"temperature": 3}}),
        ("valid number", {"model": {"temperature": "hot"}}),
        ("finite", {"model": {"temperature": float("nan")}}),
        ("pattern", {"framework_id": "No Slug"}),
        ("Extra inputs", {"is_admin": True}),
        (
            "one weight per kind",
            {
                "framework_blending": {
                    "weights": [{"context": "casual", "framework_id": "a", "weight": 1}]
                    * 2
                }
            },
        ),
        (
            "above zero",
            {
                "framework_blending": {
                    "weights": [{"context": "casual", "framework_id": "a", "weight": 0}]
                }
            },
        ),
    ],
)
def test_bad_values_are_refused_with_what_to_do(match, fields):
    refused(match, **fields)


def test_lines_are_trimmed_and_composed_and_texts_are_left_alone():
    sheet = CharacterSheet.model_validate(
        {
            "display_name": " Zoe\u0301 ",
            "framework_id": "neuro",
            "description": " Zoe\u0301 ",
        }
    )

    assert sheet.display_name == "Zoé"
    assert sheet.description == " Zoe\u0301 "


def test_repeats_in_lists_of_terms_are_dropped():
    sheet = CharacterSheet.model_validate(
        {"display_name": "A", "framework_id": "neuro", "tags": ["b", "a", "b"]}
    )

    assert sheet.tags == ["b", "a"]


def test_deepest_tree_allowed_is_taken():
    tree = deep(limits.JSON_DEPTH)

    assert FrameworkSheet(name="F", extensions=tree).extensions == tree


def test_a_nickname_is_what_they_are_called_and_one_of_their_names():
    plain = CharacterSheet(
        display_name="Ada", framework_id="neuro", aliases=["Countess"]
    )
    short = plain.model_copy(update={"nickname": "A."})

    assert (plain.called, plain.names) == ("Ada", ["Ada", "Countess"])
    assert (short.called, short.names) == ("A.", ["Ada", "A.", "Countess"])
