"""Framework files."""

from typing import Any

import pytest

from core import limits
from personas.domain.dialects import ParsedFramework
from personas.domain.remarks import Action
from tests.personas.domain.dialect_files import dumped, parsed_from, refusal, remarks_on


def framework(**fields: Any) -> ParsedFramework:
    parsed = parsed_from({"prompt_template": "", **fields})
    assert isinstance(parsed, ParsedFramework)
    return parsed


def test_framework_fields_go_to_the_sheet():
    parsed = framework(
        framework_id="clock",
        name="Clock",
        version="1.0",
        purpose="p",
        description="d",
        behavioral_patterns={"a": {"b": True}},
        tool_requirements={"required": ["x", "x"], "optional": [], "later": ["y"]},
        decision_making={"c": 1},
        context_requirements={"needs": ["d"]},
        interaction_style={"e": "f"},
        anti_hallucination={"admit_uncertainty": False},
        prompt_template='{"a": 1} {identity} {0!r:>99}',
        maintainers=["m"],
    )

    assert parsed.framework_id == "clock"
    assert parsed.dialect == "framework"
    assert dumped(parsed) == {
        "name": "Clock",
        "purpose": "p",
        "description": "d",
        "behavioral_patterns": {"a": {"b": True}},
        "tool_requirements": {"required": ["x"]},
        "decision_making": {"c": 1},
        "context_requirements": {"needs": ["d"]},
        "interaction_style": {"e": "f"},
        "anti_hallucination": {"admit_uncertainty": False},
        "prompt_template": '{"a": 1} {identity} {0!r:>99}',
        "extensions": {
            "version": "1.0",
            "tool_requirements": {"later": ["y"]},
            "maintainers": ["m"],
        },
    }


def test_framework_without_a_name_or_id_takes_those_of_its_file():
    parsed = framework(tool_requirements={}, decision_making=None)

    assert (parsed.framework_id, parsed.sheet.name) == ("file", "file")
    assert parsed.sheet.extensions == {}
    assert remarks_on(parsed, "tool_requirements") == [(Action.DROPPED, "Empty.")]
    assert remarks_on(parsed, "decision_making") == [(Action.DROPPED, "Empty.")]


def test_framework_parts_of_another_shape():
    parsed = framework(tool_requirements=["x"], behavioral_patterns=["kind"])

    assert parsed.sheet.tool_requirements.required == ["x"]
    assert parsed.sheet.extensions == {"behavioral_patterns": ["kind"]}
    assert remarks_on(parsed, "behavioral_patterns") == [
        (Action.KEPT, "Expected an object.")
    ]


@pytest.mark.parametrize("block", [1, {}, {"format": 3}, {"format": 1, "more": 1}])
def test_framework_with_a_damaged_block_is_refused(block):
    error = refusal({"prompt_template": "", "dramatis": block})

    assert error.pointer == "/dramatis"


def test_framework_text_over_the_limit_is_refused_by_its_field():
    error = refusal({"prompt_template": "x" * (limits.TEXT_BYTES + 1)})

    assert error.pointer == "/prompt_template"
