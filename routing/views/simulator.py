"""The simulator: who would answer a message, live and with all drafts.

Driven by htmx with every word that somebody types; without scripts the same address
is a page with a button. Nothing is written, and the message is sent by POST, so that
it stands in no address that others see.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.access import allows
from core.problems import Problem
from core.roles import Action
from routing.services.simulating import simulate
from routing.simulator_form import PREFILLED, SimulatorForm, offered
from routing.views.simulated import Side, difference


@allows(GET=Action.SEE, POST=Action.SEE)
def simulator(request: HttpRequest) -> HttpResponse:
    """The form; by POST,, what comes of it."""
    if request.method == "POST":
        form = SimulatorForm(request.POST)
        is_asked = True
    else:
        form = SimulatorForm.of(request.GET)
        is_asked = any(request.GET.get(name) for name in PREFILLED)
    context: dict[str, Any] = {"form": form, "is_asked": is_asked}
    if is_asked:
        context |= _outcome(form)
    if bool(getattr(request, "htmx", False)):
        # To the script every answer is 200: htmx puts no other into the page.
        response = render(request, "routing/_simulator_answer.html", context)
    else:
        status = 422 if form.is_bound and is_asked and form.errors else 200
        context |= offered()
        response = render(request, "routing/simulator.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _outcome(form: SimulatorForm) -> dict[str, Any]:
    """What came of it, or why nothing did."""
    if not form.is_valid():
        return {"problem": "Look at the marked fields; the answer follows them."}
    asked, now = form.to_asked(), timezone.now()
    try:
        sides = [
            Side(simulate(asked, trial=form.to_trial(roster), now=now), roster=roster)
            for roster in form.rosters
        ]
    except Problem as problem:
        return {"problem": problem.detail}
    found = {"sides": sides, "runs": form.cleaned_data["runs"]}
    if len(sides) > 1:
        return {**found, "difference": difference(*sides)}
    return {**found, "side": sides[0]}
