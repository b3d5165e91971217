"""What happened is put down for every webhook that wants it, and sent later.

The rows are written in the caller's transaction: whatever is rolled back was
never sent, and whatever is committed will be (``core.services.webhook_sending``).
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.models import Webhook, WebhookDelivery, WebhookMessage
from core.webhooks.events import is_known, register_event
from core.webhooks.waiting import GIVE_UP_AFTER

__all__ = ["UnknownEvent", "disabled", "put_down", "register_event", "send", "send_all"]


class UnknownEvent(Exception):
    """Nobody registered this event, so no webhook could have asked for it."""


def send(event: str, data: Mapping[str, Any], *, now: datetime) -> None:
    """Put ``data`` down for all open webhooks that want ``event``.

    One query without such webhooks, three with them, however many. Call it in the
    transaction of what happened. ``data`` holds values of JSON, and times.

    Raises:
        UnknownEvent: ``event`` was never registered.
    """
    send_all(event, [data], now=now)


def send_all(event: str, datas: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """As ``send``, one message for each of ``datas``, with as many queries as one.

    Raises:
        UnknownEvent: ``event`` was never registered.
    """
    if not is_known(event):
        raise UnknownEvent(f"“{event}” is no event; register it at start-up.")
    if not datas:
        return
    hooks = [hook for hook in Webhook.objects.open() if event in hook.events]
    if hooks:
        put_down(event, datas, hooks=hooks, now=now)


@transaction.atomic
def put_down(
    event: str,
    datas: Sequence[Mapping[str, Any]],
    *,
    hooks: Sequence[Webhook],
    now: datetime,
) -> None:
    """Messages of ``event`` that wait to be sent to each of ``hooks``."""
    messages = WebhookMessage.objects.bulk_create(
        WebhookMessage(
            public_id=f"msg_{secrets.token_hex(16)}",
            event=event,
            payload={"type": event, "timestamp": now, "data": dict(data)},
            created_at=now,
        )
        for data in datas
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=hook,
            message=message,
            try_at=now,
            give_up_at=now + GIVE_UP_AFTER,
            created_at=now,
        )
        for message in messages
        for hook in hooks
    )


def disabled() -> QuerySet[Webhook]:
    """Those that took nothing for so long that somebody must look; oldest first."""
    rows = Webhook.objects.kept().filter(disabled_at__isnull=False)
    return rows.order_by("disabled_at", "pk")
