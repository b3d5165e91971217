"""``/now/``: what is quiet, quieting, and lifting it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from core.views.toasts import tell_undoable
from personas.views.live import render_live
from routing.models import Quiet
from routing.quiet_forms import QuietForm, offered
from routing.services import quieting
from routing.services.announcing import STREAM
from routing.services.quieting import By, NoSuchQuiet, NotValid, Target, TooMany


@dataclass(frozen=True, slots=True)
class Shown:
    """A switch, and what it silences, in words."""

    row: Quiet
    what: str

    @property
    def is_everything(self) -> bool:
        return self.what == quieting.EVERYTHING


@allows(GET=Action.SEE, POST=Action.QUIET)
def now(request: HttpRequest) -> HttpResponse:
    """GET shows all switches, with a form as ``?character=`` and others say."""
    if request.method == "POST":
        return _quiet(request)
    return _page(request, form=QuietForm.of(request.GET, now=timezone.now()))


@allows(GET=Action.SEE)
def now_state(request: HttpRequest) -> HttpResponse:
    """What is quiet, as the page loads it again."""
    return render_live(
        request,
        "routing/_now_state.html",
        lambda: _state(request, at=timezone.now()),
        stream=STREAM.name,
    )


@allows(POST=Action.QUIET)
def lift(request: HttpRequest, quiet_id: UUID) -> HttpResponse:
    """Let speak again what a switch silences."""
    try:
        row = quieting.lift(quiet_id, by=By(signed_in(request)), now=timezone.now())
    except NoSuchQuiet as error:
        raise Http404 from error
    (shown,) = _shown([row])
    undo_url = reverse("routing:now-again", args=[quiet_id])
    tell_undoable(request, f"Lifted: {shown.what}.", undo_url=undo_url)
    return redirect("routing:now")


@allows(POST=Action.QUIET)
def again(request: HttpRequest, quiet_id: UUID) -> HttpResponse:
    """Quiet once more, as it was before it was lifted."""
    at = timezone.now()
    row = quieting.find(quiet_id)
    if row is None:
        raise Http404("There is no switch with this id.")
    (shown,) = _shown([row])
    try:
        quieting.quiet(
            Target.of(row),
            until=row.until,
            reason=row.reason,
            by=By(signed_in(request)),
            now=at,
        )
    except (NotValid, TooMany) as error:
        messages.error(request, f"{shown.what} is not quieted again. {error}")
    else:
        messages.success(request, f"Quiet again: {shown.what}.")
    return redirect("routing:now")


def _quiet(request: HttpRequest) -> HttpResponse:
    at = timezone.now()
    form = QuietForm(request.POST, now=at)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        outcome = quieting.quiet(
            form.target,
            until=form.ends_at,
            reason=form.cleaned_data["reason"],
            by=By(signed_in(request)),
            now=at,
        )
    except NotValid as error:
        form.refuse(error)
        return _page(request, form=form, status=422)
    except TooMany as error:
        form.add_error(None, str(error))
        return _page(request, form=form, status=409)
    (shown,) = _shown([outcome.row])
    if outcome.is_new:
        undo_url = reverse("routing:now-lift", args=[outcome.row.quiet_id])
        tell_undoable(request, f"Quiet: {shown.what}.", undo_url=undo_url)
    else:
        messages.info(request, f"{shown.what} was quiet already; the later end holds.")
    return redirect("routing:now")


def _page(request: HttpRequest, *, form: QuietForm, status: int = 200) -> HttpResponse:
    at = timezone.now()

    def load() -> dict[str, Any]:
        page = page_of(request, rows=quieting.past(now=at))
        state = _state(request, at=at)
        lists = offered() if state["may_quiet"] else {}
        return {
            **state,
            "form": form,
            "page": page,
            "past": _shown(list(page.object_list)),
            **lists,
        }

    response = render_live(request, "routing/now.html", load, stream=STREAM.name)
    response.status_code = status
    return response


def _state(request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    switches = _shown(list(quieting.current(now=at)))
    return {
        "now": at,
        "switches": switches,
        # There is at most one: what is quiet already is prolonged.
        "everything": next((each for each in switches if each.is_everything), None),
        "may_quiet": may(request.user, action=Action.QUIET),
    }


def _shown(rows: Sequence[Quiet]) -> list[Shown]:
    names = quieting.channel_names(rows)
    return [Shown(row, quieting.words_of(row, channel_names=names)) for row in rows]
