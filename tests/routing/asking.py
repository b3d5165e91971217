"""Messages as bots send them, and characters who might answer."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from core import policy
from personas.models import Character
from personas.services import publishing
from tests.factories import NOW, make_character
from tests.routing.reports import send

ROUTE = "/api/v1/route"
DECISIONS = "/api/v1/decisions"


def publish(*character_ids: str, label: str | None = None) -> None:
    publishing.publish(
        character_ids=list(character_ids), note="N", author=None, now=NOW
    )


def make_cast(**fields: dict[str, Any]) -> list[Character]:
    """Characters by id with fields of their sheets, all published."""
    cast = [make_character(name, **values) for name, values in fields.items()]
    publish(*fields)
    return cast


def three() -> list[Character]:
    """Ada likes tea, Bob likes chess, Eve likes both."""
    return make_cast(
        ada={"topic_interests": ["tea"]},
        bob={"topic_interests": ["chess"]},
        eve={"topic_interests": ["tea", "chess"], "routing_weight": 0.5},
    )


def set_policy(name: str, *, value: object) -> None:
    policy.set_value(name=name, value=value, actor=None, now=NOW)


def asked(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A user's message in channel 7, unless told otherwise."""
    return {"channel_id": "7", "message": text, **fields}


def route(client: Client, text: str = "Hello", **fields: Any) -> HttpResponse:
    return send(client, asked(text, **fields), to=ROUTE)


def routed(client: Client, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """The answer, which there must be."""
    response = route(client, text, **fields)
    assert response.status_code == 200, response.content
    return response.json()


def outcome(client: Client, decision_id: str, **fields: Any) -> HttpResponse:
    body = {"delivered": True, **fields}
    return send(client, body, to=f"{DECISIONS}/{decision_id}/outcome")


def replayed(client: Client, decision_id: str) -> HttpResponse:
    return client.post(f"{DECISIONS}/{decision_id}/replay")
