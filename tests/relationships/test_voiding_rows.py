"""Which reports the ledger still holds row by row."""

from datetime import timedelta

import pytest

from relationships import reports
from relationships.models import LedgerRow
from relationships.services import voiding
from relationships.services.voiding import NotHeld
from tests.factories import NOW, make_character
from tests.relationships.feelings_given import felt, manager, met

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return [make_character(name) for name in ("ada", "bob", "eve")]


@pytest.fixture
def voided(monkeypatch):
    numbers: set[int] = set()
    monkeypatch.setattr(reports, "_tellers", [lambda pks, since: numbers])
    return numbers


def take_back(numbers, *, expected=None):
    return voiding.take_back(
        numbers,
        expected=len(numbers) if expected is None else expected,
        reason="Why.",
        actor=manager(),
        now=NOW + timedelta(hours=1),
    )


def test_pairs_that_reports_touched_are_told_once_and_in_order(cast):
    ada, bob, eve = cast
    numbers = [met(eve, bob, at=NOW), met(bob, ada, at=NOW), met(ada, bob, at=NOW)]

    assert voiding.touched(numbers) == [(ada.pk, bob.pk), (bob.pk, eve.pk)]
    assert voiding.held(numbers) == 3


def test_what_was_folded_or_came_before_is_not_held(cast):
    ada, bob, _ = cast
    old, folded, new = (met(ada, bob, at=NOW) for _ in range(3))
    LedgerRow.objects.filter(event_id=folded, affinity__source=ada).update(folded=1)

    assert voiding.held([old, folded, new]) == 1


def test_a_row_that_is_gone_on_one_side_is_not_held(cast):
    ada, bob, _ = cast
    number = met(ada, bob, at=NOW)
    LedgerRow.objects.filter(event_id=number, affinity__source=bob).delete()

    assert voiding.held([number]) == 0


def test_nothing_is_taken_back_in_part(cast, voided):
    ada, bob, _ = cast
    number = met(ada, bob, at=NOW)
    voided.add(number)

    with pytest.raises(NotHeld) as refused:
        take_back([number], expected=3)
    assert refused.value.count == 2
    assert felt(ada, bob).seq == 1


def test_more_pairs_than_are_computed_together(cast, voided, monkeypatch):
    monkeypatch.setattr(voiding, "PAIRS_AT_ONCE", 1)
    ada, bob, eve = cast
    numbers = [met(ada, bob, at=NOW), met(ada, eve, at=NOW)]
    voided.update(numbers)

    taken = take_back(numbers)

    assert (taken.pairs, taken.characters) == (2, 3)
    assert (felt(ada, bob).stored, felt(ada, eve).stored) == (0, 0)


def test_without_anybody_who_keeps_reports_none_is_void(monkeypatch):
    monkeypatch.setattr(reports, "_tellers", [])

    assert reports.voided([1, 2]) == set()
