"""Cards: what maps, what is kept, repaired and dropped."""

from typing import Any

import pytest

from core import limits
from personas.domain.dialects import UnreadableFile
from personas.domain.remarks import Action, Remark
from tests.personas.domain.dialect_files import card, character, refusal, remarks_on


def test_card_fields_go_to_the_sheet():
    parsed = character(
        card(
            description="d",
            personality="p",
            scenario="s",
            first_mes="f",
            mes_example="m",
            creator_notes="n",
            system_prompt="o",
            post_history_instructions="h",
            alternate_greetings=["g", ""],
            tags=["t"],
            creator="c",
            character_version="v",
            avatar_url="https://pictures.example/a.png",
        )
    )

    sheet = parsed.sheet.model_dump(exclude_defaults=True)
    assert sheet == {
        "display_name": "Ada",
        "framework_id": "neuro",
        "description": "d",
        "identity": {"personality": "p"},
        "scenario": "s",
        "first_message": "f",
        "example_messages": "m",
        "creator_notes": "n",
        "system_prompt_override": {"text": "o"},
        "post_history": "h",
        "alternate_greetings": ["g", ""],
        "tags": ["t"],
        "creator": "c",
        "character_version": "v",
        "avatar_address": "https://pictures.example/a.png",
    }
    assert parsed.character_id == "file"
    assert parsed.avatar is None
    assert Remark("data.first_mes", Action.MAPPED, "first_message") in parsed.remarks
    assert remarks_on(parsed, "framework_id") == [
        (Action.MAPPED, "No framework named; “neuro” is used.")
    ]


@pytest.mark.parametrize("name", [None, "", " \n", "\u200b"])
def test_a_card_without_a_name_is_called_as_its_file(name):
    parsed = character(card(name=name), stem="Grey Heron")

    assert parsed.sheet.display_name == "Grey Heron"
    assert parsed.character_id == "grey_heron"
    assert remarks_on(parsed, "display_name") == [
        (Action.REPAIRED, "No name in it; named “Grey Heron”.")
    ]


def test_where_the_files_name_cannot_be_an_id_the_characters_is():
    parsed = character(card(), stem="…")

    assert (parsed.character_id, parsed.has_own_id) == ("ada", False)


def test_a_file_of_which_no_name_can_be_an_id_is_refused():
    with pytest.raises(UnreadableFile, match="name the file with letters"):
        character(card(name="!?"), stem="…")


@pytest.mark.parametrize(
    ("prompt", "text", "repaired"),
    [
        ("a\\n\\nb", "a\n\nb", True),
        ("a\\r\\nb", "a\nb", True),
        ("a\\nb\nc", "a\\nb\nc", False),
        ("['a', 'b'] {{original}}", "['a', 'b'] {{original}}", False),
    ],
)
def test_written_line_breaks_of_a_system_prompt(prompt, text, repaired):
    parsed = character(card(system_prompt=prompt))

    assert parsed.sheet.system_prompt_override.text == text
    (remark,) = remarks_on(parsed, "data.system_prompt")
    assert (remark[0] is Action.REPAIRED) == repaired


def test_extensions_that_a_sheet_has_a_place_for():
    parsed = character(
        card(
            extensions={
                "knowledge_domain": {"rag_categories": ["lore"], "edition": 3},
                "topic_interests": ["tea"],
                "topic_avoidances": ["war"],
                "activity_preferences": {"channels": [12345678901234567, "b"]},
                "framework_blending": {
                    "enabled": True,
                    "contexts": {"Casual Talk": {"caring": 0.6, "chaotic": 0.4}},
                },
                "mode_profiles": {"default_mode": "calm"},
            }
        )
    )

    sheet = parsed.sheet
    assert sheet.rag.model_dump() == {"mode": "only", "categories": ["lore"]}
    assert sheet.topic_interests == ["tea"]
    assert sheet.topic_avoidances == ["war"]
    assert sheet.activity_preferences.channels == ["12345678901234567", "b"]
    assert sheet.framework_blending.model_dump() == {
        "enabled": True,
        "weights": [
            {"context": "casual_talk", "framework_id": "caring", "weight": 0.6},
            {"context": "casual_talk", "framework_id": "chaotic", "weight": 0.4},
        ],
    }
    kept = sheet.extensions["dramatis:card"].pop("extensions_spelled")
    assert sorted(kept) == [
        "activity_preferences",
        "framework_blending",
        "knowledge_domain",
        "topic_avoidances",
        "topic_interests",
    ]
    assert kept["knowledge_domain"] == {"rag_categories": ["lore"], "edition": 3}
    assert sheet.extensions == {
        "knowledge_domain": {"edition": 3},
        "mode_profiles": {"default_mode": "calm"},
        "dramatis:card": {},
    }
    assert remarks_on(parsed, "data.extensions.mode_profiles") == [(Action.KEPT, "")]
    assert remarks_on(parsed, "data.extensions.knowledge_domain.edition") == [
        (Action.KEPT, "")
    ]


def test_stages_of_any_milestone_map_and_the_rest_is_kept():
    whole = {
        "milestone": 150,
        "unlocks": {
            "tone": "warm",
            "quirks": ["hums"],
            "knowledge_expansion": ["maps"],
        },
    }
    ours = {
        "milestone": 200,
        "title": "Old friend",
        "description": "d",
        "changes": {"personality": {"formality": "low"}, "behavior": {"x": 1}},
    }
    partly = {"milestone": "300", "unlocks": {"tone": "dry", "colour": "blue"}}
    again = {"milestone": 150, "unlocks": {"tone": "cold"}}
    unknown = {"milestone": 400, "changes": {"personality": {"no": "such"}}}
    none = {"unlocks": {"tone": "lost"}}
    stages = [whole, ours, partly, again, unknown, none, "text"]

    parsed = character(card(extensions={"evolution_stages": stages}))

    found = parsed.sheet.model_dump(exclude_defaults=True)["evolution_stages"]
    assert found == [
        {
            "milestone": 150,
            "changes": {
                "personality": {"tone": "warm", "new_quirks": ["hums"]},
                "knowledge": {"add_expertise": ["maps"]},
            },
        },
        {
            "milestone": 200,
            "title": "Old friend",
            "description": "d",
            "changes": {"personality": {"formality": "low"}, "behavior": {"x": 1}},
        },
        {"milestone": 300, "changes": {"personality": {"tone": "dry"}}},
        {"milestone": 400},
    ]
    assert parsed.sheet.extensions == {
        "evolution_stages": [partly, again, unknown, none, "text"],
        "dramatis:card": {"extensions_spelled": {"evolution_stages": stages}},
    }
    assert remarks_on(parsed, "data.extensions.evolution_stages") == [
        (Action.REPAIRED, "The text “300” was read as a number."),
        (Action.KEPT, "The parts that have no place in a sheet."),
    ]


@pytest.mark.parametrize(
    ("extensions", "field", "why"),
    [
        ({"evolution_stages": {}}, "evolution_stages", "Expected a list."),
        (
            {"evolution_stages": [{"milestone": "soon"}]},
            "evolution_stages",
            "Nothing in it could be read.",
        ),
        ({"knowledge_domain": "all"}, "knowledge_domain", "Expected an object."),
        (
            {"framework_blending": {"contexts": []}},
            "framework_blending.contexts",
            "Expected an object of objects.",
        ),
        (
            {"framework_blending": {"contexts": {"a": {}}}},
            "framework_blending.contexts",
            "Expected an object of weights for each context.",
        ),
        (
            {"framework_blending": {"contexts": {"a": {"b": 0}}}},
            "framework_blending.contexts",
            "Expected a weight above zero for each context.",
        ),
        (
            {"framework_blending": {"contexts": {"a": {"b": 1, "B": 2}}}},
            "framework_blending.contexts",
            "Expected one weight for each framework.",
        ),
        (
            {"framework_blending": {"contexts": {"a": {"b": "lots"}}}},
            "framework_blending.contexts",
            "Expected a number.",
        ),
        (
            {"framework_blending": {"enabled": "maybe"}},
            "framework_blending.enabled",
            "Expected true or false.",
        ),
    ],
)
def test_extensions_that_do_not_fit_are_kept_with_the_reason(extensions, field, why):
    parsed = character(card(extensions=extensions))

    assert parsed.sheet.extensions == extensions
    assert remarks_on(parsed, f"data.extensions.{field}") == [(Action.KEPT, why)]


@pytest.mark.parametrize(
    "extensions",
    [
        {"evolution_stages": None},
        {"knowledge_domain": {"rag_categories": []}},
        {"knowledge_domain": None},
        {"framework_blending": {"contexts": {}}},
        {"framework_blending": {"blend_rules": None}},
    ],
)
def test_what_says_nothing_is_dropped(extensions):
    parsed = character(card(extensions=extensions))

    assert parsed.sheet.extensions == {}
    dropped = [r.field for r in parsed.remarks if r.action is Action.DROPPED]
    assert len(dropped) == 1
    assert dropped[0].startswith("data.extensions.")


def test_unknown_fields_are_kept_by_where_they_stood():
    document = card(
        character_book={"entries": []},
        embedded_lorebook=None,
        extensions={"chub": {"id": 1}, "dramatis:card": "theirs"},
    )
    document["modified"] = 5

    parsed = character(document)

    assert parsed.sheet.extensions == {
        "chub": {"id": 1},
        "dramatis:card": {
            "root": {"modified": 5},
            "data": {"character_book": {"entries": []}, "embedded_lorebook": None},
            "extensions": {"dramatis:card": "theirs"},
        },
    }


def test_only_so_many_unknown_fields_get_a_remark_each():
    unknown = {f"field_{number}": number for number in range(250)}

    parsed = character(card(**unknown, source=["here"]))

    assert parsed.sheet.extensions["dramatis:card"]["data"] == {
        **unknown,
        "source": ["here"],
    }
    assert remarks_on(parsed, "data.field_199") == [(Action.KEPT, "")]
    assert remarks_on(parsed, "data.field_200") == []
    assert remarks_on(parsed, "data") == [(Action.KEPT, "And 50 more fields.")]
    assert remarks_on(parsed, "data.source") == [
        (Action.KEPT, "Where the card comes from.")
    ]


@pytest.mark.parametrize(
    ("field", "value"), [("character_book", None), ("avatar_url", ""), ("avatar", None)]
)
def test_empty_fields_are_dropped(field, value):
    parsed = character(card(**{field: value}))

    assert parsed.sheet.extensions == {}
    assert [action for action, _ in remarks_on(parsed, f"data.{field}")] == [
        Action.DROPPED
    ]


def test_flat_cards_are_read_and_their_other_fields_kept_at_the_root():
    parsed = character(
        {
            "name": "Ada",
            "description": "d",
            "personality": "p",
            "avatar": "none",
            "chat": "c",
            "extensions": {"fav": True},
        }
    )

    assert parsed.dialect == "card"
    assert parsed.sheet.identity.personality == "p"
    assert parsed.sheet.extensions == {
        "fav": True,
        "dramatis:card": {"root": {"chat": "c"}},
    }


def test_a_spec_without_data_is_read_when_its_fields_are_at_the_root():
    parsed = character({"spec": "chara_card_v3", "name": "Ada", "first_mes": "Hi"})

    assert parsed.sheet.first_message == "Hi"


@pytest.mark.parametrize("data", [None, {}, [], "x"])
def test_a_card_without_data_is_refused(data):
    error = refusal({"spec": "chara_card_v2", "data": data})

    assert error.pointer == "/data"
    assert "no “data” object" in str(error)


TOO_LONG = "x" * (limits.TEXT_BYTES + 1)


@pytest.mark.parametrize(
    ("fields", "pointer", "part"),
    [
        ({"description": TOO_LONG}, "/data/description", "data.description: Shorten"),
        ({"name": "x" * 201}, "/data/name", "data.name: "),
        ({"tags": ["x" * 201]}, "/data/tags", "data.tags: "),
        ({"alternate_greetings": [""] * 1001}, "/data/alternate_greetings", "1000"),
        ({"other/field": TOO_LONG}, "/data/other~1field", "data.other/field: Shorten"),
        (
            {"extensions": {"a": 1, "b": {"c": TOO_LONG}}},
            "/data/extensions/b",
            "data.extensions.b: Shorten",
        ),
    ],
)
def test_what_is_over_a_limit_is_refused_by_its_field(fields, pointer, part):
    error = refusal(card(**fields))

    assert error.pointer == pointer
    assert part in str(error)


def test_kept_fields_nest_as_deep_as_a_sheet_allows():
    deep: Any = "leaf"
    for _ in range(limits.JSON_DEPTH):
        deep = [deep]

    error = refusal(card(fine=1, deep=deep))

    assert error.pointer == "/data/deep"
    assert "Nest at most 32 levels" in str(error)
