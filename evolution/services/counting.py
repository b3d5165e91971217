"""Counting what characters do: counts rise, milestones are passed, traits drift.

For whoever counts reports, within one transaction: ``lock`` the characters that act,
``add`` their interactions in memory, one by one, then ``save`` everything at once.
The number of queries does not depend on how many interactions that were.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import F

from core.services import webhooks
from evolution import policy
from evolution.domain.crossing import crossed
from evolution.domain.drifting import TraitSpec, drifted, words_of
from evolution.models import Crossing, Progress, ProgressDay
from evolution.services.announcing import progress_changed
from personas.domain.sheets import EvolutionStage
from personas.services import growing

STAGE_REACHED: Final = "stage.reached"
MILESTONE_REACHED: Final = "milestone.reached"


@dataclass(frozen=True, slots=True)
class GrowthRules:
    """The settings in force; read before the transaction begins."""

    is_enabled: bool
    default_mode: str
    marks: tuple[int, ...]
    specs: tuple[TraitSpec, ...]


def rules() -> GrowthRules:
    """As this process knows them, which is at most a second behind."""
    return GrowthRules(
        is_enabled=policy.is_enabled(),
        default_mode=policy.default_mode(),
        marks=policy.milestones(),
        specs=policy.traits(),
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """What one report did: the count it led to, what it ``added``, what it passed."""

    count: int
    added: int
    crossed: list[int]


@dataclass(slots=True)
class _Held:
    """One character while it is locked; ``before`` are its traits as they were."""

    row: Progress
    slug: str
    before: dict[str, int]
    added: int = 0
    crossings: list[tuple[int, Crossing]] = field(default_factory=list)


class Counts:
    """Characters whose counts are locked until the transaction ends."""

    def __init__(self, held: Mapping[int, _Held], *, rules: GrowthRules) -> None:
        self._held = held
        self.rules = rules
        self._passed: dict[int, set[int]] | None = None

    @property
    def latest(self) -> datetime | None:
        """When the newest of them was written."""
        times = [h.row.updated_at for h in self._held.values() if h.row.updated_at]
        return max(times, default=None)

    def add(
        self,
        character_pk: int,
        *,
        count: int,
        kind: str,
        stages: Mapping[int, EvolutionStage],
        report: int,
        now: datetime,
    ) -> Counted:
        """Count ``count`` interactions of ``kind``; nothing while growth is off.

        ``stages`` are those of the published sheet, by milestone; ``report`` is
        what ``save`` will be told the number of.
        """
        held, rules = self._held[character_pk], self.rules
        if not rules.is_enabled:
            return Counted(held.row.count, 0, [])
        old, new = held.row.count, held.row.count + count
        passed = crossed(old, new, milestones=[*stages, *rules.marks])
        if passed:
            # Passed once and for good, even if reports below were voided since.
            known = self._known(character_pk)
            passed = [milestone for milestone in passed if milestone not in known]
            known.update(passed)
        held.row.count = new
        held.row.traits = drifted(
            held.row.traits, kind=kind, times=count, specs=rules.specs
        )
        held.row.updated_at = now
        held.added += count
        for milestone in passed:
            crossing = _crossing(
                held.row, milestone=milestone, stage=stages.get(milestone), now=now
            )
            held.crossings.append((report, crossing))
        return Counted(new, count, passed)

    def _known(self, character_pk: int) -> set[int]:
        """Milestones that the character has passed; one query for all, if any."""
        if self._passed is None:
            self._passed = {pk: set() for pk in self._held}
            rows = Crossing.objects.filter(character__in=self._passed)
            for pk, milestone in rows.values_list("character_id", "milestone"):
                self._passed[pk].add(milestone)
        return self._passed[character_pk]

    def changed(self) -> list[_Held]:
        return [held for held in self._held.values() if held.added]


def lock(character_pks: Collection[int], *, rules: GrowthRules) -> Counts:
    """The counts of these characters, locked in the order of their primary keys.

    Missing rows are made first, and before anything here is locked: whoever holds
    one row and makes another could wait for somebody who does it the other way
    round.
    """
    wanted = sorted(set(character_pks))
    rows = Progress.objects.filter(character__in=wanted)
    there = set(rows.values_list("character_id", flat=True))
    Progress.objects.bulk_create(
        [
            Progress(character_id=pk, mode=rules.default_mode)
            for pk in wanted
            if pk not in there
        ],
        ignore_conflicts=True,
    )
    locked = rows.select_for_update(no_key=True, of=("self",)).order_by("character")
    held = {
        row.character_id: _Held(row, row.slug, dict(row.traits))
        for row in locked.annotate(slug=F("character__character_id"))
    }
    return Counts(held, rules=rules)


def save(counts: Counts, *, event_ids: Mapping[int, int], now: datetime) -> None:
    """Write what was added, and tell about it.

    ``event_ids`` maps the ``report`` of each ``add`` to the primary key of its row.
    """
    held = counts.changed()
    if not held:
        return
    rows = [each.row for each in held]
    Progress.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["count", "traits", "updated_at"],
    )
    _save_day(held, now=now)
    crossings = []
    for each in held:
        for report, crossing in each.crossings:
            crossing.event_id = event_ids[report]
            crossings.append((each, crossing))
    Crossing.objects.bulk_create(crossing for _, crossing in crossings)
    _tell_prompts(held, specs=counts.rules.specs, now=now)
    progress_changed(rows, names={h.row.character_id: h.slug for h in held}, now=now)
    _tell_webhooks(crossings, now=now)


def _crossing(
    row: Progress, *, milestone: int, stage: EvolutionStage | None, now: datetime
) -> Crossing:
    """What is recorded of a milestone just passed."""
    crossing = Crossing(
        character_id=row.character_id,
        milestone=milestone,
        status=Crossing.Status.NOTED,
        reached_at=now,
        count=row.count,
    )
    if stage is not None:
        crossing.status = Crossing.Status.WAITING
        crossing.title = stage.title
        crossing.description = stage.description
        crossing.changes = stage.changes.model_dump(mode="json")
        if row.mode == Progress.Mode.AUTO:
            crossing.wants = Crossing.Wants.APPLY
            crossing.try_at = now
    return crossing


def _save_day(held: Iterable[_Held], *, now: datetime) -> None:
    """Add to what the UTC day holds; nobody else can, while the counts are locked."""
    day = now.astimezone(UTC).date()
    pks = [each.row.character_id for each in held]
    days = ProgressDay.objects.filter(day=day, character__in=pks)
    before = dict(days.values_list("character_id", "added"))
    ProgressDay.objects.bulk_create(
        [
            ProgressDay(
                character_id=each.row.character_id,
                day=day,
                added=before.get(each.row.character_id, 0) + each.added,
                count=each.row.count,
                traits=each.row.traits,
            )
            for each in held
        ],
        update_conflicts=True,
        unique_fields=["character", "day"],
        update_fields=["added", "count", "traits"],
    )


def _tell_prompts(
    held: Iterable[_Held], *, specs: tuple[TraitSpec, ...], now: datetime
) -> None:
    """Have the next versions say how characters have drifted, where words change."""
    changed = {
        each.row.character_id: words
        for each in held
        if (words := words_of(each.row.traits, specs)) != words_of(each.before, specs)
    }
    if changed:
        growing.set_trait_words(changed, now=now)


def _tell_webhooks(
    crossings: Iterable[tuple[_Held, Crossing]], *, now: datetime
) -> None:
    """With as many queries for many as for one."""
    told: dict[str, list[dict[str, Any]]] = {STAGE_REACHED: [], MILESTONE_REACHED: []}
    for held, crossing in crossings:
        is_stage = crossing.status != Crossing.Status.NOTED
        data = {
            "character_id": held.slug,
            "milestone": crossing.milestone,
            "count": crossing.count,
            "reached_at": crossing.reached_at,
        }
        if is_stage:
            data |= {
                "stage_id": crossing.pk,
                "title": crossing.title,
                "status": crossing.status,
                "by_itself": crossing.wants == Crossing.Wants.APPLY,
            }
        told[STAGE_REACHED if is_stage else MILESTONE_REACHED].append(data)
    for event, datas in told.items():
        webhooks.send_all(event, datas, now=now)
