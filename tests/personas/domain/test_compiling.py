"""Compiling: design, section 3."""

import pytest
from hypothesis import given

from core import limits
from personas.domain.blending import blend
from personas.domain.canonical import canonical_json, content_hash, sheet_hash
from personas.domain.compiling import (
    PromptTooLong,
    compile_persona,
    tools,
    traced_prompt,
)
from personas.domain.pieces import Piece, text_of
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from tests.personas.domain.strategies import CHARACTERS, FRAMEWORKS


def character(**fields) -> CharacterSheet:
    return CharacterSheet.model_validate(
        {"display_name": "Ada", "framework_id": "neuro", **fields}
    )


def framework(**fields) -> FrameworkSheet:
    return FrameworkSheet.model_validate({"name": "F", **fields})


def compiled(a: CharacterSheet, b: FrameworkSheet, *, blends=None):
    return compile_persona(
        a,
        character_id="ada",
        framework=b,
        blends=blends or {},
        count_tokens=lambda text: len(text.split()),
        tokenizer="words",
    )


def prompt(a: CharacterSheet, b: FrameworkSheet) -> str:
    return compiled(a, b).prompts[""]["system_prompt"]


def test_sections_that_the_template_does_not_name_follow_it_in_order():
    text = prompt(
        character(topic_interests=["sea"], description="A clerk."),
        framework(
            prompt_template="Rules.",
            behavioral_patterns={"calm": True},
            interaction_style={"tone": "dry"},
            anti_hallucination={"mode": "strict"},
        ),
    )

    places = [
        text.index(part)
        for part in (
            "Rules.",
            "## Identity",
            "A clerk.",
            "## Behavior",
            "## Knowledge",
            "## Interaction",
            "## Staying truthful",
        )
    ]
    assert places == sorted(places)


def test_template_that_names_one_section_gets_the_rest_after_it():
    text = prompt(
        character(topic_interests=["sea"]),
        framework(prompt_template="You are {identity}."),
    )

    assert text == "You are Name: Ada.\n\n## Knowledge\n\nLikes to talk about:\n- sea"


def test_empty_sections_leave_no_heading():
    assert prompt(character(), framework()) == "## Identity\n\nName: Ada"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("prepend", "Obey Ada.\n\nRules. Name: Ada"),
        ("append", "Rules. Name: Ada\n\nObey Ada."),
        ("replace", "Obey Ada."),
    ],
)
def test_override_modes(mode, expected):
    sheet = character(system_prompt_override={"text": "Obey {{char}}.", "mode": mode})

    assert prompt(sheet, framework(prompt_template="Rules. {identity}")) == expected


def test_blank_override_changes_nothing():
    sheet = character(system_prompt_override={"text": " ", "mode": "replace"})

    assert prompt(sheet, framework()) == prompt(character(), framework())


def test_macros_become_the_name_and_user_stays():
    sheet = character(
        scenario="{{char}} greets {{user}}.",
        first_message="I am {{char}}.",
        alternate_greetings=["{{char}}!"],
        post_history="Stay {{char}}.",
    )
    body = compiled(sheet, framework(prompt_template="{{char}}: {identity}")).prompts[
        ""
    ]

    assert body["system_prompt"].startswith("Ada: Name: Ada")
    assert "Ada greets {{user}}." in body["system_prompt"]
    assert body["greetings"] == {"first_message": "I am Ada.", "alternates": ["Ada!"]}
    assert body["post_history"] == "Stay Ada."


def test_a_nickname_stands_where_char_does_and_the_name_where_the_name_does():
    sheet = character(nickname="{identity}", description="{{char}} waits.")
    rules = framework(prompt_template="{{Char}}, {character_name}, {identity}")

    pieces = traced_prompt(sheet, framework=rules)

    assert text_of(pieces).startswith("{identity}, Ada, Name: Ada")
    assert "{identity} waits." in text_of(pieces)
    assert Piece("{identity}", "nickname") in pieces


def test_tools_stay_apart_in_order_and_without_repeats():
    sheet = framework(
        tool_requirements={"required": ["b", "a", "b"], "optional": ["a", "c", "c"]}
    )

    assert tools(sheet) == {"required": ["b", "a"], "optional": ["c"]}
    assert compiled(character(), sheet).prompts[""]["tools_required"] == ["b", "a", "c"]


def test_content_hash_ignores_what_is_not_served():
    one = compiled(character(creator_notes="x"), framework(purpose="x"))
    two = compiled(character(creator_notes="y"), framework(purpose="y"))

    assert one.content_hash == two.content_hash


@pytest.mark.parametrize(
    "fields",
    [
        {"aliases": ["Ad"]},
        {"topic_interests": ["sea"]},
        {"topic_avoidances": ["war"]},
        {"routing_weight": 2.0},
        {"tags": ["new"]},
        {"avatar": "0" * 64},
        {"knowledge_domain": {"primary": "tides"}},
        {"activity_preferences": {"channels": ["1"]}},
        {"evolution_stages": [{"milestone": 150}]},
        {"model": {"temperature": 0.1}},
        {"voice": {"kokoro_voice": "af"}},
        {"rag": {"mode": "none"}},
        {"behavior": {"reply_mode": "freely"}},
        {"post_history": "x"},
    ],
)
def test_content_hash_covers_what_is_served_or_routed_on(fields):
    before = compiled(character(), framework()).content_hash

    assert compiled(character(**fields), framework()).content_hash != before


def test_prompt_over_the_limit_is_refused_with_its_size():
    half = "x" * (limits.TEXT_BYTES - 10)

    with pytest.raises(PromptTooLong, match="512 KiB"):
        compiled(character(description=half, scenario=half), framework())


@given(CHARACTERS, FRAMEWORKS)
def test_any_text_comes_out_verbatim_and_twice_the_same(a, b):
    first, second = compiled(a, b), compiled(a, b)

    assert canonical_json(first.prompts) == canonical_json(second.prompts)
    assert first.content_hash == second.content_hash
    text = "\n".join(section["text"] for section in first.prompts[""]["sections"])
    name = a.display_name
    authored = [
        a.description,
        a.scenario,
        a.example_messages,
        a.identity.personality,
        a.identity.who,
        *a.identity.core_traits,
        *(item for opinion in a.opinions for item in opinion.items),
        *(item for quirk in a.quirks for item in quirk.items),
        *a.topic_interests,
    ]
    for part in authored:
        if part.strip() and "{{char}}" not in part.lower():
            assert part in text
    if a.system_prompt_override.mode != "replace":
        assert name in first.prompts[""]["system_prompt"]


def test_canonical_json_keeps_the_order_of_keys_and_refuses_nan():
    assert canonical_json({"b": 1, "a": "é"}) == '{"b":1,"a":"é"}'
    assert content_hash({"b": 1, "a": 2}) != content_hash({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_sheet_hash_is_the_same_whether_a_default_was_written_or_not():
    assert sheet_hash(character()) == sheet_hash(character(tags=[]))


@given(CHARACTERS, FRAMEWORKS)
def test_the_traced_pieces_joined_are_the_prompt(sheet, rules):
    pieces = traced_prompt(sheet, framework=rules)

    assert text_of(pieces) == prompt(sheet, rules)


def test_the_trace_names_template_sections_and_override():
    pieces = traced_prompt(
        character(
            description="A clerk.", system_prompt_override={"text": "Obey {{char}}."}
        ),
        framework=framework(prompt_template="Rules for {character_name}."),
    )

    assert pieces == (
        Piece("Obey Ada.", "system_prompt_override.text"),
        Piece("\n\n"),
        Piece("Rules for ", "framework.prompt_template"),
        Piece("Ada", "display_name"),
        Piece(".", "framework.prompt_template"),
        Piece("\n\n"),
        Piece("## Identity\n\n"),
        Piece("Name: Ada", "display_name"),
        Piece("\n\n"),
        Piece("A clerk.", "description"),
    )


def mixed(**fields):
    other = framework(behavioral_patterns={"loud": True}, **fields)
    found = blend(
        {"chaotic": 1}, frameworks={"neuro": framework(), "chaotic": other}, own="neuro"
    )
    assert found is not None
    return found


def test_each_kind_of_conversation_has_a_prompt_of_its_own():
    made = compiled(character(), framework(), blends={"casual": mixed()})

    plain, casual = made.prompts[""], made.prompts["casual"]
    assert (plain["context"], plain["blend"]) == (None, None)
    assert casual["context"] == "casual"
    assert casual["blend"]["weights"] == {"chaotic": 1.0}
    assert "- loud: yes" in casual["system_prompt"]
    assert "loud" not in plain["system_prompt"]
    assert casual["persona_id"] == "ada@neuro"


def test_blends_keep_the_template_of_the_own_framework():
    own = framework(prompt_template="Mine.")
    other = framework(prompt_template="Theirs.", behavioral_patterns={"loud": True})
    found = blend(
        {"chaotic": 1}, frameworks={"neuro": own, "chaotic": other}, own="neuro"
    )

    made = compiled(character(), own, blends={"casual": found})

    assert made.prompts["casual"]["system_prompt"].startswith("Mine.")


def test_content_hash_covers_every_kind_of_conversation():
    hashes = {
        compiled(character(), framework(), blends=blends).content_hash
        for blends in (
            {},
            {"casual": mixed()},
            {"formal": mixed()},
            {"routing": mixed()},
            {"casual": mixed(decision_making={"slow": True})},
        )
    }

    assert len(hashes) == 5
