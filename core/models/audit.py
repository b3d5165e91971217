"""What people did, for good."""

from django.db import models

from core.fields import OrderedJSONField


class AuditEntry(models.Model):
    """One act of a person, with what it changed; triggers refuse to alter it.

    ``before`` and ``after`` hold only the fields that differ.
    """

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=200)  # as it was; "system" for nobody
    role = models.CharField(max_length=16, blank=True)
    action = models.CharField(max_length=64, db_index=True)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=100)
    object_name = models.CharField(max_length=200)
    before = OrderedJSONField(null=True, blank=True)
    after = OrderedJSONField(null=True, blank=True)
    note = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["object_type", "object_id", "-id"], name="audit_by_object"
            )
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.object_name}"
