"""How far a character has come, for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from evolution import policy
from evolution.domain.standing import (
    Next,
    Passed,
    Standing,
    next_milestone,
    standing,
)
from evolution.models import Crossing, Progress
from personas.domain.sheets import EvolutionStage
from personas.models import Character


class UnknownCharacter(Exception):
    """There is no such character, or it is archived."""


@dataclass(frozen=True, slots=True)
class Growing:
    """One character; ``traits`` are thousandths, of all traits in the table."""

    count: int
    mode: str
    traits: Mapping[str, int]
    stages: list[Standing]
    next: Next | None


def growing_of(character_id: str, *, stages: Mapping[int, EvolutionStage]) -> Growing:
    """``stages`` are those of what is live, by milestone. Three queries.

    Raises:
        UnknownCharacter: see there.
    """
    rows_of_it = Character.objects.filter(character_id=character_id, archived_at=None)
    # Postgres refuses to look for a NUL.
    character = None if "\x00" in character_id else rows_of_it.first()
    if character is None:
        raise UnknownCharacter(f"There is no character “{character_id}”.")
    progress = Progress.objects.filter(character=character).first()
    rows = Crossing.objects.filter(character=character).select_related("version")
    count = progress.count if progress else 0
    drifted = progress.traits if progress else {}
    return Growing(
        count=count,
        mode=progress.mode if progress else policy.default_mode(),
        traits={spec.trait: drifted.get(spec.trait, 0) for spec in policy.traits()},
        stages=standing(
            count=count,
            stages=stages.values(),
            passed=[passed_of(row) for row in rows.defer("version__inputs")],
        ),
        next=next_milestone(count, milestones=[*stages, *policy.milestones()]),
    )


def passed_of(crossing: Crossing) -> Passed:
    """A row as a value; ``version`` loaded."""
    return Passed(
        stage_id=crossing.pk,
        milestone=crossing.milestone,
        status=crossing.status,
        reached_at=crossing.reached_at,
        wants=crossing.wants,
        failure=crossing.failure,
        is_flagged=crossing.is_flagged,
        version=crossing.version.number if crossing.version else None,
        title=crossing.title,
        description=crossing.description,
        changes=crossing.changes,
    )
