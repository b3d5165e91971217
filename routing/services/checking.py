"""Does everything that was counted add up? What ``manage.py doctor`` asks.

Feelings must follow from their ledger, counts from reports, milestones from counts,
and live changes must be numbered without gaps. It may run while bots report: what
two queries tell differently is looked at again with the rows locked. Beside sums,
only the ledger of one pair, or one chunk of rows, is in memory at a time.

Source: ``reference/reliability.md`` section 5, rule 39.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final

from django.db import transaction
from django.db.models import (
    Count,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    Sum,
    TextField,
)
from django.db.models.functions import Cast, Coalesce

from core.live.reading import EPOCH
from core.models import LiveChange, LiveStream
from evolution.models import Crossing, Progress
from relationships import policy as feelings
from relationships.domain.feelings import PairState, Rules
from relationships.domain.replaying import check, steps_of
from relationships.models import Affinity, LedgerRow, Pair
from relationships.services import moving
from relationships.services.moving import ROW_FIELDS
from routing.models import Interaction

CHUNK: Final = 500
PAIRS_AT_ONCE: Final = 200
"""Pairs whose ledgers are read together."""
_LEDGER: Final = (*ROW_FIELDS, "event_id", "folded", "affinity_id")


def findings() -> list[str]:
    """What is wrong, a sentence each; empty if nothing is."""
    return [
        *_of_ledgers(),
        *_of_event_rows(),
        *_of_pair_counts(),
        *_of_counts(),
        *_of_crossings(),
        *_of_answers(),
        *_of_streams(),
    ]


# -- Feelings ----------------------------------------------------------------------


def _of_ledgers() -> Iterator[str]:
    """Each pair's rows, computed once more, lead to what is stored of it.

    First without locks; a pair that does not add up is looked at again with its
    rows locked, since a report may have come between two queries.
    """
    rules = feelings.rules()
    for pairs in _pairs():
        whole: dict[int, PairState] = {}
        directions = _directions(pairs)
        for pk, pair in pairs.items():
            low, high = (directions.get((pk, at)) for at in (pair.low_id, pair.high_id))
            if low is None or high is None:
                yield f"Pair {pk} does not have two directions."
            else:
                whole[pk] = moving.state_of(pair, low, high)
        # All of them first: nothing is locked while a query is still being read.
        for pk in list(_suspects(pairs, states=whole, rules=rules)):
            yield from _of_ledger(pairs[pk].low_id, pairs[pk].high_id, rules=rules)


def _pairs() -> Iterator[dict[int, Pair]]:
    """All pairs by primary key, some at a time."""
    last = 0
    while True:
        rows = Pair.objects.filter(pk__gt=last).order_by("pk")
        found = {pair.pk: pair for pair in rows[:PAIRS_AT_ONCE]}
        if not found:
            return
        yield found
        last = max(found)


def _directions(pairs: Mapping[int, Pair]) -> dict[tuple[int, int], Affinity]:
    """What there is of these pairs' directions, by pair and who feels."""
    rows = Affinity.objects.filter(pair__in=pairs)
    return {(row.pair_id, row.source_id): row for row in rows}


def _suspects(
    pairs: Mapping[int, Pair], *, states: Mapping[int, PairState], rules: Rules
) -> Iterator[int]:
    """Those whose ledger, read without a lock, does not lead to ``states``."""
    rows = LedgerRow.objects.filter(affinity__pair__in=states).order_by(
        "affinity__pair", "seq"
    )
    told = rows.values_list(
        *_LEDGER, "affinity__pair_id", "affinity__source_id", named=True
    )
    unseen = set(states)
    for pk, group in groupby(told.iterator(CHUNK), lambda row: row.affinity__pair_id):
        unseen.remove(pk)
        low: list[Any] = []
        high: list[Any] = []
        for row in group:
            is_low = row.affinity__source_id == pairs[pk].low_id
            (low if is_low else high).append(row)
        if _contradictions(low, high, to=states[pk], rules=rules):
            yield pk
    for pk in sorted(unseen):
        if _contradictions([], [], to=states[pk], rules=rules):
            yield pk


def _contradictions(
    low: list[Any], high: list[Any], *, to: PairState, rules: Rules
) -> list[str]:
    return check(steps_of(low, high), start=PairState(), final=to, rules=rules)


@transaction.atomic
def _of_ledger(low: int, high: int, *, rules: Rules) -> list[str]:
    held = moving.lock([(low, high)]).held(low, high)
    rows: dict[int, list[Any]] = {held.low.pk: [], held.high.pk: []}
    found = LedgerRow.objects.filter(affinity__in=rows).order_by("seq")
    for row in found.values_list(*_LEDGER, named=True).iterator(CHUNK):
        rows[row.affinity_id].append(row)
    names = f"{held.names[0]} (lower) and {held.names[1]} (higher)"
    wrong = _contradictions(
        rows[held.low.pk], rows[held.high.pk], to=held.state, rules=rules
    )
    return [f"{names}: {what}." for what in wrong]


def _of_event_rows() -> Iterator[str]:
    """Each report of two characters has a ledger row per direction, others none."""
    rows = (
        LedgerRow.objects.filter(event_id=OuterRef("pk"))
        .order_by()
        .values("event_id")
        .annotate(found=Count("pk"))
        .values("found")
    )
    found = Coalesce(Subquery(rows, output_field=IntegerField()), 0)
    reports = Interaction.objects.alias(rows=found)
    wrong = reports.filter(Q(other=None, rows__gt=0) | Q(rows__gt=2))
    # Rows of older days are folded into how the day ended.
    whole = Q(created_at__gte=_first_whole_moment())
    missing = reports.filter(whole, rows__lt=2).exclude(other=None)
    for pk in (wrong | missing).order_by("pk").values_list("pk", flat=True):
        yield f"Report {pk} does not have one ledger row for each direction."
    known = Interaction.objects.filter(pk=OuterRef("event_id"))
    orphans = LedgerRow.objects.exclude(event_id=None).alias(
        report=Subquery(known.values("pk")[:1])
    )
    for pk in orphans.filter(report=None).values_list("pk", flat=True):
        yield f"Ledger row {pk} is of a report that there is not."


def _first_whole_moment() -> datetime:
    """From when on no ledger row was folded into another."""
    last: datetime | None = LedgerRow.objects.filter(folded__gt=0).aggregate(
        last=Max("at")
    )["last"]
    if last is None:
        return datetime.min.replace(tzinfo=UTC)
    day = last.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=UTC)


def _of_pair_counts() -> Iterator[str]:
    """Both feelings know how often the two met.

    Voided reports that were folded into a day's end cannot be taken out of it.
    """
    for low, high in _pairs_that_differ():
        with transaction.atomic():
            held = moving.lock([(low, high)]).held(low, high)
            both = Q(character=low, other=high) | Q(character=high, other=low)
            met = Interaction.objects.filter(both).aggregate(
                all=Count("pk"), valid=Count("pk", filter=Q(void=None))
            )
        for feeling in (held.state.low, held.state.high):
            if not met["valid"] <= feeling.events <= met["all"]:
                yield (
                    f"{held.names[0]} and {held.names[1]} met {met['valid']} times;"
                    f" one of them knows of {feeling.events}."
                )


def _pairs_that_differ() -> Iterable[tuple[int, int]]:
    valid: Counter[tuple[int, int]] = Counter()
    every: Counter[tuple[int, int]] = Counter()
    reports = Interaction.objects.exclude(other=None).order_by()
    counted = reports.values_list("character_id", "other_id").annotate(
        valid=Count("pk", filter=Q(void=None)), all=Count("pk")
    )
    for one, other, of_valid, of_all in counted.iterator(CHUNK):
        valid[moving.ordered(one, other)] += of_valid
        every[moving.ordered(one, other)] += of_all
    known = Affinity.objects.order_by("pair").values_list(
        "source_id", "target_id", "events"
    )
    differing = {
        key
        for source, target, events in known.iterator(CHUNK)
        for key in [moving.ordered(source, target)]
        if not valid[key] <= events <= every[key]
    }
    return sorted(differing)


# -- Growth ------------------------------------------------------------------------


def _of_counts() -> Iterator[str]:
    """Each count is the sum of what reports added."""
    sums = dict(
        Interaction.objects.filter(void=None)
        .order_by()
        .values_list("character_id")
        .annotate(total=Sum("counted"))
    )
    rows = Progress.objects.order_by("character").values_list("character_id", "count")
    counts = dict(rows)
    suspects = {pk for pk, count in counts.items() if count != sums.get(pk, 0)}
    suspects |= {pk for pk, total in sums.items() if total and pk not in counts}
    for pk in sorted(suspects):
        with transaction.atomic():
            locked = Progress.objects.select_for_update(no_key=True, of=("self",))
            row = locked.select_related("character").filter(character=pk).first()
            reports = Interaction.objects.filter(character=pk, void=None)
            total = reports.aggregate(total=Sum("counted"))["total"] or 0
        count = 0 if row is None else row.count
        if count != total:
            name = pk if row is None else row.character.character_id
            yield f"The count of {name} is {count}; its reports add up to {total}."


def _of_crossings() -> Iterator[str]:
    """Each milestone was passed by a report, and lies within the count."""
    rows = (
        Crossing.objects.order_by("character", "milestone")
        .select_related("character")
        .annotate(total=Coalesce(F("character__progress__count"), 0))
    )
    last: Crossing | None = None
    for row in rows.iterator(CHUNK):
        name = f"{row.character.character_id} at {row.milestone}"
        total: int = row.total  # type: ignore[attr-defined]
        if total < row.milestone and not row.is_flagged:
            yield f"{name}: passed, though the count is {total}."
        if row.count < row.milestone:
            yield f"{name}: passed at a count of {row.count}."
        if row.is_flagged or row.event_id is None:
            continue
        is_next = last is not None and last.character_id == row.character_id
        if last is not None and is_next and last.reached_at > row.reached_at:
            yield f"{name}: passed before {last.milestone} was."
        last = row


def _of_answers() -> Iterator[str]:
    """Each milestone that a bot was told of is recorded with its report, and no other.

    The column is text that ``OrderedJSONField`` writes in exactly one way.
    """
    told = Interaction.objects.alias(text=Cast("answer", TextField())).exclude(
        text__contains='"crossed":[]'
    )
    answers: dict[int | None, set[int]] = {
        pk: set(answer["crossed"])
        for pk, answer in told.values_list("pk", "answer").iterator(CHUNK)
    }
    recorded: dict[int | None, set[int]] = {}
    rows = Crossing.objects.exclude(event_id=None)
    for event_id, milestone in rows.values_list("event_id", "milestone"):
        recorded.setdefault(event_id, set()).add(milestone)
    for pk in {*answers, *recorded}:
        if answers.get(pk, set()) != recorded.get(pk, set()):
            yield (
                f"Report {pk} told of the milestones {sorted(answers.get(pk, ()))};"
                f" recorded are {sorted(recorded.get(pk, ()))}."
            )


# -- Live changes ------------------------------------------------------------------


def _of_streams() -> Iterator[str]:
    """What is kept of each stream is numbered up to its head, without gaps."""
    # The epoch's row is no stream, and has no changes.
    streams = LiveStream.objects.exclude(pk=EPOCH).order_by("name")
    for name in streams.values_list("name", flat=True):
        with transaction.atomic():
            row = LiveStream.objects.select_for_update(no_key=True).get(pk=name)
            numbered = LiveChange.objects.filter(stream=name, seq__isnull=False)
            found = numbered.aggregate(
                first=Min("seq"), last=Max("seq"), total=Count("pk")
            )
        expected = (row.floor + 1, row.head) if row.head > row.floor else (None, None)
        is_whole = found["total"] == row.head - row.floor
        if (found["first"], found["last"]) != expected or not is_whole:
            yield (
                f"Stream {name} holds {found['total']} changes from {found['first']} to"
                f" {found['last']}; it should hold those after {row.floor} up to"
                f" {row.head}."
            )
