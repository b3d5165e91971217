"""A sheet after growth stages: design, section 5."""

import pytest
from hypothesis import given

from personas.domain.growing import BadStage, grown, stages_up_to
from personas.domain.sheets import CharacterSheet, EvolutionStage
from tests.personas.domain.strategies import CHARACTERS


def character(**fields) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def stage(milestone: int = 50, **changes) -> EvolutionStage:
    return EvolutionStage.model_validate({"milestone": milestone, "changes": changes})


@given(CHARACTERS)
def test_no_stage_changes_nothing(sheet):
    assert grown(sheet, stages=[]) == sheet


@given(CHARACTERS)
def test_what_stages_make_is_a_sheet_again(sheet):
    after = grown(sheet, stages=[stage(personality={"tone": "warm"})])

    assert CharacterSheet.model_validate(after.model_dump(mode="json")) == after


def test_personality_changes_manner_quirks_and_temperature():
    sheet = character(
        voice_and_tone=[{"key": "Tone", "value": "cool"}, {"key": "pace", "value": ""}],
        quirks=[{"kind": "habits", "items": ["hums", "Winks"]}, {"items": ["sighs"]}],
    )
    change = {
        "temperature": 1.2,
        "tone": "warm",
        "verbosity": "chatty",
        "new_quirks": ["whistles", "HUMS"],
        "remove_quirks": ["winks ", "sighs"],
    }

    after = grown(sheet, stages=[stage(personality=change)])

    assert [(t.key, t.value) for t in after.voice_and_tone] == [
        ("tone", "warm"),
        ("pace", ""),
        ("verbosity", "chatty"),
    ]
    assert [(q.kind, q.items) for q in after.quirks] == [
        ("habits", ["hums"]),
        ("", ["whistles"]),
    ]
    assert after.model.temperature == 1.2


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"stance": "Hates", "topic": "Games"}, ["loves games", "Hates Games"]),
        ({"stance": "likes", "topic": "games"}, ["likes games", "hates games"]),
        ({"stance": "loves", "topic": "rain"}, None),
        ({"stance": "fears", "topic": ""}, None),
    ],
)
def test_an_opinion_takes_the_place_of_the_one_on_the_same_thing(new, expected):
    sheet = character(
        opinions=[
            {"stance": "loves", "topic": "games"},
            {"stance": "hates", "topic": "games"},
        ]
    )

    after = grown(sheet, stages=[stage(personality={"opinion_changes": [new]})])

    added = ["loves games", "hates games", f"{new['stance']} {new['topic']}"]
    told = [f"{o.stance} {o.topic}" for o in after.opinions]
    assert told == (expected or added)


def test_knowledge_is_added_and_taken_away_without_repeats():
    sheet = character(
        knowledge_domain={"primary": "tides", "expertise": ["Knots"]},
        topic_interests=["sea"],
        topic_avoidances=["war"],
    )
    change = {
        "add_expertise": ["knots", "charts"],
        "remove_interests": ["SEA"],
        "add_interests": ["stars"],
        "remove_avoidances": ["war"],
    }

    after = grown(sheet, stages=[stage(knowledge=change)])

    assert after.knowledge_domain.expertise == ["Knots", "charts"]
    assert after.knowledge_domain.primary == "tides"
    assert (after.topic_interests, after.topic_avoidances) == (["stars"], [])


def test_behavior_is_merged_into_the_policy():
    change = {"reply_mode": "freely", "follow_ups": {"level": "high"}}

    after = grown(character(), stages=[stage(behavior=change)])

    assert after.behavior.reply_mode == "freely"
    assert after.behavior.follow_ups.level == "high"
    assert after.behavior.reactions == character().behavior.reactions


def test_behavior_that_fits_nobody_is_refused_with_its_place():
    with pytest.raises(BadStage, match=r"50 interactions.*reply_mode"):
        grown(character(), stages=[stage(behavior={"reply_mode": "sometimes"})])


def test_later_stages_win_over_earlier_ones():
    stages = [
        stage(50, personality={"tone": "warm"}),
        stage(100, personality={"tone": "wild"}),
    ]

    after = grown(character(), stages=stages)

    assert [(t.key, t.value) for t in after.voice_and_tone] == [("tone", "wild")]


def test_stages_up_to_a_count_come_lowest_first():
    sheet = character(
        evolution_stages=[
            {"milestone": 500},
            {"milestone": 50},
            {"milestone": 100},
        ]
    )

    found = stages_up_to(sheet, milestone=100)

    assert [s.milestone for s in found] == [50, 100]
