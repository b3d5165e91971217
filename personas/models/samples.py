"""Conversations kept from trying a character out."""

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField


class SampleConversation(models.Model):
    """Messages put to a character's draft and live version, and what came back.

    ``messages`` is a list of ``{"who": "user" | "character" | "other", "name",
    "text"}``. ``draft`` and ``live`` are ``{"version": number or null, "revision":
    number or null, "prompt": the whole chat as sent, "reply", "problem", "model",
    "seconds"}``; ``live`` is empty where nothing was live.
    """

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="samples"
    )
    title = models.CharField(max_length=200)
    user_name = models.CharField(max_length=200, blank=True)
    context = models.CharField(max_length=64, blank=True)
    messages = OrderedJSONField(default=list)
    draft = OrderedJSONField(default=dict)
    live = OrderedJSONField(default=dict)
    author = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="sample_has_title")
        ]

    def __str__(self) -> str:
        return self.title
