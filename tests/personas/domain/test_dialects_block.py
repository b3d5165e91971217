"""Our own block in the extensions of a card."""

from typing import Any

import pytest

from core import limits
from personas.domain.remarks import Action
from tests.personas.domain.dialect_files import card, character, refusal, remarks_on

TOO_LONG = "x" * (limits.TEXT_BYTES + 1)


def ours(**block: Any) -> dict[str, Any]:
    full = {"format": 1, "character_id": "ada", "sheet": {}, **block}
    return card(extensions={"dramatis": full})


def test_our_block_gives_the_id_and_the_rest_of_the_sheet():
    parsed = character(
        ours(sheet={"framework_id": "caring", "identity": {"who": "w"}}), stem="other"
    )

    assert parsed.character_id == "ada"
    assert parsed.sheet.framework_id == "caring"
    assert parsed.sheet.identity.who == "w"
    assert remarks_on(parsed, "data.extensions.dramatis") == [
        (Action.MAPPED, "The rest of the sheet.")
    ]


def test_with_our_block_texts_and_extensions_stay_as_they_are():
    document = ours()
    document["data"] |= {"system_prompt": "a\\nb", "avatar_url": "data:,x"}
    document["data"]["extensions"]["topic_interests"] = ["tea"]

    parsed = character(document)

    assert parsed.sheet.system_prompt_override.text == "a\\nb"
    assert parsed.sheet.avatar_address == "data:,x"
    assert parsed.sheet.topic_interests == []
    assert parsed.sheet.extensions == {"topic_interests": ["tea"]}


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        ({"format": 2}, "/format"),
        ({"character_id": "No Id"}, "/character_id"),
        ({"sheet": []}, "/sheet"),
        ({"more": 1}, "/more"),
        ({"sheet": {"framework_id": 5}}, "/sheet/framework_id"),
        ({"sheet": {"identity": "x"}}, "/sheet/identity"),
        ({"sheet": {"identity": {"personality": "x"}}}, "/sheet/identity/personality"),
        ({"sheet": {"display_name": "x"}}, "/sheet/display_name"),
        ({"sheet": {"avatar": "x"}}, "/sheet/avatar"),
        ({"sheet": {"unknown": 1}}, "/sheet/unknown"),
    ],
)
def test_a_damaged_block_is_refused_by_its_place(block, pointer):
    error = refusal(ours(**block))

    assert error.pointer == f"/data/extensions/dramatis{pointer}"
    assert error.pointer in str(error) or "/data/extensions/dramatis" in str(error)


def test_a_block_that_is_no_object_is_refused():
    error = refusal(card(extensions={"dramatis": "x"}))

    assert error.pointer == "/data/extensions/dramatis"


def test_a_text_that_is_too_long_in_our_block_is_refused():
    error = refusal(ours(extensions={"dramatis:card": [TOO_LONG]}))

    assert str(error).startswith("extensions: Shorten this text")


def test_fields_that_another_program_added_join_those_that_our_block_holds():
    held = {"data": {"avatar": "data:?"}}
    with_parts = ours(extensions={"dramatis:card": held})
    without = ours(extensions={"dramatis:card": [1]})
    for document in (with_parts, without):
        document["data"]["new"] = 1

    assert character(with_parts).sheet.extensions == {
        "dramatis:card": {"data": {"new": 1, "avatar": "data:?"}}
    }
    assert character(without).sheet.extensions == {
        "dramatis:card": {"data": {"new": 1}, "extensions": {"dramatis:card": [1]}}
    }
