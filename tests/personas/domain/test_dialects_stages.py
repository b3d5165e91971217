"""Stages of growth in all the shapes that the bot's files have them in."""

from typing import Any

import pytest

from personas.domain.dialects.coercing import Unfit
from personas.domain.dialects.stages import stages
from personas.domain.sheets import EvolutionStage


def read(value: Any) -> list[dict[str, Any]]:
    """What a sheet gets, as whole stages would say it."""
    found = [EvolutionStage.model_validate(row) for row in stages()(value).value]
    return [row.model_dump(exclude_defaults=True) for row in found]


def changes(stage: dict[str, Any]) -> dict[str, Any]:
    """What one stage of a list changes; all of it must have been read."""
    fit = stages()([{"milestone": 50, **stage}])
    assert fit.left is None
    [found] = read([{"milestone": 50, **stage}])
    return found["changes"]


def test_the_cards_unlocks():
    unlocks = {"tone": "warm", "quirks": ["hums"], "knowledge_expansion": ["tides"]}

    assert changes({"unlocks": unlocks}) == {
        "personality": {"tone": "warm", "new_quirks": ["hums"]},
        "knowledge": {"add_expertise": ["tides"]},
    }


def test_the_autonomous_form_by_number():
    assert read({"50": {"unlock": "jokes", "description": "Tells jokes"}}) == [
        {
            "milestone": 50,
            "title": "jokes",
            "description": "Tells jokes",
            "changes": {"personality": {"new_quirks": ["jokes"]}},
        }
    ]


def test_the_migration_guides_form_by_name():
    given = {
        "stage_1": {
            "messages": 50,
            "name": "Acquainted",
            "tone_shift": "friendlier",
            "new_quirks": ["nicknames"],
        },
        "stage_2": {"messages": "100", "tone_shift": "open"},
    }

    assert read(given) == [
        {
            "milestone": 50,
            "title": "Acquainted",
            "changes": {
                "personality": {"tone": "friendlier", "new_quirks": ["nicknames"]}
            },
        },
        {"milestone": 100, "changes": {"personality": {"tone": "open"}}},
    ]


def test_the_same_forms_as_a_list():
    given = [{"messages": 50, "tone_shift": "warm"}, {"interactions": 80, "unlock": 1}]

    assert [row["milestone"] for row in read(given)] == [50, 80]


def test_changes_as_a_sheet_has_them():
    whole = {
        "personality": {
            "temperature": 1.1,
            "opinion_changes": [{"stance": "loves", "topic": "tea", "items": []}],
        },
        "knowledge": {"remove_interests": ["rain"]},
        "behavior": {"proactive": {"chance": 0.5}},
    }

    found = changes({"changes": whole})

    assert found["personality"]["temperature"] == 1.1
    assert found["personality"]["opinion_changes"][0]["topic"] == "tea"
    assert found["knowledge"] == whole["knowledge"]
    assert found["behavior"] == whole["behavior"]


def test_changes_in_the_words_of_the_requirement():
    given = {
        "personality": {
            "temperature": "0.9",
            "formality": "low",
            "verbosity": ["brief", "dry"],
            "quirks": "hums",
            "remove_quirks": ["sighs"],
            "opinion_changes": {"loves": ["tea"], "hates": {"weather": "rain"}},
        },
        "knowledge": {
            "expertise": ["tides"],
            "new_interests": ["sea", "sea"],
            "avoidances": "storms, fog",
            "remove_expertise": ["ropes"],
            "remove_avoidances": ["salt"],
        },
        "behavior": {"reply_mode": "freely"},
    }

    found = changes({"changes": given})

    opinions = found["personality"].pop("opinion_changes")
    assert [(o["stance"], o.get("topic", ""), o["items"]) for o in opinions] == [
        ("loves", "", ["tea"]),
        ("hates", "weather", ["rain"]),
    ]
    assert found == {
        "personality": {
            "temperature": 0.9,
            "formality": "low",
            "verbosity": "brief, dry",
            "new_quirks": ["hums"],
            "remove_quirks": ["sighs"],
        },
        "knowledge": {
            "add_expertise": ["tides"],
            "add_interests": ["sea"],
            "add_avoidances": ["storms", "fog"],
            "remove_expertise": ["ropes"],
            "remove_avoidances": ["salt"],
        },
        "behavior": {"reply_mode": "freely"},
    }


def test_opinions_listed_as_a_sheet_has_them_beside_what_it_has_not():
    rows = [{"stance": "loves", "topic": "tea", "items": ["green"]}]
    given = {"personality": {"quirks": ["hums"], "opinion_changes": rows}}

    found = changes({"changes": given})["personality"]

    assert found == {"new_quirks": ["hums"], "opinion_changes": rows}


def test_a_quirk_of_a_stage_with_a_title_keeps_the_title():
    [found] = read([{"milestone": 50, "title": "Trust", "unlock": "jokes"}])

    assert found["title"] == "Trust"
    assert found["changes"] == {"personality": {"new_quirks": ["jokes"]}}


def test_quirks_of_several_fields_are_joined():
    stage = {"unlock": "jokes", "unlocks": {"quirks": ["hums"]}, "quirks": ["winks"]}

    assert changes(stage)["personality"]["new_quirks"] == ["jokes", "hums", "winks"]


@pytest.mark.parametrize(
    "stage",
    [
        {"milestone": 50, "sound": "low"},
        {"milestone": 50, "changes": {"personality": {"no": "such"}}},
        {"milestone": 50, "changes": {"behavior": "loud"}},
        {"milestone": 50, "changes": ["loud"]},
        {"milestone": 50, "unlock": "jokes", "title": "T", "name": "N"},
        {"milestone": 50, "messages": 60},
    ],
)
def test_what_has_no_place_is_left_with_its_stage(stage):
    fit = stages()([stage])

    assert [row["milestone"] for row in fit.value] == [50]
    assert fit.left == [stage]


def test_what_is_left_of_an_object_keeps_its_keys():
    given = {
        "50": {"unlock": "jokes"},
        "stage_2": {"messages": 100, "sound": "low"},
        "050": {"unlock": "again"},
        "soon": {"unlock": "never"},
    }

    fit = stages()(given)

    assert [row["milestone"] for row in fit.value] == [50, 100]
    assert fit.left == {k: given[k] for k in ("stage_2", "050", "soon")}


def test_empty_changes_are_no_changes():
    given = {
        "changes": {"behavior": {}, "personality": {"opinion_changes": [], "x": 1}}
    }

    fit = stages()([{"milestone": 50, **given}])

    assert [EvolutionStage.model_validate(row) for row in fit.value] == [
        EvolutionStage(milestone=50)
    ]


@pytest.mark.parametrize("value", [{}, "50", {"soon": {}}, ["a"], 7])
def test_what_is_no_stages_at_all_is_said(value):
    with pytest.raises(Unfit):
        stages()(value)


def test_nothing_is_nothing():
    assert stages()(None).noise
    assert stages()([]).value == []
