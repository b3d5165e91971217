"""Trying at once what is tried again later by itself."""

from datetime import datetime
from typing import Final

from django.db import transaction

from core import audit
from core.models import User
from evolution.domain.deciding import WrongState
from evolution.models import Crossing, Progress
from evolution.services.announcing import progress_changed
from evolution.services.stages import UnknownStage

AUDIT_TITLES: Final = {"growth.tried_again": "Tried a growth stage again"}


@transaction.atomic
def try_again(*, stage_id: int, actor: User, now: datetime) -> Crossing:
    """Have the background task try a stage that failed as soon as it can.

    What went wrong the last time is forgotten, so that the waits begin anew.

    Raises:
        UnknownStage: there is no such stage, or its character is archived.
        WrongState: nothing of it has failed, or no longer.
    """
    rows = Crossing.objects.filter(pk=stage_id, character__archived_at=None)
    pks = list(rows.values_list("character_id", flat=True))
    progress = list(
        Progress.objects.select_for_update(no_key=True).filter(character__in=pks)
    )
    locked = rows.select_for_update(no_key=True, of=("self",))
    crossing = locked.select_related("character").first()
    if crossing is None:
        raise UnknownStage("There is no such stage.")
    if not (crossing.wants and crossing.failure):
        raise WrongState("Nothing of it has failed. Reload the page.")
    before = {"attempts": crossing.attempts, "failure": crossing.failure}
    crossing.attempts, crossing.failure, crossing.try_at = 0, "", now
    crossing.save(update_fields=["attempts", "failure", "try_at"])
    character = crossing.character
    audit.record(
        actor=actor,
        action="growth.tried_again",
        obj=character,
        before={"stage_id": crossing.pk, "milestone": crossing.milestone, **before},
        after={"stage_id": crossing.pk, "milestone": crossing.milestone},
        now=now,
    )
    names = {character.pk: character.character_id}
    progress_changed(progress, names=names, now=now)
    return crossing
