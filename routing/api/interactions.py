"""Reports of bots: what happened, counted exactly once."""

from typing import Any, Final, cast

import orjson
from django.http import HttpResponse
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.parameters import Body, Query, read_body, read_items, read_query
from core.api.problems import invalid
from core.api.schema import describe
from core.api.throttling import charge
from core.keys import BotPrincipal
from core.problems import MAX_ERRORS, FieldError, Problem
from core.roles import Scope
from routing import problems
from routing.api.schema import BATCH_REPORTED, REPORTED
from routing.domain.events import ID_LENGTH, Reported
from routing.services import reporting
from routing.services.reporting import Outcome

# People set feelings and growth by hand, with a reason; they report nothing.
BOTS: Final = Needs(action=None, scope=Scope.INTERACTION_WRITE)


class BatchBody(Body):
    """``POST interactions/batch``, before its events are looked at."""

    events: list[Any] = Field(min_length=1, max_length=limits.BATCH_EVENTS)


class DescribedBatch(Body):
    """``POST interactions/batch``."""

    events: list[Reported] = Field(
        min_length=1,
        max_length=limits.BATCH_EVENTS,
        description="Each is counted or refused by itself, in this order.",
    )


def _answer(body: dict[str, Any], *, status: int) -> HttpResponse:
    response = HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    return response


class InteractionsView(APIView):
    """One event."""

    access = {"POST": BOTS}

    @describe(
        name="interaction_report",
        summary="Report an interaction",
        query=Query,
        body=Reported,
        answers={201: REPORTED, 200: REPORTED},
        problems=[
            problems.EVENT_ID_REUSED,
            problems.UNKNOWN_KIND,
            problems.SELF_INTERACTION,
            problems.ARCHIVED,
        ],
        tag="interactions",
    )
    def post(self, request: Request) -> HttpResponse:
        """Count what a character did: it grows, and if another character was met,
        both feelings move. Send the same again whenever you are not sure that it
        arrived: it is counted once, and the answer is the same, with status 200 and
        `Idempotency-Replayed: true`. Another event under the same id is refused."""
        read_query(request, Query)
        event = read_body(request, Reported)
        (outcome,) = reporting.report([event], bot=_bot(request), clock=timezone.now)
        if outcome.answer is None:
            raise cast("Problem", outcome.problem)
        response = _answer(outcome.answer, status=200 if outcome.is_repeated else 201)
        if outcome.is_repeated:
            response["Idempotency-Replayed"] = "true"
        return response


class BatchView(APIView):
    """Many events."""

    access = {"POST": BOTS}

    @describe(
        name="interaction_report_batch",
        summary="Report many interactions",
        query=Query,
        body=DescribedBatch,
        answers={200: BATCH_REPORTED},
        tag="interactions",
    )
    def post(self, request: Request) -> HttpResponse:
        """Count up to 500 events, in the order given. Those that cannot be counted are
        `rejected`, each with its problem, and leave no trace; all others are committed
        together. `duplicate`: counted before; the rest is what was answered then."""
        read_query(request, Query)
        body = read_body(request, BatchBody)
        charge(request, events=len(body.events))
        results = results_of(request, body.events)
        return _answer({"results": results}, status=200)


def results_of(request: Request, events: list[Any]) -> list[dict[str, Any]]:
    """Count the events of the body's list ``events``; what became of each."""
    items = read_items(request, events, Reported, name="events")
    readable = [item for item in items if isinstance(item, Reported)]
    outcomes = iter(
        reporting.report(readable, bot=_bot(request), clock=timezone.now)
        if readable
        else ()
    )
    return [
        _result(next(outcomes), event=item, at=at)
        if isinstance(item, Reported)
        else _rejected(_id_of(events[at]), invalid(item))
        for at, item in enumerate(items)
    ]


def _bot(request: Request) -> BotPrincipal:
    return cast("BotPrincipal", request.auth)


def _id_of(item: Any) -> str | None:
    """The id of an event that cannot be read, if that at least can be."""
    found = item.get("id") if isinstance(item, dict) else None
    is_short = isinstance(found, str) and len(found) <= ID_LENGTH
    return found if is_short else None


def _result(outcome: Outcome, *, event: Reported, at: int) -> dict[str, Any]:
    if outcome.answer is not None:
        status = "duplicate" if outcome.is_repeated else "accepted"
        return {**outcome.answer, "status": status}
    problem = cast("Problem", outcome.problem)
    errors = [
        FieldError(f"/events/{at}{error.pointer}", error.code, error.detail)
        for error in problem.errors
    ]
    return _rejected(event.id, problem, errors=errors)


def _rejected(
    event_id: str | None, problem: Problem, *, errors: list[FieldError] | None = None
) -> dict[str, Any]:
    return {
        "id": event_id,
        "status": "rejected",
        "code": problem.code,
        "detail": problem.detail,
        "errors": (problem.errors if errors is None else errors)[:MAX_ERRORS],
    }
