"""Taking entries out of a lorebook, and putting them back as they were."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from pydantic import BaseModel, ConfigDict

from core import audit
from core.models import AuditEntry, User
from personas.domain.lore.sheets import EntrySheet
from personas.models import Lorebook, LoreEntry
from personas.services.lore_entries import Revisions, as_seen, check_room
from personas.services.lorebooks import editable, new_entry, touch

REMOVED: Final = "lorebook.entries_removed"


class RemovedEntry(BaseModel):
    """All that is needed to put an entry back as it was."""

    model_config = ConfigDict(frozen=True)

    entry_id: uuid.UUID
    place: int
    revision: int
    sheet: EntrySheet


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed together; ``audit_id`` finds it again for ``removal``.

    ``left`` are the ids of entries that others changed meanwhile, which stay.
    """

    audit_id: int | None
    entries: tuple[RemovedEntry, ...]
    left: tuple[uuid.UUID, ...] = ()


@transaction.atomic
def remove_entries(
    *, book_id: str, revisions: Revisions, actor: User | None, now: datetime
) -> Removal:
    """Take entries out of the draft; ``put_back`` undoes it.

    ``revisions`` maps the ids of those meant to the revisions seen; what others
    changed meanwhile stays, and is listed.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
    """
    book = editable(book_id)
    rows, left = as_seen(book, revisions=revisions)
    if not rows:
        return Removal(None, (), left)
    removed = tuple(
        RemovedEntry(
            entry_id=row.entry_id,
            place=row.place,
            revision=row.revision,
            sheet=row.to_sheet(),
        )
        for row in rows
    )
    kept = [e.model_dump(mode="json", exclude_defaults=True) for e in removed]
    record = audit.record(
        actor=actor,
        action=REMOVED,
        obj=book,
        before={"entries": kept},
        after={},
        now=now,
    )
    book.entries.filter(pk__in=[row.pk for row in rows]).delete()
    touch(book, now=now)
    return Removal(record.pk, removed, left)


def removal(*, book_id: str, audit_id: int) -> tuple[RemovedEntry, ...]:
    """What one act removed from a book, as the audit log remembers it.

    Raises:
        AuditEntry.DoesNotExist: there was no such act.
    """
    book = Lorebook.objects.get(book_id=book_id)
    record = AuditEntry.objects.get(
        pk=audit_id,
        action=REMOVED,
        object_type=Lorebook._meta.label_lower,  # noqa: SLF001
        object_id=str(book.pk),
    )
    return tuple(map(RemovedEntry.model_validate, (record.before or {})["entries"]))


@transaction.atomic
def put_back(
    *,
    book_id: str,
    entries: Sequence[RemovedEntry],
    actor: User | None,
    now: datetime,
) -> tuple[uuid.UUID, ...]:
    """Restore removed entries with their ids and places; the ids of those restored.

    Those that are there again already are left alone.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        TooManyEntries: the book has no room for them any more.
    """
    book = editable(book_id)
    wanted = {entry.entry_id: entry for entry in entries}
    there = book.entries.filter(entry_id__in=list(wanted))
    for entry_id in there.values_list("entry_id", flat=True):
        del wanted[entry_id]
    if not wanted:
        return ()
    check_room(book, count=len(wanted))
    LoreEntry.objects.bulk_create(_restored(book, e, now=now) for e in wanted.values())
    audit.record(
        actor=actor,
        action="lorebook.entries_put_back",
        obj=book,
        before={},
        after={"entries": [entry_id.hex for entry_id in wanted]},
        now=now,
    )
    touch(book, now=now)
    return tuple(wanted)


def _restored(book: Lorebook, removed: RemovedEntry, *, now: datetime) -> LoreEntry:
    entry = new_entry(
        book, removed.sheet, place=removed.place, now=now, entry_id=removed.entry_id
    )
    entry.revision = removed.revision
    return entry
