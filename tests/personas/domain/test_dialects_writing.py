"""What is written is read back whole; whatever comes in is read or refused."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import limits
from personas.domain.dialects import (
    ParsedCharacter,
    ParsedFramework,
    UnreadableFile,
    autonomous,
    card,
    card_block,
    card_keeping,
    first,
    framework,
    legacy,
    pieces,
    read_prompt_file,
    stages,
    write_framework,
)
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from tests.personas.domain.dialect_files import written
from tests.personas.domain.strategies import LINES, TEXT, TREES

SLUGS = st.sampled_from(["neuro", "caring", "r2-d2", "a_b"])
TERMS = st.lists(LINES, max_size=3)
TEXTS = st.lists(TEXT, max_size=3)
TRAITS = st.lists(st.fixed_dictionaries({"key": LINES, "value": TEXT}), max_size=2)
OPINIONS = st.lists(
    st.fixed_dictionaries({"stance": LINES}, optional={"topic": LINES, "items": TEXTS}),
    max_size=2,
)
SHARES = st.floats(0, 1)
TIMED = st.fixed_dictionaries(
    {}, optional={"chance": SHARES, "cooldown_seconds": st.integers(0, 1000)}
)

# Names that the readers and writers give a meaning.
KEYS = st.sampled_from(
    sorted(
        {
            *card_keeping.PARTS,
            *card_keeping.V3_ONLY,
            *(row.key for row in card.ALL_FIELDS),
            *(row.key for row in framework.FIELDS),
            *("spec", "spec_version", "avatar", "avatar_url", "character_book"),
            *("tool_requirements", "version", "other"),
            *(card_block.BLOCK_KEY, card_keeping.CARD_KEY, pieces.KEPT_KEY),
        }
    )
)
SMALL = st.none() | st.integers(0, 9) | TEXT | st.lists(TEXT, max_size=2)
OBJECTS = st.dictionaries(KEYS, SMALL, max_size=3)
EXTENSIONS = st.one_of(
    TREES,
    st.dictionaries(KEYS, SMALL | OBJECTS, max_size=4),
    st.fixed_dictionaries(
        {
            card_keeping.CARD_KEY: st.dictionaries(
                st.sampled_from(sorted(card_keeping.PARTS)), OBJECTS, min_size=1
            )
        },
        optional={card_block.BLOCK_KEY: SMALL | OBJECTS, "other": OBJECTS},
    ),
)


def unique(rows: st.SearchStrategy[dict[str, Any]], *keys: str) -> Any:
    return st.lists(rows, max_size=3, unique_by=lambda r: tuple(r[k] for k in keys))


STAGES = unique(
    st.fixed_dictionaries(
        {"milestone": st.integers(1, 1_000_000_000)},
        optional={
            "title": LINES,
            "description": TEXT,
            "changes": st.fixed_dictionaries(
                {},
                optional={
                    "personality": st.fixed_dictionaries(
                        {}, optional={"tone": LINES, "opinion_changes": OPINIONS}
                    ),
                    "knowledge": st.fixed_dictionaries(
                        {}, optional={"add_expertise": TEXTS, "add_interests": TERMS}
                    ),
                    "behavior": TREES,
                },
            ),
        },
    ),
    "milestone",
)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "nickname": LINES,
    "lorebooks": st.lists(SLUGS, max_size=2, unique=True),
    "aliases": TERMS,
    "description": TEXT,
    "identity": st.fixed_dictionaries(
        {},
        optional={
            "personality": TEXT,
            "who": TEXT,
            "origin": TEXT,
            "current_state": TEXT,
            "core_traits": TEXTS,
            "speaking_style": TEXTS,
            "details": TRAITS,
        },
    ),
    "scenario": TEXT,
    "first_message": TEXT,
    "alternate_greetings": TEXTS,
    "example_messages": TEXT,
    "knowledge_domain": st.fixed_dictionaries(
        {}, optional={"primary": LINES, "expertise": TEXTS}
    ),
    "rag": st.sampled_from(
        [{"mode": "none"}, {"mode": "only", "categories": ["a"]}, {"categories": ["b"]}]
    ),
    "opinions": OPINIONS,
    "voice_and_tone": TRAITS,
    "quirks": st.lists(
        st.fixed_dictionaries({}, optional={"kind": LINES, "items": TEXTS}), max_size=2
    ),
    "topic_interests": TERMS,
    "topic_avoidances": TERMS,
    "system_prompt_override": st.fixed_dictionaries(
        {"text": TEXT | st.just("a\\nb")},
        optional={"mode": st.sampled_from(["prepend", "append", "replace"])},
    ),
    "post_history": TEXT,
    "evolution_stages": STAGES,
    "activity_preferences": st.fixed_dictionaries(
        {},
        optional={
            "channels": TERMS,
            "activities": st.lists(st.fixed_dictionaries({"name": LINES}), max_size=2),
        },
    ),
    "framework_blending": st.fixed_dictionaries(
        {
            "enabled": st.booleans(),
            "weights": unique(
                st.fixed_dictionaries(
                    {
                        "context": SLUGS,
                        "framework_id": SLUGS,
                        "weight": st.floats(0.1, 9),
                    }
                ),
                "context",
                "framework_id",
            ),
        }
    ),
    "behavior": st.fixed_dictionaries(
        {},
        optional={
            "reply_mode": st.sampled_from(["channel", "never", "freely"]),
            "follow_ups": st.fixed_dictionaries(
                {}, optional={"cooldown_seconds": st.none() | st.integers(0, 900)}
            ),
            "proactive": TIMED,
            "ambient": TIMED,
        },
    ),
    "model": st.fixed_dictionaries(
        {}, optional={"temperature": st.floats(0, 2), "extra": TREES}
    ),
    "voice": st.fixed_dictionaries(
        {}, optional={"edge_rate": LINES, "kokoro_speed": st.floats(0.5, 2)}
    ),
    "routing_weight": st.floats(0, 1000) | st.integers(0, 1000),
    "avatar": st.sampled_from(["", "0" * 64]),
    "avatar_address": st.sampled_from(["", "https://a.example/b.png", "data:,x"]),
    "tags": TERMS,
    "creator": LINES,
    "character_version": LINES,
    "creator_notes": TEXT,
    "extensions": EXTENSIONS,
}

CHARACTERS = st.fixed_dictionaries(
    {"display_name": LINES, "framework_id": SLUGS}, optional=FIELDS
).map(CharacterSheet.model_validate)

FRAMEWORKS = st.fixed_dictionaries(
    {"name": LINES},
    optional={
        "purpose": TEXT,
        "description": TEXT,
        "behavioral_patterns": TREES,
        "tool_requirements": st.fixed_dictionaries(
            {}, optional={"required": TERMS, "optional": TERMS}
        ),
        "decision_making": TREES,
        "context_requirements": TREES,
        "interaction_style": TREES,
        "anti_hallucination": TREES,
        "prompt_template": TEXT,
        "extensions": EXTENSIONS,
    },
).map(FrameworkSheet.model_validate)


def nothing(name: str) -> None:
    return None


def deep(leaf: Any, *, levels: int) -> dict[str, Any]:
    for _ in range(levels):
        leaf = {"a": leaf}
    return leaf


def test_every_field_of_a_sheet_is_tried():
    made = {"display_name", "framework_id", *FIELDS}

    assert made == set(CharacterSheet.model_fields)


DEEP = deep("leaf", levels=limits.JSON_DEPTH - 1)


@settings(deadline=None)
@given(CHARACTERS, SLUGS, st.none() | st.binary(min_size=1, max_size=40))
@example(
    CharacterSheet(
        display_name="A",
        framework_id="b",
        extensions={"dramatis": DEEP["a"], "other": DEEP["a"]},
        model={"extra": DEEP},
        evolution_stages=[{"milestone": 1, "changes": {"behavior": DEEP}}],
    ),
    "a",
    None,
)
@example(
    CharacterSheet(
        display_name="A",
        framework_id="b",
        extensions={
            "dramatis:card": {
                "root": {"spec": 1, "free": 2},
                "data": {"name": 3, "free": 4},
                "extensions": {"dramatis:card": 5, "other": 6},
            }
        },
    ),
    "a",
    None,
)
def test_a_written_character_is_read_back_whole(sheet, character_id, avatar):
    raw = written(sheet, character_id=character_id, avatar=avatar)
    parsed = read_prompt_file(raw, stem="other", read_text=nothing)

    assert isinstance(parsed, ParsedCharacter)
    assert parsed.sheet == sheet.model_copy(update={"avatar": ""})
    assert (parsed.character_id, parsed.avatar) == (character_id, avatar)
    again = written(parsed.sheet, character_id=character_id, avatar=avatar)
    assert json.loads(again) == json.loads(raw)


@settings(deadline=None)
@given(FRAMEWORKS, SLUGS)
@example(
    FrameworkSheet(
        name="F",
        behavioral_patterns=DEEP,
        extensions={"name": DEEP["a"], "x": DEEP["a"]},
    ),
    "f",
)
def test_a_written_framework_is_read_back_whole(sheet, framework_id):
    raw = write_framework(sheet, framework_id=framework_id)
    parsed = read_prompt_file(raw, stem="other", read_text=nothing)

    assert isinstance(parsed, ParsedFramework)
    assert (parsed.sheet, parsed.framework_id) == (sheet, framework_id)


def test_a_written_character_is_a_card_that_others_can_read():
    sheet = CharacterSheet(
        display_name="Ada ♪",
        framework_id="caring",
        description="d",
        identity={"personality": "p", "who": "w"},
        system_prompt_override={"text": "o", "mode": "replace"},
        avatar="0" * 64,
        avatar_address="https://a.example/b.png",
        extensions={
            "fav": True,
            "world": "W",
            "dramatis:card": {"root": {"r": 1, "chat": "c"}, "data": {"extra": "A"}},
        },
    )

    raw = written(sheet, character_id="ada", avatar=b"abc")

    assert "Ada ♪".encode() in raw
    assert raw.endswith(b"}\n")
    assert json.loads(raw) == {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "r": 1,
        "data": {
            "name": "Ada ♪",
            "description": "d",
            "personality": "p",
            "scenario": "",
            "first_mes": "",
            "mes_example": "",
            "creator_notes": "",
            "system_prompt": "o",
            "post_history_instructions": "",
            "alternate_greetings": [],
            "tags": [],
            "creator": "",
            "character_version": "",
            "avatar": "data:image/png;base64,YWJj",
            "avatar_url": "https://a.example/b.png",
            "extra": "A",
            "extensions": {
                "world": "W",
                "dramatis": {
                    "format": 1,
                    "character_id": "ada",
                    "sheet": {
                        "framework_id": "caring",
                        "identity": {"who": "w"},
                        "system_prompt_override": {"mode": "replace"},
                    },
                },
            },
        },
    }


def test_a_written_framework_holds_its_extensions_among_its_fields():
    sheet = FrameworkSheet(name="F", extensions={"version": "1", "purpose": ["p"]})

    raw = write_framework(sheet, framework_id="f")
    written = json.loads(raw)

    assert list(written)[:3] == ["framework_id", "name", "purpose"]
    assert written["version"] == "1"
    assert written["dramatis"] == {"format": 1, "extensions": {"purpose": ["p"]}}
    assert read_prompt_file(raw, stem="other", read_text=nothing).sheet == sheet


# Any JSON ------------------------------------------------------------------------

TABLES = (
    *card.ALL_FIELDS,
    *autonomous.FIELDS,
    *autonomous.CURIOSITY,
    *autonomous.TOPIC_FILTER,
    *legacy.FIELDS,
    *legacy.IDENTITY,
    *legacy.KNOWLEDGE,
    *first.FIELDS,
    *framework.FIELDS,
    *stages.WORDS,
    *stages.FLAT,
)
KNOWN = sorted(
    {row.key for row in TABLES}
    | {"spec", "data", "extensions", "dramatis", "dramatis:card", "avatar", "core"}
    | {"identity", "voice_and_tone", "voice", "rvc", "behavior", "legacy_config"}
    | {"evolution_stages", "unlocks", "framework_blending", "contexts", "blend_rules"}
    | {*stages.COUNTS, "changes", "unlock", "personality", "stage_1"}
    | {"context", "framework", "weight", "evolutions", "character_evolution"}
    | {"activity_preferences", "activities", "system_prompt_override", "prompt_file"}
    | {"tool_requirements", "knowledge", "autonomous_behavior", "50", "entries"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["50", "yes", "a, b", "data:,x", "a\\nb", "x\x00", "a\nb", "\ud800"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KNOWN) | st.text(max_size=4), inner, max_size=6
        )
    ),
    max_leaves=20,
)
SIGNS = st.sampled_from(
    [
        {"spec": "chara_card_v2"},
        {"core": {}},
        {"display_name": "A"},
        {"prompt_file": "a.txt"},
        {"prompt_template": ""},
    ]
)
DOCUMENTS = st.one_of(
    JSON,
    st.builds(
        lambda sign, fields, data: {**fields, **sign, "data": data, "extensions": data},
        SIGNS,
        st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=6),
        st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=6),
    ),
)


@given(DOCUMENTS, st.sampled_from(["file", "Ada B"]) | st.text(max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_json_is_read_with_a_remark_on_each_field_or_refused(document, stem):
    raw = json.dumps(document).encode()
    try:
        parsed = read_prompt_file(raw, stem=stem, read_text=lambda name: b"text")
    except UnreadableFile:
        return

    fields = {remark.field for remark in parsed.remarks}
    for key in document:
        if key.isascii() and "\x00" not in key:
            assert any(f == key or f.startswith(f"{key}.") for f in fields), key
    if isinstance(parsed, ParsedCharacter):
        again = written(parsed.sheet, character_id=parsed.character_id)
    else:
        again = write_framework(parsed.sheet, framework_id=parsed.framework_id)
    assert read_prompt_file(again, stem="x", read_text=nothing).sheet == parsed.sheet
