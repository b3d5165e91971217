"""Stages go live, and are taken back, in the background.

Of one character at a time: what is wanted is compiled with production's own inputs,
never with the draft, before anything is locked; then the version, the approved
growth and the crossings change in one transaction, if nothing moved meanwhile. So a
stage is applied once, however often this runs or dies. Locks are taken in the order
of all: frameworks, characters, progress, crossings.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

import structlog
from django.db import OperationalError, transaction

from core.models import User
from core.services import webhooks
from evolution.domain.retrying import wait_after
from evolution.models import Crossing, Progress
from evolution.services.announcing import progress_changed
from personas.domain.growing import Growth
from personas.domain.sheets import EvolutionStage, StageChanges
from personas.models import Character, CharacterVersion, Publication
from personas.models.labels import PRODUCTION
from personas.services import growing, publishing
from personas.services.publishing import Outcome, Prepared
from personas.services.telling import PUBLISH_FAILED

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Wants = Crossing.Wants
Status = Crossing.Status

STAGE_APPLIED: Final = "stage.applied"
STAGE_REVERTED: Final = "stage.reverted"
AT_ONCE: Final = 100
"""So many characters are looked at in one go."""
WORKS_FOR: Final = timedelta(seconds=5)
"""After so long the next run goes on; it is started every second."""
_UNEXPECTED: Final = (
    "Something went wrong that should not have. It is in the server's log, and is"
    " tried again."
)


def apply_due(*, clock: Clock, rng: Random) -> int:
    """Carry out what is wanted and due; how many stages went live or back.

    Safe to run twice and side by side. ``rng`` spreads what is tried again.
    """
    started = clock()
    done = 0
    for pk in _due(now=started):
        if clock() - started > WORKS_FOR:
            break
        done += _carry_out(pk, clock=clock, rng=rng)
    return done


def _due(*, now: datetime) -> list[int]:
    """Characters for which something is to be done, longest due first."""
    rows = (
        Crossing.objects.to_carry_out()
        .filter(try_at__lte=now, character__archived_at=None)
        .order_by("try_at", "pk")
        .values_list("character_id", flat=True)
    )
    return list(dict.fromkeys(rows[:AT_ONCE]))


def _carry_out(character_pk: int, *, clock: Clock, rng: Random) -> int:
    """All that is due together; if that is refused, one after another."""
    try:
        due = _wanted(character_pk, now=clock())
        try:
            return _try(character_pk, due=due, now=clock())
        except _Refused as error:
            if len(due) == 1:
                _fail(due, problem=str(error), now=clock(), rng=rng)
                return 0
        return sum(
            _try_alone(character_pk, crossing=crossing, clock=clock, rng=rng)
            for crossing in due
        )
    except OperationalError as error:
        # The database is locked or away: the next run tries again.
        log.warning(
            "stage_cut_off", character_pk=character_pk, kind=type(error).__name__
        )
        return 0
    except Exception:
        _fail(
            _wanted(character_pk, now=clock()),
            problem=_UNEXPECTED,
            now=clock(),
            rng=rng,
        )
        raise


def _try_alone(
    character_pk: int, *, crossing: Crossing, clock: Clock, rng: Random
) -> int:
    try:
        return _try(character_pk, due=[crossing], now=clock())
    except _Refused as error:
        _fail([crossing], problem=str(error), now=clock(), rng=rng)
        return 0


def _wanted(character_pk: int, *, now: datetime) -> list[Crossing]:
    rows = Crossing.objects.to_carry_out().filter(
        character=character_pk, try_at__lte=now
    )
    return list(rows.select_related("decided_by").order_by("milestone"))


# -- One attempt ---------------------------------------------------------------------


class _Refused(Exception):
    """It must not go live like this; the message says why."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an attempt was made of; ``seen`` tells whether it still is so."""

    character: Character
    due: Sequence[Crossing]
    growth: Growth
    seen: frozenset[tuple[int, str, str]]
    prepared: Prepared | None


def _try(character_pk: int, *, due: Sequence[Crossing], now: datetime) -> int:
    """Compile, then switch; how many were carried out.

    None if something moved meanwhile: then all is as it was, and still due.

    Raises:
        _Refused: it does not compile, or a check forbids it.
    """
    if not due:
        return 0
    character = Character.objects.only(
        "character_id", "display_name", "archived_at"
    ).get(pk=character_pk)
    kept = list(Crossing.objects.filter(character=character_pk))
    growth = Growth(
        count=Progress.objects.get(character=character_pk).count,
        stages=_stages(kept, due={c.pk for c in due}),
        trait_words=growing.growth_of_one(character_pk).trait_words,
    )
    outcome = Outcome()
    prepared = publishing.prepare_grown(character, growth=growth, outcome=outcome)
    if outcome.refused:
        raise _Refused(outcome.refused[character.character_id])
    plan = _Plan(character, due, growth, _seen(kept), prepared)
    return len(due) if _switch(plan, now=now) else 0


def _stages(
    kept: Iterable[Crossing], *, due: Collection[int]
) -> tuple[EvolutionStage, ...]:
    """What acts once ``due`` is carried out, lowest milestone first."""
    acting = [
        crossing
        for crossing in kept
        if (
            crossing.wants == Wants.APPLY
            if crossing.pk in due
            else crossing.status == Status.APPLIED
        )
    ]
    return tuple(stage_of(c) for c in sorted(acting, key=lambda c: c.milestone))


def stage_of(crossing: Crossing) -> EvolutionStage:
    """The stage as it was when it was reached or offered."""
    return EvolutionStage(
        milestone=crossing.milestone,
        title=crossing.title,
        description=crossing.description,
        changes=StageChanges.model_validate(crossing.changes),
    )


def _seen(crossings: Iterable[Crossing]) -> frozenset[tuple[int, str, str]]:
    return frozenset((c.pk, c.status, c.wants) for c in crossings)


@transaction.atomic
def _switch(plan: _Plan, *, now: datetime) -> bool:
    """Publish, keep the growth, settle the crossings: all or nothing."""
    pk = plan.character.pk
    [character] = publishing.lock([pk]).values()
    progress = Progress.objects.select_for_update(no_key=True).get(character=pk)
    locked = {
        c.pk: c
        for c in Crossing.objects.select_for_update(no_key=True)
        .filter(character=pk)
        .order_by("pk")
    }
    if character.is_archived or _seen(locked.values()) != plan.seen:
        return False
    version = None
    if plan.prepared is not None:
        version = _published(plan.prepared, due=plan.due, now=now)
        if version is None:
            return False
    elif _has_live(pk):
        return False
    growing.set_stages(pk, stages=plan.growth.stages, count=plan.growth.count, now=now)
    settled = [locked[crossing.pk] for crossing in plan.due]
    for crossing in settled:
        _settle(crossing, version=version)
    Crossing.objects.bulk_update(
        settled, ["status", "wants", "attempts", "try_at", "failure", "version"]
    )
    slug = character.character_id
    progress_changed([progress], names={pk: slug}, now=now)
    for crossing in settled:
        _tell(crossing, slug=slug, version=version, now=now)
    return True


def _has_live(character_pk: int) -> bool:
    """Whether something went live since nothing was."""
    return Character.objects.filter(pk=character_pk, labels__name=PRODUCTION).exists()


def _published(
    prepared: Prepared, *, due: Sequence[Crossing], now: datetime
) -> CharacterVersion | None:
    """The version that is live now; ``None`` if something moved meanwhile."""
    outcome = Outcome()
    publishing.switch(
        [prepared],
        label=PRODUCTION,
        kind=Publication.Kind.PUBLISH,
        note=_note(due),
        author=_author(due),
        now=now,
        outcome=outcome,
    )
    if outcome.edited_meanwhile:
        return None
    number = outcome.published.get(prepared.character_id)
    if number is None:
        return prepared.live
    return CharacterVersion.objects.get(character=prepared.character_pk, number=number)


def _note(due: Sequence[Crossing]) -> str:
    """What goes live, in words for the history."""
    new = [c for c in due if c.wants == Wants.APPLY]
    gone = [c for c in due if c.wants == Wants.REVERT]
    parts = []
    if new:
        parts.append(f"grew {_named(new)}")
    if gone:
        parts.append(f"took back growth {_named(gone)}")
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}."


def _named(crossings: Sequence[Crossing]) -> str:
    """``at 50 interactions (“Warms up”), 100 interactions``."""
    found = [
        f"{c.milestone:,} interactions" + (f" (“{c.title}”)" if c.title else "")
        for c in crossings
    ]
    return f"at {', '.join(found)}"


def _author(due: Sequence[Crossing]) -> User | None:
    """Who decided it all; nobody if some of it happens by itself."""
    deciders = {c.decided_by for c in due}
    return deciders.pop() if len(deciders) == 1 else None


def _settle(crossing: Crossing, *, version: CharacterVersion | None) -> None:
    is_new = crossing.wants == Wants.APPLY
    crossing.status = Status.APPLIED if is_new else Status.REVERTED
    crossing.wants = Wants.NOTHING
    crossing.attempts, crossing.try_at, crossing.failure = 0, None, ""
    if is_new:
        crossing.version = version


def _tell(
    crossing: Crossing, *, slug: str, version: CharacterVersion | None, now: datetime
) -> None:
    is_new = crossing.status == Status.APPLIED
    webhooks.send(
        STAGE_APPLIED if is_new else STAGE_REVERTED,
        {
            "character_id": slug,
            "stage_id": crossing.pk,
            "milestone": crossing.milestone,
            "title": crossing.title,
            "version": version.number if version is not None else None,
        },
        now=now,
    )


# -- What failed ---------------------------------------------------------------------


@transaction.atomic
def _fail(due: Sequence[Crossing], *, problem: str, now: datetime, rng: Random) -> None:
    """Keep why it did not work, and try again later; told once for each reason."""
    if not due:
        return
    pk = due[0].character_id
    wanted = {crossing.pk: crossing.wants for crossing in due}
    progress = (
        Progress.objects.select_for_update(no_key=True, of=("self",))
        .select_related("character")
        .get(character=pk)
    )
    slug = progress.character.character_id
    locked = Crossing.objects.select_for_update(no_key=True).filter(pk__in=wanted)
    failed = [c for c in locked.order_by("pk") if c.wants == wanted[c.pk]]
    for crossing in failed:
        is_news = crossing.failure != problem
        crossing.failure = problem
        crossing.attempts += 1
        crossing.try_at = now + wait_after(crossing.attempts, jitter=rng.random())
        if is_news:
            _tell_failed(crossing, slug=slug, now=now)
    Crossing.objects.bulk_update(failed, ["failure", "attempts", "try_at"])
    progress_changed([progress], names={pk: slug}, now=now)


def _tell_failed(crossing: Crossing, *, slug: str, now: datetime) -> None:
    webhooks.send(
        PUBLISH_FAILED,
        {
            "what": "growth",
            "character_id": slug,
            "stage_id": crossing.pk,
            "milestone": crossing.milestone,
            "wants": crossing.wants,
            "problem": crossing.failure,
        },
        now=now,
    )
