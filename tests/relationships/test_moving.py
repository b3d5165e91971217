"""Pairs are locked in one order, made when missing, and moved at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from personas.models import Character
from relationships.domain.feelings import Event, PairState
from relationships.models import Affinity, LedgerRow, Pair
from relationships.policy import kinds, rules
from relationships.services import moving
from relationships.services.announcing import key_of
from tests.factories import NOW, make_character


@pytest.fixture
def pks(db):
    return [make_character(f"c{number}").pk for number in range(6)]


def test_a_pair_is_the_same_in_either_order(pks):
    a, b, *_ = pks

    book = moving.lock([(b, a), (a, b)])

    assert len(book.all()) == 1
    assert book.held(a, b) is book.held(b, a)
    assert (Pair.objects.count(), Affinity.objects.count()) == (1, 2)
    assert book.held(a, b).state == PairState()
    assert book.held(a, b).names == ("c0", "c1")


def test_nothing_is_locked_or_made_for_no_pairs(pks):
    book = moving.lock([])

    assert (book.all(), book.latest) == ([], None)
    assert Pair.objects.count() == 0


def test_pairs_are_locked_by_the_lower_then_the_higher(pks):
    a, b, c, *_ = pks

    book = moving.lock([(c, b), (c, a), (b, a)])

    keys = [(held.pair.low_id, held.pair.high_id) for held in book.all()]
    assert keys == sorted([(a, b), (a, c), (b, c)])


def test_only_the_pairs_asked_for_are_locked(pks):
    a, b, c, d, *_ = pks
    moving.lock([(a, b), (a, d), (c, b), (c, d)])

    book = moving.lock([(a, b), (c, d)])

    keys = {(held.pair.low_id, held.pair.high_id) for held in book.all()}
    assert keys == {(a, b), (c, d)}


def test_missing_pairs_are_made_beside_those_there(pks):
    a, b, c, *_ = pks
    moving.lock([(a, b)])

    book = moving.lock([(a, b), (b, c)])

    assert len(book.all()) == 2
    assert Affinity.objects.count() == 4


def test_far_more_pairs_than_one_query_can_name_are_locked_in_order(pks):
    """SQLite takes conditions up to a depth of 1,000, so one query cannot name all."""
    count = 1_100
    framework = Character.objects.get(pk=pks[0]).framework
    made = Character.objects.bulk_create(
        Character(
            character_id=f"x{n}",
            display_name="X",
            framework=framework,
            created_at=NOW,
            updated_at=NOW,
        )
        for n in range(count + 1)
    )
    *lower, highest = sorted(character.pk for character in made)
    moving.lock([(lower[7], highest), (lower[900], highest)])

    book = moving.lock([(highest, pk) for pk in reversed(lower)])

    keys = [(held.pair.low_id, held.pair.high_id) for held in book.all()]
    assert keys == [(pk, highest) for pk in lower]
    assert (Pair.objects.count(), Affinity.objects.count()) == (count, 2 * count)


def test_queries_do_not_depend_on_how_much_is_moved(pks):
    def move(pairs, *, start: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            book = moving.lock(pairs)
            in_force, known = rules(), kinds()
            for number, (a, b) in enumerate(pairs, start):
                event = Event(is_low_speaker=a < b, kind=known["banter"])
                book.move(a, b, event=event, rules=in_force, now=NOW, report=number)
            ids = {n: n for n in range(start, start + len(pairs))}
            moving.save(book, event_ids=ids, bands=in_force.bands, now=NOW)
        return len(captured)

    pairs = [(a, b) for a in pks for b in pks if a < b]
    moving.lock(pairs)
    move(pairs[:1], start=1)

    assert move(pairs[:1], start=2) == move(pairs, start=10)
    assert LedgerRow.objects.count() == 2 * (len(pairs) + 2)
    assert moving.lock(pairs).latest == NOW


def test_a_book_in_which_nothing_moved_writes_nothing(pks):
    a, b, *_ = pks
    book = moving.lock([(a, b)])

    with CaptureQueriesContext(connection) as captured:
        moving.save(book, event_ids={}, bands=rules().bands, now=NOW)

    assert not [q for q in captured if q["sql"].startswith("INSERT")]


def test_long_ids_are_known_by_a_hash_of_both():
    one, other = "a" * 64, "b" * 64

    assert key_of("ada", "bob") == "ada>bob"
    assert len(key_of(one, other)) == 32
    assert key_of(one, other) != key_of(other, one)
