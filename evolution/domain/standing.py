"""Where a character stands with each of its stages.

Source: ``api.md``, ``GET personas/{character_id}/evolution``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from personas.domain.sheets import EvolutionStage

AHEAD: Final = "ahead"
OFFERED: Final = "offered"
NOTED: Final = "noted"


@dataclass(frozen=True, slots=True)
class Passed:
    """A milestone that was passed or offered, as it is kept.

    ``changes`` are the stage's as they were then, empty for a mark without one;
    ``wants`` is what has yet to be carried out: apply, revert or nothing.
    """

    stage_id: int
    milestone: int
    status: str
    reached_at: datetime
    wants: str = ""
    failure: str = ""
    is_flagged: bool = False
    version: int | None = None
    title: str = ""
    description: str = ""
    changes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One stage; ``stage_id`` and ``reached_at`` are ``None`` while it is ahead."""

    stage_id: int | None
    milestone: int
    title: str
    description: str
    status: str
    reached_at: datetime | None
    version: int | None
    wants: str
    failure: str
    is_flagged: bool
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Next:
    """The milestone that comes next, and how many interactions it is away."""

    milestone: int
    remaining: int


def standing(
    *, count: int, stages: Iterable[EvolutionStage], passed: Iterable[Passed]
) -> list[Standing]:
    """Every stage that there is or was, lowest milestone first.

    ``stages`` are those of the live sheet. What was passed stands as it was then,
    also if the sheet has another stage there by now, or none. A stage of the sheet
    that lies at or below ``count``, of which nothing more than the mark is kept, is
    offered.
    """
    authored = {stage.milestone: stage for stage in stages}
    kept = {row.milestone: row for row in passed}
    found = []
    for milestone in sorted({*authored, *kept}):
        row, stage = kept.get(milestone), authored.get(milestone)
        if row is not None and row.status != NOTED:
            found.append(_as_kept(row))
        elif stage is not None:
            found.append(_as_authored(stage, row=row, count=count))
    return found


def next_milestone(count: int, *, milestones: Iterable[int]) -> Next | None:
    """The lowest of ``milestones`` above ``count``; ``None`` if none is."""
    ahead = [milestone for milestone in milestones if milestone > count]
    return Next(min(ahead), min(ahead) - count) if ahead else None


def _as_kept(row: Passed) -> Standing:
    return Standing(
        stage_id=row.stage_id,
        milestone=row.milestone,
        title=row.title,
        description=row.description,
        status=row.status,
        reached_at=row.reached_at,
        version=row.version,
        wants=row.wants,
        failure=row.failure,
        is_flagged=row.is_flagged,
        changes=row.changes or {},
    )


def _as_authored(stage: EvolutionStage, *, row: Passed | None, count: int) -> Standing:
    return Standing(
        stage_id=row.stage_id if row else None,
        milestone=stage.milestone,
        title=stage.title,
        description=stage.description,
        status=AHEAD if stage.milestone > count and row is None else OFFERED,
        reached_at=row.reached_at if row else None,
        version=None,
        wants="",
        failure="",
        is_flagged=row.is_flagged if row else False,
        changes=stage.changes.model_dump(mode="json", exclude_defaults=True),
    )
