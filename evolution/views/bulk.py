"""The same decision about several stages: asked once more, then told of each."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from evolution.domain.deciding import Act, Stand
from evolution.models import Crossing
from evolution.services import stages
from evolution.services.stages import ReasonTooLong
from evolution.views.stages import can_be
from evolution.views.words import State, counted, state_of
from personas.views.shown import Face, face_of

MOST: Final = 200
RESULT: Final = "growth_decided"
"""Session key: ``{"act": …, "done": [pk, …], "refused": {pk: why}}``."""
_PK_DIGITS: Final = 18
_ACTS: Final = {
    Act.APPROVE: ("Approve", "approved"),
    Act.POSTPONE: ("Postpone", "postponed"),
    Act.REJECT: ("Reject", "rejected"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One stage of the list; ``why_not`` is empty if it can be decided so."""

    crossing: Crossing
    face: Face
    state: State
    why_not: str = ""


@allows(POST=Action.ADJUST)
def stage_bulk(request: HttpRequest) -> HttpResponse:
    """Ask whether the stages chosen shall be decided so; with ``sure``, decide."""
    act = request.POST.get("do", "")
    if act not in _ACTS:
        messages.error(request, "Choose what to do with the stages, then try again.")
        return redirect("evolution:growth-list")
    lines = _lines(_chosen(request), act=Act(act))
    if not lines:
        messages.info(request, "Tick the stages to decide about first.")
        return redirect("evolution:growth-list")
    reason = request.POST.get("reason", "")
    if request.POST.get("sure") != "yes":
        return _ask(request, act=Act(act), lines=lines)
    if act == Act.REJECT and not reason.strip():
        problem = "Say why, for whoever wonders later."
        return _ask(request, act=Act(act), lines=lines, problem=problem)
    try:
        outcome = stages.decide(
            [line.crossing.pk for line in lines],
            act=Act(act),
            actor=signed_in(request),
            reason=reason,
            now=timezone.now(),
        )
    except ReasonTooLong as error:
        return _ask(request, act=Act(act), lines=lines, problem=str(error))
    request.session[RESULT] = {
        "act": act,
        "done": [crossing.pk for crossing in outcome.done],
        "refused": {str(pk): why for pk, why in outcome.refused.items()},
    }
    return redirect("evolution:stage-bulk-result")


def _chosen(request: HttpRequest) -> list[int]:
    values = request.POST.getlist("stages")[:MOST]
    return [
        int(value)
        for value in values
        if value.isascii() and value.isdecimal() and len(value) < _PK_DIGITS
    ]


def _lines(pks: list[int], *, act: Act | None = None) -> list[Line]:
    rows = (
        Crossing.objects.filter(pk__in=pks, character__archived_at=None)
        .exclude(status=Crossing.Status.NOTED)
        .select_related("character", "version")
        .defer("version__inputs", "changes", "description")
        .order_by("character__display_name", "character", "milestone")
    )
    found = []
    for row in rows:
        why_not = can_be(Stand(row.status, row.wants), act=act) if act else ""
        found.append(Line(row, face_of(row.character), state_of(row), why_not))
    return found


def _ask(
    request: HttpRequest, *, act: Act, lines: list[Line], problem: str = ""
) -> HttpResponse:
    going = sum(not line.why_not for line in lines)
    context: dict[str, Any] = {
        "act": act,
        "title": f"{_ACTS[act][0]} {counted(going, 'growth stage')}?",
        "button": _ACTS[act][0],
        "lines": lines,
        "going": going,
        "needs_reason": act == Act.REJECT,
        "reason": request.POST.get("reason", ""),
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "evolution/stage_bulk.html", context, status=status)


@allows(GET=Action.ADJUST)
def stage_bulk_result(request: HttpRequest) -> HttpResponse:
    """What became of each stage of the last decision; moves on by reloading."""
    result = request.session.get(RESULT)
    if not result:
        return redirect("evolution:growth-list")
    done, refused = result["done"], result["refused"]
    lines = {each.crossing.pk: each for each in _lines([*done, *map(int, refused)])}
    decided = _ACTS[result["act"]][1]
    context = {
        "title": f"{counted(len(done), 'growth stage')} {decided}",
        "done": [lines[pk] for pk in done if pk in lines],
        "refused": [
            (lines[int(pk)], why) for pk, why in refused.items() if int(pk) in lines
        ],
        "is_approval": result["act"] == Act.APPROVE,
    }
    return render(request, "evolution/stage_bulk_result.html", context)
