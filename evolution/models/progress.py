"""How many interactions a character had, and how it drifts."""

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField


class Progress(models.Model):
    """One character's count; locked by every report of its interactions."""

    class Mode(models.TextChoices):
        AUTO = "auto", "By itself"
        APPROVE = "approve", "After approval"
        FROZEN = "frozen", "Frozen"

    character = models.OneToOneField(
        "personas.Character", models.PROTECT, related_name="progress"
    )
    count = models.PositiveBigIntegerField(default=0)
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.APPROVE)
    traits = OrderedJSONField(default=dict, blank=True)  # trait → thousandths
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mode__in=["auto", "approve", "frozen"]),
                name="progress_known_mode",
            )
        ]
        verbose_name_plural = "progress"

    def __str__(self) -> str:
        return f"{self.character_id}: {self.count}"


class ProgressDay(models.Model):
    """What a UTC day added, and where it ended: for rates and small charts."""

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="progress_days"
    )
    day = models.DateField()
    added = models.PositiveBigIntegerField(default=0)
    count = models.PositiveBigIntegerField()  # at the end of the day, so far
    traits = OrderedJSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["character", "day"], name="progress_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.character_id} {self.day}: {self.added}"
