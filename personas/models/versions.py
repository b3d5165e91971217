"""Immutable compiled personas."""

import json
from typing import Self

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField
from personas.domain.sheets import CharacterSheet


class VersionQuerySet(models.QuerySet["CharacterVersion"]):
    """Versions by what pages ask for."""

    def for_history(self) -> Self:
        """Newest first, with the framework version each was made with."""
        rows = self.select_related("framework_version__framework")
        # Whole sheets, which the list does not show.
        return rows.defer("inputs", "framework_version__inputs").order_by("-number")


class CharacterVersion(models.Model):
    """A character compiled with a framework, and a copy of all it was made from.

    ``inputs_hash`` covers the sheet, ``content_hash`` everything that is served
    or routed on; neither covers note, author, time or number.
    """

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    framework_version = models.ForeignKey(
        "personas.FrameworkVersion", models.PROTECT, related_name="+"
    )
    inputs = OrderedJSONField()  # CharacterSheet
    inputs_hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)
    tokens = OrderedJSONField()  # section name → tokens, and "total"
    note = models.TextField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["character", "number"], name="character_version_number"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="character_version_from_one"
            ),
            models.CheckConstraint(
                condition=~Q(note=""), name="character_version_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of character {self.character_id}"

    def to_sheet(self) -> CharacterSheet:
        return CharacterSheet.model_validate(self.inputs)


class CompiledPrompt(models.Model):
    """What is served for one version in one kind of conversation.

    Apart from the version, so that lists of versions read no prompt text.
    ``body`` is the served JSON object without version, label and quiet state;
    ``context`` is empty for the plain prompt.
    """

    version = models.ForeignKey(
        CharacterVersion, models.PROTECT, related_name="prompts"
    )
    context = models.CharField(max_length=64, blank=True)
    body = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "context"], name="compiled_prompt_per_context"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.context or 'plain'}"

    @property
    def system_prompt(self) -> str:
        prompt: str = json.loads(self.body)["system_prompt"]
        return prompt
