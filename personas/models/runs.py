"""Publishing a framework in the background: what was asked, how far it is."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField


class FrameworkRunQuerySet(models.QuerySet["FrameworkRun"]):
    """Runs by what pages and the worker ask for."""

    def open(self) -> Self:
        return self.filter(finished_at=None)


class FrameworkRun(models.Model):
    """One publish of a framework, prepared in the background, switched together.

    ``character_ids`` is who was chosen. ``results`` maps a character id to
    ``{"status": "ready" | "published" | "unchanged" | "edited" | "refused",
    "detail": text, "version": number of what was published, "notes": warnings of
    the checks}``. ``started_at`` is when a worker last said that it is at it;
    ``problem`` says why the whole run failed, or who cancelled it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        PREPARING = "preparing", "Preparing"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    framework = models.ForeignKey(
        "personas.Framework", models.PROTECT, related_name="runs"
    )
    revision = models.PositiveIntegerField()
    note = models.TextField()
    author = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    character_ids = OrderedJSONField(default=list)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    results = OrderedJSONField(default=dict)
    problem = models.TextField(blank=True)
    publication = models.OneToOneField(
        "personas.Publication",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="run",
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = FrameworkRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["framework"],
                condition=Q(finished_at=None),
                name="framework_run_one_open",
            ),
            models.CheckConstraint(
                condition=Q(done__lte=F("total")), name="framework_run_done_in_total"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "preparing"], finished_at=None)
                | Q(state__in=["done", "failed"], finished_at__isnull=False),
                name="framework_run_finished_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(note=""), name="framework_run_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.framework_id}"
