"""Counts without voided reports: design, section 5."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from django.db import transaction

from core.models import LiveChange
from evolution.models import Progress, ProgressDay
from evolution.services import voiding
from evolution.services.voiding import Voided
from personas.services import growing
from tests.evolution.growing_cases import act, apply_all, crossing, live, make_grower
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


Counted = tuple[int, date, str, int]


def take_back(*events: Voided, left: Iterable[Counted] = ()) -> None:
    """``left`` is what still counts of their characters since then."""
    with transaction.atomic():
        voiding.take_back(events, left=lambda firsts: left, now=NOW + 3 * DAY)


def test_the_count_falls_and_milestones_above_it_are_flagged():
    ada = make_grower()
    act("ada", 100)

    take_back(Voided(ada.pk, "message", 30, NOW))

    assert Progress.objects.get().count == 70
    assert (crossing(50).is_flagged, crossing(100).is_flagged) == (False, True)


def test_what_was_reached_stays_reached():
    ada = make_grower(mode="auto")
    act("ada", 50)
    apply_all()

    take_back(Voided(ada.pk, "message", 50, NOW))

    assert (crossing(50).status, crossing(50).is_flagged) == ("applied", True)
    assert live().number == 2
    # Passed once and for good.
    assert act("ada", 50) == []


def test_days_fall_from_the_day_it_was_counted_on():
    ada = make_grower()
    for day in range(3):
        act("ada", 10, kind="banter", now=NOW + day * DAY)

    days = [(NOW + day * DAY).date() for day in range(3)]
    take_back(
        Voided(ada.pk, "banter", 4, NOW + DAY),
        Voided(ada.pk, "banter", 1, NOW + DAY),
        left=[(ada.pk, days[1], "banter", 5), (ada.pk, days[2], "banter", 10)],
    )

    rows = ProgressDay.objects.order_by("day")
    assert [(r.added, r.count) for r in rows] == [(10, 10), (5, 15), (10, 25)]
    assert [r.traits["playfulness"] for r in rows] == [60, 90, 150]
    assert Progress.objects.get().count == 25


def test_traits_move_back_and_so_do_their_words():
    ada = make_grower()
    act("ada", 40, kind="banter")
    assert growing.growth_of_one(ada.pk).trait_words

    take_back(Voided(ada.pk, "banter", 40, NOW))

    assert not any(Progress.objects.get().traits.values())
    assert growing.growth_of_one(ada.pk).trait_words == ()


def test_a_trait_that_had_come_as_far_as_it_can_is_what_is_left():
    ada = make_grower()
    act("ada", 10, kind="banter")
    act("ada", 5_000, kind="banter")
    assert Progress.objects.get().traits["playfulness"] == 1_000

    take_back(
        Voided(ada.pk, "banter", 5_000, NOW),
        left=[(ada.pk, NOW.date(), "banter", 10)],
    )

    assert Progress.objects.get().traits["playfulness"] == 60


def test_reports_that_counted_nothing_take_nothing_back():
    ada = make_grower()
    act("ada", 10)

    take_back(Voided(ada.pk, "message", 0, NOW))

    assert Progress.objects.get().count == 10


def test_a_count_never_falls_below_nothing():
    ada = make_grower()
    act("ada", 5)

    take_back(Voided(ada.pk, "message", 9, NOW))

    assert Progress.objects.get().count == 0
    assert ProgressDay.objects.get().count == 0


def test_live_pages_hear_of_it():
    ada = make_grower()
    act("ada", 10)

    take_back(Voided(ada.pk, "message", 4, NOW))

    op = LiveChange.objects.filter(stream="evolution").latest("pk").op
    assert (op["character_id"], op["count"]) == ("ada", 6)


def test_many_characters_take_as_many_queries(django_assert_max_num_queries):
    events = []
    for number in range(12):
        character = make_grower(f"c{number}")
        act(f"c{number}", 60, kind="banter")
        events += [Voided(character.pk, "banter", 1, NOW)] * 20

    # locked, saved, days before, days read and saved, crossings, flags, words,
    # waiting, told
    with django_assert_max_num_queries(13):
        take_back(*events)
