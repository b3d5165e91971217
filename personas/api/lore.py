"""Lore: which entries a conversation brings, and why each other does not enter."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.parameters import Query, read_body, read_query
from core.api.schema import describe
from core.rates import READS
from personas import serving
from personas.api import problems
from personas.api.answering import READ, label_of
from personas.api.queries import ActivateBody
from personas.api.schema import ACTIVATED
from personas.catalog import catalog
from personas.domain.composing import Message
from personas.serving import Asked


class ActivateView(APIView):
    """The entries of a character's lorebooks that a conversation brings."""

    access = {"POST": READ}
    # It writes nothing; POST only because a conversation fits no address.
    rate = READS

    @describe(
        name="lore_activate",
        summary="The lore that a conversation brings, and why",
        body=ActivateBody,
        answers={200: ACTIVATED},
        problems=[problems.UNKNOWN_CHARACTER, problems.NOT_LABELLED],
        tag="prompts",
    )
    def post(self, request: Request) -> HttpResponse:
        """Look through the messages for the keys of all books in play: those that the
        character names and those for everybody, as published. `trace` tells of each
        entry, at most 10,000; then `trace_left_out` counts the others."""
        read_query(request, Query)
        body = read_body(request, ActivateBody)
        snapshot, is_fresh = catalog.read()
        answer = serving.activate(
            snapshot,
            character_id=body.character_id,
            label=label_of(request, asked=body.label),
            asked=Asked(
                messages=tuple(Message(m.name, m.text) for m in body.messages),
                user_name=body.user_name,
                budget_tokens=body.budget_tokens,
                seed=body.seed,
            ),
        )
        response = HttpResponse(answer, content_type="application/json")
        response["Cache-Control"] = "no-store"
        response["X-Freshness"] = "fresh" if is_fresh else "stale"
        return response
