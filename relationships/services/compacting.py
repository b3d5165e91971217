"""Old days of the ledger shrink to how each feeling ended them.

What is gone is counted in the row that stays, so numbers still have no unexplained
gap. A pair of which reports were voided lately is left as it is until that void is
as old: computing it anew needs the rows that the void had left out.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import TruncDate

from relationships import policy
from relationships.domain.compacting import first_kept, folds
from relationships.models import Affinity, LedgerRow
from relationships.services import moving

ROWS_AT_ONCE: Final = 5_000
"""Rows that one transaction looks at, unless one pair alone has more."""
LONGEST: Final = timedelta(minutes=4)
"""Then the next run goes on."""

Pair = tuple[int, int]


def compact(*, clock: Callable[[], datetime]) -> int:
    """Fold what is older than the history is kept in full; how many rows are gone."""
    started_at = clock()
    before = first_kept(now=started_at, days=policy.retention_days())
    gone = 0
    for pairs in _chunks(_foldable(before=before)):
        gone += _compact(pairs, before=before)
        if clock() - started_at > LONGEST:
            break
    return gone


def _foldable(*, before: datetime) -> Mapping[Pair, int]:
    """Pairs with several rows on one old day, and how many rows those days have."""
    old = LedgerRow.objects.filter(at__lt=before).order_by()
    days = old.annotate(day=TruncDate("at", tzinfo=UTC)).values_list(
        "affinity_id", "day"
    )
    rows: Counter[int] = Counter()
    for direction, _, count in days.annotate(rows=Count("pk")).filter(rows__gt=1):
        rows[direction] += count
    found: Counter[Pair] = Counter()
    directions = Affinity.objects.values_list("pk", "pair__low_id", "pair__high_id")
    postponed = _postponed(before=before)
    for direction, low, high in directions:
        if rows[direction] and (low, high) not in postponed:
            found[low, high] += rows[direction]
    return found


def _postponed(*, before: datetime, pairs: Collection[Pair] | None = None) -> set[Pair]:
    """Pairs of which reports were voided since."""
    rows = LedgerRow.objects.filter(cause=LedgerRow.Cause.VOID, at__gte=before)
    if pairs is not None:
        rows = rows.filter(affinity__pair__low__in={low for low, _ in pairs})
    found = rows.values_list("affinity__pair__low_id", "affinity__pair__high_id")
    return set(found.distinct())


def _chunks(rows: Mapping[Pair, int]) -> Iterator[list[Pair]]:
    """Pairs that one transaction looks at, in the order in which they are locked."""
    chunk: list[Pair] = []
    size = 0
    for pair, count in sorted(rows.items()):
        if chunk and size + count > ROWS_AT_ONCE:
            yield chunk
            chunk, size = [], 0
        chunk.append(pair)
        size += count
    if chunk:
        yield chunk


@transaction.atomic
def _compact(pairs: Sequence[Pair], *, before: datetime) -> int:
    book = moving.lock(pairs)
    # A void may have come before the lock.
    postponed = _postponed(before=before, pairs=pairs)
    directions = [
        feeling.pk
        for pair, each in zip(pairs, book.all(), strict=True)
        if pair not in postponed
        for feeling in (each.low, each.high)
    ]
    rows: dict[int, list[LedgerRow]] = {}
    old = LedgerRow.objects.filter(affinity__in=directions, at__lt=before)
    for row in old.only("pk", "affinity_id", "seq", "at", "folded"):
        rows.setdefault(row.affinity_id, []).append(row)
    kept: list[LedgerRow] = []
    gone: list[int] = []
    for found in rows.values():
        by_number = {row.seq: row for row in found}
        for fold in folds(found, before=before):
            row = by_number[fold.seq]
            row.folded = fold.folded
            kept.append(row)
            gone += [by_number[seq].pk for seq in fold.gone]
    LedgerRow.objects.bulk_update(kept, ["folded"], batch_size=500)
    for start in range(0, len(gone), ROWS_AT_ONCE):
        LedgerRow.objects.filter(pk__in=gone[start : start + ROWS_AT_ONCE]).delete()
    return len(gone)
