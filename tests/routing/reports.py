"""Reports as bots send them, and what they leave behind."""

import json
from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.test import Client

from core.models import LiveChange
from personas.models import ApprovedGrowth
from routing.services import checking

ONE = "/api/v1/interactions"
BATCH = "/api/v1/interactions/batch"
KEPT = ("routing", "evolution", "relationships")


def event(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """A message of Ada's to a user, unless told otherwise."""
    return {"id": event_id, "character_id": "ada", "kind": "message", **fields}


def met(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """A compliment of Ada's for Bob, unless told otherwise."""
    values = {"kind": "compliment", "other_character_id": "bob", **fields}
    return event(event_id, **values)


def send(client: Client, body: Any, *, to: str = ONE, **headers: str) -> HttpResponse:
    """POST ``body`` as JSON; bytes are sent as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        to, data=data, content_type="application/json", headers=headers or None
    )


def send_all(client: Client, *events: Any, **headers: str) -> list[dict[str, Any]]:
    """The results of a batch."""
    response = send(client, {"events": events}, to=BATCH, **headers)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def rows() -> dict[str, list[Any]]:
    """Every row of the apps that reports write to, and of what they announce."""
    models = [model for app in KEPT for model in apps.get_app_config(app).get_models()]
    found = {
        model._meta.label: list(model.objects.order_by("pk").values())
        for model in [*models, ApprovedGrowth]
    }
    # Numbers are given after the commit, by whoever comes first.
    told = LiveChange.objects.filter(stream__in=["relationships", "evolution"])
    found["live"] = list(told.order_by("pk").values("stream_id", "key", "op"))
    return found


def assert_adds_up() -> None:
    """What ``manage.py doctor`` says."""
    assert checking.findings() == []
