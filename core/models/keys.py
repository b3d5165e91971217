"""Keys by which bots identify themselves."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField


class BotKeyQuerySet(models.QuerySet["BotKey"]):
    """Keys by whether they still open anything."""

    def usable(self, *, now: datetime) -> Self:
        return self.filter(revoked_at=None).filter(
            Q(expires_at=None) | Q(expires_at__gt=now)
        )


class BotKey(models.Model):
    """A bot's key; only the SHA-256 of the whole key is kept.

    A plain digest is right, because the secret has 256 random bits. ``label``
    pins the key's reads to one label; empty means production unless asked.
    """

    name = models.CharField(max_length=100)
    public_id = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hex
    scopes = OrderedJSONField(default=list)
    label = models.CharField(max_length=64, blank=True)
    is_test = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    first = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+"
    )  # the bot's first key, if this one was exchanged for another

    objects = BotKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="bot_key_has_name"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="bot_key_has_scope"),
        ]

    def __str__(self) -> str:
        return self.name
