"""Storing what was read, as somebody chose: one transaction for each file."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from pydantic import TypeAdapter, ValidationError

from core import audit, limits
from core.models import User
from personas.domain.dialects import UnreadableFile
from personas.domain.sheets import CharacterSheet, Slug
from personas.models import CardFile, Character, Framework, ImportItem, Lorebook
from personas.services import announcing, drafts, import_storing, lorebooks, sandbox
from personas.services.import_duplicates import SAME_NAME, duplicates_of
from personas.services.import_parsing import (
    CHARACTER,
    FRAMEWORK,
    LOREBOOK,
    Incoming,
    parsed,
)
from personas.services.import_planning import planned
from personas.services.import_reading import incoming_of, to_json
from personas.services.import_storing import By, Row, Stored, named

Action = ImportItem.Action
State = ImportItem.State

_SLUG: Final[TypeAdapter[str]] = TypeAdapter(Slug)


class Why(StrEnum):
    """Why an item cannot be imported like this."""

    NOT_READ = "not_read"
    REFUSED = "refused"
    BAD_ID = "bad_id"
    ID_TAKEN = "id_taken"
    NO_TARGET = "no_target"
    ARCHIVED = "archived"
    CHANGED_MEANWHILE = "changed_meanwhile"
    CANNOT_BE_STORED = "cannot_be_stored"
    BUSY = "busy"


class CannotImport(Exception):
    """Nothing was written; the message says why and what to do."""

    def __init__(self, message: str, *, why: Why) -> None:
        super().__init__(message)
        self.why = why


_WHYS: Final = (
    (drafts.IdTaken, Why.ID_TAKEN),
    (drafts.Archived, Why.ARCHIVED),
    (drafts.StaleRevision, Why.CHANGED_MEANWHILE),
    (lorebooks.StaleBook, Why.CHANGED_MEANWHILE),
    (drafts.UnknownFramework, Why.CANNOT_BE_STORED),
    (lorebooks.TooManyEntries, Why.CANNOT_BE_STORED),
    (UnreadableFile, Why.CANNOT_BE_STORED),
    (sandbox.Busy, Why.BUSY),
)
_REFUSALS: Final = tuple(kind for kind, _ in _WHYS)


def commit(
    item: ImportItem,
    *,
    action: str,
    character_id: str | None = None,
    actor: User | None,
    now: datetime,
) -> ImportItem:
    """Import a file that was read, or leave it out; nothing is published.

    ``action`` is one of ``ImportItem.Action``. ``character_id`` (for other kinds,
    the framework's or the lorebook's id) is the id of a new one, or says whose draft
    to replace or merge with; without it, a free id is made, or the likest duplicate
    is meant. ``found["outcome"]`` of what is returned holds ``{"object_id",
    "is_changed", "remarks", "made_books"}``. An item that is imported already stays
    as it is, whatever is asked; one that was left out may still be imported.

    Raises:
        CannotImport: nothing was written.
        ValueError: there is no such action.
    """
    chosen = Action(action)
    item.refresh_from_db()
    if item.state == State.DONE:
        return item
    if chosen is Action.SKIP:
        return _skip(item, now=now)
    _check(item, character_id=character_id)
    try:
        # Files are read outside of the transaction, for that may take a while.
        incoming = incoming_of(item)
        target = _target(item, incoming=incoming, wanted=character_id, action=chosen)
        base = _base_of(target) if chosen is Action.MERGE else None
        with transaction.atomic():
            locked = ImportItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
            if locked.state == State.DONE:
                return locked
            by = By(actor, now, item.file)
            stored = _store(
                incoming,
                action=chosen,
                target=target,
                wanted=character_id,
                base=base,
                by=by,
            )
            return _done(locked, action=chosen, stored=stored, by=by)
    except _REFUSALS as error:
        why = next(why for kind, why in _WHYS if isinstance(error, kind))
        raise CannotImport(str(error), why=why) from error


def _check(item: ImportItem, *, character_id: str | None) -> None:
    if item.state == State.WAITING:
        raise CannotImport(
            "This file has not been read yet. Wait a moment, then try again.",
            why=Why.NOT_READ,
        )
    if item.state == State.REFUSED:
        raise CannotImport(item.problem, why=Why.REFUSED)
    if character_id is None:
        return
    try:
        _SLUG.validate_python(character_id)
    except ValidationError as error:
        raise CannotImport(
            f"“{character_id[:80]}” is no id. Use letters a to z, digits, “_” and “-”,"
            f" at most {limits.SLUG_LENGTH}.",
            why=Why.BAD_ID,
        ) from error


@transaction.atomic
def _skip(item: ImportItem, *, now: datetime) -> ImportItem:
    rows = ImportItem.objects.select_for_update(of=("self",))
    locked = rows.get(pk=item.pk)
    if locked.state in {State.READY, State.WAITING}:
        locked.state, locked.action = State.SKIPPED, Action.SKIP
        locked.save(update_fields=["state", "action"])
        announcing.import_changed(locked, now=now)
    return locked


# -- Whose draft -------------------------------------------------------------------


def _rows(kind: str) -> tuple[QuerySet[Any], str]:
    """What there is of a kind, and the name of its id."""
    if kind == CHARACTER:
        return Character.objects.for_sheets(), "character_id"
    if kind == FRAMEWORK:
        return Framework.objects.all(), "framework_id"
    return Lorebook.objects.all(), "book_id"


def _target(
    item: ImportItem, *, incoming: Incoming, wanted: str | None, action: Action
) -> Row | None:
    """Whose draft to replace or merge with; ``None`` for a new one."""
    if action is Action.NEW:
        return None
    rows, name = _rows(incoming.kind)
    ids = [wanted] if wanted is not None else _likest(item, incoming=incoming)
    for object_id in ids:
        found: Row | None = rows.filter(**{name: object_id}).first()
        if found is not None:
            return found
    said = f"There is no {incoming.kind} “{wanted}”" if wanted else "Nothing here is it"
    raise CannotImport(
        f"{said}. Import the file as a new one, or name another.", why=Why.NO_TARGET
    )


def _likest(item: ImportItem, *, incoming: Incoming) -> list[str]:
    """Ids of duplicates of the same kind as they are now, the likest first.

    Of those that only have the same name none is meant, unless somebody says so.
    """
    return [
        duplicate.object_id
        for duplicate in duplicates_of(incoming, digest=item.file_id or "")
        if duplicate.what == incoming.kind and duplicate.kind != SAME_NAME
    ]


def _base_of(target: Row | None) -> CharacterSheet | None:
    """What the draft was imported from the last time, if that can still be read."""
    if not isinstance(target, Character) or target.card_file_id is None:
        return None
    file = CardFile.objects.get(pk=target.card_file_id)
    try:
        incoming = parsed(bytes(file.content), name=file.name, read_text=lambda _: None)
        return planned(incoming, current=None).sheet
    except UnreadableFile:
        return None


def free_id(wanted: str, /, *, kind: str) -> str:
    """``wanted``, or the first of ``wanted_2``, ``wanted_3``… that nobody has."""
    rows, name = _rows(kind)
    # Whatever number is added, what is in front of it begins like this.
    start = wanted[: limits.SLUG_LENGTH - 8].rstrip("-_")
    taken = set(
        rows.model._default_manager.filter(  # noqa: SLF001
            **{f"{name}__startswith": start}
        ).values_list(name, flat=True)
    )
    if wanted not in taken:
        return wanted
    # One more than there are ids, so that one is free.
    return next(
        candidate
        for number in range(2, len(taken) + 3)
        if (candidate := f"{start}_{number}") not in taken
    )


# -- Storing -----------------------------------------------------------------------


def _store(
    incoming: Incoming,
    *,
    action: Action,
    target: Row | None,
    wanted: str | None,
    base: CharacterSheet | None,
    by: By,
) -> Stored:
    if target is None and wanted is not None:
        return import_storing.create(incoming, object_id=wanted, by=by)
    if target is None:
        return _create(incoming, by=by)
    is_merge = action is Action.MERGE
    return import_storing.change(
        incoming, current=target, is_merge=is_merge, base=base, by=by
    )


def _create(incoming: Incoming, *, by: By) -> Stored:
    """A new one with a free id; another, if somebody took it this moment."""
    while True:
        object_id = free_id(incoming.object_id, kind=incoming.kind)
        try:
            with transaction.atomic():
                return import_storing.create(incoming, object_id=object_id, by=by)
        except drafts.IdTaken:
            continue


_FIELDS: Final = {CHARACTER: "character", FRAMEWORK: "framework", LOREBOOK: "lorebook"}


def _done(item: ImportItem, *, action: Action, stored: Stored, by: By) -> ImportItem:
    what, object_id = named(stored.row)
    outcome = {
        "object_id": object_id,
        "is_changed": stored.is_changed,
        "remarks": to_json(stored.remarks),
        "made_books": list(stored.made_books),
    }
    item.state, item.action, item.done_at = State.DONE, action, by.now
    item.found = {**item.found, "outcome": outcome}
    setattr(item, _FIELDS[what], stored.row)
    item.save()
    audit.record(
        actor=by.actor,
        actor_name=item.batch.key_name or audit.SYSTEM,
        action=f"import.{action.value}",
        obj=stored.row,
        before=None,
        after={
            "file": item.name,
            "sha256": item.file_id,
            "import_id": str(item.import_id),
            "made_books": outcome["made_books"],
        },
        now=by.now,
    )
    announcing.import_changed(item, now=by.now)
    return item
