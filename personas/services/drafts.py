"""Drafts: creating, changing, archiving. Nothing here reaches a bot."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core import audit
from core.models import User
from personas import policy
from personas.domain.canonical import is_same, sheet_hash
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Alias, Character, Framework, Picture, Stage
from personas.models.characters import COLUMNS
from personas.models.frameworks import FRAMEWORK_FIELDS
from personas.services import announcing, searching


class IdTaken(Exception):
    """The id belongs, or once belonged, to another."""


class StaleRevision(Exception):
    """Somebody saved in between; ``current`` is what they saved."""

    def __init__(self, current: Character | Framework) -> None:
        super().__init__(
            f"“{current}” was changed meanwhile (revision {current.revision})."
            " Compare both texts, then save again."
        )
        self.current = current


class UnknownFramework(Exception):
    """No framework has this id."""


class UnknownPicture(Exception):
    """The sheet names a picture that is not stored."""


class FrameworkInUse(Exception):
    """Characters use the framework; ``character_ids`` lists them."""

    def __init__(self, *, name: str, character_ids: list[str]) -> None:
        listed = ", ".join(character_ids)
        super().__init__(
            f"“{name}” is used by {listed}. Give them another framework, or take it"
            " out of what they or the kinds of conversation mix, and publish them"
            " first."
        )
        self.character_ids = character_ids


class Archived(Exception):
    """The row is archived; restore it first."""


def _write_character(character: Character, *, sheet: CharacterSheet) -> None:
    """Put the sheet into the row; aliases and stages need a saved row."""
    dumped = sheet.model_dump(mode="json")
    for name in COLUMNS:
        setattr(character, name, dumped[name])
    framework = Framework.objects.filter(framework_id=sheet.framework_id).first()
    if framework is None or (
        framework.is_archived and framework.pk != character.framework_id
    ):
        raise UnknownFramework(
            f"There is no framework “{sheet.framework_id}” in use. Choose another."
        )
    character.framework = framework
    if sheet.avatar and not Picture.objects.filter(pk=sheet.avatar).exists():
        raise UnknownPicture("This picture is not stored here; upload it again.")
    character.picture_id = sheet.avatar or None
    character.draft_hash = sheet_hash(sheet)


def _write_lists(character: Character, *, sheet: CharacterSheet) -> None:
    """Replace aliases and stages by those of the sheet."""
    character.aliases.all().delete()
    Alias.objects.bulk_create(
        Alias(character=character, position=position, text=text)
        for position, text in enumerate(sheet.aliases)
    )
    character.stages.all().delete()
    Stage.objects.bulk_create(
        Stage(
            character=character,
            position=position,
            milestone=stage.milestone,
            title=stage.title,
            description=stage.description,
            changes=stage.changes.model_dump(mode="json"),
        )
        for position, stage in enumerate(sheet.evolution_stages)
    )


@transaction.atomic
def create_character(
    *, character_id: str, sheet: CharacterSheet, actor: User | None, now: datetime
) -> Character:
    """Make a character with its first draft.

    Raises:
        IdTaken: ``character_id`` is or was another's.
        UnknownFramework, UnknownPicture: the sheet names what does not exist.
    """
    character = Character(
        character_id=character_id, created_at=now, updated_at=now, revision=1
    )
    _write_character(character, sheet=sheet)
    try:
        with transaction.atomic():
            character.save(force_insert=True)
    except IntegrityError as error:
        if not Character.objects.filter(character_id=character_id).exists():
            raise
        raise IdTaken(
            f"The id “{character_id}” is taken. Choose another; ids never change hands."
        ) from error
    _write_lists(character, sheet=sheet)
    searching.keep_draft(character, sheet=sheet)
    audit.record(
        actor=actor,
        action="character.created",
        obj=character,
        before=None,
        after=sheet.model_dump(mode="json", exclude_defaults=True),
        now=now,
    )
    announcing.character_changed(character, what="draft", now=now)
    return character


@transaction.atomic
def save_character(
    *,
    character_id: str,
    sheet: CharacterSheet,
    revision: int,
    actor: User | None,
    now: datetime,
) -> Character:
    """Replace a draft that is still at ``revision``; the same sheet changes nothing.

    Raises:
        StaleRevision: the draft is at another revision.
        Archived: the character is archived.
        UnknownFramework, UnknownPicture: the sheet names what does not exist.
    """
    character = Character.objects.select_for_update(no_key=True).get(
        character_id=character_id
    )
    if character.revision != revision:
        raise StaleRevision(character)
    if character.is_archived:
        raise Archived(f"“{character}” is archived. Restore it before editing.")
    before = character.to_sheet()
    if is_same(sheet, before):
        return character
    _write_character(character, sheet=sheet)
    _write_lists(character, sheet=sheet)
    character.revision += 1
    character.updated_at = now
    character.save()
    searching.keep_draft(character, sheet=sheet)
    audit.record(
        actor=actor,
        action="character.edited",
        obj=character,
        before=before.model_dump(mode="json"),
        after=sheet.model_dump(mode="json"),
        now=now,
    )
    announcing.character_changed(character, what="draft", now=now)
    return character


def _write_framework(framework: Framework, *, sheet: FrameworkSheet) -> None:
    dumped: dict[str, Any] = sheet.model_dump(mode="json")
    for name in FRAMEWORK_FIELDS:
        setattr(framework, name, dumped[name])
    framework.draft_hash = sheet_hash(sheet)


@transaction.atomic
def create_framework(
    *, framework_id: str, sheet: FrameworkSheet, actor: User | None, now: datetime
) -> Framework:
    """Make a framework with its first draft.

    Raises:
        IdTaken: ``framework_id`` is or was another's.
    """
    framework = Framework(
        framework_id=framework_id, created_at=now, updated_at=now, revision=1
    )
    _write_framework(framework, sheet=sheet)
    try:
        with transaction.atomic():
            framework.save(force_insert=True)
    except IntegrityError as error:
        if not Framework.objects.filter(framework_id=framework_id).exists():
            raise
        raise IdTaken(
            f"The id “{framework_id}” is taken. Choose another; ids never change hands."
        ) from error
    audit.record(
        actor=actor,
        action="framework.created",
        obj=framework,
        before=None,
        after=sheet.model_dump(mode="json", exclude_defaults=True),
        now=now,
    )
    announcing.framework_changed(framework, what="draft", now=now)
    return framework


@transaction.atomic
def save_framework(
    *,
    framework_id: str,
    sheet: FrameworkSheet,
    revision: int,
    actor: User | None,
    now: datetime,
) -> Framework:
    """Replace a draft that is still at ``revision``; the same sheet changes nothing.

    Raises:
        StaleRevision: the draft is at another revision.
        Archived: the framework is archived.
    """
    framework = Framework.objects.select_for_update(no_key=True).get(
        framework_id=framework_id
    )
    if framework.revision != revision:
        raise StaleRevision(framework)
    if framework.is_archived:
        raise Archived(f"“{framework}” is archived. Restore it before editing.")
    before = framework.to_sheet()
    if is_same(sheet, before):
        return framework
    _write_framework(framework, sheet=sheet)
    framework.revision += 1
    framework.updated_at = now
    framework.save()
    audit.record(
        actor=actor,
        action="framework.edited",
        obj=framework,
        before=before.model_dump(mode="json"),
        after=sheet.model_dump(mode="json"),
        now=now,
    )
    announcing.framework_changed(framework, what="draft", now=now)
    return framework


@transaction.atomic
def set_active(
    *, character_id: str, is_active: bool, actor: User | None, now: datetime
) -> Character:
    """Switch a character on or off; acts at once, without publishing."""
    character = Character.objects.select_for_update(no_key=True).get(
        character_id=character_id
    )
    if character.is_active != is_active:
        character.is_active = is_active
        character.save(update_fields=["is_active"])
        audit.record(
            actor=actor,
            action="character.switched",
            obj=character,
            before={"is_active": not is_active},
            after={"is_active": is_active},
            now=now,
        )
        announcing.character_changed(character, what="active", now=now)
    return character


@transaction.atomic
def archive_character(
    *, character_id: str, is_archived: bool, actor: User | None, now: datetime
) -> Character:
    """Put a character away, or bring it back; its history stays."""
    character = Character.objects.select_for_update(no_key=True).get(
        character_id=character_id
    )
    if character.is_archived != is_archived:
        character.archived_at = now if is_archived else None
        character.save(update_fields=["archived_at"])
        audit.record(
            actor=actor,
            action="character.archived" if is_archived else "character.restored",
            obj=character,
            before={"is_archived": not is_archived},
            after={"is_archived": is_archived},
            now=now,
        )
        announcing.character_changed(character, what="archived", now=now)
    return character


@transaction.atomic
def archive_framework(
    *, framework_id: str, is_archived: bool, actor: User | None, now: datetime
) -> Framework:
    """Put a framework away, or bring it back.

    Raises:
        FrameworkInUse: characters that are not archived use it.
    """
    framework = Framework.objects.select_for_update(no_key=True).get(
        framework_id=framework_id
    )
    if framework.is_archived == is_archived:
        return framework
    if is_archived:
        users = Character.objects.active().using_framework(
            framework, mixed_in=policy.contexts_mixing(framework_id)
        )
        ids = list(users.values_list("character_id", flat=True))
        if ids:
            raise FrameworkInUse(name=framework.name, character_ids=ids)
    framework.archived_at = now if is_archived else None
    framework.save(update_fields=["archived_at"])
    audit.record(
        actor=actor,
        action="framework.archived" if is_archived else "framework.restored",
        obj=framework,
        before={"is_archived": not is_archived},
        after={"is_archived": is_archived},
        now=now,
    )
    announcing.framework_changed(framework, what="archived", now=now)
    return framework
