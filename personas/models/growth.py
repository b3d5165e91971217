"""What growth adds to what was authored."""

from django.db import models

from core.fields import OrderedJSONField


class ApprovedGrowth(models.Model):
    """What a character's next version is compiled with, beside its sheet.

    The authored sheet never changes by growth. Written only through
    ``personas.services.growing``; whoever publishes reads it.
    """

    character = models.OneToOneField(
        "personas.Character", models.PROTECT, related_name="approved_growth"
    )
    count = models.PositiveBigIntegerField(default=0)  # when a stage last came or went
    stages = OrderedJSONField(default=list)  # EvolutionStage, in order
    trait_words = OrderedJSONField(default=list)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "approved growth"

    def __str__(self) -> str:
        return f"{self.character_id}: {len(self.stages)} stages"


class VersionGrowth(models.Model):
    """What growth went into a version; without a row, none did."""

    version = models.OneToOneField(
        "personas.CharacterVersion", models.PROTECT, related_name="growth"
    )
    count = models.PositiveBigIntegerField()
    stages = OrderedJSONField()
    trait_words = OrderedJSONField()

    class Meta:
        verbose_name_plural = "version growth"

    def __str__(self) -> str:
        return f"growth of {self.version_id}"
