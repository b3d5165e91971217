"""The project's own prompt files, which have every oddity that real ones show."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personas.domain.dialects import (
    ParsedCharacter,
    ParsedFramework,
    read_prompt_file,
    write_framework,
)
from tests.personas.domain.dialect_files import public, written

ROOT = Path(__file__).parents[2] / "fixtures" / "prompts"
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.json"))


def read(name: str) -> ParsedCharacter | ParsedFramework:
    path = ROOT / name

    def beside(other: str) -> bytes | None:
        found = path.with_name(other)
        return found.read_bytes() if found.exists() else None

    return read_prompt_file(path.read_bytes(), stem=path.stem, read_text=beside)


def character(name: str) -> ParsedCharacter:
    parsed = read(name)
    assert isinstance(parsed, ParsedCharacter)
    return parsed


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", FILES)
def test_each_field_has_its_remark(name):
    document = json.loads((ROOT / name).read_text("utf-8-sig"))
    fields = {remark.field for remark in read(name).remarks}

    for key in document:
        assert any(f == key or f.startswith(f"{key}.") for f in fields), key


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_written_and_read_back(name):
    parsed = read(name)
    if isinstance(parsed, ParsedFramework):
        raw = write_framework(parsed.sheet, framework_id=parsed.framework_id)
        again = read_prompt_file(raw, stem="other", read_text=lambda name: None)
        assert isinstance(again, ParsedFramework)
        assert again.framework_id == parsed.framework_id
        assert again.sheet == parsed.sheet
    else:
        raw = written(
            parsed.sheet, character_id=parsed.character_id, avatar=parsed.avatar
        )
        again = read_prompt_file(raw, stem="other", read_text=lambda name: None)
        assert isinstance(again, ParsedCharacter)
        assert again.character_id == parsed.character_id
        assert again.avatar == parsed.avatar
        assert again.sheet == public(parsed.sheet)


@pytest.mark.parametrize(
    "name", [name for name in FILES if name.startswith(("legacy", "characters/ex"))]
)
def test_nothing_that_a_structured_file_says_is_lost(name):
    document = json.loads((ROOT / name).read_text("utf-8"))
    parsed = character(name)
    found = list(leaves(parsed.sheet.model_dump()))

    for text in leaves({**document, "character_id": "", "topic_interests": ""}):
        numeric = text.isdigit()
        assert numeric or any(text in other for other in found), text


def test_file_and_character_may_have_different_names():
    parsed = character("characters/lamplighter.json")

    assert (parsed.character_id, parsed.sheet.display_name) == (
        "lamplighter",
        "Old Wick",
    )
    assert "['drowsy', 'fond', 'stern_about_fire']" in parsed.sheet.identity.personality
    assert parsed.sheet.identity.personality.endswith("Quirks:")


def test_one_character_in_two_dialects_has_one_id():
    ids = {
        character(name).character_id
        for name in ("characters/beacon_nine.json", "legacy/beacon_nine.json")
    }

    assert ids == {"beacon_nine"}


def test_a_stage_at_150():
    stages = character("characters/beacon_nine.json").sheet.evolution_stages

    assert [stage.milestone for stage in stages] == [50, 150]


def test_macros_and_line_ends_stay_as_they_are():
    sheet = character("characters/oyster_inn.json").sheet

    assert sheet.description == (
        "Keeper of the Oyster Inn.\r\nAnswers to nobody before noon."
    )
    assert sheet.scenario.startswith("{{user}} has come in")
    assert sheet.example_messages.startswith(
        "This line stands before any block.\n<START>"
    )


def test_the_picture_in_a_card_is_given_apart():
    parsed = character("characters/quartermaster.json")

    assert parsed.avatar is not None
    assert parsed.avatar.startswith(b"\x89PNG")
    assert parsed.sheet.avatar_address == ""
    assert parsed.sheet.system_prompt_override.text.startswith(
        "You keep the stores.\n\n"
    )


def test_the_text_beside_a_first_file_is_whole():
    raw = (ROOT / "v0" / "stoker.txt").read_bytes()

    override = character("v0/stoker.json").sheet.system_prompt_override
    assert override.text.encode() == raw
    assert override.mode == "prepend"


def test_empty_sections_of_a_framework():
    sheet = read("frameworks/neuro.json").sheet

    assert sheet.model_dump(exclude_defaults=True) == {
        "name": "Plain",
        "purpose": "Company",
        "prompt_template": "Be quick and kind.",
    }
