"""Lorebooks out of files: recognised, made, changed, and bound to characters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from core import audit, limits
from core.models import User
from personas.domain.canonical import content_hash, sheet_hash
from personas.domain.lore.reading import ParsedBook
from personas.domain.lore.sheets import Book, BookSheet, EntrySheet
from personas.domain.lore.writing import join_books
from personas.domain.remarks import Action, Remark
from personas.domain.sheets import CharacterSheet
from personas.models import Lorebook, LoreEntry
from personas.services import lore_removing, lorebooks
from personas.services.lorebooks import STEP

_SETTINGS = {"scan_depth", "token_budget", "recursive_scanning"}


@dataclass(frozen=True, slots=True)
class Binding:
    """The books that a character names once it is stored.

    ``book_ids`` exist; ``new`` is to be made first, with the id ``new_id`` if that
    is not ``None``, and bound after them.
    """

    book_ids: tuple[str, ...]
    new: ParsedBook | None
    remarks: tuple[Remark, ...]
    new_id: str | None = None


# -- Recognising -------------------------------------------------------------------


def fingerprint_of(sheet: BookSheet, *, entries: Sequence[EntrySheet]) -> str:
    """What tells a book again, whatever it is called and in whatever form it comes.

    The entries as they are understood, and what the book says of scanning; not how
    a file spelled them. Of a book without entries its name counts.
    """
    said = sheet.model_dump(mode="json", include=_SETTINGS, exclude_defaults=True)
    texts = [
        entry.model_dump(mode="json", exclude={"origin"}, exclude_defaults=True)
        for entry in entries
    ]
    return content_hash([said, texts or sheet.name])


def known(book: ParsedBook, /) -> Lorebook | None:
    """The book in use that was imported from such content first."""
    mark = fingerprint_of(book.sheet, entries=book.entries)
    found = lorebooks.from_same_file(mark)
    return next((row for row in found if not row.is_archived), None)


def here_already(book: Lorebook, /) -> Remark:
    """What is told of a card whose book is ``book``."""
    detail = f"The book is here already: “{book.name}”."
    return Remark("character_book", Action.MAPPED, detail)


def wait_for_others(book: ParsedBook, /) -> None:
    """Let who makes such a book finish; nobody else makes it in this transaction.

    Look for it again afterwards. SQLite lets one transaction write at a time anyway.
    """
    if connection.vendor != "postgresql":
        return
    mark = fingerprint_of(book.sheet, entries=book.entries)
    key = int.from_bytes(bytes.fromhex(mark[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def binding_of(sheet: CharacterSheet, *, book: ParsedBook | None) -> Binding:
    """Which books a character from a file is to name.

    ``sheet.lorebooks`` are ids from where the file was written; those that are in
    use here are taken for the same books. ``book`` is the one in the file: what
    these books said together, when it was written here.
    """
    named = list(sheet.lorebooks)
    active = Lorebook.objects.active().filter(book_id__in=named)
    rows = {row.book_id: row for row in active} if named else {}
    own = [rows[book_id] for book_id in named if book_id in rows]
    ids = tuple(row.book_id for row in own)
    remarks = tuple(
        Remark("lorebooks", Action.DROPPED, f"There is no lorebook “{book_id}” here.")
        for book_id in named
        if book_id not in rows and (book is None or own)
    )
    if book is None:
        return Binding(ids, None, remarks)
    mark = fingerprint_of(book.sheet, entries=book.entries)
    if own and _together(own, count=len(book.entries)) == mark:
        return Binding(ids, None, remarks)
    found = known(book)
    if found is not None:
        return Binding((found.book_id,), None, (*remarks, here_already(found)))
    if own:
        detail = (
            "The lorebooks with these ids say something else here by now; what the"
            " file says becomes a lorebook of its own."
        )
        remarks = (*remarks, Remark("lorebooks", Action.REPAIRED, detail))
    return Binding((), book, remarks, new_id=_old_id(named))


def _old_id(named: Sequence[str]) -> str | None:
    """The id that a lone book had where the card was written, if nobody has it."""
    if len(named) != 1 or Lorebook.objects.filter(book_id=named[0]).exists():
        return None
    return named[0]


def _together(rows: Sequence[Lorebook], *, count: int) -> str:
    """The fingerprint of what a card with these books holds.

    Empty if that is not ``count`` entries: then none of them is loaded, for a small
    file may name large books.
    """
    if LoreEntry.objects.filter(lorebook__in=rows).count() != count:
        return ""
    books: list[Book] = [lorebooks.to_book(row) for row in rows]
    try:
        joined = join_books(books)
    except ValueError:
        return ""
    return fingerprint_of(joined.sheet, entries=joined.entries)


# -- Making and changing -----------------------------------------------------------


def create(
    book: ParsedBook, /, *, book_id: str | None, actor: User | None, now: datetime
) -> Lorebook:
    """A lorebook out of a file; without ``book_id``, its name gives one.

    In a transaction; cards that come with the same book wait until that ends.

    Raises:
        drafts.IdTaken: ``book_id`` is or was another's.
        lorebooks.TooManyEntries: more than a book may hold.
    """
    wait_for_others(book)
    return lorebooks.create_book(
        sheet=book.sheet,
        entries=book.entries,
        book_id=book_id,
        fingerprint=fingerprint_of(book.sheet, entries=book.entries),
        actor=actor,
        now=now,
    )


@transaction.atomic
def change(
    book: ParsedBook,
    /,
    *,
    book_id: str,
    is_merge: bool,
    actor: User | None,
    now: datetime,
) -> tuple[Lorebook, list[Remark]]:
    """A book's draft as the file has it, or with what only the file has.

    Entries that say the same stay as they are, with their ids, so that what is told
    of them (when they fired last) stays true. Whom the book is for is decided here,
    not in a file.

    Raises:
        Lorebook.DoesNotExist: no such book.
        drafts.Archived: the book is archived.
        lorebooks.TooManyEntries: more than a book may hold.
    """
    row = lorebooks.editable(book_id)
    draft = row.to_sheet()
    sheet = book.sheet.model_copy(update={"for_everybody": draft.for_everybody})
    lorebooks.save_book(
        book_id=book_id,
        sheet=_filled(draft, theirs=sheet) if is_merge else sheet,
        revision=row.revision,
        actor=actor,
        now=now,
    )
    row.refresh_from_db()
    old = lorebooks.entries_of(row)
    order, new, gone = _matched(row, book=book, old=old, now=now)
    if is_merge:
        order, gone = [*old, *new], []
    if len(order) > limits.LORE_ENTRIES:
        raise lorebooks.TooManyEntries(len(order))
    remarks = []
    if gone:
        remarks.append(_remove(row, gone, actor=actor, now=now))
    if new:
        remarks.append(_add(row, new, actor=actor, now=now))
    _put_in_order(order, old=old)
    row.refresh_from_db()
    return row, remarks


def _matched(
    row: Lorebook, *, book: ParsedBook, old: Sequence[LoreEntry], now: datetime
) -> tuple[list[LoreEntry], list[LoreEntry], list[LoreEntry]]:
    """The file's entries in its order; of these the new ones; and what it lacks."""
    left: dict[str, list[LoreEntry]] = defaultdict(list)
    for entry in reversed(old):
        left[sheet_hash(entry.to_sheet())].append(entry)
    order, new = list[LoreEntry](), list[LoreEntry]()
    for wanted in book.entries:
        same = left[sheet_hash(wanted)]
        if same:
            order.append(same.pop())
            continue
        entry = lorebooks.new_entry(row, wanted, place=0, now=now)
        new.append(entry)
        order.append(entry)
    return order, new, [entry for entries in left.values() for entry in entries]


def _filled(draft: BookSheet, *, theirs: BookSheet) -> BookSheet:
    """The draft's own words, and the file's where it has none."""
    mine, other = draft.model_dump(mode="json"), theirs.model_dump(mode="json")
    gaps = {name: other[name] for name in mine if mine[name] in ("", None, {})}
    return BookSheet.model_validate({**mine, **gaps})


def _remove(
    row: Lorebook, gone: Sequence[LoreEntry], *, actor: User | None, now: datetime
) -> Remark:
    lore_removing.remove_entries(
        book_id=row.book_id,
        revisions={entry.entry_id: entry.revision for entry in gone},
        actor=actor,
        now=now,
    )
    detail = f"Taken out of the book: {len(gone):,}."
    return Remark("entries", Action.DROPPED, detail)


def _add(
    row: Lorebook, new: Sequence[LoreEntry], *, actor: User | None, now: datetime
) -> Remark:
    """Save new entries, whose places are given afterwards."""
    LoreEntry.objects.bulk_create(new)
    audit.record(
        actor=actor,
        action="lorebook.entries_added",
        obj=row,
        before=None,
        after={"entries": [entry.entry_id.hex for entry in new]},
        now=now,
    )
    row.refresh_from_db()
    lorebooks.touch(row, now=now)
    return Remark("entries", Action.MAPPED, f"New in the book: {len(new):,}.")


def _put_in_order(order: Sequence[LoreEntry], *, old: Sequence[LoreEntry]) -> None:
    if list(order) == list(old):
        return
    moved = []
    for at, entry in enumerate(order):
        place = (at + 1) * STEP
        if entry.place != place:
            entry.place = place
            moved.append(entry)
    LoreEntry.objects.bulk_update(moved, ["place"])
