"""Behavioural frameworks: the draft and its versions."""

from typing import Self

from django.db import models
from django.db.models import Count, F, Q

from core.fields import OrderedJSONField
from personas.domain.sheets import FrameworkSheet

FRAMEWORK_FIELDS = tuple(FrameworkSheet.model_fields)


class FrameworkQuerySet(models.QuerySet["Framework"]):
    """Frameworks by what pages ask for."""

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def for_list(self) -> Self:
        """Published version loaded, users counted, in a stable order."""
        users = Count(
            "characters", filter=Q(characters__archived_at=None), distinct=True
        )
        return (
            self.select_related("published")
            .annotate(user_count=users)
            .order_by("name", "framework_id")
        )


class Framework(models.Model):
    """The draft of a framework; bots see only what its versions hold.

    ``draft_hash`` is the SHA-256 of the draft's canonical sheet; it differs from
    the published version's ``inputs_hash`` when there is something to publish.
    """

    framework_id = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    purpose = models.TextField(blank=True)
    description = models.TextField(blank=True)
    behavioral_patterns = OrderedJSONField(default=dict, blank=True)
    tool_requirements = OrderedJSONField(default=dict, blank=True)
    decision_making = OrderedJSONField(default=dict, blank=True)
    context_requirements = OrderedJSONField(default=dict, blank=True)
    interaction_style = OrderedJSONField(default=dict, blank=True)
    anti_hallucination = OrderedJSONField(default=dict, blank=True)
    prompt_template = models.TextField(blank=True)
    extensions = OrderedJSONField(default=dict, blank=True)

    published = models.ForeignKey(
        "personas.FrameworkVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    draft_hash = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = FrameworkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(framework_id=""), name="framework_has_id"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="framework_has_name"),
            models.CheckConstraint(
                condition=Q(revision__gte=1), name="framework_revision_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def to_sheet(self) -> FrameworkSheet:
        """The draft as a value."""
        return FrameworkSheet.model_validate(
            {name: getattr(self, name) for name in FRAMEWORK_FIELDS}
        )

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def has_unpublished_changes(self) -> bool:
        """Needs ``published`` loaded."""
        return self.published is None or self.published.inputs_hash != self.draft_hash


class FrameworkVersion(models.Model):
    """An immutable copy of a framework; triggers refuse to alter it."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    inputs = OrderedJSONField()  # FrameworkSheet
    inputs_hash = models.CharField(max_length=64)  # SHA-256 of the canonical sheet
    note = models.TextField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["framework", "number"], name="framework_version_number"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="framework_version_from_one"
            ),
            models.CheckConstraint(
                condition=~Q(note=""), name="framework_version_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.framework_id} v{self.number}"

    def to_sheet(self) -> FrameworkSheet:
        return FrameworkSheet.model_validate(self.inputs)


def unpublished() -> Q:
    """Frameworks whose draft differs from what is published."""
    return Q(published=None) | ~Q(published__inputs_hash=F("draft_hash"))
