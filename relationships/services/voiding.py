"""Taking back what reports did to feelings.

The rows of a voided report stay. Each pair that it moved is computed once more
without it, from all that the ledger holds of the pair, and a row of each direction
leads from what is felt now to what would be felt.

Only what the ledger holds row by row can be taken back: see ``held``.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.db.models import Max, QuerySet

from core.models import User
from relationships import policy, reports
from relationships.domain.feelings import PairState, Rules, now_after, void
from relationships.domain.replaying import replay, steps_of
from relationships.models import Affinity, LedgerRow
from relationships.services import moving
from relationships.services.moving import HeldPair

PAIRS_AT_ONCE: Final = 200
"""Pairs that are read and written together."""

EventIds = Collection[int] | QuerySet[Any, Any]
"""``event_id`` of ledger rows; a query of them saves naming each."""


class NotHeld(Exception):
    """The ledger holds only in part what ``count`` of the reports did."""

    def __init__(self, count: int) -> None:
        super().__init__(f"The history tells of {count} of them only in part.")
        self.count = count


@dataclass(frozen=True, slots=True)
class Taken:
    """What a void touched: pairs, and the characters in them."""

    pairs: int
    characters: int


def touched(event_ids: EventIds) -> list[tuple[int, int]]:
    """The pairs that these reports moved, as (lower, higher) primary keys."""
    rows = LedgerRow.objects.filter(event_id__in=event_ids)
    found = rows.values_list("affinity__pair__low_id", "affinity__pair__high_id")
    return sorted(set(found.distinct()))


def held(event_ids: EventIds) -> int:
    """Of how many of these the ledger still tells all that they and later ones did.

    That is so where both directions have the row, and none was folded into it or
    into a later one.
    """
    rows = LedgerRow.objects.filter(event_id__in=event_ids)
    folded = LedgerRow.objects.filter(
        folded__gt=0, affinity__in=rows.values("affinity_id")
    )
    floors = dict(
        folded.order_by().values_list("affinity_id").annotate(newest=Max("seq"))
    )
    whole = Counter(
        event_id
        for event_id, direction, seq in rows.values_list(
            "event_id", "affinity_id", "seq"
        ).iterator()
        if seq > floors.get(direction, 0)
    )
    return sum(1 for times in whole.values() if times == len(("low", "high")))


def take_back(
    event_ids: EventIds, *, expected: int, reason: str, actor: User, now: datetime
) -> Taken:
    """Undo what these reports did; call it within the transaction that voids them.

    They must be told by ``reports.voided`` already, as all voided before are;
    ``expected`` is how many they are. Locks the pairs until the transaction ends,
    so progress is to be locked before.

    Raises:
        NotHeld: the ledger does not hold all of them row by row.
    """
    pairs = touched(event_ids)
    # All pairs first: nobody compacts their ledger from here on.
    book = moving.lock(pairs)
    missing = expected - held(event_ids)
    if missing:
        raise NotHeld(missing)
    rules = policy.rules()
    all_held = book.all()
    for start in range(0, len(all_held), PAIRS_AT_ONCE):
        part = all_held[start : start + PAIRS_AT_ONCE]
        _recompute(part, rules=rules, reason=reason, actor=actor, now=now)
    moving.save(book, event_ids={}, bands=rules.bands, now=now)
    return Taken(
        pairs=len(pairs), characters=len({pk for pair in pairs for pk in pair})
    )


def _recompute(
    part: Sequence[HeldPair],
    *,
    rules: Rules,
    reason: str,
    actor: User,
    now: datetime,
) -> None:
    by_pair = {each.pair.pk: each for each in part}
    without = reports.voided(
        {pk for each in part for pk in (each.pair.low_id, each.pair.high_id)}
    )
    for pair_pk, rows in _rows_by_pair(by_pair):
        each = by_pair[pair_pk]
        replayed = _replayed(each, rows, rules=rules, without=without)
        moment = now_after(each.state, now)
        state, *ledger = void(each.state, replayed=replayed, rules=rules, now=moment)
        each.put(state, ledger, reason=reason, author=actor)


def _rows_by_pair(pks: Collection[int]) -> Iterator[tuple[int, list[LedgerRow]]]:
    """The whole ledger of each of these pairs, one pair at a time."""
    directions = Affinity.objects.filter(pair__in=pks).values_list("pk", "pair_id")
    pair_of = dict(directions)
    rows = LedgerRow.objects.filter(affinity__in=list(pair_of))
    rows = rows.order_by("affinity__pair_id", "affinity_id", "seq").defer("reason")
    for pair_pk, group in groupby(
        rows.iterator(), key=lambda row: pair_of[row.affinity_id]
    ):
        yield pair_pk, list(group)


def _replayed(
    each: HeldPair, rows: Sequence[LedgerRow], *, rules: Rules, without: set[int]
) -> PairState:
    """The state of the pair without those reports."""
    low = [row for row in rows if row.affinity_id == each.low.pk]
    high = [row for row in rows if row.affinity_id == each.high.pk]
    return replay(
        steps_of(low, high),
        start=PairState(triggers=each.state.triggers),
        rules=rules,
        without=without,
    )
