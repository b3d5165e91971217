"""Milestones that were passed, and what became of their stages."""

from typing import Self

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField


class CrossingQuerySet(models.QuerySet["Crossing"]):
    """Crossings by what waits to be done."""

    def awaiting_approval(self) -> Self:
        """Stages that a manager has to decide on."""
        states = (Crossing.Status.OFFERED, Crossing.Status.WAITING)
        return self.filter(
            status__in=states, wants="", character__archived_at=None
        ).order_by("reached_at", "pk")

    def to_carry_out(self) -> Self:
        """Decided, and not yet published."""
        return self.exclude(wants="")


class Crossing(models.Model):
    """One milestone of one character, passed once and for good.

    A mark without a stage is only noted. A stage copies its ``changes`` as they were
    published then. ``offered`` is one that was added below the count: nobody passed
    it. ``wants`` is what the background task has yet to do, after ``try_at``.
    """

    class Status(models.TextChoices):
        NOTED = "noted", "Noted"
        OFFERED = "offered", "Offered"
        WAITING = "waiting", "Waiting"
        POSTPONED = "postponed", "Postponed"
        APPLIED = "applied", "Applied"
        REJECTED = "rejected", "Rejected"
        REVERTED = "reverted", "Reverted"

    class Wants(models.TextChoices):
        NOTHING = "", "Nothing"
        APPLY = "apply", "To be applied"
        REVERT = "revert", "To be reverted"

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="crossings"
    )
    milestone = models.PositiveBigIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices)
    reached_at = models.DateTimeField()
    count = models.PositiveBigIntegerField()  # to which the passing report led
    event_id = models.BigIntegerField(null=True, blank=True)
    is_flagged = models.BooleanField(default=False)  # reports below it were voided
    title = models.CharField(max_length=2000, blank=True)
    description = models.TextField(blank=True)
    changes = OrderedJSONField(default=dict, blank=True)  # StageChanges
    wants = models.CharField(
        max_length=16, choices=Wants.choices, default=Wants.NOTHING, blank=True
    )
    attempts = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    version = models.ForeignKey(
        "personas.CharacterVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )  # the one that it last went live with

    objects = CrossingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["character", "milestone"], name="crossing_once"
            ),
            models.CheckConstraint(
                condition=Q(milestone__gte=1), name="crossing_from_one"
            ),
            models.CheckConstraint(
                condition=~Q(status="noted") | Q(wants=""),
                name="crossing_noted_wants_nothing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["try_at"],
                condition=~Q(wants=""),
                name="crossing_to_carry_out",
            )
        ]

    def __str__(self) -> str:
        return f"{self.character_id} at {self.milestone}: {self.status}"
