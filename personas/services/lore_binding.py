"""Which characters have a lorebook, in their drafts and live; adding and removing it.

A character's lorebooks are part of its sheet: they go live when it is published.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.db.models.functions import Cast

from core.models import User
from personas.models import Character, Label, Lorebook
from personas.models.labels import PRODUCTION
from personas.services import drafts, lorebooks


@dataclass(frozen=True, slots=True)
class Owner:
    """One character that has the lorebook: in its draft, live, or both."""

    character: Character
    is_in_draft: bool
    is_live: bool


def users(book: Lorebook) -> list[Owner]:
    """Active characters that have the book, by name; as rows without what is long."""
    ids = lorebooks.users_of(book.book_id)
    live = set(live_ids(book))
    rows = Character.objects.filter(character_id__in=ids).only(
        "character_id", "display_name", "lorebooks", "revision"
    )
    return [
        Owner(row, book.book_id in row.lorebooks, row.character_id in live)
        for row in rows.order_by("display_name", "pk")
    ]


def live_ids(book: Lorebook) -> list[str]:
    """Ids of active characters that bots are served with the book by name."""
    rows = Label.objects.filter(name=PRODUCTION, character__archived_at=None)
    named = (
        rows.annotate(text=Cast("version__inputs", models.TextField()))
        .filter(text__contains=f'"{book.book_id}"')
        .values_list("character__character_id", "version__inputs")
    )
    return [
        character_id
        for character_id, inputs in named
        if book.book_id in inputs.get("lorebooks", [])
    ]


@transaction.atomic
def bind(
    *,
    book_id: str,
    character_id: str,
    is_bound: bool,
    revision: int,
    actor: User | None,
    now: datetime,
) -> Character:
    """Add the book to a character's draft, as its last, or take it out.

    Raises:
        Lorebook.DoesNotExist, Character.DoesNotExist: no such book or character.
        Archived: the character is archived, or a book to add is.
        StaleRevision: the character's draft is at another revision.
        UnknownFramework, UnknownPicture: its draft names what is gone.
        pydantic.ValidationError: it has as many books as a character may.
    """
    book = Lorebook.objects.get(book_id=book_id)
    if is_bound and book.is_archived:
        raise drafts.Archived(f"“{book}” is archived. Restore it first.")
    character = Character.objects.for_sheets().get(character_id=character_id)
    sheet = character.to_sheet()
    others = [key for key in sheet.lorebooks if key != book_id]
    if is_bound == (book_id in sheet.lorebooks):
        return character
    values = sheet.model_dump(mode="json")
    values["lorebooks"] = [*others, book_id] if is_bound else others
    return drafts.save_character(
        character_id=character_id,
        sheet=type(sheet).model_validate(values),
        revision=revision,
        actor=actor,
        now=now,
    )
