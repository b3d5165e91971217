"""Old days keep how they ended."""

from datetime import timedelta

import pytest

from core import policy as settings
from core.live import watcher
from relationships import policy, tasks
from relationships.models import LedgerRow
from relationships.services import compacting, reading
from routing.services import checking
from tests.factories import NOW, make_character
from tests.relationships.feelings_given import felt, met

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def cast():
    return [make_character(name) for name in ("ada", "bob", "eve")]


def compact(*, after: timedelta) -> int:
    return compacting.compact(clock=lambda: NOW + after)


def numbers(source, target) -> list[tuple[int, int]]:
    rows = LedgerRow.objects.filter(affinity__source=source, affinity__target=target)
    return list(rows.order_by("seq").values_list("seq", "folded"))


def test_the_last_row_of_each_old_day_stays_and_says_how_many_went(cast):
    ada, bob, _ = cast
    for hours in (0, 1, 23, 24, 25):
        met(ada, bob, at=NOW + timedelta(hours=hours))

    gone = compact(after=91 * DAY)

    assert gone == 4
    assert numbers(ada, bob) == [(3, 2), (4, 0), (5, 0)]
    assert numbers(bob, ada) == [(3, 2), (4, 0), (5, 0)]
    assert compact(after=91 * DAY) == 0
    assert compact(after=92 * DAY) == 2
    assert numbers(ada, bob) == [(3, 2), (5, 1)]
    assert list(checking._of_ledgers()) == []


def test_days_within_the_time_stay_as_they_are(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    met(ada, bob, at=NOW)

    assert compact(after=90 * DAY) == 0
    settings.set_value(name=policy.LEDGER_RETENTION_DAYS, value=7, actor=None, now=NOW)
    assert compact(after=8 * DAY) == 2


def test_what_is_felt_now_and_how_days_ended_stays(cast):
    ada, bob, _ = cast
    for hours in (0, 5, 30):
        met(ada, bob, "insult", at=NOW + timedelta(hours=hours))
    known, rules = reading.characters(), policy.rules()

    def look(moment, *, is_past):
        return reading.all_felt(
            known=known, moment=moment, rules=rules, is_past=is_past
        )

    midnight, later = NOW + DAY, NOW + 40 * DAY
    before = look(midnight, is_past=True), look(later, is_past=False)
    stored = felt(ada, bob).stored

    compact(after=200 * DAY)

    assert (look(midnight, is_past=True), look(later, is_past=False)) == before
    assert look(NOW + timedelta(hours=6), is_past=True)[0].seq == 2
    assert look(NOW + timedelta(hours=1), is_past=True) == []
    assert felt(ada, bob).stored == stored


def test_many_pairs_go_in_small_transactions(cast, monkeypatch):
    monkeypatch.setattr(compacting, "ROWS_AT_ONCE", 5)
    ada, bob, eve = cast
    for one, other in ((ada, bob), (bob, eve), (ada, eve)):
        for _ in range(3):
            met(one, other, at=NOW)
    chunks = []
    whole = compacting._compact
    monkeypatch.setattr(
        compacting,
        "_compact",
        lambda pairs, **options: chunks.append(pairs) or whole(pairs, **options),
    )

    assert compact(after=91 * DAY) == 12
    assert chunks == [[(ada.pk, bob.pk)], [(ada.pk, eve.pk)], [(bob.pk, eve.pk)]]
    assert list(checking._of_ledgers()) == []


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next(cast, monkeypatch):
    monkeypatch.setattr(compacting, "ROWS_AT_ONCE", 1)
    ada, bob, eve = cast
    for other in (bob, eve):
        for _ in range(2):
            met(ada, other, at=NOW)
    later = NOW + 91 * DAY
    times = iter([later, later + 2 * compacting.LONGEST])

    assert compacting.compact(clock=lambda: next(times)) == 2
    assert compact(after=91 * DAY) == 2


def test_a_void_that_comes_before_the_lock_postpones_it(cast, monkeypatch):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    met(ada, bob, at=NOW)
    monkeypatch.setattr(
        compacting,
        "_postponed",
        lambda before, pairs=None: set() if pairs is None else set(pairs),
    )

    assert compact(after=91 * DAY) == 0


def test_a_chunk_takes_the_same_queries_however_many(
    cast, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)
    ada, bob, eve = cast
    for one, other in ((ada, bob), (bob, eve), (ada, eve)):
        for _ in range(4):
            met(one, other, at=NOW)

    # Settings, three looks; then in one transaction: lock, look, write, delete.
    with django_assert_max_num_queries(14):
        assert compact(after=91 * DAY) == 18


def test_the_task_compacts(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW - 1000 * DAY)
    met(ada, bob, at=NOW - 1000 * DAY)

    assert tasks.compact() == 2
