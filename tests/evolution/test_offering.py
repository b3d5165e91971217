"""Stages added below the count are offered, not fired: design, section 5."""

from datetime import timedelta

import pytest
from django.db import connection

from evolution.models import Crossing, Progress
from evolution.services import offering
from evolution.tasks import offer_stages
from personas.services import labels
from tests.evolution.growing_cases import (
    STAGES,
    act,
    apply_all,
    crossing,
    edit,
    live,
    make_grower,
    publish,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SAVEPOINTS = 2  # of the transaction within that of the test


def test_a_stage_published_below_the_count_is_offered_even_to_an_automatic_one():
    make_grower(mode="auto", evolution_stages=[])
    act("ada", 60)
    edit(evolution_stages=STAGES)

    publish()

    row = crossing(50)
    assert (row.status, row.wants, row.title) == ("offered", "", "Warms up")
    assert row.changes["personality"]["tone"] == "warm"
    # Above the count nothing happened yet.
    assert not Crossing.objects.filter(milestone=100).exists()
    assert apply_all() == 0


def test_a_mark_that_was_only_noted_becomes_an_offer():
    make_grower(evolution_stages=[])
    act("ada", 50)
    before = crossing(50)
    assert before.status == "noted"
    edit(evolution_stages=STAGES)

    publish()

    after = crossing(50)
    assert (after.pk, after.status, after.title) == (before.pk, "offered", "Warms up")
    assert after.reached_at == before.reached_at


def test_a_stage_at_the_very_count_is_offered():
    make_grower(evolution_stages=[])
    act("ada", 100)
    Crossing.objects.all().delete()
    edit(evolution_stages=STAGES)

    publish()

    assert crossing(100).status == "offered"


def test_an_offer_follows_what_is_live_until_it_is_decided():
    make_grower(evolution_stages=[])
    act("ada", 60)
    edit(evolution_stages=STAGES)
    publish()
    edit(evolution_stages=[{**STAGES[0], "title": "Thaws"}])

    publish()

    assert crossing(50).title == "Thaws"


@pytest.mark.parametrize("status", ["waiting", "postponed", "rejected", "applied"])
def test_what_was_passed_or_decided_stays_as_it_was(status):
    make_grower()
    act("ada", 50)
    Crossing.objects.update(status=status)
    edit(evolution_stages=[{**STAGES[0], "title": "Thaws"}])

    publish()

    assert (crossing(50).status, crossing(50).title) == (status, "Warms up")


def test_what_is_wanted_already_stays_as_it_was():
    make_grower(evolution_stages=[])
    act("ada", 60)
    edit(evolution_stages=STAGES)
    publish()
    Crossing.objects.filter(milestone=50).update(wants="apply", try_at=NOW)
    edit(evolution_stages=[{**STAGES[0], "title": "Thaws"}])

    publish()

    assert crossing(50).title == "Warms up"


def test_a_draft_or_a_trial_offers_nothing():
    make_grower(evolution_stages=[])
    act("ada", 60)
    Crossing.objects.all().delete()

    edit(evolution_stages=STAGES)

    assert not Crossing.objects.exists()


def test_moving_the_label_back_offers_what_is_there():
    make_grower()
    edit(evolution_stages=[])
    publish()
    act("ada", 60)
    Crossing.objects.all().delete()

    labels.move_label(
        character_id="ada",
        label="production",
        number=1,
        note="N",
        author=None,
        now=NOW,
    )

    assert crossing(50).status == "offered"


def test_somebody_who_was_never_counted_is_offered_nothing():
    make_grower()

    assert not Crossing.objects.exists()


def test_what_a_report_missed_is_offered_by_the_sweep():
    make_grower()
    # The report knew the stages of the version before.
    Progress.objects.update(count=60)

    assert offering.sweep(now=NOW + timedelta(seconds=30)) == 1

    assert crossing(50).status == "offered"
    assert offering.sweep(now=NOW + timedelta(seconds=31)) == 0


def test_the_sweep_looks_at_what_went_live_lately():
    make_grower()
    Progress.objects.update(count=60)

    assert offering.sweep(now=NOW + timedelta(hours=1)) == 0


def test_a_flag_is_lifted_when_the_count_is_there_again():
    make_grower()
    act("ada", 100)
    Crossing.objects.update(is_flagged=True)
    Progress.objects.update(count=70)

    offer_stages()

    assert (crossing(50).is_flagged, crossing(100).is_flagged) == (False, True)


def just_before(table, act):
    """While this is entered, ``act`` comes before the first query of ``table``."""
    waits = [act]

    def run(execute, sql, params, many, context):
        if f'FROM "{table}"' in sql and waits:
            waits.pop()()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(run)


def test_a_version_that_goes_live_while_the_sweep_waits_is_what_it_offers():
    make_grower()
    Progress.objects.update(count=60)
    edit(evolution_stages=[{**STAGES[0], "title": "Thaws"}])

    with just_before("evolution_progress", publish):
        offering.sweep(now=NOW + timedelta(seconds=30))

    assert crossing(50).title == "Thaws"


def test_a_void_while_the_lifting_of_flags_waits_keeps_them():
    make_grower()
    act("ada", 100)
    Crossing.objects.update(is_flagged=True)

    with just_before("evolution_progress", lambda: Progress.objects.update(count=70)):
        assert offering.unflag(now=NOW) == 1

    assert (crossing(50).is_flagged, crossing(100).is_flagged) == (False, True)


def test_without_flags_to_lift_nothing_is_locked(django_assert_num_queries):
    make_grower()
    act("ada", 100)

    # looking
    with django_assert_num_queries(1 + SAVEPOINTS):
        assert offering.unflag(now=NOW) == 0


def test_many_characters_are_offered_with_as_many_queries(django_assert_num_queries):
    def stages_of(*names):
        found = {}
        for name in names:
            character = make_grower(name, evolution_stages=[])
            Progress.objects.filter(character=character).update(count=60)
            found[character.pk] = list(with_stages)
        return found

    make_grower("model")
    with_stages = live("model").to_sheet().evolution_stages
    few, many = stages_of("a", "b"), stages_of(*(f"c{n}" for n in range(12)))

    # The first announcement of a process makes the stream's row.
    offering.offer(stages_of("warm"), now=NOW)
    # locking progress, crossings, inserting, what waits, announcing (2)
    with django_assert_num_queries(6):
        offering.offer(few, now=NOW)
    with django_assert_num_queries(6):
        offering.offer(many, now=NOW)
