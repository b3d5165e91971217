"""Decisions as they were made, with all that is needed to make them again."""

import uuid

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField


class Roster(models.Model):
    """Who could answer, by versions; told as a difference, so that it costs little.

    ``digest`` stands for the members alone, so that equal rosters are one row.
    ``changes`` is ``{"set": {character_id: version's primary key}, "drop": [ids]}``
    against ``base``; without one, against an empty roster. ``depth`` counts bases.
    """

    digest = models.CharField(max_length=64, unique=True)
    base = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+"
    )
    depth = models.PositiveIntegerField(default=0)
    changes = OrderedJSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class RoutingTerms(models.Model):
    """Settings of installation and channel by which decisions were made."""

    digest = models.CharField(max_length=64, unique=True)
    body = OrderedJSONField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "routing terms"

    def __str__(self) -> str:
        return self.digest[:12]


class Decision(models.Model):
    """The answer to “who replies to this message?”.

    ``text`` is the message as far as it is kept: whole, an excerpt or not at all, as
    ``text_kept`` says; it is erased at ``text_until``. ``asked`` holds the rest of what
    was asked, ``state`` what the record said then, and ``answer`` what the bot was
    told, without the prompt; none of them holds text of the message. ``composed`` says
    what of it entered a prompt that was asked for at once.
    """

    class Kept(models.TextChoices):
        WHOLE = "whole"
        EXCERPT = "excerpt"
        NONE = "none"

    decision_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    bot = models.ForeignKey("core.BotKey", models.PROTECT, related_name="+")
    message_id = models.CharField(max_length=64, blank=True)
    channel_id = models.CharField(max_length=64)
    server_id = models.CharField(max_length=64, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    author = models.ForeignKey(
        "personas.Character", models.PROTECT, null=True, blank=True, related_name="+"
    )
    label = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    text_kept = models.CharField(max_length=8, choices=Kept)
    text_until = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField()
    character = models.ForeignKey(
        "personas.Character",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
    )
    version = models.ForeignKey(
        "personas.CharacterVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(max_length=16)
    respond = models.BooleanField()
    respond_reason = models.CharField(max_length=16)
    seed = models.PositiveBigIntegerField()
    roster = models.ForeignKey(Roster, models.PROTECT, related_name="+")
    terms = models.ForeignKey(RoutingTerms, models.PROTECT, related_name="+")
    asked = OrderedJSONField()
    state = OrderedJSONField()
    answer = OrderedJSONField()
    composed = OrderedJSONField(null=True, blank=True)
    delivered = models.BooleanField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    reply_message_id = models.CharField(max_length=64, blank=True)
    reply_excerpt = models.TextField(blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "message_id"],
                condition=~Q(message_id=""),
                name="decision_once_per_message",
            ),
            models.CheckConstraint(
                condition=Q(respond=False) | Q(character__isnull=False),
                name="decision_of_nobody_is_silent",
            ),
        ]
        indexes = [
            models.Index(fields=["channel_id", "-id"], name="decision_by_channel"),
            models.Index(fields=["channel_id", "-decided_at"], name="decision_of_late"),
            models.Index(
                fields=["author", "character", "-decided_at"],
                condition=Q(author__isnull=False),
                name="decision_to_whom",
            ),
            models.Index(fields=["character", "-id"], name="decision_by_character"),
            models.Index(fields=["reason", "-id"], name="decision_by_reason"),
            models.Index(
                fields=["message_id"],
                condition=~Q(message_id=""),
                name="decision_by_message",
            ),
            models.Index(
                fields=["reply_message_id"],
                condition=~Q(reply_message_id=""),
                name="decision_by_reply",
            ),
            models.Index(
                fields=["text_until"],
                condition=Q(text_until__isnull=False),
                name="decision_text_to_erase",
            ),
            models.Index(
                fields=["user_id"], condition=~Q(user_id=""), name="decision_by_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.reason}"
