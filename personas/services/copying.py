"""Duplicates: a new draft made from another, which it remembers."""

from datetime import datetime

from django.db import transaction

from core import audit
from core.models import User
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Character, Framework
from personas.services import drafts


@transaction.atomic
def duplicate(
    *,
    character_id: str,
    new_id: str,
    display_name: str,
    actor: User | None,
    now: datetime,
) -> Character:
    """Make ``new_id`` from the draft of ``character_id``; nothing goes live.

    Everything authored is copied, other names included; versions, labels, feelings
    and growth belong to the original alone.

    Raises:
        Character.DoesNotExist: no such character.
        drafts.IdTaken, drafts.UnknownFramework, drafts.UnknownPicture: as for
            ``drafts.create_character``.
        pydantic.ValidationError: ``display_name`` is no name.
    """
    # Not locked: the framework's key is checked next, and locks go from
    # frameworks to characters.
    original = Character.objects.for_sheets().get(character_id=character_id)
    values = original.to_sheet().model_dump(mode="json")
    copy = drafts.create_character(
        character_id=new_id,
        sheet=CharacterSheet.model_validate({**values, "display_name": display_name}),
        actor=actor,
        now=now,
    )
    copy.copied_from = original
    copy.save(update_fields=["copied_from"])
    audit.record(
        actor=actor,
        action="character.duplicated",
        obj=copy,
        before=None,
        after={"copied_from": original.character_id, "revision": original.revision},
        now=now,
    )
    return copy


@transaction.atomic
def duplicate_framework(
    *, framework_id: str, new_id: str, name: str, actor: User | None, now: datetime
) -> Framework:
    """Make ``new_id`` from the draft of ``framework_id``; nothing is published.

    Raises:
        Framework.DoesNotExist: no such framework.
        drafts.IdTaken: ``new_id`` is or was another's.
        pydantic.ValidationError: ``name`` is no name.
    """
    original = Framework.objects.get(framework_id=framework_id)
    values = original.to_sheet().model_dump(mode="json")
    copy = drafts.create_framework(
        framework_id=new_id,
        sheet=FrameworkSheet.model_validate({**values, "name": name}),
        actor=actor,
        now=now,
    )
    audit.record(
        actor=actor,
        action="framework.duplicated",
        obj=copy,
        before=None,
        after={"copied_from": original.framework_id, "revision": original.revision},
        now=now,
    )
    return copy
