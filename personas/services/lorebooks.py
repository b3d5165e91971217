"""Lorebooks: making, describing and putting them away. Nothing here reaches a bot.

Every write of a book or of its entries locks the book's row first, so that writes
of one book follow each other; entries are then told apart by revisions of their
own. Entries are in ``lore_entries``, versions in ``lore_publishing``.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Cast

from core import audit, limits
from core.models import User
from personas.domain.canonical import is_same, sheet_hash
from personas.domain.dialects.coercing import slugified
from personas.domain.lore.sheets import Book, BookSheet, EntrySheet
from personas.models import Character, Label, Lorebook, LoreEntry
from personas.models.lorebooks import BOOK_FIELDS, ENTRY_COLUMNS
from personas.services import announcing
from personas.services.drafts import Archived, IdTaken
from personas.tokens import count_tokens

STEP: Final = 2**32
"""Between the places of two entries, so that others fit in by moving alone."""
NAMELESS: Final = "lorebook"


class StaleBook(Exception):
    """Somebody saved the book in between; ``current`` is what they saved."""

    def __init__(self, current: Lorebook) -> None:
        super().__init__(
            f"“{current}” was changed meanwhile (revision {current.revision})."
            " Compare both texts, then save again."
        )
        self.current = current


class TooManyEntries(Exception):
    """The book would have more entries than a book may hold."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"A lorebook holds at most {limits.LORE_ENTRIES:,} entries; this would"
            f" make {count:,}. Split it into two books."
        )


class BookInUse(Exception):
    """Bots are, or would be, served entries of the book.

    ``character_ids`` lists the characters that name it in their draft or in a
    version with a label; it is empty for a book that is for everybody.
    """

    def __init__(self, *, name: str, character_ids: Sequence[str]) -> None:
        listed = ", ".join(character_ids)
        super().__init__(
            f"“{name}” is named by {listed}. Take it out of their lorebooks and publish"
            " them first."
            if character_ids
            else f"“{name}” is for everybody. Say that it is not, and publish it first."
        )
        self.character_ids = list(character_ids)


# -- Rows ------------------------------------------------------------------------------


def locked(book_id: str) -> Lorebook:
    """Within a transaction: the book, which nobody else writes until it ends.

    Raises:
        Lorebook.DoesNotExist: no such book.
    """
    return Lorebook.objects.select_for_update().get(book_id=book_id)


def editable(book_id: str) -> Lorebook:
    """``locked``, for changes of the draft.

    Raises:
        Lorebook.DoesNotExist: no such book.
        Archived: the book is archived.
    """
    book = locked(book_id)
    if book.is_archived:
        raise Archived(f"“{book}” is archived. Restore it before editing.")
    return book


def touch(book: Lorebook, *, now: datetime, fields: Sequence[str] = ()) -> None:
    """Count a change of a locked book or of its entries, and tell about it."""
    book.revision += 1
    book.updated_at = now
    book.save(update_fields=["revision", "updated_at", *fields])
    announcing.lorebook_changed(book, what="draft", now=now)


def put(sheet: EntrySheet, *, into: LoreEntry) -> None:
    """Write an entry's sheet into its row, which is not saved."""
    if into.tokens is None or into.content != sheet.content:
        into.tokens = count_tokens(sheet.content)
    dumped = sheet.model_dump(mode="json")
    for name in ENTRY_COLUMNS:
        setattr(into, name, dumped[name])
    into.settings = sheet.model_dump(
        mode="json", exclude=set(ENTRY_COLUMNS), exclude_defaults=True
    )


def new_entry(
    book: Lorebook,
    sheet: EntrySheet,
    /,
    *,
    place: int,
    now: datetime,
    entry_id: uuid.UUID | None = None,
) -> LoreEntry:
    """A row for an entry, which is not saved."""
    entry = LoreEntry(lorebook=book, place=place, updated_at=now)
    if entry_id is not None:
        entry.entry_id = entry_id
    put(sheet, into=entry)
    return entry


def entries_of(book: Lorebook) -> list[LoreEntry]:
    """The draft's entries in their order."""
    return list(book.entries.order_by("place", "pk"))


def to_book(lorebook: Lorebook) -> Book:
    """The draft with its entries, as exports write it."""
    return Book(
        sheet=lorebook.to_sheet(),
        entries=tuple(entry.to_sheet() for entry in entries_of(lorebook)),
    )


def from_same_file(fingerprint: str) -> list[Lorebook]:
    """Books imported from content with this fingerprint, the oldest first."""
    if not fingerprint:
        return []
    return list(Lorebook.objects.filter(fingerprint=fingerprint).order_by("pk"))


# -- Books -----------------------------------------------------------------------------


def free_id(name: str) -> str:
    """An id made of a book's name that no book has, or ever had."""
    stem = slugified(name) or NAMELESS
    taken = set(
        Lorebook.objects.filter(book_id__startswith=stem[: limits.SLUG_LENGTH - 8])
        .order_by()
        .values_list("book_id", flat=True)
    )
    # One more than there are ids, so that one is free.
    for number in range(1, len(taken) + 2):
        ending = "" if number == 1 else f"_{number}"
        candidate = stem[: limits.SLUG_LENGTH - len(ending)].rstrip("-_") + ending
        if candidate not in taken:
            break
    return candidate


@transaction.atomic
def create_book(
    *,
    sheet: BookSheet,
    entries: Sequence[EntrySheet] = (),
    book_id: str | None = None,
    fingerprint: str = "",
    actor: User | None,
    now: datetime,
) -> Lorebook:
    """Make a book with its first draft; without ``book_id``, its name gives one.

    ``fingerprint`` tells what it was imported from, see ``from_same_file``.

    Raises:
        IdTaken: ``book_id`` is or was another's.
        TooManyEntries: more than ``limits.LORE_ENTRIES``.
    """
    if len(entries) > limits.LORE_ENTRIES:
        raise TooManyEntries(len(entries))
    book = _insert(
        Lorebook(
            book_id=book_id or free_id(sheet.name),
            fingerprint=fingerprint,
            created_at=now,
            updated_at=now,
            **_columns(sheet),
        ),
        is_chosen=book_id is not None,
    )
    LoreEntry.objects.bulk_create(
        new_entry(book, entry, place=(at + 1) * STEP, now=now)
        for at, entry in enumerate(entries)
    )
    audit.record(
        actor=actor,
        action="lorebook.created",
        obj=book,
        before=None,
        after={**_said(sheet), "book_id": book.book_id, "entries": len(entries)},
        now=now,
    )
    announcing.lorebook_changed(book, what="draft", now=now)
    return book


def _insert(book: Lorebook, *, is_chosen: bool) -> Lorebook:
    """Save a new book; with another id, if its own was taken this moment."""
    while True:
        try:
            with transaction.atomic():
                book.save(force_insert=True)
        except IntegrityError as error:
            if not Lorebook.objects.filter(book_id=book.book_id).exists():
                raise
            if is_chosen:
                raise IdTaken(
                    f"The id “{book.book_id}” is taken. Choose another; ids never"
                    " change hands."
                ) from error
            book.book_id = free_id(book.name)
        else:
            return book


def _columns(sheet: BookSheet) -> dict[str, Any]:
    dumped = sheet.model_dump(mode="json")
    return {name: dumped[name] for name in BOOK_FIELDS}


def _said(sheet: BookSheet) -> dict[str, Any]:
    return sheet.model_dump(mode="json", exclude_defaults=True)


@transaction.atomic
def save_book(
    *,
    book_id: str,
    sheet: BookSheet,
    revision: int,
    began_hash: str = "",
    actor: User | None,
    now: datetime,
) -> Lorebook:
    """Replace what is said of a book, not its entries; the same changes nothing.

    ``revision`` is the book's when editing began. It counts changes of entries too:
    with ``began_hash``, the ``sheet_hash`` of the sheet at that time, a book of
    which only entries have changed since is saved all the same.

    Raises:
        Lorebook.DoesNotExist: no such book.
        StaleBook: the book was changed since.
        Archived: the book is archived.
    """
    book = editable(book_id)
    before = book.to_sheet()
    if book.revision != revision and began_hash != sheet_hash(before):
        raise StaleBook(book)
    if is_same(sheet, before):
        return book
    for name, value in _columns(sheet).items():
        setattr(book, name, value)
    audit.record(
        actor=actor,
        action="lorebook.edited",
        obj=book,
        before=before.model_dump(mode="json"),
        after=sheet.model_dump(mode="json"),
        now=now,
    )
    touch(book, now=now, fields=BOOK_FIELDS)
    return book


def users_of(book_id: str) -> list[str]:
    """Ids of active characters that name the book, in their draft or under a label."""
    drafts = Character.objects.active().annotate(
        text=Cast("lorebooks", models.TextField())
    )
    labels = Label.objects.filter(character__archived_at=None).annotate(
        text=Cast("version__inputs", models.TextField())
    )
    # The columns hold JSON in one way of writing it; the id may stand elsewhere in it.
    written = f'"{book_id}"'
    named: list[tuple[str, list[str]]] = [
        *drafts.filter(text__contains=written).values_list("character_id", "lorebooks"),
        *(
            (character_id, inputs.get("lorebooks", []))
            for character_id, inputs in labels.filter(
                text__contains=written
            ).values_list("character__character_id", "version__inputs")
        ),
    ]
    return sorted({character_id for character_id, books in named if book_id in books})


@transaction.atomic
def archive_book(
    *, book_id: str, is_archived: bool, actor: User | None, now: datetime
) -> Lorebook:
    """Put a book away, or bring it back; what was published stays so.

    Raises:
        Lorebook.DoesNotExist: no such book.
        BookInUse: characters name it, or it is published for everybody.
    """
    book = locked(book_id)
    if book.is_archived == is_archived:
        return book
    if is_archived:
        character_ids = users_of(book_id)
        published = book.published
        if character_ids or (published and published.sheet.get("for_everybody")):
            raise BookInUse(name=book.name, character_ids=character_ids)
    book.archived_at = now if is_archived else None
    book.save(update_fields=["archived_at"])
    audit.record(
        actor=actor,
        action="lorebook.archived" if is_archived else "lorebook.restored",
        obj=book,
        before={"is_archived": not is_archived},
        after={"is_archived": is_archived},
        now=now,
    )
    announcing.lorebook_changed(book, what="archived", now=now)
    return book
