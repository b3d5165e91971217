"""Reports, background work, managers and publishers at once, on real connections."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from core.roles import Role
from evolution.models import Crossing, Progress
from evolution.services import stages
from personas.models import CharacterVersion, Label
from personas.services import publishing
from tests.evolution.growing_cases import (
    act,
    apply_all,
    crossing,
    live,
    make_grower,
    prompt_of,
)
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 4


def at_once(*works):
    """Run all in threads of their own; their results, or what they raised."""
    ready = Barrier(len(works))

    def run(work):
        try:
            ready.wait()
            return work()
        except Exception as error:  # the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_many_workers_apply_a_stage_once():
    make_grower(mode="auto")
    act("ada", 50)

    results = at_once(*[apply_all] * THREADS)

    assert sorted(results) == [0] * (THREADS - 1) + [1]
    assert CharacterVersion.objects.count() == 2
    assert live().number == 2
    assert (crossing(50).status, crossing(50).wants) == ("applied", "")


def test_reports_over_a_milestone_at_once_cross_it_once():
    make_grower(mode="auto")
    act("ada", 48)

    results = at_once(*[lambda: act("ada", 1)] * THREADS)

    assert sorted(map(len, results)) == [0] * (THREADS - 1) + [1]
    assert Progress.objects.get().count == 48 + THREADS
    assert Crossing.objects.count() == 1


def test_a_manager_and_the_background_do_not_lose_each_others_work():
    mia = make_person(Role.MANAGER)
    make_grower(mode="auto")
    act("ada", 100)

    def reject():
        return stages.reject(stage_id=crossing(50).pk, actor=mia, now=NOW)

    results = at_once(apply_all, reject, apply_all)
    apply_all()

    assert not [r for r in results if isinstance(r, Exception)] or isinstance(
        results[1], stages.WrongState
    )
    is_rejected = crossing(50).status == "rejected"
    assert ("- hums" in prompt_of(live())) is not is_rejected
    assert crossing(100).status == "applied"


def test_publishing_reporting_and_growing_do_not_block_each_other():
    make_grower(mode="auto")
    act("ada", 49)

    def publish():
        return publishing.publish(character_ids=["ada"], note="N", author=None, now=NOW)

    def report():
        for _ in range(5):
            act("ada", 1)

    results = at_once(report, publish, apply_all, report, apply_all)
    apply_all()

    assert not [r for r in results if isinstance(r, Exception)], results
    assert Progress.objects.get().count == 59
    assert crossing(50).status == "applied"
    assert "- hums" in prompt_of(Label.objects.get().version)
