"""Publishing a framework in the background: prepared bit by bit, switched at once.

A run is open until it is done or failed; a framework has one open run at most.
Whoever works at it renews ``started_at`` with every sign of life: a worker that
finds another moment there than its own has lost the run, and stops. A run whose
worker is silent is taken up anew, from the beginning; nothing was switched.
Locks are taken frameworks first, then runs, then characters.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q

from core import audit
from core.models import User
from personas.models import Framework, FrameworkRun
from personas.models.runs import FrameworkRunQuerySet
from personas.services import announcing, drafts, frameworks, publishing, telling
from personas.services.frameworks import Plan
from personas.services.publishing import Outcome, Prepared

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Result = dict[str, Any]
"""``status`` and ``detail``; of the prepared ``notes`` too, of the live ``version``."""
State = FrameworkRun.State

SILENT_AFTER: Final = timedelta(seconds=30)
"""A worker that told nothing for so long is taken for dead."""
UNTAKEN_AFTER: Final = timedelta(seconds=10)
"""A run that nobody began for so long is offered again."""
GIVEN_UP_AFTER: Final = timedelta(minutes=30)
"""So long after its start a run that nobody works at fails."""
_TELL_EVERY: Final = timedelta(seconds=1)
_AT_ONCE: Final = 5

_MOVED_ON: Final = (
    "The framework was edited or published meanwhile, so nothing was switched."
    " Look at whom it changes now, then publish again."
)
_UNEXPECTED: Final = (
    "Something went wrong that should not have, so nothing was switched. It is in"
    " the server's log. Try again; if it fails again, tell whoever runs the server."
)
_NOBODY: Final = (
    "The background work did not finish it in time, so nothing was switched. Try"
    " again, and ask whoever runs the server whether the worker is running."
)
_CANCELLED: Final = "Cancelled by "
_NO_USER: Final = "It is not live with the framework any more."
_MOVED: Final = "It was published, rolled back or archived meanwhile."


class Status(StrEnum):
    """What became of one character of a run, so far."""

    READY = "ready"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    EDITED = "edited"
    REFUSED = "refused"


class RunOpen(Exception):
    """The framework is being published already; ``run`` is that run."""

    def __init__(self, run: FrameworkRun) -> None:
        super().__init__(
            f"{run.author} is publishing it already. Wait until that is done, or"
            " cancel it."
        )
        self.run = run


class _Lost(Exception):
    """The run was cancelled, or another worker has it."""


# -- Starting and cancelling ---------------------------------------------------------


@transaction.atomic
def start(
    *,
    framework_id: str,
    note: str,
    revision: int,
    character_ids: Collection[str],
    author: User,
    now: datetime,
) -> FrameworkRun:
    """Note down what shall be published; a worker does it.

    Of ``character_ids`` those count that use the framework.

    Raises:
        publishing.NothingToPublish: the note is blank, or there is nothing to do.
        RunOpen: it is being published already.
        Framework.DoesNotExist, drafts.StaleRevision, drafts.Archived: as
            ``frameworks.plan`` does.
    """
    note = publishing.required(note)
    planned = frameworks.plan(
        framework_id=framework_id, revision=revision, character_ids=character_ids
    )
    if planned.is_empty:
        raise publishing.NothingToPublish(
            "Tick at least one character: the framework itself has not changed."
        )
    run = FrameworkRun(
        framework=planned.framework,
        revision=revision,
        note=note,
        author=author,
        character_ids=[c.character_id for c in planned.characters],
        total=len(planned.characters),
        created_at=now,
    )
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        found = latest(planned.framework)
        if found is None or found.finished_at is not None:
            raise
        raise RunOpen(found) from None
    audit.record(
        actor=author,
        action="framework.publish_started",
        obj=planned.framework,
        before=None,
        after={"run": run.pk, "characters": run.character_ids},
        note=note,
        now=now,
    )
    announcing.framework_run_changed(run, now=now)
    announcing.framework_changed(planned.framework, what="run", now=now)
    return run


def latest(framework: Framework) -> FrameworkRun | None:
    """The run started last, open or not."""
    return _with_people().filter(framework=framework).order_by("-pk").first()


@transaction.atomic
def cancel(*, run_id: int, actor: User, now: datetime) -> FrameworkRun:
    """Give up an open run; one that is over stays as it is.

    Raises:
        FrameworkRun.DoesNotExist: no such run.
    """
    run = _with_people().select_for_update(of=("self",)).get(pk=run_id)
    if run.finished_at is not None:
        return run
    _close(run, problem=f"{_CANCELLED}{actor}.", now=now)
    audit.record(
        actor=actor,
        action="framework.publish_cancelled",
        obj=run.framework,
        before=None,
        after={"run": run.pk},
        note=run.note,
        now=now,
    )
    return run


def is_cancelled(run: FrameworkRun) -> bool:
    """Whether it ended because a person said so: what fails says why.

    Runs cancelled by earlier releases say nothing.
    """
    is_told = not run.problem or run.problem.startswith(_CANCELLED)
    return run.state == State.FAILED and is_told


def _close(run: FrameworkRun, *, problem: str, now: datetime) -> None:
    """Within a transaction: end a locked run without having switched anything."""
    run.state, run.problem, run.finished_at = State.FAILED, problem, now
    run.save(update_fields=["state", "problem", "finished_at"])
    announcing.framework_run_changed(run, now=now)
    announcing.framework_changed(run.framework, what="run", now=now)


def _with_people() -> FrameworkRunQuerySet:
    rows: FrameworkRunQuerySet = FrameworkRun.objects.select_related(
        "framework", "author"
    )
    return rows


# -- The work ------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """A run in the hands of this worker; ``told_at`` is its last sign of life."""

    run: FrameworkRun
    told_at: datetime
    results: dict[str, Result] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def mine(self) -> FrameworkRunQuerySet:
        """The run's row, as long as this worker has it."""
        return FrameworkRun.objects.filter(
            pk=self.run.pk, state=State.PREPARING, started_at=self.told_at
        )


def work(*, run_id: int, clock: Clock) -> None:
    """Prepare an open run and switch; safe to run twice and side by side.

    What is wrong with the run ends it with the reason. A database that is locked
    or away leaves it open, to be taken up again.
    """
    try:
        taken = _take(run_id, now=clock())
        if taken is not None:
            _carry_out(taken, clock=clock)
    except OperationalError as error:
        log.warning("framework_run_cut_off", run_id=run_id, kind=type(error).__name__)


def _carry_out(taken: _Work, *, clock: Clock) -> None:
    run = taken.run
    try:
        planned = frameworks.plan(
            framework_id=run.framework.framework_id,
            revision=run.revision,
            character_ids=run.character_ids,
        )
        prepared = _prepare(taken, planned=planned, clock=clock)
        _switch(taken, planned=planned, prepared=prepared, now=clock())
    except _Lost:
        log.info("framework_run_lost", run_id=run.pk)
    except drafts.StaleRevision:
        _fail(taken, problem=_MOVED_ON, now=clock())
    except drafts.Archived as error:
        _fail(taken, problem=f"{error} Nothing was switched.", now=clock())
    except OperationalError:
        raise
    except Exception:
        _fail(taken, problem=_UNEXPECTED, now=clock())
        raise


@transaction.atomic
def _take(run_id: int, *, now: datetime) -> _Work | None:
    """The run, unless it is over or somebody works at it."""
    rows = _with_people().open().select_for_update(of=("self",))
    run = rows.filter(pk=run_id).first()
    if run is None or _is_worked_at(run, now=now):
        return None
    if _is_too_old(run, now=now):
        # A queue may deliver it hours later, when nobody expects it any more.
        _close(run, problem=_NOBODY, now=now)
        telling.run_failed(run, problem=_NOBODY, now=now)
        return None
    run.state, run.started_at = State.PREPARING, now
    run.done, run.results = 0, {}
    run.save(update_fields=["state", "started_at", "done", "results"])
    announcing.framework_run_changed(run, now=now)
    return _Work(run=run, told_at=now)


def _is_worked_at(run: FrameworkRun, *, now: datetime) -> bool:
    return (
        run.state == State.PREPARING
        and run.started_at is not None
        and run.started_at > now - SILENT_AFTER
    )


def _is_too_old(run: FrameworkRun, *, now: datetime) -> bool:
    return run.created_at <= now - GIVEN_UP_AFTER


def _prepare(taken: _Work, *, planned: Plan, clock: Clock) -> list[Prepared]:
    """Compile everybody, telling now and then how far it is.

    Raises:
        _Lost: the run is not this worker's any more.
    """
    here = {c.character_id for c in planned.characters}
    for character_id in taken.run.character_ids:
        if character_id not in here:
            taken.results[character_id] = _result(Status.EDITED, _NO_USER)
    prepared: list[Prepared] = []
    for start_at in range(0, len(planned.characters), _AT_ONCE):
        part = planned.characters[start_at : start_at + _AT_ONCE]
        prepared += frameworks.prepare(planned, characters=part, outcome=taken.outcome)
        _note(taken, character_ids=[c.character_id for c in part])
        now = clock()
        if now - taken.told_at >= _TELL_EVERY:
            _tell(taken, now=now)
    _tell(taken, now=clock())
    return prepared


def _note(taken: _Work, *, character_ids: Iterable[str]) -> None:
    """Keep what preparing some characters came to."""
    outcome = taken.outcome
    for character_id in character_ids:
        if character_id in outcome.refused:
            result = _result(Status.REFUSED, outcome.refused[character_id])
        else:
            result = _result(Status.READY)
            result["notes"] = outcome.warnings.get(character_id, [])
        taken.results[character_id] = result


def _result(status: Status, detail: str = "") -> Result:
    return {"status": status.value, "detail": detail}


@transaction.atomic
def _tell(taken: _Work, *, now: datetime) -> None:
    """Save how far it is, which renews the claim.

    Raises:
        _Lost: the run is not this worker's any more.
    """
    done = len(taken.results)
    if not taken.mine.update(started_at=now, done=done, results=taken.results):
        raise _Lost
    taken.told_at = taken.run.started_at = now
    taken.run.done = done
    announcing.framework_run_changed(taken.run, now=now)


@transaction.atomic
def _switch(
    taken: _Work, *, planned: Plan, prepared: list[Prepared], now: datetime
) -> None:
    """Make everything live and end the run, together.

    Raises:
        _Lost: the run is not this worker's any more.
        drafts.StaleRevision, drafts.Archived: as ``frameworks.go_live`` does.
    """
    Framework.objects.select_for_update(no_key=True).get(pk=planned.framework.pk)
    if taken.mine.select_for_update().first() is None:
        raise _Lost
    run = taken.run
    frameworks.go_live(
        planned,
        prepared=prepared,
        note=run.note,
        author=run.author,
        now=now,
        outcome=taken.outcome,
    )
    run.state, run.finished_at = State.DONE, now
    run.done, run.results = run.total, _results(taken)
    run.publication = taken.outcome.publication
    run.save(update_fields=["state", "finished_at", "done", "results", "publication"])
    announcing.framework_run_changed(run, now=now)
    announcing.framework_changed(run.framework, what="run", now=now)
    telling.run_refused(run, refused=taken.outcome.refused, now=now)


def _results(taken: _Work) -> dict[str, Result]:
    """What became of each in the end."""
    outcome = taken.outcome
    ends = {key: _result(Status.UNCHANGED) for key in outcome.unchanged}
    for key in outcome.edited_meanwhile:
        ends[key] = _result(Status.EDITED, _MOVED)
    for key, number in outcome.published.items():
        ends[key] = _result(Status.PUBLISHED)
        ends[key]["version"] = number
    return {
        key: {**before, **ends.get(key, {})} for key, before in taken.results.items()
    }


@transaction.atomic
def _fail(taken: _Work, *, problem: str, now: datetime) -> None:
    """End the run with the reason, if this worker still has it."""
    run = taken.mine.select_for_update().first()
    if run is not None:
        _close(run, problem=problem, now=now)
        telling.run_failed(run, problem=problem, now=now)


# -- Runs whose worker is gone -------------------------------------------------------


def overdue(*, now: datetime) -> list[int]:
    """Open runs that nobody works at, to be taken up again; those too old fail."""
    untaken = Q(state=State.QUEUED, created_at__lte=now - UNTAKEN_AFTER)
    silent = Q(state=State.PREPARING, started_at__lte=now - SILENT_AFTER)
    rows = FrameworkRun.objects.open().filter(untaken | silent).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    return [pk for pk in ids if not _give_up(pk, now=now)]


@transaction.atomic
def _give_up(run_id: int, *, now: datetime) -> bool:
    """Whether the run is over now: it was too old, or somebody ended it."""
    rows = _with_people().open().select_for_update(of=("self",))
    run = rows.filter(pk=run_id).first()
    if run is None:
        return True
    if not _is_too_old(run, now=now) or _is_worked_at(run, now=now):
        return False
    _close(run, problem=_NOBODY, now=now)
    telling.run_failed(run, problem=_NOBODY, now=now)
    return True
