"""Publishing a framework in the background: one open run, one switch, never stuck."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from core.models import AuditEntry, LiveChange
from core.roles import Role
from personas import tasks
from personas.models import Framework, FrameworkRun, Publication
from personas.services import drafts, framework_runs, frameworks, labels, publishing
from personas.services.framework_runs import (
    GIVEN_UP_AFTER,
    SILENT_AFTER,
    UNTAKEN_AFTER,
)
from tests.factories import NOW, make_character, make_framework, make_person
from tests.personas.framework_cases import (
    edit_framework,
    live,
    make_blender,
    publish,
    start,
    work,
)
from tests.personas.test_publishing import edit

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def mia():
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def two_live():
    """Ada and Bob are live with neuro, whose draft then changes."""
    for character_id in ("ada", "bob"):
        make_character(character_id, scenario="Old.")
    publish("ada", "bob")
    edit_framework(decision_making={"when_unsure": "ask"})


def statuses(run):
    return {key: row["status"] for key, row in run.results.items()}


def ticking(step=SECOND, start=NOW):
    """A clock that goes on by ``step`` with every look."""
    moment = start - step

    def now():
        nonlocal moment
        moment += step
        return moment

    return now


def before_switch(monkeypatch, act):
    """Have ``act`` happen between preparing and switching, once."""
    prepare, acted = frameworks.prepare, []

    def prepare_and_act(*args, **options):
        found = prepare(*args, **options)
        if not acted:
            acted.append(True)
            act()
        return found

    monkeypatch.setattr(frameworks, "prepare", prepare_and_act)


class TestStarting:
    def test_nothing_is_live_before_the_worker_has_it(self, mia, two_live):
        run = start(mia, "ada", "bob", "nobody")

        assert (run.state, run.total, run.done) == ("queued", 2, 0)
        assert run.character_ids == ["ada", "bob"]
        assert live("ada") == 1
        assert Framework.objects.get().published.number == 1
        entry = AuditEntry.objects.get(action="framework.publish_started")
        assert entry.actor == mia
        assert entry.note == "Calmer"

    def test_a_second_one_is_refused_with_who_has_it(self, mia, two_live):
        run = start(mia, "ada")

        with pytest.raises(framework_runs.RunOpen, match="mia is publishing") as caught:
            start(make_person(Role.MANAGER), "bob")

        assert caught.value.run == run
        assert FrameworkRun.objects.count() == 1

    def test_another_framework_can_be_published_beside_it(self, mia, two_live):
        make_framework("calm", is_published=False)
        start(mia, "ada")

        run = start(mia, framework_id="calm")

        assert work(run).state == "done"

    def test_after_one_that_is_over_comes_the_next(self, mia, two_live):
        work(start(mia, "ada"))

        assert work(start(mia, "bob")).state == "done"

    @pytest.mark.parametrize("note", ["", " \n"])
    def test_it_needs_a_note(self, mia, two_live, note):
        with pytest.raises(publishing.NothingToPublish, match="note"):
            start(mia, "ada", note=note)

    def test_nobody_and_no_change_is_nothing_to_publish(self, mia):
        make_framework("neuro")

        with pytest.raises(publishing.NothingToPublish, match="Tick at least one"):
            start(mia)

        assert not FrameworkRun.objects.exists()

    def test_a_draft_that_moved_on_is_looked_at_first(self, mia, two_live):
        with pytest.raises(drafts.StaleRevision):
            start(mia, "ada", revision=1)

    def test_an_archived_framework_is_restored_first(self, mia):
        make_framework("neuro", is_published=False)
        Framework.objects.update(archived_at=NOW)

        with pytest.raises(drafts.Archived):
            start(mia)


class TestWorking:
    def test_all_are_switched_together_with_one_undo(self, mia, two_live):
        run = work(start(mia, "ada", "bob"))

        assert (run.state, run.done, run.total) == ("done", 2, 2)
        assert statuses(run) == {"ada": "published", "bob": "published"}
        assert run.results["ada"]["version"] == 2
        publication = Publication.objects.get(note="Calmer")
        assert run.publication == publication
        assert (publication.author, publication.note) == (mia, "Calmer")
        assert publication.moves.count() == 2
        assert (live("ada"), live("bob")) == (2, 2)

        labels.undo(publication_id=publication.pk, author=mia, now=NOW)

        assert (live("ada"), live("bob")) == (1, 1)
        assert Framework.objects.get().published.number == 1

    def test_those_not_chosen_keep_what_they_have(self, mia, two_live):
        work(start(mia, "ada"))

        assert (live("ada"), live("bob")) == (2, 1)

    def test_nobody_chosen_publishes_the_framework_alone(self, mia, two_live):
        run = work(start(mia))

        assert (run.state, run.total) == ("done", 0)
        assert Framework.objects.get().published.number == 2
        assert live("ada") == 1

    def test_who_is_up_to_date_needs_no_version(self, mia, two_live):
        work(start(mia, "ada", "bob"))

        run = work(start(mia, "ada", "bob"))

        assert statuses(run) == {"ada": "unchanged", "bob": "unchanged"}
        assert run.state == "done"
        assert run.publication is None

    def test_who_is_refused_is_left_with_the_reason(self, mia, two_live):
        make_character("long", description="x " * 80_000)
        publish("long")
        edit_framework(prompt_template="y " * 60_000)

        run = work(start(mia, "ada", "long"))

        assert statuses(run) == {"ada": "published", "long": "refused"}
        assert "Shorten" in run.results["long"]["detail"]
        assert (live("ada"), live("long")) == (2, 1)

    def test_who_left_the_framework_meanwhile_is_told(self, mia, two_live):
        run = start(mia, "ada", "bob")
        drafts.archive_character(
            character_id="bob", is_archived=True, actor=None, now=NOW
        )

        run = work(run)

        assert statuses(run) == {"bob": "edited", "ada": "published"}
        assert run.done == run.total

    def test_who_is_published_between_preparing_and_switching_is_left(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada", "bob")

        def republish():
            edit("ada", scenario="New.")
            publish("ada")

        before_switch(monkeypatch, republish)

        run = work(run)

        assert statuses(run) == {"ada": "edited", "bob": "published"}
        assert (live("ada"), live("bob")) == (2, 2)

    def test_warnings_of_the_checks_stay_readable(self, mia, two_live):
        edit_framework(prompt_template="{identity}")

        run = work(start(mia, "ada"))

        [note] = run.results["ada"]["notes"]
        assert "leaves no place for" in note

    def test_a_draft_edited_while_preparing_switches_nothing(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada", "bob")
        before_switch(monkeypatch, lambda: edit_framework(purpose="Other"))

        run = work(run)

        assert run.state == "failed"
        assert "edited or published meanwhile" in run.problem
        assert live("ada") == 1
        assert not Publication.objects.filter(note="Calmer").exists()

    def test_a_draft_edited_before_the_worker_came_switches_nothing(
        self, mia, two_live
    ):
        run = start(mia, "ada")
        edit_framework(purpose="Other")

        assert work(run).state == "failed"
        assert live("ada") == 1

    def test_a_framework_archived_meanwhile_switches_nothing(self, mia, two_live):
        run = start(mia, "ada")
        Framework.objects.update(archived_at=NOW)

        run = work(run)

        assert run.state == "failed"
        assert "Restore it first" in run.problem
        assert live("ada") == 1

    def test_nor_one_archived_while_preparing(self, mia, two_live, monkeypatch):
        run = start(mia, "ada")
        before_switch(monkeypatch, lambda: Framework.objects.update(archived_at=NOW))

        assert work(run).state == "failed"
        assert live("ada") == 1

    def test_what_nobody_foresaw_fails_in_sight_and_in_the_log(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada")

        def break_down():
            raise ZeroDivisionError

        before_switch(monkeypatch, break_down)

        with pytest.raises(ZeroDivisionError):
            work(run)

        run.refresh_from_db()
        assert run.state == "failed"
        assert "server's log" in run.problem
        assert live("ada") == 1

    def test_blended_users_go_along(self, mia):
        make_blender("bea")
        publish("bea")
        edit_framework("caring", interaction_style={"tone": "gentle"})

        run = work(start(mia, "bea", framework_id="caring"))

        assert statuses(run) == {"bea": "published"}


class TestProgress:
    def test_it_is_told_while_preparing(self, mia, two_live, monkeypatch):
        ids = [f"c{at}" for at in range(8)]
        for character_id in ids:
            make_character(character_id)
        publish(*ids)
        run = start(mia, *ids)
        seen = []
        prepare = frameworks.prepare

        def look(*args, **options):
            row = FrameworkRun.objects.get(pk=run.pk)
            seen.append((row.state, row.done, len(row.results)))
            return prepare(*args, **options)

        monkeypatch.setattr(frameworks, "prepare", look)

        work(run, clock=ticking())

        assert seen == [("preparing", 0, 0), ("preparing", 5, 5)]

    def test_quick_ones_are_not_told_one_by_one(self, mia, two_live):
        ids = [f"c{at}" for at in range(30)]
        for character_id in ids:
            make_character(character_id)
        publish(*ids)
        run = start(mia, *ids)
        LiveChange.objects.all().delete()

        work(run)

        key = f"framework-run:{run.pk}"
        # Begun, prepared, done.
        assert LiveChange.objects.filter(key=key).count() == 3

    def test_the_framework_is_told_of_begin_and_end(self, mia, two_live):
        LiveChange.objects.all().delete()

        work(start(mia, "ada"))

        told = LiveChange.objects.filter(key="framework:neuro").order_by("pk")
        assert [c.op["what"] for c in told] == ["run", "published", "run"]


class TestCancelling:
    def test_nothing_is_switched(self, mia, two_live):
        run = start(mia, "ada")

        framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW)
        run = work(run)

        assert run.state == "failed"
        assert framework_runs.is_cancelled(run)
        assert run.problem == f"Cancelled by {mia}."
        assert live("ada") == 1
        assert AuditEntry.objects.filter(action="framework.publish_cancelled").exists()

    def test_those_of_earlier_releases_say_nothing(self, mia, two_live):
        run = start(mia, "ada")
        framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW)
        run.refresh_from_db()
        run.problem = ""

        assert framework_runs.is_cancelled(run)

    def test_while_it_is_prepared(self, mia, two_live, monkeypatch):
        run = start(mia, "ada")
        before_switch(
            monkeypatch,
            lambda: framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW),
        )

        run = work(run)

        assert framework_runs.is_cancelled(run)
        assert live("ada") == 1

    def test_what_is_done_stays_done(self, mia, two_live):
        run = work(start(mia, "ada"))

        run = framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW)

        assert run.state == "done"
        assert live("ada") == 2

    def test_a_failed_one_was_not_cancelled(self, mia, two_live):
        run = start(mia, "ada")
        edit_framework(purpose="Other")
        work(run)

        run = framework_runs.cancel(run_id=run.pk, actor=mia, now=NOW)

        assert not framework_runs.is_cancelled(run)


class TestTwice:
    def test_the_task_delivered_again_does_nothing_more(self, mia, two_live):
        run = work(start(mia, "ada"))

        tasks.publish_framework(run_id=run.pk)

        assert live("ada") == 2
        assert Publication.objects.filter(note="Calmer").count() == 1

    def test_a_run_that_somebody_works_at_is_left_to_them(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada")
        before_switch(
            monkeypatch,
            lambda: framework_runs.work(run_id=run.pk, clock=lambda: NOW + SECOND),
        )

        assert work(run).state == "done"
        assert Publication.objects.filter(note="Calmer").count() == 1

    def test_who_comes_back_from_the_dead_finds_it_taken_over(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada")
        later = NOW + SILENT_AFTER
        before_switch(
            monkeypatch,
            lambda: framework_runs.work(run_id=run.pk, clock=lambda: later),
        )

        run = work(run)

        assert run.state == "done"
        assert run.finished_at == later
        assert Publication.objects.filter(note="Calmer").count() == 1

    def test_an_unknown_run_is_passed_over(self):
        tasks.publish_framework(run_id=4711)


class TestResuming:
    @pytest.fixture
    def cut_off(self, mia, two_live, monkeypatch):
        """A run whose worker lost the database in the middle."""
        run = start(mia, "ada", "bob")
        with monkeypatch.context() as patch:

            def break_off():
                raise OperationalError("database is locked")

            before_switch(patch, break_off)
            run = work(run)
        assert run.state == "preparing"
        return run

    def test_the_living_are_left_alone(self, cut_off):
        assert framework_runs.overdue(now=NOW + SECOND) == []

    def test_a_silent_worker_is_replaced(self, cut_off):
        later = NOW + SILENT_AFTER

        assert framework_runs.overdue(now=later) == [cut_off.pk]
        assert work(cut_off, clock=lambda: later).state == "done"
        assert live("ada") == 2

    def test_one_that_was_never_begun_is_offered_again(self, mia, two_live):
        run = start(mia, "ada")

        assert framework_runs.overdue(now=NOW + SECOND) == []
        assert framework_runs.overdue(now=NOW + UNTAKEN_AFTER) == [run.pk]

    def test_one_that_is_too_old_fails_in_sight(self, cut_off):
        assert framework_runs.overdue(now=NOW + GIVEN_UP_AFTER) == []

        cut_off.refresh_from_db()
        assert cut_off.state == "failed"
        assert "whether the worker is running" in cut_off.problem

    def test_a_queue_that_delivers_hours_later_publishes_nothing(self, mia, two_live):
        run = start(mia, "ada")

        run = work(run, clock=lambda: NOW + GIVEN_UP_AFTER)

        assert run.state == "failed"
        assert live("ada") == 1

    def test_a_database_that_is_busy_at_once_leaves_it_open(
        self, mia, two_live, monkeypatch
    ):
        run = start(mia, "ada")

        def busy(*args, **options):
            raise OperationalError("database is locked")

        monkeypatch.setattr(framework_runs, "_take", busy)

        assert work(run).state == "queued"

    def test_the_clock_task_takes_it_up(self, cut_off, settings):
        settings.CELERY_TASK_ALWAYS_EAGER = True
        long_ago = timezone.now() - SILENT_AFTER
        FrameworkRun.objects.update(created_at=long_ago, started_at=long_ago)

        assert tasks.resume_framework_runs() == 1
        assert tasks.resume_framework_runs() == 0

        cut_off.refresh_from_db()
        assert cut_off.state == "done"
