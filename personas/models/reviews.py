"""Drafts that somebody asked a manager to look at."""

from typing import Self

from django.db import models
from django.db.models import Q


class ReviewQuerySet(models.QuerySet["ReviewRequest"]):
    """Requests by what pages ask for."""

    def open(self) -> Self:
        return self.filter(closed_at=None)


class ReviewRequest(models.Model):
    """A curator's question whether a draft may go live; open until answered.

    ``revision`` is the draft's when asked. Publishing the draft answers it.
    """

    class Answer(models.TextChoices):
        PUBLISHED = "published", "Published"
        DECLINED = "declined", "Sent back"
        WITHDRAWN = "withdrawn", "Withdrawn"

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="reviews"
    )
    revision = models.PositiveIntegerField()
    note = models.TextField()
    asked_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=16, choices=Answer.choices, blank=True)
    answer_note = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["character"],
                condition=Q(closed_at=None),
                name="review_one_open_per_character",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="review_has_note"),
            models.CheckConstraint(
                condition=Q(closed_at=None, answer="")
                | Q(
                    closed_at__isnull=False,
                    answer__in=["published", "declined", "withdrawn"],
                ),
                name="review_closed_with_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"review of {self.character_id} at {self.revision}"
