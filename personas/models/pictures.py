"""Pictures, kept by what they are."""

from django.db import models
from django.db.models import Q


class Picture(models.Model):
    """A re-encoded PNG; its key is the SHA-256 of its bytes, so it never changes.

    Kept in the database, so that one backup holds everything and every process
    can serve it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gte=1, height__gte=1), name="picture_has_size"
            )
        ]

    def __str__(self) -> str:
        return f"{self.width}×{self.height} picture"
