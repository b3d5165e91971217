"""Old days keep only how they ended."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relationships.domain.checking import check
from relationships.domain.compacting import Fold, first_kept, folds
from tests.relationships.domain.ledgers import NOON, RULES, Ledger
from tests.relationships.domain.test_replaying import caps, histories, played

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Old:
    seq: int
    at: datetime
    folded: int = 0


def old(seq: int, hours: float, *, folded: int = 0) -> Old:
    return Old(seq, MIDNIGHT + timedelta(hours=hours), folded)


def test_the_last_row_of_each_day_stays():
    rows = [old(1, 1), old(2, 23.9), old(3, 24), old(4, 30), old(5, 47)]

    assert folds(rows, before=MIDNIGHT + 2 * DAY) == [
        Fold(seq=2, folded=1, gone=(1,)),
        Fold(seq=5, folded=2, gone=(3, 4)),
    ]


def test_days_that_are_not_old_are_left_alone():
    rows = [old(1, 1), old(2, 2), old(3, 25), old(4, 26)]

    assert folds(rows, before=MIDNIGHT + DAY) == [Fold(seq=2, folded=1, gone=(1,))]


def test_a_day_of_one_row_has_nothing_to_fold():
    assert folds([old(1, 1), old(2, 25)], before=MIDNIGHT + 5 * DAY) == []


def test_what_was_folded_before_counts_on():
    rows = [old(4, 1, folded=3), old(5, 2), old(9, 3, folded=3)]

    assert folds(rows, before=MIDNIGHT + DAY) == [
        Fold(seq=9, folded=8, gone=(4, 5)),
    ]


def test_rows_may_come_in_any_order():
    assert folds([old(2, 2), old(1, 1)], before=MIDNIGHT + DAY)[0].seq == 2


def test_the_retention_counts_whole_days_of_utc():
    now = datetime(2026, 3, 31, 1, 30, tzinfo=UTC)

    assert first_kept(now=now, days=30) == MIDNIGHT


def compacted(ledger: Ledger, *, before: datetime) -> None:
    for rows in (ledger.low, ledger.high):
        for fold in folds(rows, before=before):
            kept = next(row for row in rows if row.seq == fold.seq)
            rows[rows.index(kept)] = replace(kept, folded=fold.folded)
            rows[:] = [row for row in rows if row.seq not in fold.gone]


@given(histories, caps, st.integers(0, 60), st.integers(0, 60))
def test_a_compacted_ledger_still_leads_to_the_state(history, cap, first, second):
    ledger = played(history, cap=cap)
    for days in sorted((first, second)):
        compacted(ledger, before=first_kept(now=NOON + days * DAY, days=7))

    replayed = ledger.replayed()

    assert (
        check(ledger.steps, start=ledger.start, final=ledger.state, rules=RULES) == []
    )
    for is_low in (True, False):
        mine = replayed.feeling(is_low=is_low)
        theirs = ledger.state.feeling(is_low=is_low)
        spent = {"spent": 0, "spent_on": None}
        assert replace(mine, **spent) == replace(theirs, **spent)
