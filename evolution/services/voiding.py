"""Counts without reports that were declared void.

Counts and days fall, traits move back. Milestones that were passed stay passed;
those above the count by now are flagged, for a manager to look at.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import F

from evolution import policy
from evolution.domain.drifting import TraitSpec, drifted, words_of
from evolution.models import Crossing, Progress, ProgressDay
from evolution.services.announcing import progress_changed
from personas.services import growing


@dataclass(frozen=True, slots=True)
class Voided:
    """One report that counts no more; ``counted`` is what it had added.

    ``at`` is when it was counted.
    """

    character_pk: int
    kind: str
    counted: int
    at: datetime


Left = Callable[[Mapping[int, date]], Iterable[tuple[int, date, str, int]]]
"""Of characters, each from a UTC day on, what still counts, in the order in which it
was counted: character, day, kind, how many interactions."""

_Sums = Mapping[int, Mapping[date, Counter[str]]]
"""Character → UTC day → kind → how many interactions are taken back."""


def take_back(events: Iterable[Voided], *, left: Left, now: datetime) -> None:
    """Within a transaction: have ``events`` not counted.

    Locks the progress of their characters by primary key. Traits drift anew from the
    first day that lost something, by the steps in force now, with what is ``left``.
    """
    sums = _sums(events)
    rows = Progress.objects.filter(character__in=sums)
    locked = rows.select_for_update(no_key=True, of=("self",)).order_by("character")
    progress = list(locked.annotate(slug=F("character__character_id")))
    specs = policy.traits()
    words: dict[int, list[str]] = {}
    firsts = {row.character_id: min(sums[row.character_id]) for row in progress}
    drifts = _drifted_anew(firsts, left=left, specs=specs)
    for row in progress:
        before = words_of(row.traits, specs)
        kinds = sum(sums[row.character_id].values(), Counter[str]())
        row.count = max(0, row.count - kinds.total())
        row.traits = next(reversed(drifts[row.character_id].values()))
        row.updated_at = now
        after = words_of(row.traits, specs)
        if after != before:
            words[row.character_id] = after
    Progress.objects.bulk_update(progress, ["count", "traits", "updated_at"])
    _lower_days(sums, drifts=drifts)
    _flag(progress)
    if words:
        growing.set_trait_words(words, now=now)
    names = {row.character_id: row.slug for row in progress}
    progress_changed(progress, names=names, now=now)


def _sums(events: Iterable[Voided]) -> dict[int, dict[date, Counter[str]]]:
    found: dict[int, dict[date, Counter[str]]] = {}
    for event in events:
        if event.counted:
            day = event.at.astimezone(UTC).date()
            days = found.setdefault(event.character_pk, {})
            days.setdefault(day, Counter())[event.kind] += event.counted
    return found


def _drifted_anew(
    firsts: Mapping[int, date], *, left: Left, specs: Iterable[TraitSpec]
) -> dict[int, dict[date, dict[str, int]]]:
    """Character → UTC day → the traits at its end, from the day before its first on.

    Days without interactions are left out. Without a day before, all began at 0.
    """
    ends: dict[int, dict[date, dict[str, int]]] = {pk: {date.min: {}} for pk in firsts}
    rows = ProgressDay.objects.filter(
        character__in=firsts, day__lt=max(firsts.values(), default=date.min)
    ).order_by("day")
    for pk, day, traits in rows.values_list("character_id", "day", "traits").iterator():
        if day < firsts[pk]:
            ends[pk] = {day: traits}
    for pk, day, kind, times in left(firsts):
        # The newest stands last.
        newest = next(reversed(ends[pk].values()))
        ends[pk][day] = drifted(newest, kind=kind, times=times, specs=specs)
    return ends


def _lower_days(
    sums: _Sums, *, drifts: Mapping[int, Mapping[date, dict[str, int]]]
) -> None:
    """Every day from the first that lost something ended otherwise."""
    if not sums:
        return
    first = min(day for days in sums.values() for day in days)
    rows = list(
        ProgressDay.objects.filter(character__in=sums, day__gte=first).order_by(
            "character", "day"
        )
    )
    for row in rows:
        days = sums[row.character_id]
        until = [kinds for day, kinds in days.items() if day <= row.day]
        here = days.get(row.day, Counter[str]())
        row.added = max(0, row.added - here.total())
        row.count = max(0, row.count - sum(until, Counter[str]()).total())
        if until:
            ends = drifts[row.character_id]
            row.traits = ends[max(day for day in ends if day <= row.day)]
    ProgressDay.objects.bulk_update(rows, ["added", "count", "traits"], batch_size=500)


def _flag(progress: Iterable[Progress]) -> None:
    """Mark the milestones that lie above the count now."""
    counts = {row.character_id: row.count for row in progress}
    rows = Crossing.objects.select_for_update(no_key=True).filter(
        character__in=counts, is_flagged=False
    )
    above = [c.pk for c in rows.order_by("pk") if c.milestone > counts[c.character_id]]
    if above:
        Crossing.objects.filter(pk__in=above).update(is_flagged=True)
