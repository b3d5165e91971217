"""Taking back what was done to many entries of a lorebook at once.

The audit log remembers what was before; what others changed since stays theirs.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from core import audit
from core.models import AuditEntry, User
from personas.domain.lore.sheets import EntrySheet
from personas.models import Lorebook, LoreEntry
from personas.models.lorebooks import ENTRY_COLUMNS
from personas.services.lore_entries import (
    CHANGED,
    MOVED,
    Changed,
)
from personas.services.lore_removing import REMOVED, put_back, removal
from personas.services.lorebooks import editable, put, touch

UNDOABLE: Final = (CHANGED, MOVED, REMOVED)


class NothingToUndo(Exception):
    """The lorebook has no such act that could be taken back."""

    def __init__(self) -> None:
        super().__init__("There is nothing here that could be undone; look again.")


@transaction.atomic
def undo(*, book_id: str, audit_id: int, actor: User | None, now: datetime) -> Changed:
    """Take back a bulk change, a move or a removal of entries.

    An entry that somebody gave yet another value or place since is left, and
    listed. Undoing twice changes nothing.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        NothingToUndo: ``audit_id`` is no such act of this book.
        TooManyEntries: the book has no room for removed entries any more.
    """
    book = Lorebook.objects.get(book_id=book_id)
    record = AuditEntry.objects.filter(
        pk=audit_id,
        action__in=UNDOABLE,
        object_type=Lorebook._meta.label_lower,  # noqa: SLF001
        object_id=str(book.pk),
    ).first()
    if record is None:
        raise NothingToUndo
    if record.action == REMOVED:
        removed = removal(book_id=book_id, audit_id=audit_id)
        back = put_back(book_id=book_id, entries=removed, actor=actor, now=now)
        return Changed(changed=back)
    taking_back = _take_back_values if record.action == CHANGED else _take_back_places
    return taking_back(
        editable(book_id),
        before=record.before or {},
        after=record.after or {},
        actor=actor,
        now=now,
    )


Side = Mapping[str, Any]


def _take_back_values(
    book: Lorebook, *, before: Side, after: Side, actor: User | None, now: datetime
) -> Changed:
    old = {uuid.UUID(each["entry_id"]): each for each in before["entries"]}
    new = {uuid.UUID(each["entry_id"]): each for each in after["entries"]}
    old_values = {
        key: {name: value for name, value in each.items() if name != "entry_id"}
        for key, each in old.items()
    }
    rows: list[LoreEntry] = []
    for row in book.entries.filter(entry_id__in=list(old)).order_by("place", "pk"):
        sheet = row.to_sheet().model_dump(mode="json")
        names = old_values[row.entry_id]
        if any(sheet[name] != new[row.entry_id].get(name) for name in names):
            continue
        put(EntrySheet.model_validate(sheet | old_values[row.entry_id]), into=row)
        rows.append(row)
    left = tuple(old.keys() - {row.entry_id for row in rows})
    if not rows:
        return Changed(left=left)
    columns = {
        name if name in ENTRY_COLUMNS else "settings"
        for name in old_values[rows[0].entry_id]
    }
    LoreEntry.objects.bulk_update(rows, sorted(columns), batch_size=500)
    LoreEntry.objects.filter(pk__in=[row.pk for row in rows]).update(
        revision=F("revision") + 1, updated_at=now
    )
    record = audit.record(
        actor=actor,
        action=CHANGED,
        obj=book,
        before={"entries": [new[row.entry_id] for row in rows]},
        after={"entries": [old[row.entry_id] for row in rows]},
        now=now,
    )
    touch(book, now=now)
    return Changed(tuple(row.entry_id for row in rows), left, record.pk)


def _take_back_places(
    book: Lorebook, *, before: Side, after: Side, actor: User | None, now: datetime
) -> Changed:
    old = {uuid.UUID(key): place for key, place in before["places"].items()}
    new = {uuid.UUID(key): place for key, place in after["places"].items()}
    columns = ("entry_id", "place", "lorebook")
    rows = [
        row
        for row in book.entries.filter(entry_id__in=list(new)).only(*columns)
        if row.place == new[row.entry_id]
    ]
    left = tuple(new.keys() - {row.entry_id for row in rows})
    if not rows:
        return Changed(left=left)
    for row in rows:
        row.place = old[row.entry_id]
    LoreEntry.objects.bulk_update(rows, ["place"], batch_size=500)
    record = audit.record(
        actor=actor,
        action=MOVED,
        obj=book,
        before={"places": {row.entry_id.hex: new[row.entry_id] for row in rows}},
        after={"places": {row.entry_id.hex: row.place for row in rows}},
        now=now,
    )
    touch(book, now=now)
    return Changed(tuple(row.entry_id for row in rows), left, record.pk)
