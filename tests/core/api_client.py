"""Callers of the API: bots with keys, people with sessions."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from core.keys import create_key
from core.models import BotKey
from core.roles import Scope

EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def bot_client(*scopes: str, **fields: Any) -> Client:
    """A client that sends a new key with ``scopes``, or with all of them."""
    _, text = make_key(*scopes, **fields)
    return Client(headers={"Authorization": f"Bearer {text}"})


def make_key(*scopes: str, **fields: Any) -> tuple[BotKey, str]:
    values: dict[str, Any] = {
        "name": "bot",
        "scopes": scopes or tuple(Scope),
        "actor": None,
        "now": EARLY,
    }
    return create_key(**{**values, **fields})
