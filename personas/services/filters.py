"""Filters of lists that a person keeps under a name.

They are bookmarks of one's own, so the audit log, which is about what is shared,
does not mention them.
"""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from core.models import User
from personas.models import SavedFilter

MOST: Final = 50
"""Filters that one person may keep for one list."""


class BadFilter(Exception):
    """It cannot be kept, and why."""


class NameTaken(Exception):
    """The person has another filter of that name for the list."""


def keep(*, owner: User, of: str, name: str, query: str, now: datetime) -> SavedFilter:
    """Keep ``query``, known parameters only, under ``name``; replaces nothing.

    Raises:
        BadFilter: no name, nothing to keep, or too many already.
        NameTaken: the name is used.
    """
    name = _named(name)
    if not query:
        raise BadFilter("Search or filter first; the whole list needs no name.")
    if SavedFilter.objects.filter(owner=owner, list=of).count() >= MOST:
        raise BadFilter(f"You keep {MOST} filters already; delete one first.")
    try:
        with transaction.atomic():
            return SavedFilter.objects.create(
                owner=owner, list=of, name=name, query=query, created_at=now
            )
    except IntegrityError as error:
        raise _taken(name) from error


def rename(*, owner: User, pk: int, name: str) -> SavedFilter:
    """Give a filter of one's own another name.

    Raises:
        SavedFilter.DoesNotExist: no such filter of this person.
        BadFilter, NameTaken: as for ``keep``.
    """
    row = SavedFilter.objects.get(owner=owner, pk=pk)
    row.name = _named(name)
    try:
        with transaction.atomic():
            row.save(update_fields=["name"])
    except IntegrityError as error:
        raise _taken(row.name) from error
    return row


def delete(*, owner: User, pk: int) -> SavedFilter:
    """Forget a filter of one's own; what it was, to be kept again.

    Raises:
        SavedFilter.DoesNotExist: no such filter of this person.
    """
    row = SavedFilter.objects.get(owner=owner, pk=pk)
    row.delete()
    return row


def _named(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    longest = SavedFilter._meta.get_field("name").max_length or 0  # noqa: SLF001
    if not name:
        raise BadFilter("Write a name for this filter.")
    if len(name) > longest:
        raise BadFilter(f"Shorten the name to {longest} characters.")
    return name


def _taken(name: str) -> NameTaken:
    return NameTaken(f"You keep a filter called “{name}” already. Choose another name.")
