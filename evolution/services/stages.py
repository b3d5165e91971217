"""What managers decide: approve, postpone, reject, revert; and how characters grow.

Deciding only notes what is wanted; ``applying`` carries it out in the background.
Locks are taken progress first, by character, then crossings.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit, limits
from core.models import User
from evolution.domain.deciding import Act, Stand, WrongState, decided
from evolution.models import Crossing, Progress
from evolution.policy import default_mode
from evolution.services.announcing import progress_changed
from personas.models import Character

__all__ = ["Act", "Outcome", "ReasonTooLong", "UnknownStage", "WrongState"]

_ACTIONS: Final[Mapping[Act, str]] = {
    Act.APPROVE: "growth.approved",
    Act.POSTPONE: "growth.postponed",
    Act.REJECT: "growth.rejected",
    Act.REVERT: "growth.reverted",
}
AUDIT_TITLES: Final = {
    "growth.approved": "Approved a growth stage",
    "growth.mode": "Changed how a character grows",
    "growth.postponed": "Postponed a growth stage",
    "growth.rejected": "Rejected a growth stage",
    "growth.reverted": "Took a growth stage back",
}


class UnknownStage(Exception):
    """There is no such stage, or its character is archived."""


class ReasonTooLong(Exception):
    """The reason is longer than a text may be."""


@dataclass(slots=True)
class Outcome:
    """What became of each stage: decided, or why not, by id."""

    done: list[Crossing] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def approve(*, stage_id: int, actor: User, now: datetime, reason: str = "") -> Crossing:
    """Have a stage go live, also one that was rejected or taken back before.

    Raises:
        UnknownStage, WrongState, ReasonTooLong: see there.
    """
    return decide_one(stage_id, act=Act.APPROVE, actor=actor, reason=reason, now=now)


def postpone(
    *, stage_id: int, actor: User, now: datetime, reason: str = ""
) -> Crossing:
    """Put a stage away until somebody approves it after all. Raises as ``approve``."""
    return decide_one(stage_id, act=Act.POSTPONE, actor=actor, reason=reason, now=now)


def reject(*, stage_id: int, actor: User, now: datetime, reason: str = "") -> Crossing:
    """Say no to a stage. Raises as ``approve``."""
    return decide_one(stage_id, act=Act.REJECT, actor=actor, reason=reason, now=now)


def revert(*, stage_id: int, actor: User, now: datetime, reason: str = "") -> Crossing:
    """Have what a live stage changed taken back. Raises as ``approve``."""
    return decide_one(stage_id, act=Act.REVERT, actor=actor, reason=reason, now=now)


def decide_one(
    stage_id: int, *, act: Act, actor: User, reason: str, now: datetime
) -> Crossing:
    """Raises UnknownStage, WrongState, ReasonTooLong."""
    outcome = decide([stage_id], act=act, actor=actor, reason=reason, now=now)
    if stage_id in outcome.refused:
        raise WrongState(outcome.refused[stage_id])
    if not outcome.done:
        raise UnknownStage("There is no such stage.")
    return outcome.done[0]


@transaction.atomic
def decide(
    stage_ids: Collection[int],
    *,
    act: Act,
    actor: User,
    now: datetime,
    reason: str = "",
) -> Outcome:
    """Decide the same about several stages; those that are not there are left out.

    Raises:
        ReasonTooLong: nothing was decided.
    """
    reason = _checked(reason)
    outcome = Outcome()
    rows = Crossing.objects.filter(
        pk__in=set(stage_ids), character__archived_at=None
    ).exclude(status=Crossing.Status.NOTED)
    progress = _locked(list(rows.values_list("character_id", flat=True)))
    locked = rows.select_for_update(no_key=True, of=("self",))
    for crossing in locked.select_related("character", "version").order_by("pk"):
        stand = Stand(crossing.status, crossing.wants)
        try:
            after = decided(stand, act=act)
        except WrongState as error:
            outcome.refused[crossing.pk] = str(error)
            continue
        _put_down(crossing, after=after, actor=actor, reason=reason, now=now)
        audit.record(
            actor=actor,
            action=_ACTIONS[act],
            obj=crossing.character,
            before=_audited(crossing, stand=stand),
            after=_audited(crossing, stand=after),
            note=reason,
            now=now,
        )
        outcome.done.append(crossing)
    Crossing.objects.bulk_update(
        outcome.done,
        [
            "status",
            "wants",
            "attempts",
            "try_at",
            "failure",
            "decided_at",
            "decided_by",
            "decided_by_name",
            "reason",
        ],
    )
    _announce(outcome.done, progress=progress, now=now)
    return outcome


def _checked(reason: str) -> str:
    """Raises ReasonTooLong."""
    if len(reason) > limits.LINE_LENGTH:
        raise ReasonTooLong(
            f"Shorten the reason to {limits.LINE_LENGTH:,} characters;"
            f" it has {len(reason):,}."
        )
    # Postgres refuses NUL.
    return reason.replace("\0", "").strip()


def _put_down(
    crossing: Crossing, *, after: Stand, actor: User, reason: str, now: datetime
) -> None:
    crossing.status, crossing.wants = after.status, after.wants
    crossing.attempts, crossing.failure = 0, ""
    crossing.try_at = now if after.wants else None
    crossing.decided_at = now
    crossing.decided_by = actor
    crossing.decided_by_name = str(actor)[:200]
    crossing.reason = reason


def _audited(crossing: Crossing, *, stand: Stand) -> dict[str, Any]:
    return {
        "stage_id": crossing.pk,
        "milestone": crossing.milestone,
        "status": stand.status,
        "wants": stand.wants,
    }


def _locked(character_pks: Collection[int]) -> dict[int, Progress]:
    rows = Progress.objects.filter(character__in=character_pks)
    locked = rows.select_for_update(no_key=True).order_by("character")
    return {row.character_id: row for row in locked}


def _announce(
    crossings: Collection[Crossing], *, progress: Mapping[int, Progress], now: datetime
) -> None:
    names = {c.character_id: c.character.character_id for c in crossings}
    rows = [progress[pk] for pk in sorted(names) if pk in progress]
    progress_changed(rows, names=names, now=now)


@transaction.atomic
def set_mode(*, character_id: str, mode: str, actor: User, now: datetime) -> Progress:
    """How a character's stages go live from now on; what waits keeps waiting.

    What was to go live by itself waits too, unless it is to do so still.

    Raises:
        Character.DoesNotExist: no such character.
        ValueError: there is no such mode.
    """
    if mode not in Progress.Mode.values:
        raise ValueError(f"“{mode}” is none of {', '.join(Progress.Mode.values)}.")
    character = Character.objects.get(character_id=character_id)
    Progress.objects.get_or_create(
        character=character, defaults={"mode": default_mode()}
    )
    [row] = _locked([character.pk]).values()
    before = row.mode
    if before == mode:
        return row
    row.mode = mode
    row.save(update_fields=["mode"])
    if before == Progress.Mode.AUTO:
        Crossing.objects.filter(
            character=character, wants=Crossing.Wants.APPLY, decided_by=None
        ).update(wants=Crossing.Wants.NOTHING, try_at=None, failure="", attempts=0)
    audit.record(
        actor=actor,
        action="growth.mode",
        obj=character,
        before={"mode": before},
        after={"mode": mode},
        now=now,
    )
    progress_changed([row], names={character.pk: character_id}, now=now)
    return row
