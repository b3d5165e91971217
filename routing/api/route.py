"""Who answers a message."""

from dataclasses import replace
from typing import Annotated, Any, Final, cast

import orjson
from django.http import HttpResponse
from django.utils import timezone
from pydantic import AfterValidator, Field
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.parameters import Body, Query, read_body, read_query
from core.api.schema import describe
from core.keys import BotPrincipal
from core.roles import Scope
from personas.api import problems as of_personas
from personas.api.answering import label_of
from personas.api.queries import ComposeBody, Label, MessageText
from personas.domain.composing import Message as Said
from personas.serving import Asked as Composing
from routing.api.decision_schema import ROUTED
from routing.domain.events import CharacterId, OtherId
from routing.domain.messages import Activity, Message
from routing.services import composing, deciding
from routing.services.deciding import Asked

# People look at decisions; bots ask for them.
DECIDE: Final = Needs(action=None, scope=Scope.ROUTE_DECIDE)
_UNTOLD: Final = ("draws",)
"""What only the record tells, since a bot needs none of it."""


def _without_repeats(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


ActivityText = Annotated[str, Field(max_length=limits.NAME_LENGTH)]


class ActivityBody(Body):
    """What the author is playing, hearing or watching."""

    category: ActivityText = Field("", description="For example: gaming.")
    name: ActivityText = Field("", description="For example: Stardew Valley.")


class RouteBody(Body):
    """``POST route``."""

    channel_id: OtherId = Field(description="Where the message was written.")
    message: MessageText = Field(
        description=f"Its text, at most {limits.MESSAGE_BYTES} bytes."
    )
    message_id: OtherId | None = Field(
        None, description="The platform's id of it; the same id, the same decision."
    )
    server_id: OtherId | None = None
    user_id: OtherId | None = None
    author_character_id: CharacterId | None = Field(
        None, description="The character that wrote it; left out: a user did."
    )
    mentions: Annotated[
        list[CharacterId],
        Field(max_length=limits.LIST_ITEMS),
        AfterValidator(_without_repeats),
    ] = Field([], description="Characters that the platform says are mentioned.")
    activity: ActivityBody | None = None
    ignore_sticky: bool = Field(
        False, description="Whoever answered here last has no advantage."
    )
    context: str | None = Field(
        None,
        max_length=limits.SLUG_LENGTH,
        description="A kind of conversation by id or alias, or auto: the words tell.",
    )
    compose: ComposeBody | None = Field(
        None,
        description="If somebody responds, give their prompt at once, with this in"
        " place; decision_id is the decision's own.",
    )
    label: Label | None = None


class RouteView(APIView):
    """One message."""

    access = {"POST": DECIDE}

    @describe(
        name="route",
        summary="Who answers a message",
        query=Query,
        body=RouteBody,
        answers={200: ROUTED},
        problems=[of_personas.UNKNOWN_CONTEXT, of_personas.NOT_LABELLED],
        tag="routing",
    )
    def post(self, request: Request) -> HttpResponse:
        """Decide who answers, and whether at all: `respond` says it, `explanation` why
        in a sentence. That nobody fits, or that somebody stays silent, is an answer
        like any other. Ask for every message that characters may see, also for their
        own. With `message_id`, asking again gives the same decision, with
        `Idempotency-Replayed: true`. Ids in `mentions` that nobody has are ignored, and
        named in `ignored_mentions`."""
        read_query(request, Query)
        body = read_body(request, RouteBody)
        bot = cast("BotPrincipal", request.auth)
        asked = asked_of(body, label=label_asked(request, body=body))
        decided = deciding.decide_message(asked, bot=bot, clock=timezone.now)
        prompt = composing.compose(
            decided, asked=asked, is_test=bot.is_test, now=timezone.now()
        )
        answer = {k: v for k, v in decided.answer.items() if k not in _UNTOLD}
        if body.compose is not None:
            answer["prompt"] = None if prompt is None else orjson.Fragment(prompt)
        response = answered(answer)
        response["X-Freshness"] = "fresh" if decided.is_fresh else "stale"
        if decided.is_repeated:
            response["Idempotency-Replayed"] = "true"
        return response


def answered(body: dict[str, Any]) -> HttpResponse:
    """200 with what nobody may keep for others."""
    response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def label_asked(request: Request, *, body: RouteBody) -> str:
    of_prompt = None if body.compose is None else body.compose.label
    return label_of(request, asked=body.label or of_prompt)


def asked_of(body: RouteBody, *, label: str) -> Asked:
    activity = body.activity
    asked = Asked(
        message=Message(
            text=body.message,
            author_character_id=body.author_character_id,
            mentions=tuple(body.mentions),
            activity=None
            if activity is None
            else Activity(name=activity.name, category=activity.category),
            ignore_sticky=body.ignore_sticky,
        ),
        channel_id=body.channel_id,
        message_id=body.message_id or "",
        server_id=body.server_id or "",
        user_id=body.user_id or "",
        context=body.context,
        label=label,
    )
    wanted = body.compose
    if wanted is None:
        return asked
    return replace(
        asked,
        context=wanted.context or body.context,
        compose=Composing(
            messages=tuple(Said(m.name, m.text) for m in wanted.messages),
            user_name=wanted.user_name,
            other_character_id=wanted.other_character_id,
            budget_tokens=wanted.budget_tokens,
            seed=wanted.seed,
        ),
    )
