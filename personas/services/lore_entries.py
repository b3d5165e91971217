"""Entries of lorebooks, each with a revision of its own; many at once, and undoing.

Whoever edits one entry never loses what others do to another: the book is locked
for the moment of writing only, and each entry's own revision is compared.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Max

from core import audit, limits
from core.models import User
from personas.domain.canonical import is_same
from personas.domain.lore.sheets import EntrySheet
from personas.models import Lorebook, LoreEntry
from personas.models.lorebooks import ENTRY_COLUMNS
from personas.services.lorebooks import (
    STEP,
    TooManyEntries,
    editable,
    new_entry,
    put,
    touch,
)

CHANGED: Final = "lorebook.entries_changed"
MOVED: Final = "lorebook.entries_moved"
BULK_FIELDS: Final = frozenset(EntrySheet.model_fields) - {
    *("title", "keys", "secondary_keys", "content", "extensions", "origin"),
}
"""Fields that many entries can be given at once."""


class StaleEntry(Exception):
    """Somebody saved or removed the entry in between.

    ``current`` is what they saved, ``None`` if they removed it.
    """

    def __init__(self, current: LoreEntry | None) -> None:
        super().__init__(
            "Somebody removed this entry meanwhile. Put it back, or add yours anew."
            if current is None
            else f"“{current}” was changed meanwhile (revision {current.revision})."
            " Compare both texts, then save again."
        )
        self.current = current


class NoSuchPlace(Exception):
    """The entry to move before or after is not in the book, or is moved itself."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Ids of the entries that a bulk change changed, and of those it left.

    ``left`` were changed or removed by others meanwhile; ``audit_id`` finds the
    change again for ``lore_undoing``, ``None`` if nothing was changed.
    """

    changed: tuple[uuid.UUID, ...] = ()
    left: tuple[uuid.UUID, ...] = ()
    audit_id: int | None = None


Revisions = Mapping[uuid.UUID, int]
"""Entry id → the revision at which somebody saw it."""


# -- One entry -------------------------------------------------------------------------


def find_entry(*, book_id: str, entry_id: uuid.UUID) -> LoreEntry:
    """An entry with its book loaded.

    Raises:
        LoreEntry.DoesNotExist: the book has no such entry, or is none.
    """
    rows = LoreEntry.objects.select_related("lorebook")
    return rows.get(lorebook__book_id=book_id, entry_id=entry_id)


@transaction.atomic
def add_entry(
    *,
    book_id: str,
    sheet: EntrySheet,
    after: uuid.UUID | None = None,
    actor: User | None,
    now: datetime,
) -> LoreEntry:
    """Add an entry: after another of the book, or at its end.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        TooManyEntries: the book is full.
        NoSuchPlace: ``after`` is no entry of the book.
    """
    book = editable(book_id)
    check_room(book, count=1)
    entry = new_entry(book, sheet, place=_end(book), now=now)
    entry.save(force_insert=True)
    if after is not None:
        _move(book, moving=[entry.entry_id], after=after)
    audit.record(
        actor=actor,
        action="lorebook.entry_added",
        obj=book,
        before={"entries": []},
        after={"entries": [_said(entry)]},
        now=now,
    )
    touch(book, now=now)
    return entry


def _said(entry: LoreEntry) -> dict[str, Any]:
    sheet = entry.to_sheet().model_dump(mode="json", exclude_defaults=True)
    return {"entry_id": entry.entry_id.hex, **sheet}


def check_room(book: Lorebook, *, count: int) -> None:
    """Raises TooManyEntries if the locked book has no room for so many more."""
    total = book.entries.count() + count
    if total > limits.LORE_ENTRIES:
        raise TooManyEntries(total)


def _end(book: Lorebook) -> int:
    last: int = book.entries.aggregate(last=Max("place"))["last"] or 0
    return last + STEP


@transaction.atomic
def save_entry(
    *,
    book_id: str,
    entry_id: uuid.UUID,
    sheet: EntrySheet,
    revision: int,
    actor: User | None,
    now: datetime,
) -> LoreEntry:
    """Replace an entry that is still at ``revision``; the same changes nothing.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        StaleEntry: the entry was changed or removed since.
    """
    book = editable(book_id)
    entry = book.entries.filter(entry_id=entry_id).first()
    if entry is None or entry.revision != revision:
        raise StaleEntry(entry)
    before = entry.to_sheet()
    if is_same(sheet, before):
        return entry
    put(sheet, into=entry)
    entry.revision += 1
    entry.updated_at = now
    entry.save()
    names = [
        n for n in EntrySheet.model_fields if getattr(before, n) != getattr(sheet, n)
    ]
    audit.record(
        actor=actor,
        action="lorebook.entry_edited",
        obj=book,
        before={"entries": [_named(entry, before, names)]},
        after={"entries": [_named(entry, sheet, names)]},
        now=now,
    )
    touch(book, now=now)
    return entry


# -- Many at once ----------------------------------------------------------------------


def _chosen(book: Lorebook, *, entry_ids: Iterable[uuid.UUID]) -> list[LoreEntry]:
    """Those of the book, in its order."""
    rows = book.entries.filter(entry_id__in=list(entry_ids))
    return list(rows.order_by("place", "pk"))


def as_seen(
    book: Lorebook, *, revisions: Revisions
) -> tuple[list[LoreEntry], tuple[uuid.UUID, ...]]:
    """Entries of a locked book as somebody saw them, in order; and other ids meant."""
    found = _chosen(book, entry_ids=revisions)
    seen = [entry for entry in found if revisions[entry.entry_id] == entry.revision]
    kept = {entry.entry_id for entry in seen}
    return seen, tuple(key for key in revisions if key not in kept)


@transaction.atomic
def change_entries(
    *,
    book_id: str,
    revisions: Revisions,
    changes: Mapping[str, Any],
    actor: User | None,
    now: datetime,
) -> Changed:
    """Give many entries the same values: ``{"is_enabled": False, "order": 5}``.

    ``revisions`` maps the ids of those meant to the revisions seen; what others
    changed meanwhile is left and listed. ``changes`` maps names of ``BULK_FIELDS``
    to values.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        KeyError: a name is not one of ``BULK_FIELDS``.
        pydantic.ValidationError: a value is none for its field.
    """
    unknown = sorted(changes.keys() - BULK_FIELDS)
    if unknown:
        raise KeyError(*unknown)
    checked = EntrySheet.model_validate(dict(changes))
    values = {name: getattr(checked, name) for name in changes}
    book = editable(book_id)
    seen, left = as_seen(book, revisions=revisions)
    before = [entry.to_sheet() for entry in seen]
    after = [sheet.model_copy(update=values) for sheet in before]
    pairs = zip(seen, before, after, strict=True)
    changing = [(e, b, a) for e, b, a in pairs if not is_same(b, a)]
    if not changing:
        return Changed(left=left)
    for entry, _, sheet in changing:
        put(sheet, into=entry)
    _write([entry for entry, _, _ in changing], names=changes.keys(), now=now)
    record = audit.record(
        actor=actor,
        action=CHANGED,
        obj=book,
        before={"entries": [_named(e, b, changes.keys()) for e, b, _ in changing]},
        after={"entries": [_named(e, a, changes.keys()) for e, _, a in changing]},
        now=now,
    )
    touch(book, now=now)
    changed = tuple(e.entry_id for e, _, _ in changing)
    return Changed(changed=changed, left=left, audit_id=record.pk)


def _named(entry: LoreEntry, sheet: EntrySheet, names: Iterable[str]) -> dict[str, Any]:
    values = sheet.model_dump(mode="json", include=set(names))
    return {"entry_id": entry.entry_id.hex, **values}


def _write(rows: Sequence[LoreEntry], *, names: Iterable[str], now: datetime) -> None:
    """Save changed rows: columns at once, the other settings in lots."""
    columns = {n: getattr(rows[0], n) for n in names if n in ENTRY_COLUMNS}
    LoreEntry.objects.filter(pk__in=[row.pk for row in rows]).update(
        revision=F("revision") + 1, updated_at=now, **columns
    )
    if columns.keys() != set(names):
        LoreEntry.objects.bulk_update(rows, ["settings"])


@transaction.atomic
def move_entries(
    *,
    book_id: str,
    entry_ids: Iterable[uuid.UUID],
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    actor: User | None,
    now: datetime,
) -> Changed:
    """Move entries to stand before or after another; with neither, to the start.

    They keep their order among each other, and their revisions: a move does not
    disturb whoever edits them. Those that others removed are left and listed.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
        NoSuchPlace: the other is not in the book, or is one of those moved.
    """
    book = editable(book_id)
    wanted = list(dict.fromkeys(entry_ids))
    old = dict(book.entries.values_list("entry_id", "place"))
    there = {key for key in wanted if key in old}
    moved = _move(book, moving=there, before=before, after=after)
    left = tuple(key for key in wanted if key not in old)
    if not moved:
        return Changed(left=left)
    record = audit.record(
        actor=actor,
        action=MOVED,
        obj=book,
        before={"places": {key.hex: old[key] for key in moved}},
        after={"places": {key.hex: place for key, place in moved.items()}},
        now=now,
    )
    touch(book, now=now)
    changed = tuple(key for key in moved if key in there)
    return Changed(changed=changed, left=left, audit_id=record.pk)


def _move(
    book: Lorebook,
    *,
    moving: Iterable[uuid.UUID],
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
) -> dict[uuid.UUID, int]:
    """Entry id → new place, of all that got one; empty if they stand there already.

    Raises:
        NoSuchPlace: as for ``move_entries``.
    """
    ids = set(moving)
    # With the book's key, which Django would else read row by row.
    columns = ("entry_id", "place", "lorebook")
    rows = list(book.entries.order_by("place", "pk").only(*columns))
    block = [row for row in rows if row.entry_id in ids]
    rest = [row for row in rows if row.entry_id not in ids]
    at = _index(rest, before=before, after=after)
    order = [*rest[:at], *block, *rest[at:]]
    if order == rows:
        return {}
    places = _places_between(rest, at=at, count=len(block))
    if places is None:
        # No room left between two: everybody gets a new place.
        block, places = order, range(STEP, (len(order) + 1) * STEP, STEP)
    for row, place in zip(block, places, strict=True):
        row.place = place
    LoreEntry.objects.bulk_update(block, ["place"])
    return {row.entry_id: row.place for row in block}


def _index(
    rest: Sequence[LoreEntry], *, before: uuid.UUID | None, after: uuid.UUID | None
) -> int:
    anchor = before or after
    if anchor is None:
        return 0
    for at, row in enumerate(rest):
        if row.entry_id == anchor:
            return at if before else at + 1
    raise NoSuchPlace("The entry to move to is not there any more; look again.")


def _places_between(
    rest: Sequence[LoreEntry], *, at: int, count: int
) -> Sequence[int] | None:
    """Places for ``count`` entries before ``rest[at]``; ``None`` if it has no room."""
    width = (count + 1) * STEP
    if not rest:
        low, high = 0, width
    elif at == 0:
        low, high = rest[0].place - width, rest[0].place
    elif at == len(rest):
        low, high = rest[-1].place, rest[-1].place + width
    else:
        low, high = rest[at - 1].place, rest[at].place
    step = (high - low) // (count + 1)
    return [low + step * (n + 1) for n in range(count)] if step else None
