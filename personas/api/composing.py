"""Composing: a prompt and a conversation as one chat."""

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.parameters import Query, read_body, read_query
from core.api.schema import describe
from core.keys import BotPrincipal
from core.rates import READS
from personas import feelings, lore_firings, serving
from personas.api import problems
from personas.api.answering import READ, label_of
from personas.api.queries import ComposeBody
from personas.api.schema import COMPOSED
from personas.catalog import catalog
from personas.domain.composing import Message
from personas.serving import Asked


class ComposeView(APIView):
    """A prompt with the conversation in place."""

    access = {"POST": READ}
    # It writes nothing; POST only because a conversation fits no address.
    rate = READS

    @describe(
        name="compose",
        summary="A prompt with the conversation in place",
        body=ComposeBody,
        answers={200: COMPOSED},
        problems=[
            problems.UNKNOWN_CHARACTER,
            problems.NOT_LABELLED,
            problems.UNKNOWN_CONTEXT,
        ],
        tag="prompts",
    )
    def post(self, request: Request, character_id: str) -> HttpResponse:
        """Give the chat that a model is to be sent: system prompt, messages and the
        text after them, with the entries of lorebooks that the messages bring. With
        `context: auto` the words of the last messages tell the kind of conversation,
        and `detection` which words those were. `trace` says why each entry entered or
        did not, of at most 1,000; `lore/activate` tells of all. With
        `other_character_id` the words for what it feels for that character stand at
        the end of the system prompt, and in `feelings`. The answer's `seed`, sent
        again, gives the same answer, as long as the feelings are the same."""
        read_query(request, Query)
        body = read_body(request, ComposeBody)
        snapshot, is_fresh = catalog.read()
        now = timezone.now()
        felt, is_felt_fresh = feelings.toward(
            character_id,
            body.other_character_id,
            is_reachable=is_fresh,
            now=now,
        )
        answer = serving.compose(
            snapshot,
            character_id=character_id,
            label=label_of(request, asked=body.label),
            asked=Asked(
                messages=tuple(Message(m.name, m.text) for m in body.messages),
                context=body.context,
                user_name=body.user_name,
                other_character_id=body.other_character_id,
                budget_tokens=body.budget_tokens,
                seed=body.seed,
                decision_id=body.decision_id,
            ),
            note_fired=lore_firings.note if _counts(request) else None,
            feelings=felt,
            quiet=snapshot.quiets.quiet(character_id, now=now),
        )
        response = HttpResponse(answer, content_type="application/json")
        response["Cache-Control"] = "no-store"
        is_fresh = is_fresh and is_felt_fresh
        response["X-Freshness"] = "fresh" if is_fresh else "stale"
        return response


def _counts(request: Request) -> bool:
    """Whether it is a bot that asks, and not to try something."""
    return isinstance(request.auth, BotPrincipal) and not request.auth.is_test
