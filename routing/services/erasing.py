"""Erasing what people wrote: when its time has come, or at once for one user.

Decisions and reports stay, so that figures and feelings do; what was said does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from core import audit
from core.models import User
from routing.models import Decision, Interaction

AT_ONCE: Final = 1_000
LONGEST: Final = timedelta(minutes=4)
"""Then the next run goes on."""
FORGOTTEN: Final = "user.forgotten"
ROUNDS: Final = 5
"""So often a user is looked for again, while messages of theirs still come in."""
_BATCH: Final = 200


def erase_due_texts(*, clock: Callable[[], datetime]) -> int:
    """Erase texts whose time has come, in many small steps; of how many decisions."""
    started_at = clock()
    due = Decision.objects.filter(text_until__lte=started_at).order_by("text_until")
    erased = 0
    while clock() - started_at <= LONGEST:
        ids = list(due.values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            break
        _erase(ids)
        erased += len(ids)
    return erased


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows knew the user."""

    decisions: int
    reports: int


def forget_user(user_id: str, *, actor: User, now: datetime) -> Forgotten:
    """Erase what a user wrote and that it was them, everywhere here, at once.

    What was being decided or reported meanwhile is only seen once that is written,
    so it is looked for again, until there is nothing. The log says that somebody was
    forgotten, not who.

    Raises:
        ValueError: no id.
    """
    if not user_id:
        raise ValueError("Give the id of a user.")
    forgotten = _forget(user_id, actor=actor, now=now)
    for _ in range(ROUNDS - 1):
        if not _is_known(user_id):
            break
        late = _forget(user_id, actor=actor, now=now)
        forgotten = Forgotten(
            decisions=forgotten.decisions + late.decisions,
            reports=forgotten.reports + late.reports,
        )
    return forgotten


def _is_known(user_id: str) -> bool:
    return (
        Decision.objects.filter(user_id=user_id).exists()
        or Interaction.objects.filter(user_id=user_id).exists()
    )


@transaction.atomic(durable=True)
def _forget(user_id: str, *, actor: User, now: datetime) -> Forgotten:
    """Whatever is there of the user now."""
    ids = list(Decision.objects.filter(user_id=user_id).values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        _erase(part)
        _erase_activities(part)
        Decision.objects.filter(pk__in=part).update(user_id="")
    reports = Interaction.objects.filter(user_id=user_id).update(user_id="")
    forgotten = Forgotten(decisions=len(ids), reports=reports)
    audit.record(
        actor=actor,
        action=FORGOTTEN,
        obj=("routing.user", "", "A user"),
        after={"decisions": forgotten.decisions, "reports": forgotten.reports},
        now=now,
    )
    return forgotten


def _erase_activities(pks: list[int]) -> None:
    """What the user played, heard or watched says of them, too."""
    rows = [
        row
        for row in Decision.objects.filter(pk__in=pks).only("asked")
        if row.asked.get("activity") is not None
    ]
    for row in rows:
        row.asked = {**row.asked, "activity": None}
    Decision.objects.bulk_update(rows, ["asked"], batch_size=_BATCH)


def _erase(pks: list[int]) -> None:
    Decision.objects.filter(pk__in=pks).update(
        text="", text_kept=Decision.Kept.NONE, reply_excerpt="", text_until=None
    )
