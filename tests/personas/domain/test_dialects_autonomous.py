"""The bot's second dialect, "autonomous"."""

from typing import Any

import pytest

from personas.domain.dialects import ParsedCharacter
from personas.domain.remarks import Action
from tests.personas.domain.dialect_files import character, dumped, remarks_on


def test_autonomous_fields_go_to_the_sheet():
    parsed = character(
        {
            "name": "Nib",
            "display_name": "Nibble",
            "version": 2,
            "description": "d",
            "core": {
                "personality": {"traits": ["a"], "speech_style": ["b"], "humor": "dry"},
                "background": {
                    "description": "who",
                    "world": "from",
                    "key_facts": ["one", "two"],
                    "smell": "ink",
                },
            },
            "knowledge": {"rag_categories": ["r"], "expertise_areas": ["e"]},
            "system_prompt": "You are Nib.",
        }
    )

    assert dumped(parsed) == {
        "display_name": "Nibble",
        "aliases": ["Nib"],
        "framework_id": "neuro",
        "description": "d",
        "identity": {
            "who": "who",
            "origin": "from",
            "core_traits": ["a"],
            "speaking_style": ["b"],
            "details": [
                {"key": "Key fact", "value": "one"},
                {"key": "Key fact", "value": "two"},
            ],
        },
        "knowledge_domain": {"expertise": ["e"]},
        "rag": {"mode": "only", "categories": ["r"]},
        "voice_and_tone": [{"key": "humor", "value": "dry"}],
        "system_prompt_override": {"text": "You are Nib."},
        "character_version": "2",
        "extensions": {
            "dramatis:kept": {"core": {"background": {"smell": "ink"}}},
        },
    }
    assert parsed.character_id == "file"


@pytest.mark.parametrize(
    "names", [{"name": "Nib"}, {"name": "Nib", "display_name": ""}]
)
def test_autonomous_name_is_shown_if_there_is_no_other(names):
    parsed = character({"core": {}, **names})

    assert parsed.sheet.display_name == "Nib"
    assert parsed.sheet.aliases == []


def test_autonomous_topics_are_joined():
    parsed = character(
        {
            "core": {},
            "knowledge": {
                "topic_interests": ["tea", "rain"],
                "topic_avoidances": ["x"],
            },
            "extensions": {
                "topic_filtering": {
                    "interests": ["tea", "kites"],
                    "avoidances": ["x", "y"],
                    "boost": 0.3,
                }
            },
            "autonomous_behavior": {
                "learning": {"interests": [], "avoid_topics": ["z"]}
            },
        }
    )

    assert parsed.sheet.topic_interests == ["tea", "rain", "kites"]
    assert parsed.sheet.topic_avoidances == ["x", "y", "z"]
    assert remarks_on(parsed, "extensions.topic_filtering.interests") == [
        (Action.REPAIRED, "Listed before: tea.")
    ]
    assert parsed.sheet.extensions == {"topic_filtering": {"boost": 0.3}}


def test_autonomous_curiosity_extension_wins_over_the_other():
    parsed = character(
        {
            "core": {},
            "autonomous_behavior": {"curiosity": {"curiosity_level": "low"}},
            "extensions": {
                "curiosity_system": {
                    "curiosity_level": "Maximum",
                    "cooldown_minutes": 5,
                }
            },
        }
    )

    assert parsed.sheet.behavior.follow_ups.level == "maximum"
    assert parsed.sheet.behavior.follow_ups.cooldown_seconds == 300
    assert parsed.sheet.extensions == {
        "dramatis:kept": {
            "autonomous_behavior": {"curiosity": {"curiosity_level": "low"}}
        }
    }
    assert remarks_on(parsed, "autonomous_behavior.curiosity.curiosity_level") == [
        (Action.KEPT, "Another field already gave behavior.follow_ups.level.")
    ]


def test_autonomous_evolutions_become_stages():
    evolutions = {
        "50": {"unlock": "jokes", "description": "Tells jokes"},
        "150": {"unlock": ["songs", "tunes"], "sound": "low"},
        "0150": {"unlock": "again"},
        "1e3": "plain text",
        "2000": {"description": "Only words"},
        "later": {"unlock": "never"},
    }
    parsed = character(
        {"core": {}, "extensions": {"character_evolution": {"evolutions": evolutions}}}
    )

    assert dumped(parsed)["evolution_stages"] == [
        {
            "milestone": 50,
            "title": "jokes",
            "description": "Tells jokes",
            "changes": {"personality": {"new_quirks": ["jokes"]}},
        },
        {
            "milestone": 150,
            "title": "songs, tunes",
            "changes": {"personality": {"new_quirks": ["songs", "tunes"]}},
        },
        {
            "milestone": 1000,
            "title": "plain text",
            "changes": {"personality": {"new_quirks": ["plain text"]}},
        },
        {"milestone": 2000, "description": "Only words"},
    ]
    kept = parsed.sheet.extensions["character_evolution"]
    assert kept == {"evolutions": {k: evolutions[k] for k in ("150", "0150", "later")}}


@pytest.mark.parametrize("evolutions", [["a"], {"soon": {}}])
def test_autonomous_evolutions_of_another_shape_are_kept(evolutions):
    parsed = character(
        {"core": {}, "extensions": {"character_evolution": {"evolutions": evolutions}}}
    )

    assert parsed.sheet.evolution_stages == []
    assert parsed.sheet.extensions == {
        "character_evolution": {"evolutions": evolutions}
    }


def test_autonomous_evolutions_without_any_are_dropped():
    parsed = character(
        {"core": {}, "extensions": {"character_evolution": {"evolutions": {}}}}
    )

    assert remarks_on(parsed, "extensions.character_evolution.evolutions") == [
        (Action.DROPPED, "Empty.")
    ]


def test_autonomous_activities():
    rows = [
        {"activity_type": "gaming"},
        {"activity_type": "music", "boost": 0.5},
        {"name": "Chess", "category": "gaming"},
        "Radio",
        {"boost": 1},
        {"name": "", "category": "gaming"},
        7,
    ]
    parsed = character(
        {"core": {}, "extensions": {"activity_routing": {"preferred_activities": rows}}}
    )

    found = [(a.name, a.category) for a in parsed.sheet.activity_preferences.activities]
    assert found == [
        ("gaming", "gaming"),
        ("music", "music"),
        ("Chess", "gaming"),
        ("Radio", ""),
    ]
    assert parsed.sheet.extensions == {
        "activity_routing": {"preferred_activities": [rows[1], *rows[4:]]}
    }


def blending(**fields: Any) -> ParsedCharacter:
    return character({"core": {}, "extensions": {"framework_blending": fields}})


def test_autonomous_blend_rules_leave_the_base_what_they_do_not_take():
    rules = [
        {"context": "support", "framework": "caring", "weight": 0.7},
        {"context": "analysis", "framework": "assistant", "weight": 0.5},
        {"context": "play", "framework": "chaotic", "weight": 1},
        {"context": "talk", "framework": "chaotic", "weight": 0},
        {"context": "rest", "framework": "caring", "weight": 3, "description": "why"},
        {"context": "support", "framework": "chaotic", "weight": 0.1},
        {"context": "no weight", "framework": "caring"},
        {"framework": "caring", "weight": 1},
        {"context": "x", "weight": 1},
    ]
    parsed = blending(enabled=True, base_framework="assistant", blend_rules=rules)

    found = parsed.sheet.framework_blending
    assert found.enabled
    assert [(w.context, w.framework_id, w.weight) for w in found.weights] == [
        ("support", "caring", 0.7),
        ("support", "assistant", 0.3),
        ("analysis", "assistant", 1.0),
        ("play", "chaotic", 1.0),
        ("talk", "assistant", 1.0),
        ("rest", "caring", 1.0),
    ]
    assert parsed.sheet.framework_id == "assistant"
    assert parsed.sheet.extensions == {"framework_blending": {"blend_rules": rules[4:]}}
    remarks = remarks_on(parsed, "extensions.framework_blending.blend_rules")
    assert remarks[0] == (Action.REPAIRED, "3 became 1, which is allowed.")


def test_autonomous_blend_rules_without_a_base():
    rules = [
        {"context": "support", "framework": "caring", "weight": 0.7},
        {"context": "talk", "framework": "caring", "weight": 0},
    ]
    parsed = blending(blend_rules=rules)

    assert [w.weight for w in parsed.sheet.framework_blending.weights] == [0.7]
    assert parsed.sheet.extensions == {"framework_blending": {"blend_rules": rules[1:]}}


def test_extensions_with_our_names_are_put_aside():
    parsed = character({"core": {}, "extensions": {"dramatis": 1, "mood": 2}})

    assert parsed.sheet.extensions == {
        "mood": 2,
        "dramatis:kept": {"extensions": {"dramatis": 1}},
    }
