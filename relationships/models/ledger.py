"""Everything that ever moved a feeling."""

from django.db import models
from django.db.models import Q

from relationships.models.feelings import AFFINITY_RANGE, TENSION_RANGE, Affinity


class LedgerRow(models.Model):
    """One change of one direction, with all it was computed from.

    Values are thousandths. ``before`` is what was felt just before, decayed;
    ``after``, ``resting``, ``tension``, the traits and ``events`` are what was stored
    by it, so that the newest row up to a moment tells that moment. ``factor`` is 1000
    for who acted and 800 for who was met. ``wanted`` is the change before the day's
    cap cut it to ``change``. ``event_id`` is the report's row in the layer above;
    ``folded`` is how many older rows of the day were compacted into this one.
    """

    class Cause(models.TextChoices):
        EVENT = "event", "Interaction"
        SET = "set", "Set by hand"
        RESET = "reset", "Reset"
        RESTING = "resting", "Resting value"
        VOID = "void", "Reports voided"

    affinity = models.ForeignKey(Affinity, models.PROTECT, related_name="ledger")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    cause = models.CharField(max_length=16, choices=Cause.choices)
    event_id = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=64, blank=True)
    is_speaker = models.BooleanField(default=False)
    base = models.IntegerField(default=0)
    intensity = models.PositiveIntegerField(default=1_000)
    compatibility = models.PositiveIntegerField(default=1_000)
    tension_before = models.PositiveIntegerField(default=0)
    is_trigger = models.BooleanField(default=False)
    factor = models.PositiveIntegerField(default=1_000)
    wanted = models.IntegerField(default=0)
    change = models.IntegerField(default=0)
    before = models.IntegerField()
    after = models.IntegerField()
    resting = models.IntegerField(default=0)
    tension = models.PositiveIntegerField(default=0)
    warmth = models.IntegerField(default=0)
    trust = models.IntegerField(default=0)
    respect = models.IntegerField(default=0)
    rivalry = models.IntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    band = models.CharField(max_length=64, blank=True)  # entered by this, if any
    folded = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["affinity", "seq"], name="ledger_row_one_per_number"
            ),
            models.UniqueConstraint(
                fields=["affinity", "event_id"],
                condition=Q(event_id__isnull=False),
                name="ledger_row_one_per_event",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="ledger_row_from_one"),
            models.CheckConstraint(
                condition=Q(before__range=AFFINITY_RANGE, after__range=AFFINITY_RANGE),
                name="ledger_row_in_range",
            ),
            models.CheckConstraint(
                condition=Q(tension__range=TENSION_RANGE),
                name="ledger_row_tension_in_range",
            ),
        ]
        indexes = [
            models.Index(fields=["affinity", "-at", "-seq"], name="ledger_by_moment"),
            models.Index(fields=["event_id"], name="ledger_by_event"),
            models.Index(fields=["at"], name="ledger_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.affinity_id} #{self.seq}: {self.cause}"
