"""The growth stages of a draft in its editor: what each changes, before and after.

A pane of the editor, and a page of its own for those without scripts. Nothing is
saved by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.access import allows
from core.roles import Action
from evolution.models import Crossing, Progress
from evolution.services.applying import stage_of
from evolution.views.proposing import side_of
from evolution.views.words import AHEAD, State, state_of
from personas.domain.growing import BadStage, Growth, grown
from personas.domain.sheets import CharacterSheet, EvolutionStage
from personas.models import Character, FrameworkVersion
from personas.services import blending, growing
from personas.views.characters import character_or_404
from personas.views.comparing import FieldDifference, differences
from personas.views.editor_diff import is_fragment, typed
from personas.views.side_options import (
    asked_in,
    blended_contexts,
    context_options,
    context_titles,
)
from personas.views.sides import Asked, compared

OFFERED_LATER = State("waiting", "Will be offered", "warning", "alert")


@dataclass(frozen=True, slots=True)
class StageShown:
    """A stage of the draft: how it stands, and what it changes after those before.

    ``problem`` says why it cannot act, else empty; ``is_edited`` that the stage
    passed another one there, which counts as it was.
    """

    stage: EvolutionStage
    state: State
    url: str = ""
    is_edited: bool = False
    changes: Sequence[FieldDifference] = ()
    problem: str = ""

    @property
    def will_be_offered(self) -> bool:
        return self.state is OFFERED_LATER


@allows(GET=Action.SEE, POST=Action.SEE)
def growth_editor(request: HttpRequest, character_id: str) -> HttpResponse:
    """The stages that are typed, or saved; ``stage`` chooses whose prompts to show.

    By POST of the whole form, what is typed counts; saving needs other rights,
    looking does not.
    """
    character = character_or_404(character_id)
    data = request.POST if request.method == "POST" else request.GET
    now = typed(request, draft=character)
    assert isinstance(now.sheet, CharacterSheet)  # noqa: S101  # A character's own.
    progress = Progress.objects.filter(character=character).first()
    asked = _asked(data, sheet=now.sheet)
    titles = context_titles()
    context = {
        "draft": character,
        "url": reverse("evolution:growth-editor", args=[character_id]),
        "wrong": now.wrong,
        "is_fragment": is_fragment(request),
        "count": progress.count if progress else 0,
        "stages": _stages(
            now.sheet,
            count=progress.count if progress else 0,
            crossings=_crossings(character),
        ),
        "asked": asked,
        "contexts": context_options(blended_contexts(now.sheet), titles=titles),
        "context_title": titles.get(asked.context, asked.context),
        **_prompts(character, sheet=now.sheet, asked=asked),
    }
    name = "_editor_growth" if context["is_fragment"] else "editor_growth"
    return render(request, f"evolution/{name}.html", context)


def _asked(data: Mapping[str, Any], *, sheet: CharacterSheet) -> Asked:
    """As the address says; the first stage, unless it names another one."""
    asked = asked_in(data)
    milestones = sorted(stage.milestone for stage in sheet.evolution_stages)
    if asked.milestone in milestones:
        return asked
    return Asked(asked.context, milestones[0] if milestones else 0)


def _crossings(character: Character) -> dict[int, Crossing]:
    rows = Crossing.objects.filter(character=character)
    return {row.milestone: row for row in rows.select_related("version")}


def _ordered(sheet: CharacterSheet) -> list[EvolutionStage]:
    return sorted(sheet.evolution_stages, key=lambda stage: stage.milestone)


def _stages(
    sheet: CharacterSheet, *, count: int, crossings: Mapping[int, Crossing]
) -> list[StageShown]:
    found, before = [], sheet
    for stage in _ordered(sheet):
        crossing = crossings.get(stage.milestone)
        standing = _standing(stage, count=count, crossing=crossing)
        try:
            after = grown(before, stages=[stage])
        except BadStage as error:
            found.append(StageShown(stage, *standing, problem=str(error)))
            continue
        changes = differences(before, after=after)
        found.append(StageShown(stage, *standing, changes=changes))
        before = after
    return found


def _standing(
    stage: EvolutionStage, *, count: int, crossing: Crossing | None
) -> tuple[State, str, bool]:
    """State, address and ``is_edited`` of a stage of the draft."""
    if crossing is None or crossing.status == Crossing.Status.NOTED:
        return (OFFERED_LATER if count >= stage.milestone else AHEAD), "", False
    url = reverse("evolution:stage-detail", args=[crossing.pk])
    return state_of(crossing), url, stage.changes != stage_of(crossing).changes


def _prompts(
    character: Character, *, sheet: CharacterSheet, asked: Asked
) -> dict[str, Any]:
    """``comparison`` of the prompts before and after the stage asked for."""
    own = character.framework.published
    if not asked.milestone or own is None:
        return {}
    version = FrameworkVersion.objects.select_related("framework").get(pk=own.pk)
    made_of = blending.ingredients_for(sheet, own=version)
    words = growing.growth_of_one(character.pk).trait_words
    ordered = _ordered(sheet)

    def side(title: str, *, is_after: bool) -> Any:
        stages = [
            stage
            for stage in ordered
            if stage.milestone < asked.milestone
            or (is_after and stage.milestone == asked.milestone)
        ]
        return side_of(
            title,
            sheet,
            made_of=made_of,
            growth=Growth(stages=tuple(stages), trait_words=words),
            slug=character.character_id,
            asked=Asked(asked.context),
        ).side

    before, after = side("before", is_after=False), side("after", is_after=True)
    return {"comparison": compared(before, after, asked=Asked(asked.context))}
