"""Quiet switches: who is silenced where, by whom, until when."""

import uuid

from django.db import models
from django.db.models import F, Q


class Quiet(models.Model):
    """One switch; what it names must all hold, and naming nothing means everything.

    It is on from ``created_at`` until ``lifted_at`` or ``until``, whichever is first.
    """

    quiet_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    character = models.ForeignKey(
        "personas.Character", models.PROTECT, null=True, blank=True, related_name="+"
    )
    other = models.ForeignKey(
        "personas.Character", models.PROTECT, null=True, blank=True, related_name="+"
    )
    channel_id = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField()
    created_at = models.DateTimeField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="quiet_has_reason"),
            models.CheckConstraint(
                condition=Q(other=None)
                | (Q(character__isnull=False) & ~Q(other=F("character"))),
                name="quiet_pair_of_two",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("created_at")),
                name="quiet_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(lifted_at=None),
                name="quiet_not_lifted",
            ),
        ]

    def __str__(self) -> str:
        return f"Quiet {self.quiet_id}"
