"""What webhooks have told on the home page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.http import HttpRequest
from django.urls import reverse

from core.models import Webhook
from core.needs import Need
from core.people import may
from core.roles import Action
from core.services.webhooks import disabled

_TOLD: Final = 10


def needs(request: HttpRequest, now: datetime) -> Sequence[Need]:
    """Webhooks that were disabled, for those who can do something about it."""
    if not may(request.user, action=Action.MANAGE_WEBHOOKS):
        return []
    return [_need(webhook) for webhook in disabled()[:_TOLD]]


def _need(webhook: Webhook) -> Need:
    return Need(
        f"The webhook “{webhook}” takes no messages and is disabled.",
        reverse("core:webhook-detail", args=[webhook.pk]),
        "See why",
        since=webhook.disabled_at,
        is_urgent=True,
    )
