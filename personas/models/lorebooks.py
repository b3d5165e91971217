"""Lorebooks as curators edit them, and the versions that bots are served."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField
from personas.domain.lore.sheets import BookSheet, EntrySheet

BOOK_FIELDS = tuple(BookSheet.model_fields)


class LorebookQuerySet(models.QuerySet["Lorebook"]):
    """Lorebooks by what pages ask for."""

    def active(self) -> Self:
        return self.filter(archived_at=None)


class Lorebook(models.Model):
    """The draft of a lorebook; bots see only what its versions hold.

    ``revision`` counts every change of the book and of its entries; it differs
    from the published version's when there is something to publish.
    ``fingerprint`` tells what it was imported from, and never changes, so that a
    book which comes with many cards is recognised.
    """

    book_id = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    for_everybody = models.BooleanField(default=False)
    scan_depth = models.PositiveIntegerField(null=True, blank=True)
    token_budget = models.PositiveIntegerField(null=True, blank=True)
    recursive_scanning = models.BooleanField(null=True, blank=True)
    extensions = OrderedJSONField(default=dict, blank=True)
    origin = OrderedJSONField(default=dict, blank=True)

    published = models.ForeignKey(
        "personas.LorebookVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = LorebookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(book_id=""), name="lorebook_has_id"),
            models.CheckConstraint(condition=~Q(name=""), name="lorebook_has_name"),
            models.CheckConstraint(
                condition=Q(revision__gte=1), name="lorebook_revision_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def to_sheet(self) -> BookSheet:
        """The draft without its entries."""
        return BookSheet.model_validate({f: getattr(self, f) for f in BOOK_FIELDS})

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def has_unpublished_changes(self) -> bool:
        """Needs ``published`` loaded."""
        return self.published is None or self.published.revision != self.revision


class LoreEntry(models.Model):
    """One entry of a lorebook's draft.

    ``entry_id`` stays the same through versions and restoring; ``place`` orders a
    book's entries, ties by primary key; ``settings`` holds the fields of
    ``EntrySheet`` that are no columns; ``tokens`` counts ``content``.
    """

    entry_id = models.UUIDField(default=uuid.uuid4)
    lorebook = models.ForeignKey(Lorebook, models.PROTECT, related_name="entries")
    place = models.BigIntegerField()
    title = models.TextField(blank=True)
    keys = OrderedJSONField(default=list, blank=True)
    content = models.TextField(blank=True)
    is_enabled = models.BooleanField(default=True)
    is_constant = models.BooleanField(default=False)
    order = models.IntegerField(default=100)
    settings = OrderedJSONField(default=dict, blank=True)
    tokens = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lorebook", "place"], name="lore_entry_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["lorebook", "entry_id"], name="lore_entry_once_per_book"
            ),
            models.CheckConstraint(
                condition=Q(revision__gte=1), name="lore_entry_revision_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.title or ", ".join(map(str, self.keys[:3])) or "Untitled"

    def to_sheet(self) -> EntrySheet:
        values: dict[str, Any] = {f: getattr(self, f) for f in ENTRY_COLUMNS}
        return EntrySheet.model_validate(values | self.settings)


ENTRY_COLUMNS = ("title", "keys", "content", "is_enabled", "is_constant", "order")
"""Sheet fields that are columns of ``LoreEntry`` under the same name."""


class LorebookVersion(models.Model):
    """An immutable copy of a lorebook; triggers refuse to alter it.

    ``sheet`` is a ``BookSheet``; ``entries`` a list of ``{"entry_id": hex,
    "sheet": EntrySheet}`` in order, both without what is at its default;
    ``revision`` is the draft's when it was frozen.
    """

    lorebook = models.ForeignKey(Lorebook, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    sheet = OrderedJSONField()
    entries = OrderedJSONField()
    entry_count = models.PositiveIntegerField()
    tokens = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    note = models.TextField()
    author = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lorebook", "number"], name="lorebook_version_number"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="lorebook_version_from_one"
            ),
            models.CheckConstraint(
                condition=~Q(note=""), name="lorebook_version_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lorebook_id} v{self.number}"


class LoreFiring(models.Model):
    """When an entry last entered a prompt of a bot, and how often it did.

    Written in lots, off the request path; at most seconds of it may be lost.
    """

    entry_id = models.UUIDField(primary_key=True)
    fired_at = models.DateTimeField()
    count = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.entry_id} fired {self.count} times"


def unpublished_books() -> Q:
    """Lorebooks whose draft differs from what is published."""
    return Q(published=None) | ~Q(published__revision=F("revision"))
