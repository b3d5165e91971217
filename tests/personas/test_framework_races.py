"""Publishing a framework in the background, many at once on real connections."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import OperationalError

from core.roles import Role
from personas.models import (
    CharacterVersion,
    Framework,
    FrameworkRun,
    LabelMove,
    Publication,
)
from personas.services import drafts, framework_runs, labels
from tests.factories import NOW, make_character, make_person
from tests.personas.framework_cases import edit_framework, live, publish, start
from tests.personas.test_concurrency import THREADS, at_once
from tests.personas.test_publishing import edit

pytestmark = pytest.mark.django_db(transaction=True)
IDS = ("ada", "bob", "eve")


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture(autouse=True)
def all_live():
    for character_id in IDS:
        make_character(character_id)
    publish(*IDS)
    edit_framework(decision_making={"when_unsure": "ask"})


def work(run, *, at=NOW):
    return lambda: framework_runs.work(run_id=run.pk, clock=lambda: at)


def publications():
    return Publication.objects.filter(note="Calmer").count()


def test_of_many_starts_one_counts_and_the_others_hear_of_it(mia):
    results = at_once(*[lambda: start(mia, "ada")] * THREADS)

    refused = [r for r in results if isinstance(r, framework_runs.RunOpen)]
    [run] = [r for r in results if isinstance(r, FrameworkRun)]
    assert len(refused) == THREADS - 1
    assert {error.run for error in refused} == {run}
    assert FrameworkRun.objects.count() == 1


def test_of_many_workers_one_publishes(mia):
    run = start(mia, *IDS)

    results = at_once(*[work(run)] * THREADS)

    assert results == [None] * THREADS
    assert FrameworkRun.objects.get().state == "done"
    assert publications() == 1
    assert [live(character_id) for character_id in IDS] == [2, 2, 2]


def test_workers_that_take_each_other_for_dead_publish_once(mia):
    run = start(mia, *IDS)
    moments = [NOW + at * framework_runs.SILENT_AFTER for at in range(THREADS)]

    results = at_once(*[work(run, at=moment) for moment in moments])

    assert results == [None] * THREADS
    assert FrameworkRun.objects.get().state == "done"
    assert publications() == 1
    assert CharacterVersion.objects.count() == 6


def test_cancelled_while_it_is_worked_at_it_is_either_whole_or_nothing(mia):
    run = start(mia, *IDS)

    results = at_once(
        work(run),
        lambda: framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW),
    )

    assert not [r for r in results if isinstance(r, Exception)]
    run.refresh_from_db()
    is_done = run.state == "done"
    assert is_done != framework_runs.is_cancelled(run)
    assert {live(character_id) for character_id in IDS} == {2 if is_done else 1}
    assert publications() == int(is_done)


def test_characters_published_beside_it_keep_what_was_published(mia):
    run = start(mia, *IDS)
    edit("ada", scenario="New.")

    results = at_once(work(run), lambda: publish("ada"), lambda: publish("bob"))

    assert not [r for r in results if isinstance(r, Exception)], results
    assert FrameworkRun.objects.get().state == "done"
    for character_id in IDS:
        moves = LabelMove.objects.filter(character__character_id=character_id)
        ends = list(moves.order_by("pk").values_list("from_version", "to_version"))
        assert all(a[1] == b[0] for a, b in pairwise(ends))
    newest = CharacterVersion.objects.filter(character__character_id="ada")
    # Published, or told that the framework moved while it was compiled.
    is_there = "New." in {v.to_sheet().scenario for v in newest}
    assert is_there != ("ada" in results[1].edited_meanwhile)


def test_edited_started_and_undone_beside_it_nothing_breaks(mia):
    run = start(mia, *IDS)
    earlier = Publication.objects.latest("pk")

    results = at_once(
        work(run),
        lambda: edit_framework(purpose="Other"),
        lambda: labels.undo(publication_id=earlier.pk, author=mia, now=NOW),
        lambda: start(mia, "bob"),
    )

    expected = (
        type(None)
        | Framework
        | labels.Undone
        | framework_runs.RunOpen
        | FrameworkRun
        | drafts.StaleRevision
    )
    assert all(isinstance(r, expected) for r in results), results
    run.refresh_from_db()
    assert run.state in {"done", "failed"}
    assert publications() == int(run.state == "done")


def test_the_clock_and_a_late_worker_agree(mia):
    run = start(mia, *IDS)
    late = NOW + framework_runs.GIVEN_UP_AFTER

    results = at_once(
        work(run, at=late - timedelta(seconds=1)),
        lambda: framework_runs.overdue(now=late),
        lambda: framework_runs.overdue(now=late),
    )

    assert not [r for r in results if isinstance(r, OperationalError)]
    run.refresh_from_db()
    assert run.finished_at is not None
    assert publications() == int(run.state == "done")
