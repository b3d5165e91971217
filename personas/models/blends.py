"""What the blended prompts of a version were mixed from."""

from django.db import models

from core.fields import OrderedJSONField


class VersionBlend(models.Model):
    """The weights that a version's blended prompts were asked with.

    ``weights`` maps a kind of conversation to framework ids to weights, as they
    stood on the sheet and in the installation's table when it was published:
    neither scaled nor cut, so that the same rules can be applied again.
    """

    version = models.OneToOneField(
        "personas.CharacterVersion", models.PROTECT, related_name="blend"
    )
    weights = OrderedJSONField()

    def __str__(self) -> str:
        return f"blend of {self.version_id}"


class BlendFramework(models.Model):
    """A framework version that went into a version's blended prompts."""

    blend = models.ForeignKey(VersionBlend, models.PROTECT, related_name="frameworks")
    framework_version = models.ForeignKey(
        "personas.FrameworkVersion", models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["blend", "framework_version"], name="blend_framework_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.blend_id}: {self.framework_version_id}"
