"""Files that came in, what was found in them, and what became of it."""

import uuid
from typing import Final, Self

from django.db import models
from django.db.models import Q

from core.fields import OrderedJSONField

NAME_LENGTH: Final = 300


class CardFile(models.Model):
    """A file as it came, kept by what it is, so that it can be read again.

    Its key is the SHA-256 of its bytes.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH)
    content = models.BinaryField()
    size = models.PositiveIntegerField()  # bytes
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ImportBatch(models.Model):
    """Files that somebody gave at once, on the page, by command or by REST."""

    actor = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True)  # of a bot's key
    created_at = models.DateTimeField(db_index=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"import of {self.created_at:%Y-%m-%d %H:%M}"


class ImportItemQuerySet(models.QuerySet["ImportItem"]):
    """Items by what pages and the reader ask for."""

    def waiting(self) -> Self:
        """Not read yet, oldest first."""
        return self.filter(state=ImportItem.State.WAITING).order_by("pk")


class ImportItem(models.Model):
    """One file of a batch: read, then imported as somebody chose, or left.

    ``found`` is what reading it found, for pages and REST: ``{"title", "kind",
    "container", "object_id", "remarks": [{field, action, detail}], "scripts":
    [text], "duplicates": [{kind, object_id, title, why}], "fresh": how it differs
    from the newest duplicate}``; ``problem`` says why it was refused.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Being read"
        READY = "ready", "Ready"
        REFUSED = "refused", "Refused"
        DONE = "done", "Imported"
        SKIPPED = "skipped", "Left out"

    class Action(models.TextChoices):
        NEW = "new", "As a new one"
        REPLACE = "replace", "Replace the draft"
        MERGE = "merge", "Merge field by field"
        SKIP = "skip", "Leave out"

    import_id = models.UUIDField(default=uuid.uuid4, unique=True)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="items")
    name = models.CharField(max_length=NAME_LENGTH)
    file = models.ForeignKey(
        CardFile, models.PROTECT, null=True, blank=True, related_name="items"
    )
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.WAITING
    )
    found = OrderedJSONField(default=dict, blank=True)
    problem = models.TextField(blank=True)
    action = models.CharField(max_length=16, choices=Action.choices, blank=True)
    character = models.ForeignKey(
        "personas.Character", models.PROTECT, null=True, blank=True, related_name="+"
    )
    lorebook = models.ForeignKey(
        "personas.Lorebook", models.PROTECT, null=True, blank=True, related_name="+"
    )
    framework = models.ForeignKey(
        "personas.Framework", models.PROTECT, null=True, blank=True, related_name="+"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = ImportItemQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="import_item_state")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(problem=""),
                name="import_refused_says_why",
            ),
            models.CheckConstraint(
                condition=Q(file__isnull=False) | Q(state="refused"),
                name="import_item_has_file",
            ),
        ]

    def __str__(self) -> str:
        return self.name
