"""Settings that managers edit, as dated rows."""

from django.db import models

from core.fields import OrderedJSONField


class PolicySetting(models.Model):
    """One value of one setting from a moment on; the newest row is in force."""

    name = models.CharField(max_length=64)
    value = OrderedJSONField()
    effective_at = models.DateTimeField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["name", "-id"], name="policy_setting_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} from {self.effective_at:%Y-%m-%d %H:%M}"
