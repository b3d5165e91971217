"""Telling people how webhooks fare: live pages, the audit log, the home page."""

from datetime import datetime

from core import audit
from core.live.changes import announce
from core.live.streams import WEBHOOKS
from core.models import Webhook


def changed(webhook_pk: int, *, now: datetime) -> None:
    """Within a transaction: pages that show the webhook read it again."""
    announce(
        stream=WEBHOOKS.name, key=str(webhook_pk), op={"webhook": webhook_pk}, now=now
    )


def disable(webhook: Webhook, *, why: str, now: datetime) -> None:
    """Within a transaction: send nothing more to a locked webhook, and say so.

    The caller saves the row.
    """
    webhook.disabled_at, webhook.disabled_why = now, why[:300]
    audit.record(
        actor=None,
        action="webhook.disabled",
        obj=webhook,
        before={"is_open": True},
        after={"is_open": False},
        note=webhook.disabled_why,
        now=now,
    )
