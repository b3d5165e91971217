"""What a stage changes: by field, and by words of the prompt.

Both sides are compiled now, from what is live and what growth is approved; so they
are right also when a version was published since the stage was reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from evolution.models import Crossing
from evolution.services.applying import stage_of
from personas import checks
from personas.domain.compiling import CompiledPersona, PromptTooLong
from personas.domain.growing import BadStage, Growth, grown
from personas.domain.sheets import CharacterSheet
from personas.models import CharacterVersion, Label
from personas.models.labels import PRODUCTION
from personas.services import blending, growing
from personas.services.blending import Ingredients
from personas.services.publishing import compile_sheet
from personas.views.side_options import (
    Option,
    context_options,
    context_titles,
    stored_contexts,
)
from personas.views.sides import Asked, Comparison, Side, compared


@dataclass(frozen=True, slots=True)
class Base:
    """What is live of a character: the version, what it is made of, its growth.

    ``since`` is when the version went live; ``approved`` is the growth that the
    next one will be compiled with.
    """

    version: CharacterVersion
    sheet: CharacterSheet
    made_of: Ingredients
    approved: Growth
    since: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stage against what is live without it.

    ``blocking`` is why the result could not be published, ``warnings`` what the
    checks say of it and not of what is there without the stage. ``has_moved`` says
    that a version went live since the stage was reached, and before it did itself;
    ``is_edited`` that the live sheet has another stage there by now, or none.
    """

    comparison: Comparison
    context_title: str
    contexts: list[Option]
    blocking: tuple[str, ...]
    warnings: tuple[str, ...]
    base: Base
    has_moved: bool
    is_edited: bool


def base_of(character_pk: int) -> Base | None:
    """``None`` if nothing is live."""
    label = (
        Label.objects.filter(character=character_pk, name=PRODUCTION)
        .select_related("version__framework_version__framework")
        .first()
    )
    if label is None:
        return None
    version = label.version
    return Base(
        version=version,
        sheet=version.to_sheet(),
        made_of=blending.ingredients_of([version])[version.pk],
        approved=growing.growth_of_one(character_pk),
        since=label.moved_at,
    )


def proposal_of(crossing: Crossing, *, base: Base, asked: Asked) -> Proposal:
    """What live is without the stage, and what it is with it."""
    stage = stage_of(crossing)
    others = [s for s in base.approved.stages if s.milestone != stage.milestone]
    before = replace(base.approved, stages=tuple(others))
    ordered = sorted([*others, stage], key=lambda each: each.milestone)
    after = replace(base.approved, stages=tuple(ordered))
    slug = crossing.character.character_id
    without, with_it = (
        side_of(
            title,
            base.sheet,
            made_of=base.made_of,
            growth=growth,
            slug=slug,
            asked=asked,
        )
        for title, growth in (("without it", before), ("with it", after))
    )
    titles = context_titles()
    found = _findings(base, with_it.compiled, slug=slug)
    known = _findings(base, without.compiled, slug=slug)
    return Proposal(
        comparison=compared(without.side, with_it.side, asked=asked),
        context_title=titles.get(asked.context, asked.context),
        contexts=context_options(stored_contexts([base.version]), titles=titles),
        blocking=found[checks.Level.BLOCK],
        warnings=tuple(
            text
            for text in found[checks.Level.WARN]
            if text not in known[checks.Level.WARN]
        ),
        base=base,
        has_moved=base.since > crossing.reached_at
        and crossing.status != Crossing.Status.APPLIED,
        is_edited=stage not in base.sheet.evolution_stages,
    )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A side, and what was compiled for it unless it was refused."""

    side: Side
    compiled: CompiledPersona | None = None


def side_of(
    title: str,
    sheet: CharacterSheet,
    *,
    made_of: Ingredients,
    growth: Growth,
    slug: str,
    asked: Asked,
) -> Compiled:
    """An authored sheet with ``growth``; only the prompts that ``asked`` wants."""
    weights = {k: v for k, v in made_of.weights.items() if k == asked.context}
    only = Ingredients(own=made_of.own, weights=weights, others=made_of.others)
    try:
        after = grown(sheet, stages=growth.stages)
        compiled = compile_sheet(
            sheet,
            character_id=slug,
            framework=made_of.own.to_sheet(),
            blends=only.blends(own=sheet.framework_id),
            growth=growth,
        )
    except (BadStage, PromptTooLong) as error:
        return Compiled(Side(title, sheet, refusals=(str(error),)))
    body = compiled.prompts.get(asked.context) or compiled.prompts[""]
    shown = Side(
        title=title,
        sheet=after,
        text=body["system_prompt"],
        tokens=body["tokens"]["count"],
        framework=f"{made_of.own.framework} v{made_of.own.number}",
        is_plain=asked.context not in compiled.prompts,
    )
    return Compiled(shown, compiled)


def _findings(
    base: Base, compiled: CompiledPersona | None, *, slug: str
) -> Mapping[checks.Level, tuple[str, ...]]:
    if compiled is None:
        return dict.fromkeys(checks.Level, ())
    candidate = checks.Candidate(
        character_id=slug,
        character=base.sheet,
        framework=base.made_of.own.to_sheet(),
        compiled=compiled,
    )
    found = checks.findings(candidate)
    return {
        level: tuple(each.message for each in found if each.level == level)
        for level in checks.Level
    }
