"""Who would answer a message, without deciding anything."""

from typing import Any, Final

import orjson
from django.http import HttpResponse
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core.access import Needs
from core.api.parameters import Body, Query, read_body, read_query
from core.api.schema import describe
from core.api.throttling import charge
from core.moments import Moment
from core.roles import Action, Scope
from personas import serving
from personas.api import problems as of_personas
from routing.api.route import RouteBody, answered, asked_of, label_asked
from routing.api.simulate_schema import SIMULATED
from routing.domain.events import CharacterId
from routing.services import simulating
from routing.services.simulating import MOST_RUNS, RosterName, Simulated, Sticky, Trial

# Whoever may look at decisions may try them: nothing comes of it.
TRY: Final = Needs(action=Action.SEE, scope=Scope.ROUTE_DECIDE)
_LONGEST_AGO: Final = 366 * 24 * 3_600


class StickyBody(Body):
    """Who answered in the channel last."""

    character_id: CharacterId
    seconds_ago: float = Field(ge=0, le=_LONGEST_AGO)


class SimulateBody(RouteBody):
    """``POST route/simulate``."""

    roster: RosterName = Field(
        "production",
        description="Who could answer: what label says, which is production unless"
        " another is given, or draft: all characters as they are edited.",
    )
    at: Moment | None = Field(
        None,
        description="When quiet switches end and stickiness is old is looked at then;"
        " now unless given. The record is looked at no earlier than the channel's"
        " newest decision.",
    )
    sticky: StickyBody | None = Field(
        None, description="Who answered last, in place of what the record says."
    )
    runs: int = Field(
        1, ge=1, le=MOST_RUNS, description="How often, each time with another seed."
    )
    seed: int | None = Field(
        None,
        ge=0,
        lt=2**serving.SEED_BITS,
        description="That of the first run, of which those of the others are made; any"
        " unless given.",
    )


class SimulateView(APIView):
    """One message, tried."""

    access = {"POST": TRY}

    @describe(
        name="route_simulate",
        summary="Who would answer a message",
        query=Query,
        body=SimulateBody,
        answers={200: SIMULATED},
        problems=[of_personas.UNKNOWN_CONTEXT, of_personas.NOT_LABELLED],
        tag="routing",
    )
    def post(self, request: Request) -> HttpResponse:
        """Try who would answer, by the same rules as `route`. Nothing is decided, kept
        or announced; `message_id` and the other ids count for nothing. `distribution`
        tells how the runs ended; the rest is of the first one. With `roster: draft`
        nothing has a version or a prompt, and `left_out` names the drafts that could
        not be tried, with the reason."""
        read_query(request, Query)
        body = read_body(request, SimulateBody)
        charge(request, events=body.runs)
        sticky = body.sticky
        found = simulating.simulate(
            asked_of(body, label=label_asked(request, body=body)),
            trial=Trial(
                roster=body.roster,
                at=body.at,
                sticky=None
                if sticky is None
                else Sticky(sticky.character_id, sticky.seconds_ago),
                seed=body.seed,
                runs=body.runs,
            ),
            now=timezone.now(),
        )
        response = answered(_body(found, body=body))
        response["X-Freshness"] = "fresh" if found.is_fresh else "stale"
        return response


def _body(found: Simulated, *, body: SimulateBody) -> dict[str, Any]:
    answer = {
        **found.answer,
        "roster": body.roster,
        "runs": found.runs,
        "distribution": [
            {
                "character_id": each.character_id,
                "respond": each.respond,
                "share": each.count / found.runs,
            }
            for each in found.distribution
        ],
    }
    if body.roster == simulating.DRAFT:
        answer["left_out"] = [
            {"character_id": name, "why": why} for name, why in found.left_out.items()
        ]
    if body.compose is not None:
        prompt = found.prompt
        answer["prompt"] = None if prompt is None else orjson.Fragment(prompt)
    return answer
