"""The bot's third dialect, "legacy structured"."""

from typing import Any

import pytest

from personas.domain.dialects import ParsedCharacter
from personas.domain.remarks import Action, Remark
from tests.personas.domain.dialect_files import character, dumped, refusal, remarks_on


def legacy(**fields: Any) -> ParsedCharacter:
    return character({"display_name": "Ada", **fields})


def test_legacy_identity_and_knowledge():
    parsed = legacy(
        character_id="ada",
        version="1.0",
        description="d",
        framework="caring",
        identity={
            "who": "w",
            "from": "f",
            "current_state": "c",
            "core_traits": ["t"],
            "speaking_style": ["s"],
            "age": 40,
            "pets": ["cat", "dog"],
        },
        knowledge_domain={
            "primary": "maps",
            "expertise": ["e"],
            "interests": ["i"],
            "rag_categories": ["r"],
            "depth": 2,
        },
    )

    assert parsed.character_id == "ada"
    assert dumped(parsed) == {
        "display_name": "Ada",
        "framework_id": "caring",
        "description": "d",
        "identity": {
            "who": "w",
            "origin": "f",
            "current_state": "c",
            "core_traits": ["t"],
            "speaking_style": ["s"],
            "details": [
                {"key": "age", "value": "40"},
                {"key": "pets", "value": "cat, dog"},
            ],
        },
        "knowledge_domain": {"primary": "maps", "expertise": ["e"]},
        "rag": {"mode": "only", "categories": ["r"]},
        "topic_interests": ["i"],
        "character_version": "1.0",
        "extensions": {"dramatis:kept": {"knowledge_domain": {"depth": 2}}},
    }
    assert Remark("framework", Action.MAPPED, "framework_id") in parsed.remarks


def test_legacy_framework_may_stand_in_the_identity():
    assert legacy(identity={"framework": "caring"}).sheet.framework_id == "caring"


@pytest.mark.parametrize(
    ("opinions", "rows"),
    [
        (
            {"loves": ["a", "b"], "hates": []},
            [("loves", "", ["a", "b"])],
        ),
        (
            {"loves": {"games": ["a"], "people": "b", "food": None}},
            [("loves", "games", ["a"]), ("loves", "people", ["b"])],
        ),
        (
            {"loves": {"games": {"old": ["a", "b"]}}},
            [("loves", "games", ["old: a, b"])],
        ),
        ({"": "odd"}, [("opinion", "", ["odd"])]),
        (["a", "b"], [("opinion", "", ["a", "b"])]),
        ("a", [("opinion", "", ["a"])]),
        ({}, []),
        (None, []),
    ],
)
def test_legacy_opinions_of_every_shape(opinions, rows):
    parsed = legacy(opinions=opinions)

    assert [(o.stance, o.topic, o.items) for o in parsed.sheet.opinions] == rows
    assert parsed.sheet.extensions == {}
    assert remarks_on(parsed, "opinions")


@pytest.mark.parametrize(
    ("quirks", "groups"),
    [
        ({"habits": ["a", "b"], "none": []}, [("habits", ["a", "b"])]),
        (
            {"triggers": {"engage_on": ["a", "b"], "calm": "c", "none": None}},
            [("triggers: engage_on", ["a", "b"]), ("triggers: calm", ["c"])],
        ),
        (["a"], [("", ["a"])]),
        ("a", [("", ["a"])]),
        ([], []),
    ],
)
def test_legacy_quirks_of_every_shape(quirks, groups):
    parsed = legacy(quirks=quirks)

    assert [(g.kind, g.items) for g in parsed.sheet.quirks] == groups
    assert parsed.sheet.extensions == {}


def test_legacy_voice_and_tone():
    parsed = legacy(
        voice_and_tone={
            "default_tone": "dry",
            "range": ["calm", "cross"],
            "temperature": 0.4,
            "max_tokens": "300",
            "top_p": "wide",
        }
    )

    assert [(t.key, t.value) for t in parsed.sheet.voice_and_tone] == [
        ("default_tone", "dry"),
        ("range", "calm, cross"),
        ("top_p", "wide"),
    ]
    assert parsed.sheet.model.temperature == 0.4
    assert parsed.sheet.model.max_tokens == 300
    assert remarks_on(parsed, "voice_and_tone") == [
        (Action.REPAIRED, "Written as one text each: range.")
    ]


@pytest.mark.parametrize(
    ("value", "rows"),
    [("dry", [("general", "dry")]), ({"a": None}, []), ([], []), (None, [])],
)
def test_legacy_voice_and_tone_of_other_shapes(value, rows):
    parsed = legacy(voice_and_tone=value)

    assert [(t.key, t.value) for t in parsed.sheet.voice_and_tone] == rows
    assert parsed.sheet.extensions == {}
    assert len(remarks_on(parsed, "voice_and_tone")) == 1


def test_legacy_rows_without_repairs_are_mapped():
    parsed = legacy(voice_and_tone={"a": "b"})

    assert remarks_on(parsed, "voice_and_tone") == [(Action.MAPPED, "voice_and_tone")]


def test_legacy_voice_is_clamped_and_its_rest_kept():
    parsed = legacy(
        legacy_config={
            "voice": {"kokoro_voice": "k", "kokoro_speed": 9, "edge_rate": "-5%"},
            "rvc": {"enabled": False, "pitch_shift": -20},
            "behavior": {"affection_multiplier": 0.8, "clear": True},
        }
    )

    voice = parsed.sheet.voice
    assert (voice.kokoro_voice, voice.kokoro_speed) == ("k", 2.0)
    assert (voice.edge_rate, voice.rvc.pitch_shift) == ("-5%", -12)
    assert voice.affection_multiplier == 0.8
    assert parsed.sheet.extensions == {
        "dramatis:kept": {"legacy_config": {"behavior": {"clear": True}}}
    }
    assert remarks_on(parsed, "legacy_config.voice.kokoro_speed") == [
        (Action.REPAIRED, "9 became 2, which is allowed.")
    ]


@pytest.mark.parametrize(
    ("override", "text", "mode"),
    [
        ("Be kind.", "Be kind.", "prepend"),
        ({"text": "Be kind.", "mode": "Append"}, "Be kind.", "append"),
    ],
)
def test_legacy_override(override, text, mode):
    found = legacy(system_prompt_override=override).sheet.system_prompt_override

    assert (found.text, found.mode) == (text, mode)


def test_legacy_second_name_is_kept():
    parsed = legacy(name="Adalbert")

    assert parsed.sheet.display_name == "Ada"
    assert parsed.sheet.extensions == {"dramatis:kept": {"name": "Adalbert"}}


def test_legacy_rows_of_two_sources_are_joined():
    rows = {"activities": ["a"], "preferred_activities": ["a", "b"]}
    parsed = legacy(activity_preferences=rows)

    names = [a.name for a in parsed.sheet.activity_preferences.activities]
    assert names == ["a", "b"]


def test_a_value_that_no_sheet_may_hold_is_refused_by_its_field():
    error = refusal({"display_name": "A", "quirks": {"k" * 3000: ["a"]}})

    assert error.pointer == "/quirks"
    assert str(error).startswith("quirks: ")


def test_weights_of_two_sources_that_clash_are_refused():
    weights = {
        "contexts": {"a": {"b": 1}},
        "blend_rules": [{"context": "a", "framework": "b", "weight": 0.5}],
    }

    assert "one weight" in str(
        refusal({"display_name": "A", "framework_blending": weights})
    )
