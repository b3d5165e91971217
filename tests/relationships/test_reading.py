"""What characters feel, now and at moments of the past."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core import policy as settings
from relationships import policy, reports
from relationships.models import LedgerRow
from relationships.services import reading
from relationships.services.reading import SameCharacter, UnknownCharacter
from tests.factories import NOW, make_character
from tests.relationships.feelings_given import met, published
from tests.relationships_data import make_circle, make_feelings

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def cast():
    return published("ada", "bob", "eve")


def all_at(moment, **options):
    found = reading.all_felt(
        known=reading.characters(), moment=moment, rules=policy.rules(), **options
    )
    return {(felt.source, felt.target): felt for felt in found}


def test_each_direction_is_decayed_to_the_moment(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)

    found = all_at(NOW + DAY)

    assert list(found) == [("ada", "bob"), ("bob", "ada")]
    forth = found["ada", "bob"]
    assert (forth.affinity, forth.stored, forth.band) == (2_700, 3_000, "neutral")
    assert (forth.updated_at, forth.seq, forth.events) == (NOW, 1, 1)
    assert found["bob", "ada"].affinity == 2_160


def test_the_band_is_that_of_the_moment(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)

    assert all_at(NOW)["ada", "bob"].band == "friend"


def test_a_direction_that_nothing_happened_to_is_left_out(cast):
    make_feelings({("ada", "bob"): 4})

    assert list(all_at(NOW)) == [("ada", "bob")]


def test_the_least_counts_either_way_and_itself(cast):
    make_feelings({("ada", "bob"): 4, ("bob", "ada"): -5, ("ada", "eve"): 3.999})

    assert list(all_at(NOW, least=4_000)) == [("ada", "bob"), ("bob", "ada")]


def test_the_past_is_the_newest_row_until_then_decayed(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    met(ada, bob, "insult", at=NOW + DAY)

    before = all_at(NOW - DAY, is_past=True)
    first = all_at(NOW + DAY / 2, is_past=True)["ada", "bob"]
    on_the_row = all_at(NOW + DAY, is_past=True)["ada", "bob"]

    assert before == {}
    assert (first.stored, first.seq, first.tension) == (3_000, 1, 0)
    assert first.affinity == 2_846
    assert (on_the_row.seq, on_the_row.affinity) == (2, -300)
    assert on_the_row.tension == 200


def test_of_rows_of_one_moment_the_past_takes_the_last(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    met(ada, bob, at=NOW)

    assert all_at(NOW, is_past=True)["ada", "bob"].seq == 2


def test_the_tension_of_the_past_is_of_whichever_row_is_younger(cast):
    ada, bob, _ = cast
    met(ada, bob, "insult", at=NOW)
    row = LedgerRow.objects.get(affinity__source=ada)
    row.pk, row.seq, row.at, row.tension = None, 2, NOW + DAY, 120
    row.event_id = None
    row.save()

    found = all_at(NOW + DAY, is_past=True)

    assert {felt.tension for felt in found.values()} == {120}


def test_the_past_keeps_the_rate_that_was_in_force(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    settings.set_value(
        name=policy.CONFLICT_DECAY_RATE, value=0.5, actor=None, now=NOW + DAY
    )

    assert all_at(NOW + DAY, is_past=True)["ada", "bob"].affinity == 2_700
    assert all_at(NOW + 2 * DAY)["ada", "bob"].affinity == 1_350


def test_with_conflicts_off_there_is_no_tension_now(cast):
    ada, bob, _ = cast
    met(ada, bob, "insult", at=NOW)
    settings.set_value(
        name=policy.PERSONA_CONFLICTS_ENABLED, value=False, actor=None, now=NOW
    )

    assert all_at(NOW)["ada", "bob"].tension == 0
    assert all_at(NOW, is_past=True)["ada", "bob"].tension == 200


def test_archived_characters_are_left_out(cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    bob.archived_at = NOW
    bob.save(update_fields=["archived_at"])

    assert all_at(NOW) == {}
    with pytest.raises(UnknownCharacter, match="bob"):
        reading.two("ada", "bob")


def test_the_number_of_queries_does_not_depend_on_how_many(
    cast, django_assert_max_num_queries
):
    make_circle(12)
    known, rules = reading.characters(), policy.rules()

    with django_assert_max_num_queries(1):
        now = reading.all_felt(known=known, moment=NOW + DAY, rules=rules)
    with django_assert_max_num_queries(1):
        then = reading.all_felt(
            known=known, moment=NOW + DAY, rules=rules, is_past=True
        )
    assert len(now) == 132
    assert [(f.source, f.target, f.affinity) for f in now] == [
        (f.source, f.target, f.affinity) for f in then
    ]


def test_published_characters_are_listed_and_drafts_that_feel(cast):
    make_character("draft")
    make_character("met")
    make_feelings({("met", "ada"): 1})
    known = reading.characters()
    found = reading.all_felt(known=known, moment=NOW, rules=policy.rules())

    shown = reading.shown(known, directions=found)

    assert [each.character_id for each in shown] == ["ada", "bob", "eve", "met"]


def test_two_who_never_met_feel_nothing(cast):
    both = reading.between("ada", "bob", moment=NOW, rules=policy.rules())

    assert (both.forth.affinity, both.back.affinity, both.tag) == (0, 0, "0-0")
    assert (both.forth.source, both.forth.target) == ("ada", "bob")
    assert both.forth.band == "neutral"
    assert list(reading.history(both.forth)) == []


def test_both_directions_are_seen_from_the_first(cast):
    ada, bob, _ = cast
    met(bob, ada, at=NOW)

    both = reading.between("bob", "ada", moment=NOW, rules=policy.rules())

    assert (both.forth.affinity, both.back.affinity) == (3_000, 2_400)
    assert (both.back.source, both.tag) == ("ada", "1-1")


def test_nobody_is_compared_with_themselves_or_nobody(cast):
    with pytest.raises(SameCharacter):
        reading.two("ada", "ada")
    with pytest.raises(UnknownCharacter):
        reading.two("nobody", "nobody")
    with pytest.raises(UnknownCharacter, match="nobody"):
        reading.two("ada", "nobody")


@pytest.fixture
def voided(monkeypatch):
    """Numbers of reports that count no more."""
    numbers: set[int] = set()
    monkeypatch.setattr(reports, "_tellers", [lambda pks, since: numbers])
    return numbers


def test_recent_are_the_reports_of_a_day_that_count(cast, voided):
    ada, bob, eve = cast
    now = timezone.now()
    for ago in (DAY, DAY - timedelta(seconds=1), timedelta(0)):
        met(ada, bob, at=now - ago)
    gone = met(bob, ada, at=now)
    met(ada, eve, at=now)
    voided.add(gone)

    found = reading.chances(
        "ada", seeds={"bob": 1, "eve": 1}, now=now, rules=policy.rules()
    )

    assert (found["bob"].recent_events, found["eve"].recent_events) == (2, 1)


def test_a_chance_has_the_feeling_of_who_answers(cast):
    ada, bob, _ = cast
    met(ada, bob, "insult", at=NOW)

    found = reading.chances("bob", seeds={"ada": 7}, now=NOW, rules=policy.rules())

    odds = found["ada"]
    assert (odds.affinity, odds.base, odds.tension) == (-2.4, 0.38, 0.2)
    assert (odds.recent_events, odds.history, odds.compatibility) == (1, 0.9, 1.0)


def test_compatibility_is_of_the_published_sheets():
    published("ada", topic_interests=["tea", "ships"], topic_avoidances=["war"])
    published("bob", topic_interests=["Tea"])
    make_character("draft", topic_interests=["tea"])

    assert reading.compatibility_of("ada", "bob") == 1_100
    assert reading.compatibility_of("ada", "draft") == 1_000


def test_chances_take_the_same_queries_however_many(
    cast, django_assert_max_num_queries
):
    names = make_circle(9)
    rules = policy.rules()
    reading.compatibility_of("ada", "bob")  # Now the snapshot is read.

    # Characters, feelings, rows of a day; and whether the snapshot is current.
    with django_assert_max_num_queries(6):
        reading.chances(
            names[0],
            seeds=dict.fromkeys(names[1:], 3),
            now=NOW + timedelta(hours=1),
            rules=rules,
        )
