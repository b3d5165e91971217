"""Compiled prompts on pages: stored ones, and drafts compiled to look at."""

import json
from dataclasses import dataclass
from typing import Any

from personas import checks
from personas.domain.compiling import CompiledPersona, PromptTooLong, token_counts
from personas.domain.growing import BadStage
from personas.domain.sheets import CharacterSheet
from personas.models import (
    CharacterVersion,
    CompiledPrompt,
    Framework,
    Label,
)
from personas.services import growing
from personas.services.publishing import compile_sheet
from personas.views.comparing import text_runs
from personas.views.shown import Section, TokenBar, prompt_sections, token_bar


@dataclass(frozen=True, slots=True)
class Prompt:
    """A finished prompt: the text, its sections, its tokens."""

    text: str
    sections: list[Section]
    bar: TokenBar
    tools: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A draft compiled to look at, or why that cannot be."""

    prompt: Prompt | None = None
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def stored_prompt(version: CharacterVersion) -> Prompt | None:
    """What a version serves, in the plain context."""
    row = CompiledPrompt.objects.filter(version=version, context="").first()
    return _prompt(json.loads(row.body), tokens=version.tokens) if row else None


def _prompt(body: Any, *, tokens: Any) -> Prompt:
    return Prompt(
        text=body["system_prompt"],
        sections=prompt_sections(body["sections"]),
        bar=token_bar(tokens),
        tools=body["tools_required"],
    )


def compiled_prompt(compiled: CompiledPersona, *, context: str = "") -> Prompt:
    """The prompt for a kind of conversation; the plain one unless told."""
    body = compiled.prompts[context]
    return _prompt(body, tokens=token_counts(body))


def preview_of(
    sheet: CharacterSheet, *, character_id: str, framework: Framework
) -> Preview:
    """``sheet`` with the framework as it is live, judged by the checks of a publish."""
    if framework.published is None:
        reason = (
            f"The framework “{framework}” was never published."
            " Publish the framework first."
        )
        return Preview(refusals=(reason,))
    rules = framework.published.to_sheet()
    try:
        compiled = compile_sheet(
            sheet,
            character_id=character_id,
            framework=rules,
            growth=growing.growth_of_id(character_id),
        )
    except (PromptTooLong, BadStage) as error:
        return Preview(refusals=(str(error),))
    candidate = checks.Candidate(
        character_id=character_id,
        character=sheet,
        framework=rules,
        compiled=compiled,
    )
    found = checks.findings(candidate)
    return Preview(
        prompt=compiled_prompt(compiled),
        refusals=tuple(f.message for f in found if f.level == checks.Level.BLOCK),
        warnings=tuple(f.message for f in found if f.level == checks.Level.WARN),
    )


def beside_live(preview: Preview, *, live: Label | None) -> dict[str, Any]:
    """What templates show of a preview: how it differs from what is live."""
    before = stored_prompt(live.version) if live is not None else None
    after = preview.prompt
    return {
        "preview": preview,
        "before": before,
        "live": live,
        "runs": text_runs(before.text, after=after.text) if before and after else (),
        "token_change": after.bar.total - before.bar.total if before and after else 0,
    }
