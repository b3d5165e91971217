"""The sample cast: files that read, people that differ, and the oddities of real files.

Source: ``reference/bot.md`` sections 1.1 and 2; design, section 3.
"""

import io
import json
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

import personas
from personas.domain.compiling import traced_prompt
from personas.domain.composing import Message
from personas.domain.dialects import Dialect, read_prompt_file
from personas.domain.lore.activating import activate
from personas.domain.lore.indexing import BookInPlay, EntryInPlay, LoreIndex
from personas.domain.lore.macros import MacroValues
from personas.domain.lore.reading import read_book
from personas.domain.lore.tracing import Gate
from personas.domain.pieces import text_of
from personas.domain.placeholders import PLACES, places_named
from personas.domain.remarks import Action

CAST = Path(personas.__file__).parent / "sample_cast"
CHARACTER_FILES = sorted((CAST / "characters").glob("*.json"))
FRAMEWORK_FILES = sorted((CAST / "frameworks").glob("*.json"))
CONTEXTS = {"technical", "casual", "formal", "creative", "educational"}
BLENDED = (
    "behavioral_patterns",
    "decision_making",
    "interaction_style",
    "anti_hallucination",
)


def read(path: Path):
    return read_prompt_file(path.read_bytes(), stem=path.stem, read_text=lambda _: None)


def stem(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def characters():
    return {path.stem: read(path).sheet for path in CHARACTER_FILES}


@pytest.fixture(scope="module")
def frameworks():
    return {path.stem: read(path).sheet for path in FRAMEWORK_FILES}


def texts_in(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        return [text for item in inside for text in texts_in(item)]
    return []


def kind(value) -> str:
    kinds = {bool: "truth", int: "number", float: "number", str: "text"}
    return kinds.get(type(value), type(value).__name__)


def shared_kinds(frameworks) -> list[set[str]]:
    """For each key that two frameworks or more have, the kinds of its values."""
    found: dict[tuple[str, str], list[str]] = {}
    for sheet in frameworks.values():
        for section in BLENDED:
            for key, value in getattr(sheet, section).items():
                found.setdefault((section, key), []).append(kind(value))
    return [set(kinds) for kinds in found.values() if len(kinds) > 1]


# --- Files ----------------------------------------------------------------------


def test_cast_has_ten_characters_and_the_four_frameworks():
    assert len(CHARACTER_FILES) == 10
    assert [p.stem for p in FRAMEWORK_FILES] == [
        "assistant", "caring", "chaotic", "neuro",
    ]  # fmt: skip


@pytest.mark.parametrize("path", CHARACTER_FILES, ids=stem)
def test_character_file_is_read_whole(path):
    parsed = read(path)

    assert parsed.dialect == Dialect.CARD
    assert parsed.character_id == path.stem
    assert {r.action for r in parsed.remarks} == {Action.MAPPED}
    assert parsed.sheet.extensions == {}


@pytest.mark.parametrize("path", FRAMEWORK_FILES, ids=stem)
def test_framework_file_is_read_whole(path):
    parsed = read(path)

    assert parsed.dialect == Dialect.FRAMEWORK
    assert parsed.framework_id == path.stem
    assert {r.action for r in parsed.remarks} == {Action.MAPPED}
    assert parsed.sheet.extensions == {}


@pytest.mark.parametrize("path", CHARACTER_FILES, ids=stem)
def test_card_carries_its_texts_where_other_programs_look(path):
    card = json.loads(path.read_text(encoding="utf-8"))

    assert (card["spec"], card["spec_version"]) == ("chara_card_v2", "2.0")
    for key in ("name", "description", "personality", "scenario", "first_mes"):
        assert card["data"][key].strip(), key


def test_every_framework_named_exists(characters, frameworks):
    named = {sheet.framework_id for sheet in characters.values()}
    blended = {
        weight.framework_id
        for sheet in characters.values()
        for weight in sheet.framework_blending.weights
    }

    assert named == set(frameworks)
    assert blended == set(frameworks)


@pytest.mark.parametrize("path", CHARACTER_FILES, ids=stem)
def test_avatar_is_a_small_square_png(path):
    avatar = read(path).avatar

    with Image.open(io.BytesIO(avatar)) as picture:
        picture.load()

    assert (picture.format, picture.size) == ("PNG", (512, 512))
    assert len(avatar) < 60_000


# --- People ---------------------------------------------------------------------


@pytest.mark.parametrize("path", CHARACTER_FILES, ids=stem)
def test_character_can_be_called_and_routed_to(path):
    sheet = read(path).sheet

    assert sheet.aliases
    assert sheet.knowledge_domain.primary
    assert len(sheet.topic_interests) >= 5
    assert sheet.topic_avoidances
    assert not set(sheet.topic_interests) & set(sheet.topic_avoidances)


def test_no_name_or_alias_is_shared(characters):
    names = [
        name.casefold()
        for sheet in characters.values()
        for name in (sheet.display_name, *sheet.aliases)
    ]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("part", ["behavior", "model", "voice", "quirks"])
def test_characters_differ(characters, part):
    parts = {
        json.dumps(sheet.model_dump(mode="json")[part]) for sheet in characters.values()
    }

    assert len(parts) == len(characters)


def test_most_grow_blend_and_prefer_activities(characters):
    sheets = characters.values()

    assert sum(bool(s.evolution_stages) for s in sheets) >= 8
    assert sum(s.framework_blending.enabled for s in sheets) >= 8
    assert sum(bool(s.activity_preferences.activities) for s in sheets) >= 8
    assert sum("<START>" in s.example_messages for s in sheets) >= 8


def test_blending_speaks_of_known_contexts(characters):
    contexts = {
        weight.context
        for sheet in characters.values()
        for weight in sheet.framework_blending.weights
    }

    assert contexts == CONTEXTS


def test_growth_passes_the_usual_marks_and_150(characters):
    milestones = {
        stage.milestone
        for sheet in characters.values()
        for stage in sheet.evolution_stages
    }

    assert milestones >= {50, 100, 150, 500}


def test_growth_removes_only_what_is_there(characters):
    for sheet in characters.values():
        quirks = {item for group in sheet.quirks for item in group.items}
        for stage in sheet.evolution_stages:
            knowledge = stage.changes.knowledge

            assert quirks.issuperset(stage.changes.personality.remove_quirks)
            assert set(sheet.topic_avoidances).issuperset(knowledge.remove_avoidances)
            assert set(sheet.topic_interests).isdisjoint(knowledge.add_interests)


def test_growth_changes_behavior_by_its_own_names(characters):
    for sheet in characters.values():
        policy = sheet.behavior.model_dump(mode="json")
        for stage in sheet.evolution_stages:
            for key, values in stage.changes.behavior.items():
                assert policy[key].keys() >= values.keys()


# --- Oddities of real files -----------------------------------------------------


def test_a_template_holds_json_and_stray_braces(frameworks):
    template = frameworks["chaotic"].prompt_template
    block = template.split("```json")[1].split("```")[0]

    assert json.loads(block)["empty_deck"] == {}
    assert "{punchline:>3}" in template
    with pytest.raises((KeyError, ValueError, IndexError)):
        template.format(**dict.fromkeys(PLACES, ""))


def test_templates_name_no_place_one_place_and_all_places(frameworks):
    named = {key: places_named(f.prompt_template) for key, f in frameworks.items()}

    assert named["neuro"] == frozenset()
    assert "{" not in frameworks["neuro"].prompt_template
    assert named["caring"] == {"identity"}
    assert named["assistant"] == set(PLACES)


def test_a_template_uses_double_braces_and_macros(frameworks):
    template = frameworks["assistant"].prompt_template

    assert "{{character_name}}" in template
    assert "{{user}}" in template


def test_a_framework_has_empty_sections(frameworks):
    sheet = frameworks["neuro"]

    assert sheet.decision_making == {}
    assert sheet.context_requirements == {}
    assert sheet.tool_requirements.required == []


def test_frameworks_share_keys_of_equal_and_of_mixed_kinds(frameworks):
    kinds = shared_kinds(frameworks)

    for same in ("number", "text", "list", "dict", "truth"):
        assert {same} in kinds, same
    assert {"number", "text"} in kinds
    assert {"truth", "text"} in kinds
    assert {"dict", "list"} in kinds


def test_shared_lists_hold_more_than_a_blend_keeps(frameworks):
    favours = [f.behavioral_patterns["favours"] for f in frameworks.values()]
    distinct = {item.casefold() for items in favours for item in items}

    assert len(distinct) > 5
    assert len(distinct) < sum(map(len, favours))


def test_a_framework_holds_a_null(frameworks):
    assert frameworks["chaotic"].behavioral_patterns["energy"]["indoor_voice"] is None


def test_a_tool_is_both_required_and_optional(frameworks):
    tools = frameworks["chaotic"].tool_requirements

    assert set(tools.required) & set(tools.optional)


def test_texts_hold_macros(characters):
    texts = texts_in([s.model_dump(mode="json") for s in characters.values()])

    assert any("{{char}}" in text for text in texts)
    assert any("{{user}}" in text for text in texts)


def test_overrides_come_in_every_mode(characters):
    overrides = [s.system_prompt_override for s in characters.values()]

    assert sorted(o.mode for o in overrides if o.text) == [
        "append", "prepend", "replace",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("character_id", "script"), [("shiome_sayo", "CJK"), ("bosun_klyosh", "CYRILLIC")]
)
def test_names_come_in_other_scripts(characters, character_id, script):
    letters = [c for c in characters[character_id].display_name if c.isalpha()]

    assert all(unicodedata.name(c).startswith(script) for c in letters)
    assert any(alias.isascii() for alias in characters[character_id].aliases)


def test_one_name_begins_another(characters):
    assert characters["pippa"].display_name.startswith(characters["pip"].display_name)


def test_one_name_is_a_common_word(characters):
    assert characters["page"].display_name == "Page"


def test_one_sheet_is_long(characters):
    sizes = {
        key: sum(len(text.encode()) for text in texts_in(s.model_dump(mode="json")))
        for key, s in characters.items()
    }

    assert max(sizes, key=sizes.get) == "page"
    assert 11_000 < sizes["page"] < 16_000


def test_weights_below_a_tenth_and_off_one_are_there_to_scale(characters):
    totals: dict[tuple[str, str], float] = {}
    smallest = 1.0
    for key, sheet in characters.items():
        for weight in sheet.framework_blending.weights:
            place = (key, weight.context)
            totals[place] = totals.get(place, 0) + weight.weight
            smallest = min(smallest, weight.weight)

    assert smallest <= 0.1
    assert max(totals.values()) > 1.1


# --- Together -------------------------------------------------------------------


@pytest.mark.parametrize("framework_id", ["assistant", "caring", "chaotic", "neuro"])
def test_everybody_shows_in_the_prompt_of_every_framework(
    characters, frameworks, framework_id
):
    framework = frameworks[framework_id]
    for sheet in characters.values():
        prompt = text_of(traced_prompt(sheet, framework=framework))
        override = sheet.system_prompt_override

        assert sheet.display_name in prompt
        assert "{{char}}" not in prompt
        if not override.text or override.mode != "replace":
            assert all(group.items[0] in prompt for group in sheet.quirks)


BOOK_FILES = sorted((CAST / "lorebooks").glob("*.json"))


@pytest.fixture(scope="module")
def books():
    documents = {p.stem: json.loads(p.read_text("utf-8")) for p in BOOK_FILES}
    return {stem: read_book(found, name=stem) for stem, found in documents.items()}


def test_every_lorebook_reads_without_repairs(books):
    remarks = [remark for book in books.values() for remark in book.remarks]

    assert {remark.action for remark in remarks} <= {Action.MAPPED, Action.KEPT}


def test_characters_name_lorebooks_that_are_there_and_one_is_for_everybody(
    characters, books
):
    named = {book for sheet in characters.values() for book in sheet.lorebooks}

    assert named
    assert named <= books.keys()
    assert any(book.sheet.for_everybody for book in books.values())


@pytest.mark.parametrize(
    ("said", "title", "gate"),
    [
        ("Tell me of the flood.", "The golem (the flood wakes this one)", None),
        ("A secret passage?", "The passage that is not there", Gate.SECONDARY_KEYS),
        ("A secret passage in the library?", "The passage that is not there", None),
        ("Any eels?", "The golem", Gate.KEY),
    ],
)
def test_lore_of_the_town_shows_why_entries_enter(books, said, title, gate):
    town = books["mizzlemouth"]
    entries = tuple(
        EntryInPlay(str(at), entry) for at, entry in enumerate(town.entries)
    )
    index = LoreIndex(
        [BookInPlay("mizzlemouth", town.sheet, entries)],
        count_tokens=lambda text: len(text.split()),
    )

    found = activate(
        index, messages=[Message("Ada", said)], values=MacroValues(char="Pip")
    )

    rows = {row.title: row.gate for row in found.trace if row.title.startswith(title)}
    assert list(rows.values()) == [gate]
