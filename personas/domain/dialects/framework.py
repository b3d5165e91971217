"""Framework files; source: ``reference/bot.md`` section 2."""

from typing import Any, Final, Literal

from pydantic import JsonValue, ValidationError

from personas.domain.dialects import coercing, pieces
from personas.domain.dialects.coercing import Fit, Unfit
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.opaque import check_opaque
from personas.domain.dialects.parsed import (
    Dialect,
    ParsedFramework,
    Source,
    UnreadableFile,
)
from personas.domain.sheets import FrameworkSheet, Sheet

BLOCK_KEY: Final = "dramatis"
"""Holds the extensions whose names are those of a framework's own fields."""


class Block(Sheet):
    """What we write beside a framework's fields."""

    format: Literal[1]
    extensions: dict[str, JsonValue] = {}


def _tree(value: JsonValue) -> Fit[dict[str, JsonValue]]:
    if value is None:
        return Fit({}, noise=True)
    if not isinstance(value, dict):
        raise Unfit("Expected an object.")
    return Fit(value)


FIELDS: Final = (
    Field("framework_id", "framework_id", coercing.slug),
    Field("name", "name", coercing.line),
    Field("purpose", "purpose", coercing.text),
    Field("description", "description", coercing.text),
    Field("behavioral_patterns", "behavioral_patterns", _tree),
    Field("decision_making", "decision_making", _tree),
    Field("context_requirements", "context_requirements", _tree),
    Field("interaction_style", "interaction_style", _tree),
    Field("anti_hallucination", "anti_hallucination", _tree),
    Field("prompt_template", "prompt_template", coercing.text),
)
TOOLS: Final = (
    Field("required", "tool_requirements.required", coercing.terms),
    Field("optional", "tool_requirements.optional", coercing.terms),
)


def read(source: Source) -> ParsedFramework:
    """The framework in a file; its other fields go to the extensions as they are.

    Raises:
        UnreadableFile: our own block is damaged, a text is too long, or too much
            has no place in a framework.
    """
    draft = Draft(source.remarks)
    record = Record(source.document, draft=draft)
    record.take_table(FIELDS)
    if isinstance(source.document.get("tool_requirements"), list):
        to = "tool_requirements.required"
        record.take("tool_requirements", to=to, how=coercing.terms)
    record.child("tool_requirements").take_table(TOOLS)
    pieces.fill_name(draft, to="name", stem=source.stem)
    framework_id = pieces.take_id(draft, to="framework_id", stem=source.stem)
    ours = _take_ours(record)
    extensions = {**record.rest(), **ours}
    check_opaque(extensions)
    draft.set("extensions", extensions)
    sheet = draft.built(FrameworkSheet)
    return ParsedFramework(framework_id, sheet, Dialect.FRAMEWORK, tuple(draft.remarks))


def _take_ours(record: Record) -> dict[str, Any]:
    if BLOCK_KEY not in record:
        return {}
    try:
        block = Block.model_validate(
            record.pop(BLOCK_KEY, detail="The rest of the sheet.")
        )
    except ValidationError as error:
        raise UnreadableFile(
            f"The object at /{BLOCK_KEY} is damaged; correct it, or export the"
            " framework again.",
            pointer=f"/{BLOCK_KEY}",
        ) from error
    return block.extensions
