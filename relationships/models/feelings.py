"""What one character feels for another, as it was last stored."""

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField

AFFINITY_RANGE = (-10_000, 10_000)
"""Thousandths of a point."""
TENSION_RANGE = (0, 1_000)
"""Thousandths."""


class Pair(models.Model):
    """Two characters, whichever feels; locked before their feelings.

    ``low`` is the one with the smaller primary key, so that everybody locks in one
    order. ``tension`` is the value at ``tension_at``; it decays from then on.
    """

    low = models.ForeignKey("personas.Character", models.PROTECT, related_name="+")
    high = models.ForeignKey("personas.Character", models.PROTECT, related_name="+")
    tension = models.PositiveIntegerField(default=0)  # thousandths
    tension_at = models.DateTimeField(null=True, blank=True)
    trigger_topics = OrderedJSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="pair_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="pair_ordered"),
            models.CheckConstraint(
                condition=Q(tension__range=TENSION_RANGE), name="pair_tension_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.low_id} and {self.high_id}"


class Affinity(models.Model):
    """What one character feels for another; each direction is its own row.

    ``stored`` is the value at ``updated_at``, in thousandths; from then on it decays
    towards ``resting``. ``seq`` is the number of its newest ledger row. ``spent`` is
    the sum of absolute changes of the UTC day ``spent_on``.
    """

    pair = models.ForeignKey(Pair, models.PROTECT, related_name="affinities")
    source = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="affinities"
    )
    target = models.ForeignKey("personas.Character", models.PROTECT, related_name="+")
    stored = models.IntegerField(default=0)
    updated_at = models.DateTimeField(null=True, blank=True)
    resting = models.IntegerField(default=0)
    seq = models.PositiveBigIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    warmth = models.IntegerField(default=0)  # thousandths, like the other traits
    trust = models.IntegerField(default=0)
    respect = models.IntegerField(default=0)
    rivalry = models.IntegerField(default=0)
    spent = models.PositiveIntegerField(default=0)
    spent_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target"], name="affinity_one_per_direction"
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="affinity_not_self"
            ),
            models.CheckConstraint(
                condition=Q(stored__range=AFFINITY_RANGE), name="affinity_in_range"
            ),
            models.CheckConstraint(
                condition=Q(resting__range=AFFINITY_RANGE),
                name="affinity_resting_in_range",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{trait}__range": (-1_000, 1_000)}),
                    name=f"affinity_{trait}_in_range",
                )
                for trait in ("warmth", "trust", "respect", "rivalry")
            ),
        ]
        verbose_name_plural = "affinities"

    def __str__(self) -> str:
        return f"{self.source_id} for {self.target_id}"
