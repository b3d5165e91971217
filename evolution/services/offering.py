"""Stages that were added below a count: offered, and left to a manager.

Nobody passed them, so that even a character that grows by itself does not take
them by itself.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet

from evolution.models import Crossing, Progress
from evolution.services.announcing import progress_changed
from personas.domain.sheets import EvolutionStage
from personas.models import CharacterVersion, Label
from personas.models.labels import PRODUCTION

LOOKED_BACK: Final = timedelta(minutes=2)
"""How long after a publish a report may still have known the stages before it."""


def followed(versions: Mapping[int, CharacterVersion], now: datetime) -> None:
    """Within the transaction that makes versions live: offer what they add."""
    offer(
        {pk: v.to_sheet().evolution_stages for pk, v in _of_grown(versions).items()},
        now=now,
    )


def _of_grown(
    versions: Mapping[int, CharacterVersion],
) -> dict[int, CharacterVersion]:
    """Those of characters that have been counted; the others have nothing below."""
    rows = Progress.objects.filter(character__in=versions, count__gt=0)
    counted = set(rows.values_list("character_id", flat=True))
    return {pk: version for pk, version in versions.items() if pk in counted}


@transaction.atomic
def sweep(*, now: datetime) -> int:
    """Offer what a report missed that came while a version went live; how many."""
    rows = Label.objects.filter(
        name=PRODUCTION,
        moved_at__gte=now - LOOKED_BACK,
        character__archived_at=None,
        character__progress__count__gt=0,
    )
    pks = set(rows.values_list("character_id", flat=True))
    if not pks:
        return 0
    # What is live is read under the lock that a publish offers its stages under:
    # else this could put those of the version before in their place.
    list(_locked(pks).values_list("pk"))
    stages = {
        label.character_id: label.version.to_sheet().evolution_stages
        for label in rows.filter(character__in=pks).select_related("version")
    }
    return offer(stages, now=now)


def _locked(character_pks: Collection[int]) -> "QuerySet[Progress]":
    """Locks their progress, in the order in which everybody does."""
    rows = Progress.objects.filter(character__in=character_pks)
    return rows.select_for_update(no_key=True, of=("self",)).order_by("character")


@dataclass(slots=True)
class _Found:
    new: list[Crossing]
    offered: list[Crossing]


def offer(stages: Mapping[int, Iterable[EvolutionStage]], *, now: datetime) -> int:
    """Within a transaction: offer stages at or below the count; how many changed.

    ``stages`` maps primary keys of characters to the stages of what is live of
    them. What was only offered so far is brought up to what is live.
    """
    progress = list(_locked(stages).annotate(slug=F("character__character_id")))
    below = {
        row.character_id: [
            s for s in stages[row.character_id] if s.milestone <= row.count
        ]
        for row in progress
    }
    if not any(below.values()):
        return 0
    known: dict[tuple[int, int], Crossing] = {
        (c.character_id, c.milestone): c
        for c in Crossing.objects.select_for_update(no_key=True)
        .filter(character__in=[pk for pk, found in below.items() if found])
        .order_by("pk")
    }
    found = _Found([], [])
    for row in progress:
        for stage in below[row.character_id]:
            crossing = known.get((row.character_id, stage.milestone))
            _look_at(found, row=row, stage=stage, crossing=crossing, now=now)
    Crossing.objects.bulk_create(found.new)
    Crossing.objects.bulk_update(
        found.offered, ["status", "title", "description", "changes"]
    )
    touched = {c.character_id for c in (*found.new, *found.offered)}
    progress_changed(
        [row for row in progress if row.character_id in touched],
        names={row.character_id: row.slug for row in progress},
        now=now,
    )
    return len(found.new) + len(found.offered)


def _look_at(
    found: _Found,
    *,
    row: Progress,
    stage: EvolutionStage,
    crossing: Crossing | None,
    now: datetime,
) -> None:
    if crossing is None:
        new = Crossing(
            character_id=row.character_id,
            milestone=stage.milestone,
            reached_at=now,
            count=row.count,
        )
        _put_into(new, stage=stage)
        found.new.append(new)
    elif _is_open(crossing) and _put_into(crossing, stage=stage):
        found.offered.append(crossing)


def _is_open(crossing: Crossing) -> bool:
    states = (Crossing.Status.NOTED, Crossing.Status.OFFERED)
    return crossing.status in states and not crossing.wants


def _put_into(crossing: Crossing, *, stage: EvolutionStage) -> bool:
    """Have the crossing offer this stage; whether that changed anything."""
    before = (
        crossing.status,
        crossing.title,
        crossing.description,
        crossing.changes,
    )
    crossing.status = Crossing.Status.OFFERED
    crossing.title = stage.title
    crossing.description = stage.description
    crossing.changes = stage.changes.model_dump(mode="json")
    after = (crossing.status, crossing.title, crossing.description, crossing.changes)
    return before != after


@transaction.atomic
def unflag(*, now: datetime) -> int:
    """Lift the flag of milestones that counts have reached again; how many."""
    rows = Crossing.objects.filter(
        is_flagged=True, milestone__lte=F("character__progress__count")
    )
    pks = set(rows.values_list("character_id", flat=True))
    if not pks:
        return 0
    # A void lowers counts and sets flags under this lock; who waited for it looks
    # at both once more.
    list(_locked(pks).values_list("pk"))
    again = rows.filter(character__in=pks).values("pk")
    return Crossing.objects.filter(pk__in=again).update(is_flagged=False)
