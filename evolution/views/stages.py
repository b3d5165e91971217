"""One stage of one character: what it changes, and the decision about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.live.changes import current_head
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from core.views.toasts import tell_undoable
from evolution.domain.deciding import Act, Stand, WrongState, decided
from evolution.models import Crossing
from evolution.services import again, stages
from evolution.services.announcing import STREAM
from evolution.services.stages import ReasonTooLong, UnknownStage
from evolution.views.proposing import base_of, proposal_of
from evolution.views.words import state_of
from personas.views.live import SEQ
from personas.views.shown import face_of
from personas.views.side_options import asked_in
from personas.views.sides import Asked

TRY_AGAIN: Final = "again"
TAKE_BACK: Final = "undo"

_CHANGED: Final = "It has changed meanwhile. Look at it again, then decide."
_SENTENCES: Final[Mapping[str, str]] = {
    "offered": "This stage was added below the count, so nobody passed it. It changes"
    " nothing unless a manager approves it.",
    "waiting": "It changes nothing until a manager approves it.",
    "postponed": "Put away for later. It changes nothing until a manager approves it.",
    "applied": "It is part of what bots get, and stays so through every publish.",
    "rejected": "It changes nothing. It can still be approved.",
    "reverted": "It went live once and was taken back. It can be approved again.",
}


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that can be decided; ``look`` is the button's."""

    name: str
    title: str
    look: str = ""


def stage_or_404(pk: int) -> Crossing:
    """A stage with its character; marks without one have no page."""
    rows = Crossing.objects.exclude(status=Crossing.Status.NOTED).select_related(
        "character", "version"
    )
    return get_object_or_404(rows.defer("version__inputs"), pk=pk)


@allows(GET=Action.SEE)
def stage_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What a stage changes in what is live, and how it stands."""
    return _page(request, stage_or_404(pk))


@allows(GET=Action.SEE)
def stage_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How it stands alone, as the live page loads it."""
    seq = current_head(STREAM)
    context = {**_state(request, stage_or_404(pk)), "live_seq": seq}
    response = render(request, "evolution/_stage_state.html", context)
    response[SEQ] = str(seq)
    return response


def _page(
    request: HttpRequest,
    crossing: Crossing,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    seq = current_head(STREAM)
    base = base_of(crossing.character_id)
    asked = Asked(asked_in(request.GET).context)
    context = {
        **_state(request, crossing),
        "live_seq": seq,
        "face": face_of(crossing.character),
        "proposal": proposal_of(crossing, base=base, asked=asked) if base else None,
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "evolution/stage_detail.html", context, status=status)


def _state(request: HttpRequest, crossing: Crossing) -> dict[str, Any]:
    buttons = [] if crossing.character.is_archived else buttons_of(crossing)
    return {
        "crossing": crossing,
        "state": state_of(crossing),
        "stand": _stand_of(crossing),
        "sentence": _sentence(crossing),
        "buttons": buttons,
        "may_be_rejected": any(button.name == Act.REJECT for button in buttons),
        "may_adjust": may(request.user, action=Action.ADJUST),
    }


def _sentence(crossing: Crossing) -> str:
    if crossing.wants == Crossing.Wants.APPLY:
        return "Approved. It goes live in the background, which takes a moment."
    if crossing.wants == Crossing.Wants.REVERT:
        return "A version without it goes live in the background."
    return _SENTENCES[crossing.status]


def buttons_of(crossing: Crossing) -> list[Button]:
    """What can be decided now, the likeliest first."""
    stand = Stand(crossing.status, crossing.wants)
    is_open = crossing.status in {"offered", "waiting", "postponed"}
    offered = [
        Button("approve", _approve_title(stand), "primary"),
        Button("postpone", "Postpone"),
        Button("reject", "Reject", "danger" if is_open else ""),
        Button("revert", "Take back", "danger"),
    ]
    found = [each for each in offered if not can_be(stand, act=Act(each.name))]
    if crossing.wants and crossing.failure:
        found.insert(0, Button(TRY_AGAIN, "Try again", "primary"))
    return found


def _approve_title(stand: Stand) -> str:
    if stand.wants == Crossing.Wants.REVERT:
        return "Keep it"
    is_second = stand.status in {"rejected", "reverted"}
    return "Approve after all" if is_second else "Approve"


def can_be(stand: Stand, /, *, act: Act) -> str:
    """Why it cannot be decided so now; empty if it can."""
    try:
        decided(stand, act=act)
    except WrongState as error:
        return str(error)
    return ""


# -- Deciding ------------------------------------------------------------------------


@allows(POST=Action.ADJUST)
def stage_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide as ``do`` of the form, or of the address when an act is taken back."""
    crossing = stage_or_404(pk)
    do = request.POST.get("do", request.GET.get("do", ""))
    if do == TAKE_BACK:
        return _taken_back(request, crossing)
    seen = request.POST.get("stand", _stand_of(crossing))
    if seen != _stand_of(crossing):
        return _page(request, crossing, problem=_CHANGED, status=412)
    reason = request.POST.get("reason", "")
    if do == Act.REJECT and not reason.strip():
        problem = "Say why, for whoever wonders later."
        return _page(request, crossing, problem=problem, status=422)
    try:
        _carry_out(request, crossing, do=do, reason=reason, now=timezone.now())
    except (WrongState, UnknownStage) as error:
        return _page(request, stage_or_404(pk), problem=str(error), status=409)
    except ReasonTooLong as error:
        return _page(request, crossing, problem=str(error), status=422)
    return redirect("evolution:stage-detail", pk)


def _stand_of(crossing: Crossing) -> str:
    """What a form is made for; of another, it decides nothing."""
    return f"{crossing.status}:{crossing.wants}"


def _carry_out(
    request: HttpRequest, crossing: Crossing, *, do: str, reason: str, now: datetime
) -> None:
    """Raises WrongState, UnknownStage, ReasonTooLong."""
    who = signed_in(request)
    name = f"{crossing.character} at {crossing.milestone:,}"
    if do == TRY_AGAIN:
        again.try_again(stage_id=crossing.pk, actor=who, now=now)
        messages.success(request, f"{name} is tried again.")
    elif do in _ACTS:
        act, told = _ACTS[do]
        act(stage_id=crossing.pk, actor=who, reason=reason, now=now)
        if do == Act.APPROVE:
            undo = reverse(
                "evolution:stage-act", args=[crossing.pk], query={"do": TAKE_BACK}
            )
            tell_undoable(request, f"{name} {told}.", undo_url=undo)
        else:
            messages.success(request, f"{name} {told}.")
    else:
        raise WrongState("Choose what to do, then try again.")


_ACTS: Final[Mapping[str, tuple[Callable[..., Crossing], str]]] = {
    Act.APPROVE: (stages.approve, "is approved and goes live"),
    Act.POSTPONE: (stages.postpone, "is put away for later"),
    Act.REJECT: (stages.reject, "is rejected"),
    Act.REVERT: (stages.revert, "is being taken back"),
}


def _taken_back(request: HttpRequest, crossing: Crossing) -> HttpResponse:
    """Undo an approval: put it away, or take it back if it is live by now."""
    is_live = crossing.status == Crossing.Status.APPLIED
    act = stages.revert if is_live else stages.postpone
    try:
        act(stage_id=crossing.pk, actor=signed_in(request), now=timezone.now())
    except (WrongState, UnknownStage) as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            "It is being taken back."
            if is_live
            else "The approval is called off; the stage is postponed.",
        )
    return redirect("evolution:stage-detail", crossing.pk)
