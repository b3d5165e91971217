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


@transaction.atomic(durable=True)
def forget_user(user_id: str, *, actor: User, now: datetime) -> Forgotten:
    """Erase what a user wrote and that it was them, everywhere here, at once.

    The log says that somebody was forgotten, not who.

    Raises:
        ValueError: no id.
    """
    if not user_id:
        raise ValueError("Give the id of a user.")
    ids = list(Decision.objects.filter(user_id=user_id).values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        _erase(part)
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


def _erase(pks: list[int]) -> None:
    Decision.objects.filter(pk__in=pks).update(
        text="", text_kept=Decision.Kept.NONE, reply_excerpt="", text_until=None
    )
