"""Where the pieces of a grown prompt come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.compiling import compile_persona, traced_prompt
from personas.domain.growing import NO_GROWTH, Growth, grown, growth_up_to
from personas.domain.growth_tracing import traced
from personas.domain.pieces import Piece, text_of
from personas.domain.sheets import CharacterSheet, EvolutionStage, FrameworkSheet
from tests.personas.domain.strategies import CHARACTERS

FRAMEWORK = FrameworkSheet.model_validate({"name": "F", "decision_making": {"a": "b"}})


def character(**fields) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def stage(milestone: int = 50, *, title: str = "", **changes) -> EvolutionStage:
    return EvolutionStage.model_validate(
        {"milestone": milestone, "title": title, "changes": changes}
    )


def sources(sheet: CharacterSheet, *stages: EvolutionStage) -> dict[str, str]:
    """Text of a piece → where it comes from."""
    growth = Growth(stages=stages)
    pieces = traced_prompt(sheet, framework=FRAMEWORK, growth=growth)
    return {piece.text.strip(): piece.source for piece in pieces}


def test_items_of_lists_keep_the_places_of_the_form():
    sheet = character(
        topic_interests=["sea", "salt", "wind"],
        topic_avoidances=["fog"],
        knowledge_domain={"primary": "ships", "expertise": ["sails", "ropes"]},
        voice_and_tone=[{"key": "tone", "value": "cool"}, {"key": "pace", "value": ""}],
        opinions=[
            {"stance": "loves", "items": ["tea"]},
            {"stance": "hates", "topic": "rain"},
        ],
    )
    change = stage(
        personality={
            "tone": "warm",
            "opinion_changes": [{"stance": "likes", "topic": "rain"}],
        },
        knowledge={
            "remove_interests": ["salt"],
            "add_interests": ["stars"],
            "add_avoidances": ["storms"],
            "remove_expertise": ["sails"],
            "add_expertise": ["knots"],
        },
    )

    found = sources(sheet, change)

    expected = {
        "- sea": "topic_interests.0",
        "- wind": "topic_interests.2",
        "- stars": "growth",
        "- fog": "topic_avoidances.0",
        "- storms": "growth",
        "- ropes": "knowledge_domain.expertise.1",
        "- knots": "growth",
        "- tone: warm": "growth",
        "- pace": "voice_and_tone.1",
        "- tea": "opinions.0.items.0",
        "likes: rain": "growth",
        "Main subject: ships": "knowledge_domain.primary",
        "Likes to talk about:": "topic_interests",
        "- a: b": "framework.decision_making.a",
    }
    assert {text: found[text] for text in expected} == expected


def test_quirks_keep_their_groups():
    sheet = character(
        quirks=[
            {"kind": "gone", "items": ["sighs"]},
            {"kind": "habits", "items": ["hums", "winks", "nods"]},
            {"kind": "habits", "items": ["yawns"]},
        ]
    )
    change = stage(
        personality={"remove_quirks": ["sighs", "hums"], "new_quirks": ["sings"]}
    )

    found = sources(sheet, change)

    expected = {
        "- winks": "quirks.1.items.1",
        "- nods": "quirks.1.items.2",
        "- yawns": "quirks.2.items.0",
        "- sings": "growth",
        "Quirks:": "growth",
    }
    assert {text: found[text] for text in expected} == expected


def test_of_two_equal_items_each_keeps_its_own_place():
    sheet = character(voice_and_tone=[{"key": "dry", "value": ""}] * 2)
    after = grown(sheet, stages=[stage(personality={"tone": "warm"})])

    found = traced(
        (Piece("a", "voice_and_tone.0"), Piece("b", "voice_and_tone.1")),
        authored=sheet,
        after=after,
    )

    assert [p.source for p in found] == ["voice_and_tone.0", "voice_and_tone.1"]


@given(CHARACTERS)
def test_without_growth_every_piece_is_as_it_was(sheet):
    with_none = traced_prompt(sheet, framework=FRAMEWORK, growth=NO_GROWTH)

    assert with_none == traced_prompt(sheet, framework=FRAMEWORK)


@given(CHARACTERS, st.text(max_size=5))
def test_tracing_changes_no_text(sheet, quirk):
    change = stage(personality={"tone": "warm", "new_quirks": [f"q {quirk!r}"]})
    after = grown(sheet, stages=[change])

    one = traced_prompt(sheet, framework=FRAMEWORK, growth=Growth(stages=(change,)))
    other = traced_prompt(after, framework=FRAMEWORK)

    assert text_of(one) == text_of(other)


def test_trait_words_stand_in_the_behavior_and_come_from_growth():
    growth = Growth(trait_words=("{{char}} jokes a little more.", "They wait."))

    pieces = traced_prompt(character(), framework=FRAMEWORK, growth=growth)

    text = text_of(pieces)
    assert "Grown over time:\n- Ada jokes a little more.\n- They wait." in text
    assert text.index("## Behavior") < text.index("Grown over time")
    of_growth = [p.text for p in pieces if p.source == "growth"]
    assert "".join(of_growth).startswith("Grown over time:\n- Ada jokes")


def compiled(sheet: CharacterSheet, growth: Growth):
    return compile_persona(
        sheet,
        character_id="ada",
        framework=FRAMEWORK,
        blends={},
        count_tokens=lambda text: len(text.split()),
        tokenizer="words",
        growth=growth,
    )


def test_bots_are_told_of_the_stages_and_the_count():
    growth = Growth(count=120, stages=(stage(50, title="Trust"), stage(100)))

    body = compiled(character(), growth).prompts[""]

    assert body["evolution"] == {
        "count_at_compile": 120,
        "stages": [
            {"milestone": 50, "title": "Trust"},
            {"milestone": 100, "title": ""},
        ],
    }


def test_a_stage_reaches_settings_and_behavior_that_are_served():
    change = stage(
        personality={"temperature": 1.5}, behavior={"proactive": {"chance": 0.9}}
    )

    body = compiled(character(), Growth(stages=(change,))).prompts[""]

    assert body["config"]["temperature"] == 1.5
    assert body["behavior"]["proactive"]["chance"] == 0.9


@pytest.mark.parametrize(
    "growth",
    [
        Growth(count=50, stages=(stage(knowledge={"add_interests": ["sea"]}),)),
        Growth(trait_words=("Kind.",)),
        Growth(count=1),
    ],
)
def test_the_content_hash_covers_growth(growth):
    sheet = character()

    after = compiled(sheet, growth).content_hash

    assert after != compiled(sheet, NO_GROWTH).content_hash


def test_no_growth_leaves_the_content_hash_of_earlier_releases():
    sheet = character(topic_interests=["sea"])

    found = compiled(sheet, Growth())

    assert found.prompts[""]["evolution"] == {"count_at_compile": 0, "stages": []}
    assert Growth().is_empty
    assert not Growth(trait_words=("Kind.",)).is_empty


def test_what_is_to_come_takes_every_stage_up_to_there():
    sheet = character(
        evolution_stages=[{"milestone": 500}, {"milestone": 50}, {"milestone": 100}]
    )
    now = Growth(count=7, stages=(stage(9),), trait_words=("Kind.",))

    found = growth_up_to(sheet, milestone=100, since=now)

    assert [s.milestone for s in found.stages] == [50, 100]
    assert (found.count, found.trait_words) == (100, ("Kind.",))
