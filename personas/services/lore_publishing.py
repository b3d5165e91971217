"""Publishing lorebooks: a draft becomes an immutable version that bots are served."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from core import audit
from core.models import User
from personas.domain.canonical import is_same
from personas.domain.lore.sheets import BookSheet, EntrySheet
from personas.models import Lorebook, LorebookVersion, LoreEntry
from personas.models.lorebooks import BOOK_FIELDS, ENTRY_COLUMNS
from personas.services import announcing
from personas.services.lorebooks import (
    STEP,
    StaleBook,
    editable,
    entries_of,
    new_entry,
    put,
    touch,
)
from personas.services.publishing import author_name, required


class AlreadyPublished(Exception):
    """The version to roll back to is the published one."""


@dataclass(frozen=True, slots=True)
class Published:
    """The version that bots are served; not ``is_new`` if nothing had to be made."""

    version: LorebookVersion
    is_new: bool


@transaction.atomic
def publish_book(
    *,
    book_id: str,
    note: str,
    revision: int | None = None,
    actor: User | None,
    now: datetime,
) -> Published:
    """Freeze the draft as the next version and serve it; unchanged, nothing is made.

    ``revision`` is that of the draft which was looked at, if one was.

    Raises:
        NothingToPublish: the note is blank.
        Lorebook.DoesNotExist: no such book.
        StaleBook: the draft is not at ``revision``.
        Archived: the book is archived.
    """
    note = required(note)
    book = editable(book_id)
    if revision is not None and book.revision != revision:
        raise StaleBook(book)
    before = book.published
    if before is not None and before.revision == book.revision:
        return Published(before, is_new=False)
    version = _freeze(book, note=note, actor=actor, now=now)
    _serve(book, version=version)
    _record(
        book,
        action="lorebook.published",
        before=before,
        note=note,
        actor=actor,
        now=now,
    )
    return Published(version, is_new=True)


def _freeze(
    book: Lorebook, *, note: str, actor: User | None, now: datetime
) -> LorebookVersion:
    entries = entries_of(book)
    newest = book.versions.aggregate(newest=Max("number"))["newest"] or 0
    return LorebookVersion.objects.create(
        lorebook=book,
        number=newest + 1,
        sheet=book.to_sheet().model_dump(mode="json", exclude_defaults=True),
        entries=[_frozen(entry) for entry in entries],
        entry_count=len(entries),
        tokens=sum(entry.tokens for entry in entries),
        revision=book.revision,
        note=note,
        author=actor,
        author_name=author_name(actor),
        created_at=now,
    )


def _frozen(entry: LoreEntry) -> dict[str, Any]:
    sheet = entry.to_sheet().model_dump(mode="json", exclude_defaults=True)
    return {"entry_id": entry.entry_id.hex, "sheet": sheet}


def _serve(book: Lorebook, *, version: LorebookVersion) -> None:
    book.published = version
    book.save(update_fields=["published"])


def _record(
    book: Lorebook,
    *,
    action: str,
    before: LorebookVersion | None,
    note: str,
    actor: User | None,
    now: datetime,
) -> None:
    assert book.published is not None  # noqa: S101  # it was set just now
    audit.record(
        actor=actor,
        action=action,
        obj=book,
        before={"version": before.number if before else None},
        after={"version": book.published.number},
        note=note,
        now=now,
    )
    announcing.lorebook_changed(book, what="published", now=now)


@transaction.atomic
def roll_back(
    *, book_id: str, number: int, note: str, actor: User | None, now: datetime
) -> LorebookVersion:
    """Serve an older version again; the draft stays as it is.

    Raises:
        NothingToPublish: the note is blank.
        Lorebook.DoesNotExist, LorebookVersion.DoesNotExist: no such book or version.
        Archived: the book is archived.
        AlreadyPublished: it is served now.
    """
    note = required(note)
    book = editable(book_id)
    version = book.versions.get(number=number)
    before = book.published
    if before is not None and before.pk == version.pk:
        raise AlreadyPublished(f"Version {number} is what bots are served already.")
    _serve(book, version=version)
    _record(
        book,
        action="lorebook.rolled_back",
        before=before,
        note=note,
        actor=actor,
        now=now,
    )
    return version


# -- Into the draft --------------------------------------------------------------------


def sheets_of(version: LorebookVersion) -> dict[uuid.UUID, EntrySheet]:
    """Entry id → sheet, in order."""
    return {
        uuid.UUID(entry["entry_id"]): EntrySheet.model_validate(entry["sheet"])
        for entry in version.entries
    }


@transaction.atomic
def restore_into_draft(
    *, book_id: str, number: int, revision: int, actor: User | None, now: datetime
) -> Lorebook:
    """Copy an older version into the draft; nothing goes live.

    Entries keep their ids. What the draft had besides is in the audit log.

    Raises:
        Lorebook.DoesNotExist, LorebookVersion.DoesNotExist: no such book or version.
        StaleBook: the draft is not at ``revision``.
        Archived: the book is archived.
    """
    book = editable(book_id)
    if book.revision != revision:
        raise StaleBook(book)
    version = book.versions.get(number=number)
    sheet = BookSheet.model_validate(version.sheet)
    wanted, rows = sheets_of(version), entries_of(book)
    if is_same(sheet, book.to_sheet()) and _is_as(rows, wanted=wanted):
        return book
    before = {
        **book.to_sheet().model_dump(mode="json"),
        "entries": [_frozen(row) for row in rows],
    }
    dumped = sheet.model_dump(mode="json")
    for name in BOOK_FIELDS:
        setattr(book, name, dumped[name])
    _replace(book, rows=rows, wanted=wanted, now=now)
    audit.record(
        actor=actor,
        action="lorebook.version_restored",
        obj=book,
        before=before,
        after={**dumped, "version": number, "entries": version.entries},
        now=now,
    )
    touch(book, now=now, fields=BOOK_FIELDS)
    return book


def _is_as(
    rows: Sequence[LoreEntry], *, wanted: Mapping[uuid.UUID, EntrySheet]
) -> bool:
    if [row.entry_id for row in rows] != list(wanted):
        return False
    return all(is_same(row.to_sheet(), wanted[row.entry_id]) for row in rows)


def _replace(
    book: Lorebook,
    *,
    rows: Iterable[LoreEntry],
    wanted: Mapping[uuid.UUID, EntrySheet],
    now: datetime,
) -> None:
    """Make the draft's entries those of a version, as few rows as possible."""
    there = {row.entry_id: row for row in rows}
    gone = [row.pk for row in there.values() if row.entry_id not in wanted]
    book.entries.filter(pk__in=gone).delete()
    places = {key: (at + 1) * STEP for at, key in enumerate(wanted)}
    kept = {key: row for key, row in there.items() if key in wanted}
    changed = list(_changed(kept, wanted=wanted, now=now))
    LoreEntry.objects.bulk_update(changed, _ENTRY_FIELDS)
    moved = [row for key, row in kept.items() if row.place != places[key]]
    for row in moved:
        row.place = places[row.entry_id]
    LoreEntry.objects.bulk_update(moved, ["place"])
    LoreEntry.objects.bulk_create(
        new_entry(book, sheet, place=places[key], now=now, entry_id=key)
        for key, sheet in wanted.items()
        if key not in there
    )


_ENTRY_FIELDS = (*ENTRY_COLUMNS, "settings", "tokens", "revision", "updated_at")


def _changed(
    rows: Mapping[uuid.UUID, LoreEntry],
    *,
    wanted: Mapping[uuid.UUID, EntrySheet],
    now: datetime,
) -> Iterator[LoreEntry]:
    """The rows whose sheet is another, with the new one written into them."""
    for key, row in rows.items():
        if not is_same(row.to_sheet(), wanted[key]):
            put(wanted[key], into=row)
            row.revision += 1
            row.updated_at = now
            yield row
