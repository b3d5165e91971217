"""Webhooks, the messages for them, and how each message fared at each webhook."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField
from core.webhooks.events import TEST


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Webhooks by whether anything goes to them."""

    def kept(self) -> Self:
        return self.filter(archived_at=None)

    def open(self) -> Self:
        """Those that messages are sent to."""
        return self.filter(is_active=True, disabled_at=None, archived_at=None)


class Webhook(models.Model):
    """An address of another program that wants to hear of some events.

    The secret has to be known in full, because every message is signed with it.
    ``is_active`` is a person's switch; ``disabled_at`` says that messages failed
    for so long that nobody seems to listen. ``failures`` counts the messages in a
    row that were given up, ``missed`` the attempts in a row that failed.
    """

    name = models.CharField(max_length=100)
    url = models.CharField(max_length=2000)
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    events = OrderedJSONField(default=list)
    is_active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    missed = models.PositiveIntegerField(default=0)
    missed_since = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="webhook_has_name"),
            models.CheckConstraint(condition=~Q(url=""), name="webhook_has_url"),
            models.CheckConstraint(condition=~Q(secret=""), name="webhook_has_secret"),
            models.CheckConstraint(condition=~Q(events=[]), name="webhook_has_event"),
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_until=None)
                | (~Q(previous_secret="") & ~Q(previous_until=None)),
                name="webhook_previous_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at=None, disabled_why="")
                | (~Q(disabled_at=None) & ~Q(disabled_why="")),
                name="webhook_disabled_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether messages are sent to it."""
        return self.is_active and self.disabled_at is None and self.archived_at is None

    def secrets(self, *, now: datetime) -> list[str]:
        """What a message is signed with: the secret, and while rotating the old one."""
        is_rotating = self.previous_until is not None and now < self.previous_until
        return [self.secret, *([self.previous_secret] if is_rotating else [])]


class WebhookMessage(models.Model):
    """What happened, as every webhook that asked for it is told.

    ``public_id`` is the ``webhook-id`` header: receivers know repeats by it.
    """

    public_id = models.CharField(max_length=40, unique=True)
    event = models.CharField(max_length=64)
    payload = OrderedJSONField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="webhook_message_by_time")]

    def __str__(self) -> str:
        return self.public_id


class DeliveryState(models.TextChoices):
    """How a message fared at one webhook."""

    WAITING = "waiting", "Waiting"
    FAILED = "failed", "Failed, will be tried again"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"


PENDING = (DeliveryState.WAITING, DeliveryState.FAILED)
"""States in which there will be another attempt, at ``try_at``."""


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Deliveries by what is to be done with them."""

    def pending(self) -> Self:
        return self.filter(state__in=PENDING)

    def due(self, *, now: datetime) -> Self:
        """Those whose time has come, at webhooks that are open; tests at any kept."""
        is_open = Q(webhook__is_active=True, webhook__disabled_at=None)
        is_test = Q(message__event=TEST.name)
        rows = self.pending().filter(try_at__lte=now, webhook__archived_at=None)
        return rows.filter(is_open | is_test)


class WebhookDelivery(models.Model):
    """One message for one webhook.

    Whoever tries it takes it first: ``claim`` is theirs, and ``try_at`` is moved
    ahead, so that it is tried again if they die. ``log`` lists the last attempts,
    oldest first: ``{"at", "status" (or null), "error", "ms"}``.
    """

    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="deliveries")
    message = models.ForeignKey(
        WebhookMessage, models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(
        max_length=9, choices=DeliveryState, default=DeliveryState.WAITING
    )
    attempts = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(null=True, blank=True)
    give_up_at = models.DateTimeField()
    claim = models.CharField(max_length=32, blank=True)
    status = models.PositiveIntegerField(null=True, blank=True)  # HTTP, last answer
    error = models.CharField(max_length=300, blank=True)  # of the last attempt
    duration = models.DurationField(null=True, blank=True)  # of the last attempt
    log = OrderedJSONField(default=list)
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "message"], name="webhook_delivery_one_per_message"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values),
                name="webhook_delivery_known_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=PENDING, try_at__isnull=False)
                | (~Q(state__in=PENDING) & Q(try_at=None)),
                name="webhook_delivery_pending_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.DELIVERED, delivered_at__isnull=False)
                | (~Q(state=DeliveryState.DELIVERED) & Q(delivered_at=None)),
                name="webhook_delivery_delivered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(give_up_at__gt=F("created_at")),
                name="webhook_delivery_ends",
            ),
        ]
        indexes = [
            models.Index(
                fields=["try_at"],
                condition=Q(state__in=PENDING),
                name="webhook_delivery_pending",
            ),
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.webhook_id}: {self.state}"
