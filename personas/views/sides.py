"""Two states of a sheet beside each other: its fields, and the prompts they make.

A version's prompt is the one that was stored; a draft's, and both after growth,
are compiled to look at, by the compiler that publishes.
"""

import json
from dataclasses import dataclass

from personas.domain.compiling import PromptTooLong
from personas.domain.growing import (
    NO_GROWTH,
    BadStage,
    Growth,
    growth_up_to,
)
from personas.domain.sheets import CharacterSheet, FrameworkSheet, Sheet
from personas.models import CharacterVersion, CompiledPrompt, Framework
from personas.services import blending, growing
from personas.services.blending import Ingredients
from personas.services.publishing import compile_sheet
from personas.views.comparing import FieldDifference, Run, differences, text_runs


@dataclass(frozen=True, slots=True)
class Asked:
    """Which prompt is compared.

    ``context`` is a kind of conversation, empty for the plain prompt;
    ``milestone`` is how far growth has come, 0 for the sheet as authored.
    """

    context: str = ""
    milestone: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One state: its sheet, and the prompt or why there is none.

    ``framework`` names the version it is made with; ``is_plain`` says that it
    has no prompt of its own for the kind that was asked for, so that bots get the
    plain one.
    """

    title: str
    sheet: Sheet
    text: str = ""
    tokens: int = 0
    framework: str = ""
    is_plain: bool = False
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier state and a later one; ``asked`` is what their prompts are for."""

    before: Side
    after: Side
    asked: Asked
    changes: list[FieldDifference]
    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        return f"From {self.before.title} to {self.after.title}"

    @property
    def token_change(self) -> int:
        return self.after.tokens - self.before.tokens if self.has_prompts else 0

    @property
    def refusals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.before.refusals + self.after.refusals))

    @property
    def has_prompts(self) -> bool:
        return not self.refusals

    @property
    def is_computed(self) -> bool:
        return self.asked.milestone > 0

    @property
    def plain_words(self) -> str:
        """Who has no prompt of its own for the kind asked for; empty: both have."""
        found = [side.title for side in (self.before, self.after) if side.is_plain]
        if not self.asked.context or not found:
            return ""
        if len(found) == 2:
            return "Neither has a prompt of its own for it: bots get the plain one."
        who = found[0][:1].upper() + found[0][1:]
        return f"{who} has no prompt of its own for it: bots get the plain one."

    @property
    def framework_change(self) -> str:
        """``Neuro v1 → Neuro v2``, if another one is used."""
        old, new = self.before.framework, self.after.framework
        return f"{old} → {new}" if old and new and old != new else ""


def compared(before: Side, after: Side, *, asked: Asked) -> Comparison:
    is_told = not (before.refusals or after.refusals)
    return Comparison(
        before=before,
        after=after,
        asked=asked,
        changes=differences(before.sheet, after=after.sheet),
        runs=text_runs(before.text, after=after.text) if is_told else (),
    )


# -- Characters ----------------------------------------------------------------------


def version_side(version: CharacterVersion, *, character_id: str, asked: Asked) -> Side:
    """A version as it is served; after a stage, compiled from what it was made of."""
    title = f"version {version.number}"
    sheet = version.to_sheet()
    own = version.framework_version
    named = f"{own.framework} v{own.number}"
    if asked.milestone:
        [kept] = blending.ingredients_of([version]).values()
        return _compiled(
            title,
            sheet,
            character_id=character_id,
            kept=kept,
            asked=asked,
            growth=growing.kept_with(version),
        )
    rows = CompiledPrompt.objects.filter(
        version=version, context__in={"", asked.context}
    )
    bodies = {row.context: json.loads(row.body) for row in rows}
    body = bodies.get(asked.context) or bodies[""]
    return Side(
        title=title,
        sheet=sheet,
        text=body["system_prompt"],
        tokens=body["tokens"]["count"],
        framework=named,
        is_plain=asked.context not in bodies,
    )


def draft_side(
    sheet: CharacterSheet,
    *,
    character_id: str,
    asked: Asked,
    title: str = "the draft",
) -> Side:
    """A draft as publishing it now would serve it."""
    rows = Framework.objects.select_related("published")
    framework = rows.filter(framework_id=sheet.framework_id).first()
    if framework is None:
        refusal = f"There is no framework “{sheet.framework_id}”. Choose another."
        return Side(title, sheet, refusals=(refusal,))
    if framework.published is None:
        refusal = (
            f"The framework “{framework}” was never published."
            " Publish the framework first."
        )
        return Side(title, sheet, refusals=(refusal,))
    # Its name is read below, without another query.
    framework.published.framework = framework
    kept = blending.ingredients_for(sheet, own=framework.published)
    return _compiled(
        title,
        sheet,
        character_id=character_id,
        kept=kept,
        asked=asked,
        growth=growing.growth_of_id(character_id),
    )


def _compiled(
    title: str,
    sheet: CharacterSheet,
    *,
    character_id: str,
    kept: Ingredients,
    asked: Asked,
    growth: Growth,
) -> Side:
    """``sheet`` with its growth, in the one kind of conversation that is asked for."""
    if asked.milestone:
        growth = growth_up_to(sheet, milestone=asked.milestone, since=growth)
    weights = {k: v for k, v in kept.weights.items() if k == asked.context}
    asked_only = Ingredients(own=kept.own, weights=weights, others=kept.others)
    try:
        compiled = compile_sheet(
            sheet,
            character_id=character_id,
            framework=kept.own.to_sheet(),
            blends=asked_only.blends(own=sheet.framework_id),
            growth=growth,
        )
    except (PromptTooLong, BadStage) as error:
        words = f"{title[:1].upper()}{title[1:]}: {error}"
        return Side(title, sheet, refusals=(words,))
    body = compiled.prompts.get(asked.context) or compiled.prompts[""]
    return Side(
        title=title,
        sheet=sheet,
        text=body["system_prompt"],
        tokens=body["tokens"]["count"],
        framework=f"{kept.own.framework} v{kept.own.number}",
        is_plain=asked.context not in compiled.prompts,
    )


# -- Frameworks ----------------------------------------------------------------------


def framework_side(
    title: str,
    sheet: FrameworkSheet,
    *,
    character: CharacterSheet | None,
    character_id: str,
    growth: Growth = NO_GROWTH,
) -> Side:
    """A framework, and the plain prompt that it makes of a character, if one is."""
    if character is None:
        return Side(title, sheet)
    try:
        compiled = compile_sheet(
            character, character_id=character_id, framework=sheet, growth=growth
        )
    except (PromptTooLong, BadStage) as error:
        return Side(title, sheet, refusals=(str(error),))
    body = compiled.prompts[""]
    return Side(
        title, sheet, text=body["system_prompt"], tokens=body["tokens"]["count"]
    )
