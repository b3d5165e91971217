"""How far a character has come, and what is decided about its stages."""

from typing import Any, ClassVar, Final, cast

import orjson
from django.http import HttpResponse
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.parameters import Body, Query, read_body, read_query
from core.api.schema import describe
from core.models import User
from core.problems import Problem
from core.roles import Action
from evolution.api import problems
from evolution.api.schema import EVOLUTION, STAGE
from evolution.domain.standing import Standing, standing
from evolution.services import reading, stages
from evolution.services.reading import Growing, UnknownCharacter
from evolution.services.stages import Act, UnknownStage, WrongState
from personas.api.answering import READ
from personas.api.queries import as_text
from personas.catalog import catalog
from personas.models.labels import PRODUCTION

WRITE: Final = Needs(action=Action.ADJUST, scope=None)
_DIGITS: Final = 18


class DecideBody(Body):
    """``POST evolution/{stage_id}/approve`` and its like."""

    reason: str = Field(
        "",
        max_length=limits.LINE_LENGTH,
        description="Why; it is kept with the stage and in the audit log.",
    )


class EvolutionView(APIView):
    """One character's growth."""

    access = {"GET": READ}

    @describe(
        name="evolution",
        summary="How far a character has come",
        query=Query,
        answers={200: EVOLUTION},
        problems=[problems.UNKNOWN_CHARACTER],
        tag="evolution",
    )
    def get(self, request: Request, character_id: str) -> HttpResponse:
        """Its count, how it has drifted, and every stage of growth, lowest first: those
        of what is live, and those that were passed."""
        read_query(request, Query)
        snapshot, is_fresh = catalog.read()
        entry = snapshot.entry(character_id, label=PRODUCTION)
        try:
            found = reading.growing_of(
                character_id, stages=entry.stages if entry is not None else {}
            )
        except UnknownCharacter as error:
            raise Problem(
                problems.UNKNOWN_CHARACTER,
                detail=f"{error} GET personas lists those there are.",
            ) from error
        response = _answer(_body(found))
        response["X-Freshness"] = "fresh" if is_fresh else "stale"
        return response


def _answer(body: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def _body(found: Growing) -> dict[str, Any]:
    ahead = found.next
    return {
        "count": found.count,
        "mode": found.mode,
        "traits": {trait: milli / 1_000 for trait, milli in found.traits.items()},
        "stages": [_stage(stage) for stage in found.stages],
        "next": ahead and {"milestone": ahead.milestone, "remaining": ahead.remaining},
    }


def _stage(stage: Standing) -> dict[str, Any]:
    return {
        "stage_id": stage.stage_id,
        "milestone": stage.milestone,
        "title": stage.title,
        "description": stage.description,
        "status": stage.status,
        "wants": stage.wants or None,
        "failure": stage.failure or None,
        "flagged": stage.is_flagged,
        "reached_at": as_text(stage.reached_at) if stage.reached_at else None,
        "version": stage.version,
        "changes": stage.changes,
    }


class _DecideView(APIView):
    """Decide about one stage."""

    act: ClassVar[Act]
    access = {"POST": WRITE}

    def decide(self, request: Request, *, stage_id: str) -> HttpResponse:
        """The stage after it; raises Problem (404, 409)."""
        body = read_body(request, DecideBody)
        try:
            outcome = stages.decide_one(
                _number(stage_id),
                act=self.act,
                # ``access`` lets people in alone.
                actor=cast("User", request.user),
                reason=body.reason,
                now=timezone.now(),
            )
        except UnknownStage as error:
            raise Problem(
                problems.UNKNOWN_STAGE,
                detail=f"{error} GET personas/{{character_id}}/evolution lists them.",
            ) from error
        except WrongState as error:
            raise Problem(problems.WRONG_STATE, detail=str(error)) from error
        [stage] = standing(count=0, stages=(), passed=[reading.passed_of(outcome)])
        return _answer(_stage(stage))


def _number(text: str) -> int:
    """An id that any database can look for; 0, which is nobody's, if it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number else 0


_FAILS: Final = [problems.UNKNOWN_STAGE, problems.WRONG_STATE]


class ApproveView(_DecideView):
    """Approve a stage."""

    act = Act.APPROVE

    @describe(
        name="stage_approve",
        summary="Approve a stage",
        body=DecideBody,
        answers={200: STAGE},
        problems=_FAILS,
        tag="evolution",
    )
    def post(self, request: Request, stage_id: str) -> HttpResponse:
        """It goes live in the background, soon after: a new version is made of what
        is live and the stage, never of the draft. Stages that were rejected or taken
        back can be approved again."""
        return self.decide(request, stage_id=stage_id)


class PostponeView(_DecideView):
    """Postpone a stage."""

    act = Act.POSTPONE

    @describe(
        name="stage_postpone",
        summary="Postpone a stage",
        body=DecideBody,
        answers={200: STAGE},
        problems=_FAILS,
        tag="evolution",
    )
    def post(self, request: Request, stage_id: str) -> HttpResponse:
        """It is no longer among what waits, and can be approved at any time."""
        return self.decide(request, stage_id=stage_id)


class RejectView(_DecideView):
    """Reject a stage."""

    act = Act.REJECT

    @describe(
        name="stage_reject",
        summary="Reject a stage",
        body=DecideBody,
        answers={200: STAGE},
        problems=_FAILS,
        tag="evolution",
    )
    def post(self, request: Request, stage_id: str) -> HttpResponse:
        """It changes nothing, unless it is approved after all."""
        return self.decide(request, stage_id=stage_id)


class RevertView(_DecideView):
    """Take a live stage back."""

    act = Act.REVERT

    @describe(
        name="stage_revert",
        summary="Take a live stage back",
        body=DecideBody,
        answers={200: STAGE},
        problems=_FAILS,
        tag="evolution",
    )
    def post(self, request: Request, stage_id: str) -> HttpResponse:
        """A version without what it changed goes live in the background, soon after;
        all other stages stay."""
        return self.decide(request, stage_id=stage_id)
