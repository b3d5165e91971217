"""Which version is served under which name, and how that came to be."""

from datetime import datetime
from typing import Final, Self

from django.db import models
from django.db.models import F, Q

PRODUCTION: Final = "production"
STAGING: Final = "staging"


class Label(models.Model):
    """A movable name for one version of a character."""

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="labels"
    )
    name = models.SlugField(max_length=64)
    version = models.ForeignKey(
        "personas.CharacterVersion", models.PROTECT, related_name="labels"
    )
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["character", "name"], name="label_once_per_character"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="label_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Publication(models.Model):
    """Label moves made together, with one note and one undo."""

    class Kind(models.TextChoices):
        PUBLISH = "publish", "Published"
        FRAMEWORK = "framework", "Published with a framework"
        ROLL_BACK = "roll_back", "Rolled back"
        LABEL = "label", "Label moved"
        SCHEDULE = "schedule", "Moved as scheduled"
        UNDO = "undo", "Undone"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    note = models.TextField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_index=True)
    framework_version = models.ForeignKey(
        "personas.FrameworkVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # The framework version that was published before, so that undo restores it.
    framework_before = models.ForeignKey(
        "personas.FrameworkVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(note=""), name="publication_has_note"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "publish",
                        "framework",
                        "roll_back",
                        "label",
                        "schedule",
                        "undo",
                    ]
                ),
                name="publication_known_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.note}"


class LabelMove(models.Model):
    """One label going from one version to another; ``None`` is "nowhere"."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="moves")
    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="label_moves"
    )
    label = models.SlugField(max_length=64)
    from_version = models.ForeignKey(
        "personas.CharacterVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    to_version = models.ForeignKey(
        "personas.CharacterVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "character", "label"],
                name="label_move_once_per_publication",
            ),
            models.CheckConstraint(
                condition=~Q(from_version=F("to_version")),
                name="label_move_goes_somewhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.character_id}"


class ScheduledMoveQuerySet(models.QuerySet["ScheduledMove"]):
    """Scheduled moves by what is to be done."""

    def open(self) -> Self:
        return self.filter(cancelled_at=None, finished_at=None)

    def due(self, *, now: datetime) -> Self:
        """To be moved now, or to be moved back now; in a fixed order."""
        start = Q(started_at=None, move_at__lte=now)
        end = Q(started_at__isnull=False, until__lte=now)
        rows = self.open().filter(start | end, character__archived_at=None)
        return rows.order_by("id")


class ScheduledMove(models.Model):
    """A label that moves to a frozen version later, and back if told until when."""

    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="scheduled_moves"
    )
    label = models.SlugField(max_length=64)
    version = models.ForeignKey(
        "personas.CharacterVersion", models.PROTECT, related_name="+"
    )
    move_at = models.DateTimeField(db_index=True)
    until = models.DateTimeField(null=True, blank=True)
    note = models.TextField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    # Where the label was when it moved, so that it can go back.
    version_before = models.ForeignKey(
        "personas.CharacterVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = ScheduledMoveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("move_at")),
                name="scheduled_move_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(note=""), name="scheduled_move_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} at {self.move_at:%Y-%m-%d %H:%M}"
