"""Labels: rolling back, moving, undoing, scheduling, restoring into the draft."""

import re
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import OperationalError, transaction

from core import audit
from core.models import User
from personas.domain.sheets import SLUG_PATTERN
from personas.models import (
    Character,
    CharacterVersion,
    Framework,
    Label,
    Publication,
    ScheduledMove,
)
from personas.models.labels import PRODUCTION
from personas.services import announcing, drafts, publishing
from personas.services.publishing import Outcome, author_name

log = structlog.get_logger(__name__)


class AlreadyThere(Exception):
    """The label already points where it should go."""


class AlreadyUndone(Exception):
    """The publication was undone before."""


class BadSchedule(Exception):
    """The times do not follow each other."""


@dataclass(slots=True)
class Undone:
    """The undoing publication, and which characters had moved on since, by id.

    ``framework_stays`` says that the framework it published is published still:
    it has moved on, or there was none before it.
    """

    publication: Publication
    moved_since: list[str] = field(default_factory=list)
    framework_stays: bool = False


@transaction.atomic
def move_label(
    *,
    character_id: str,
    label: str,
    number: int,
    note: str,
    author: User | None,
    now: datetime,
) -> Publication:
    """Point ``label`` at version ``number``; rolls back when that is an older one.

    Raises:
        Character.DoesNotExist, CharacterVersion.DoesNotExist: no such row.
        AlreadyThere: the label is there already.
        publishing.NothingToPublish: the note is blank.
    """
    note = publishing.required(note)
    character = Character.objects.select_for_update(no_key=True).get(
        character_id=character_id
    )
    version = CharacterVersion.objects.get(character=character, number=number)
    current = (
        Label.objects.filter(character=character, name=label)
        .select_related("version")
        .first()
    )
    if current is not None and current.version_id == version.pk:
        raise AlreadyThere(f"“{label}” of {character} is at version {number} already.")
    is_older = current is not None and version.number < current.version.number
    publication = Publication.objects.create(
        kind=(
            Publication.Kind.ROLL_BACK
            if is_older and label == PRODUCTION
            else Publication.Kind.LABEL
        ),
        note=note,
        author=author,
        author_name=author_name(author),
        created_at=now,
    )
    publishing.move_labels(
        {character.pk: (character, version)},
        label=label,
        publication=publication,
        author=author,
        now=now,
    )
    return publication


@transaction.atomic
def undo(*, publication_id: int, author: User | None, now: datetime) -> Undone:
    """Take all moves of a publication back; what moved on since is left and listed.

    Raises:
        Publication.DoesNotExist: no such publication.
        AlreadyUndone: it was undone before.
    """
    framework = (
        Framework.objects.select_for_update(no_key=True)
        .filter(versions__pk__in=_framework_versions(publication_id))
        .first()
    )
    publication = Publication.objects.select_for_update().get(pk=publication_id)
    if Publication.objects.filter(undoes=publication).exists():
        raise AlreadyUndone("This was undone already.")
    moves = list(
        publication.moves.select_related("from_version", "to_version").order_by(
            "character_id"
        )
    )
    rows = publishing.lock([move.character_id for move in moves])
    undoing = Publication.objects.create(
        kind=Publication.Kind.UNDO,
        note=f"Undo: {publication.note}",
        author=author,
        author_name=author_name(author),
        created_at=now,
        undoes=publication,
        framework_version=publication.framework_before,
        framework_before=publication.framework_version,
    )
    result = Undone(publication=undoing)
    for move in moves:
        character = rows[move.character_id]
        current = Label.objects.filter(character=character, name=move.label).first()
        at = current.version_id if current else None
        if at != move.to_version_id:
            result.moved_since.append(character.character_id)
            continue
        publishing.move_labels(
            {character.pk: (character, move.from_version)},
            label=move.label,
            publication=undoing,
            author=author,
            now=now,
        )
    if framework is not None:
        _undo_framework(framework, publication=publication, result=result, now=now)
    return result


def _undo_framework(
    framework: Framework, *, publication: Publication, result: Undone, now: datetime
) -> None:
    """Publish again what was published before; a first version stays published."""
    before, after = publication.framework_before, publication.framework_version
    if before is None or framework.published_id != publication.framework_version_id:
        result.framework_stays = True
        return
    framework.published = before
    framework.save(update_fields=["published"])
    audit.record(
        actor=result.publication.author,
        action="framework.undo",
        obj=framework,
        before={"version": after.number if after else None},
        after={"version": before.number},
        note=result.publication.note,
        now=now,
    )
    announcing.framework_changed(framework, what="published", now=now)


def _framework_versions(publication_id: int) -> list[int]:
    ids = Publication.objects.filter(pk=publication_id).values_list(
        "framework_version", flat=True
    )
    return [pk for pk in ids if pk is not None]


def restore_into_draft(
    *,
    character_id: str,
    number: int,
    revision: int,
    actor: User | None,
    now: datetime,
) -> Character:
    """Copy an older version's inputs into the draft; nothing goes live.

    Raises:
        CharacterVersion.DoesNotExist: no such version.
        drafts.StaleRevision, drafts.UnknownFramework: as when saving.
    """
    version = CharacterVersion.objects.get(
        character__character_id=character_id, number=number
    )
    return drafts.save_character(
        character_id=character_id,
        sheet=version.to_sheet(),
        revision=revision,
        actor=actor,
        now=now,
    )


def schedule(
    *,
    character_id: str,
    label: str,
    move_at: datetime,
    until: datetime | None,
    note: str,
    author: User | None,
    now: datetime,
    revision: int | None = None,
) -> ScheduledMove:
    """Freeze the draft now; the label moves at ``move_at`` (and back at ``until``).

    ``revision`` is that of the draft which was looked at, if one was.

    Raises:
        drafts.StaleRevision: the draft is at another revision.
        BadSchedule: the times are past or in the wrong order, or it cannot be frozen.
        publishing.NothingToPublish: the note is blank.
    """
    note = publishing.required(note)
    if move_at <= now:
        raise BadSchedule("Choose a time that is still to come.")
    if until is not None and until <= move_at:
        raise BadSchedule("Choose an end after the start.")
    outcome = Outcome()
    prepared = publishing.prepare_drafts([character_id], label=label, outcome=outcome)
    if not prepared:
        raise BadSchedule(outcome.refused[character_id])
    [item] = prepared
    with transaction.atomic():
        # It locks in the order of all: frameworks, then characters.
        is_unmoved = bool(publishing.unmoved([item], label=label))
        [character] = publishing.lock([item.character_pk]).values()
        seen = item.revision if revision is None else revision
        if seen != item.revision or character.revision != item.revision:
            raise drafts.StaleRevision(character)
        if not is_unmoved:
            raise BadSchedule(
                "What is live, or a framework, was changed this very moment."
                " Look at the changes, then schedule again."
            )
        version = item.live if item.is_unchanged else None
        if version is None:
            version = publishing.freeze([item], note=note, author=author, now=now)[
                character.pk
            ]
        move = ScheduledMove.objects.create(
            character=character,
            label=label,
            version=version,
            move_at=move_at,
            until=until,
            note=note,
            author=author,
            author_name=author_name(author),
            created_at=now,
        )
        audit.record(
            actor=author,
            action="character.scheduled",
            obj=character,
            before=None,
            after={
                "label": label,
                "version": version.number,
                "move_at": move_at.isoformat(),
                "until": until.isoformat() if until else None,
            },
            note=note,
            now=now,
        )
        announcing.character_changed(character, what="draft", now=now)
    return move


@transaction.atomic
def cancel(*, move_id: int, actor: User | None, now: datetime) -> ScheduledMove:
    """Call a scheduled move off; one that has begun stays where it is."""
    move = ScheduledMove.objects.select_for_update().get(pk=move_id)
    if move.cancelled_at is None and move.finished_at is None:
        move.cancelled_at = now
        move.save(update_fields=["cancelled_at"])
        audit.record(
            actor=actor,
            action="character.schedule_cancelled",
            obj=move.character,
            before={"move_at": move.move_at.isoformat()},
            after=None,
            now=now,
        )
        announcing.character_changed(move.character, what="draft", now=now)
    return move


def move_due(*, now: datetime) -> int:
    """Do all scheduled moves that are due; safe to run twice and side by side."""
    done = 0
    for pk in ScheduledMove.objects.due(now=now).values_list("pk", flat=True):
        try:
            done += _move_one(pk, now=now)
        except OperationalError as error:
            # Locked or cut off: tried again the next time, and stops no other.
            log.warning("scheduled_move_failed", move_id=pk, kind=type(error).__name__)
    return done


@transaction.atomic
def _move_one(move_id: int, *, now: datetime) -> bool:
    character_pk = ScheduledMove.objects.get(pk=move_id).character_id
    character = publishing.lock([character_pk])[character_pk]
    move = ScheduledMove.objects.due(now=now).filter(pk=move_id).first()
    if move is None:  # Somebody else did it.
        return False
    current = Label.objects.filter(character=character, name=move.label).first()
    at = current.version if current else None
    if move.started_at is None:
        move.started_at, move.version_before = now, at
        target: CharacterVersion | None = move.version
        if move.until is None:
            move.finished_at = now
    else:
        move.finished_at = now
        # Moved by hand since: whoever did that meant it.
        target = move.version_before if at == move.version else at
    move.save(update_fields=["started_at", "finished_at", "version_before"])
    if target != at:
        publication = Publication.objects.create(
            kind=Publication.Kind.SCHEDULE,
            note=move.note,
            author=move.author,
            author_name=move.author_name,
            created_at=now,
        )
        publishing.move_labels(
            {character.pk: (character, target)},
            label=move.label,
            publication=publication,
            author=move.author,
            now=now,
        )
    return True


def is_label_name(name: str) -> bool:
    """Whether ``name`` can name a label: letters, digits, dashes, like an id."""
    return 0 < len(name) <= 64 and re.fullmatch(SLUG_PATTERN, name) is not None
