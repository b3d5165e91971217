"""Decisions that were made: looking at them, their outcome, and deciding again."""

from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.pagination import paginate
from core.api.parameters import Body, PageQuery, Query, read_body, read_query
from core.api.schema import describe
from core.api.throttling import charge
from core.keys import BotPrincipal
from core.problems import Problem
from core.roles import Action, Scope
from personas.api.queries import as_text
from routing import problems
from routing.api.decision_schema import DECISION, DECISIONS, OUTCOME, REPLAYED
from routing.api.interactions import results_of
from routing.api.route import DECIDE, answered
from routing.domain.events import CharacterId, OtherId, Reported
from routing.models import Decision
from routing.policy import EXCERPT_LENGTH
from routing.services import outcomes, replaying
from routing.services.outcomes import Outcome, OutcomeKnown, UnknownDecision
from routing.services.replaying import TextNotKept

READ: Final = Needs(action=Action.SEE, scope=Scope.ROUTE_DECIDE)
_ORDER: Final = ("-id",)
_MOST_LATENCY: Final = 2**31 - 1

Reason = Literal[
    "mention", "sticky", "activity", "content", "fallback", "nobody", "disabled"
]


class DecisionsQuery(PageQuery):
    """``GET decisions``."""

    channel_id: OtherId | None = None
    character_id: CharacterId | None = Field(None, description="Who was chosen.")
    reason: Reason | None = Field(None, description="The step that chose.")
    message_id: OtherId | None = None


class OutcomeBody(Body):
    """``POST decisions/{id}/outcome``, before its events are looked at."""

    delivered: bool = Field(description="Whether the answer arrived in the channel.")
    latency_ms: Annotated[int, Field(ge=0, le=_MOST_LATENCY)] | None = Field(
        None, description="From the message to its answer."
    )
    reply_message_id: OtherId | None = Field(
        None, description="The platform's id of the answer."
    )
    reply_excerpt: Annotated[str, Field(max_length=EXCERPT_LENGTH)] | None = Field(
        None, description="How the answer begins; kept as long as the message's text."
    )
    events: list[Any] = Field([], max_length=limits.BATCH_EVENTS)


class DescribedOutcome(OutcomeBody):
    """``POST decisions/{id}/outcome``."""

    events: list[Reported] = Field(
        [],
        max_length=limits.BATCH_EVENTS,
        description="As for interactions/batch; this needs interaction:write, too.",
    )


class DecisionsView(APIView):
    """All of them."""

    access = {"GET": READ}

    @describe(
        name="decisions",
        summary="Decisions, the newest first",
        query=DecisionsQuery,
        answers={200: DECISIONS},
        problems=["bad_cursor"],
        tag="routing",
    )
    def get(self, request: Request) -> HttpResponse:
        """List decisions, filtered and paged."""
        query = read_query(request, DecisionsQuery)
        filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
        rows = Decision.objects.select_related("character", "author")
        if "character_id" in filters:
            rows = rows.filter(character__character_id=query.character_id)
        rows = rows.filter(**{k: v for k, v in filters.items() if k != "character_id"})
        # Texts and terms stand with each decision alone.
        rows = rows.defer("text", "asked", "state", "composed", "reply_excerpt")
        page = paginate(rows, order=_ORDER, query=query, filters=filters)
        return answered(
            {"results": [_listed(row) for row in page.results], "next": page.next}
        )


class DecisionView(APIView):
    """One of them."""

    access = {"GET": READ}

    @describe(
        name="decision",
        summary="A decision and all its reasons",
        query=Query,
        answers={200: DECISION},
        problems=[problems.UNKNOWN_DECISION],
        tag="routing",
    )
    def get(self, request: Request, decision_id: UUID) -> HttpResponse:
        """The record as it was made, with the message as far as it is still kept."""
        read_query(request, Query)
        row = _found(decision_id)
        return answered(
            {
                **row.answer,
                **_listed(row),
                "asked": row.asked,
                "state": row.state,
                "terms": row.terms.body,
                "composed": row.composed,
                "text": row.text,
                "text_kept": row.text_kept,
                "reply_excerpt": row.reply_excerpt,
            }
        )


class OutcomeView(APIView):
    """What became of an answer."""

    access = {"POST": DECIDE}

    @describe(
        name="decision_outcome",
        summary="Report what became of an answer",
        query=Query,
        body=DescribedOutcome,
        answers={200: OUTCOME},
        problems=[
            problems.UNKNOWN_DECISION,
            problems.OUTCOME_KNOWN,
            "missing_scope",
        ],
        tag="routing",
    )
    def post(self, request: Request, decision_id: UUID) -> HttpResponse:
        """Say whether the answer arrived, and as which message. Whose answer did not
        arrive is not in conversation. Events are counted as by `interactions/batch`.
        Send the same again whenever you are not sure that it arrived; another outcome
        of the same decision is refused."""
        read_query(request, Query)
        body = read_body(request, OutcomeBody)
        bot = cast("BotPrincipal", request.auth)
        if body.events and Scope.INTERACTION_WRITE not in bot.scopes:
            raise Problem(
                "missing_scope",
                detail=f"Make a key with the scope {Scope.INTERACTION_WRITE} to send"
                " events, or leave them out.",
            )
        charge(request, events=len(body.events))
        try:
            reported = outcomes.report(
                decision_id,
                Outcome(
                    delivered=body.delivered,
                    latency_ms=body.latency_ms,
                    reply_message_id=body.reply_message_id or "",
                    reply_excerpt=body.reply_excerpt or "",
                ),
                bot=bot,
                clock=timezone.now,
            )
        except UnknownDecision as error:
            raise _unknown(decision_id) from error
        except OutcomeKnown as error:
            raise Problem(problems.OUTCOME_KNOWN, detail=str(error)) from error
        answer = {**reported.answer, "results": results_of(request, body.events)}
        if bot.is_test:
            answer["test"] = True
        response = answered(answer)
        if reported.is_repeated:
            response["Idempotency-Replayed"] = "true"
        return response


class ReplayView(APIView):
    """Deciding once more."""

    access = {"POST": READ}

    @describe(
        name="decision_replay",
        summary="Decide again what was decided",
        query=Query,
        answers={200: REPLAYED},
        problems=[problems.UNKNOWN_DECISION, problems.TEXT_NOT_KEPT],
        tag="routing",
    )
    def post(self, request: Request, decision_id: UUID) -> HttpResponse:
        """Decide from the versions, the settings and the state of the channel that were
        in force then, without looking at who won. `same` says whether it comes out
        alike, whatever has changed since. Nothing is written."""
        read_query(request, Query)
        try:
            replayed = replaying.replay(_found(decision_id))
        except TextNotKept as error:
            raise Problem(problems.TEXT_NOT_KEPT, detail=str(error)) from error
        return answered(
            {
                "same": replayed.is_same,
                "differing": list(replayed.differing),
                "decision": replayed.answer,
            }
        )


def _found(decision_id: UUID) -> Decision:
    """Raises Problem (404)."""
    rows = Decision.objects.select_related("character", "author", "terms")
    row = rows.filter(decision_id=decision_id).first()
    if row is None:
        raise _unknown(decision_id)
    return row


def _unknown(decision_id: UUID) -> Problem:
    return Problem(
        problems.UNKNOWN_DECISION,
        detail=f"There is no decision {decision_id} that this key may name; POST route"
        " gave its id.",
    )


def _listed(row: Decision) -> dict[str, Any]:
    names = ("persona_id", "version", "explanation")
    return {
        "decision_id": str(row.decision_id),
        "character_id": None if row.character is None else row.character.character_id,
        **{name: row.answer[name] for name in names},
        "respond": row.respond,
        "respond_reason": row.respond_reason,
        "reason": row.reason,
        "decided_at": as_text(row.decided_at),
        "label": row.label,
        "channel_id": row.channel_id,
        "message_id": row.message_id or None,
        "server_id": row.server_id or None,
        "user_id": row.user_id or None,
        "author_character_id": None if row.author is None else row.author.character_id,
        "delivered": row.delivered,
        "latency_ms": row.latency_ms,
        "reply_message_id": row.reply_message_id or None,
    }
