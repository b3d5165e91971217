"""Numbered changes that live pages, bots and processes follow."""

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField


class LiveStream(models.Model):
    """A stream and the number of its newest change; locked while numbering."""

    name = models.CharField(max_length=32, primary_key=True)
    head = models.BigIntegerField(default=0)
    # Changes up to here have been pruned; whoever is behind reads a snapshot.
    floor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(floor__gte=0, head__gte=F("floor")),
                name="live_stream_floor_below_head",
            )
        ]

    def __str__(self) -> str:
        return self.name


class LiveChange(models.Model):
    """One change, with absolute values; its number is given after commit.

    ``key`` names what changed (a character id, say), so that many changes to
    one thing can be shown as the last of them.
    """

    stream = models.ForeignKey(LiveStream, models.PROTECT, related_name="changes")
    seq = models.BigIntegerField(null=True, blank=True)
    key = models.CharField(max_length=100)
    op = OrderedJSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "seq"], name="live_change_one_per_number"
            )
        ]
        indexes = [
            models.Index(
                fields=["stream", "id"],
                condition=Q(seq=None),
                name="live_change_unnumbered",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.seq}: {self.key}"
