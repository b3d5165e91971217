"""The rows that every app stands on."""

from core.models.audit import AuditEntry
from core.models.keys import BotKey
from core.models.live import LiveChange, LiveStream
from core.models.people import Invitation, User
from core.models.policy import PolicySetting
from core.models.webhooks import (
    PENDING,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookMessage,
)

__all__ = [
    "PENDING",
    "AuditEntry",
    "BotKey",
    "DeliveryState",
    "Invitation",
    "LiveChange",
    "LiveStream",
    "PolicySetting",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WebhookMessage",
]
