"""Quiet switches: an operator, or an operator's program, silences characters."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from django.http import Http404, HttpResponse
from django.utils import timezone
from pydantic import Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.pagination import paginate
from core.api.parameters import Body, PageQuery, Query, read_body, read_query
from core.api.problems import invalid
from core.api.schema import describe
from core.keys import BotPrincipal
from core.models import User
from core.moments import Moment
from core.problems import Problem
from core.roles import Action, Scope
from personas.api.queries import as_text
from routing import problems
from routing.api.quiet_schema import QUIET, QUIETS
from routing.domain.events import CharacterId, OtherId
from routing.models import Quiet
from routing.services import quieting
from routing.services.quieting import By, NoSuchQuiet, NotValid, Target, TooMany

OPERATE: Final = Needs(action=Action.QUIET, scope=Scope.OPS_WRITE)


class QuietBody(Body):
    """``POST quiet``; without characters and channel it is everything."""

    character_id: CharacterId | None = Field(None, description="Who is silenced.")
    other_character_id: CharacterId | None = Field(
        None, description="With it, the two only do not answer each other."
    )
    channel_id: OtherId | None = Field(
        None, description="Only there; without a character: the whole channel."
    )
    until: Moment | None = Field(
        None, description="When it ends by itself; left out: when it is lifted."
    )
    reason: Annotated[str, Field(min_length=1, max_length=limits.NOTE_LENGTH)] = Field(
        description="For whoever wonders why nobody answers."
    )


class QuietsView(APIView):
    """Those that are on, and new ones."""

    access = {"GET": OPERATE, "POST": OPERATE}

    @describe(
        name="quiets",
        summary="What is quiet now",
        query=PageQuery,
        answers={200: QUIETS},
        problems=["bad_cursor"],
        tag="quiet",
    )
    def get(self, request: Request) -> HttpResponse:
        """The switches that are on, the newest first."""
        query = read_query(request, PageQuery)
        rows = quieting.current(now=timezone.now())
        page = paginate(rows, order=("-id",), query=query)
        results = [_told(row) for row in page.results]
        return _answer({"results": results, "next": page.next}, status=200)

    @describe(
        name="quiet",
        summary="Quiet a character, a pair, a channel or everything",
        query=Query,
        body=QuietBody,
        answers={201: QUIET, 200: QUIET},
        problems=[problems.TEST_KEY, problems.TOO_MANY_QUIET],
        tag="quiet",
    )
    def post(self, request: Request) -> HttpResponse:
        """Obeyed within a second everywhere. What is named must all hold: a character
        and a channel silence that character there. If just this is quiet already, the
        answer is that switch, with status 200: the later end holds, with its reason;
        lift it to end it sooner."""
        read_query(request, Query)
        body = read_body(request, QuietBody)
        target = Target(
            character_id=body.character_id or "",
            other_character_id=body.other_character_id or "",
            channel_id=body.channel_id or "",
        )
        try:
            outcome = quieting.quiet(
                target,
                until=body.until,
                reason=body.reason,
                by=_by(request),
                now=timezone.now(),
            )
        except NotValid as error:
            raise invalid(list(error.errors)) from error
        except TooMany as error:
            raise Problem(problems.TOO_MANY_QUIET, detail=str(error)) from error
        return _answer(_told(outcome.row), status=201 if outcome.is_new else 200)


class QuietView(APIView):
    """One of them."""

    access = {"DELETE": OPERATE}

    @describe(
        name="quiet_lift",
        summary="Lift a quiet switch",
        query=Query,
        answers={204: "It is off."},
        problems=[problems.TEST_KEY],
        tag="quiet",
    )
    def delete(self, request: Request, quiet_id: UUID) -> HttpResponse:
        """What it silenced may speak again, unless another switch silences it, too.
        Lifting one that is off already changes nothing."""
        read_query(request, Query)
        try:
            quieting.lift(quiet_id, by=_by(request), now=timezone.now())
        except NoSuchQuiet as error:
            raise Http404 from error
        response = HttpResponse(status=204)
        del response["Content-Type"]
        return response


def _by(request: Request) -> By:
    """Who acts.

    Raises:
        Problem: test_key.
    """
    if isinstance(request.user, User):
        return By(person=request.user)
    bot = request.auth
    assert isinstance(bot, BotPrincipal)  # noqa: S101 - nobody else is let in
    if bot.is_test:
        raise Problem(
            problems.TEST_KEY,
            detail="Use a key that is no test key to silence what is live.",
        )
    return By(key_name=bot.name)


def _told(row: Quiet) -> dict[str, Any]:
    target = Target.of(row)
    return {
        "quiet_id": str(row.quiet_id),
        "character_id": target.character_id or None,
        "other_character_id": target.other_character_id or None,
        "channel_id": target.channel_id or None,
        "until": as_text(row.until) if row.until else None,
        "reason": row.reason,
        "created_at": as_text(row.created_at),
        "by": row.author_name,
    }


def _answer(body: dict[str, Any], *, status: int) -> HttpResponse:
    response = HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    return response
