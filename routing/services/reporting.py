"""What a report sets off: growth of who acted, feelings of both, and its own row.

One call is one transaction, answered only after the commit, whether it holds one
report or hundreds; the number of queries does not depend on how many.

A repeated report finds its first answer, before anything else is judged: a retry is
answered as it was, even if the character was archived since. Of two that arrive at
once, the second waits for what both move and then finds the first; where they move
nothing in common, its row breaks the constraint and its transaction begins anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import structlog
from django.db import Error, IntegrityError, OperationalError, transaction

from core.keys import BotPrincipal
from core.problems import Problem
from core.turns import writing
from evolution.services import counting
from evolution.services.counting import GrowthRules
from personas.catalog import Snapshot, catalog
from relationships import policy as feelings
from routing.domain.events import Reported
from routing.services import judging
from routing.services.entering import Facts, Ledger

TRIES: Final = 10
"""How often a transaction is begun that others made impossible."""
_AGAIN: Final = frozenset({"40001", "40P01"})
"""Postgres: could not be put in an order with others; would have waited for ever."""
_BUSY: Final = "database is locked"
"""SQLite: somebody else has been writing for too long."""

Result = TypeVar("Result")
_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report: an ``answer``, or the ``problem`` it was refused with.

    ``is_repeated``: it was counted before, and this is what was answered then.
    Pointers of the problem's errors are into the report.
    """

    answer: dict[str, Any] | None = None
    problem: Problem | None = None
    is_repeated: bool = False


def report(
    events: Sequence[Reported], *, bot: BotPrincipal, clock: Callable[[], datetime]
) -> list[Outcome]:
    """Count what was not counted yet; the outcomes are in the order of ``events``.

    Those that are refused leave no trace; the others are committed together. With a
    test key everything is computed, and nothing kept.

    Raises:
        django.db.OperationalError: the database is away, or too busy.
    """
    digests = [event.digest for event in events]
    # Before the transaction begins, since both are kept in memory.
    snapshot, _ = catalog.read()
    growth = counting.rules()

    def work() -> list[Outcome]:
        with writing(), transaction.atomic(durable=True):
            outcomes = _settle(
                events, digests, bot=bot, snapshot=snapshot, growth=growth, clock=clock
            )
            if bot.is_test:
                transaction.set_rollback(True)
        return outcomes

    return tried(work)


def tried(work: Callable[[], Result]) -> Result:
    """``work()``, begun again if what others did meanwhile made it impossible."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except (IntegrityError, OperationalError) as error:
            if not _is_worth_trying_again(error):
                raise
            _log.info("report.tried_again", kind=type(error).__name__)
    return work()


def _is_worth_trying_again(error: Error) -> bool:
    if isinstance(error, IntegrityError):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _AGAIN or _BUSY in str(error)


def _settle(
    events: Sequence[Reported],
    digests: Sequence[str],
    *,
    bot: BotPrincipal,
    snapshot: Snapshot,
    growth: GrowthRules,
    clock: Callable[[], datetime],
) -> list[Outcome]:
    """Judge, count and write, within the transaction."""
    answered = judging.answered(events, bot=bot)
    fresh = {at: e for at, e in enumerate(events) if e.id not in answered}
    rules, kinds = feelings.rules_and_kinds()
    people = judging.people(fresh.values())
    now = clock()
    problems_at = {
        at: problem
        for at, event in fresh.items()
        if (problem := judging.fault(event, people=people, kinds=kinds, now=now))
    }
    ledger = Ledger(
        [event for at, event in fresh.items() if at not in problems_at],
        bot=bot,
        people=people,
        facts=Facts(rules=rules, kinds=kinds, snapshot=snapshot, growth=growth),
        clock=clock,
    )
    # While the locks were waited for, others may have counted some of them.
    answered |= judging.answered(fresh.values(), bot=bot)
    outcomes = []
    for at, (event, digest) in enumerate(zip(events, digests, strict=True)):
        if event.id in answered:
            outcomes.append(_repeated(event, *answered[event.id], digest=digest))
        elif at in problems_at:
            outcomes.append(Outcome(problem=problems_at[at]))
        else:
            answer = ledger.enter(event, digest=digest)
            answered[event.id] = (digest, answer)
            outcomes.append(Outcome(answer=answer))
    ledger.save()
    return outcomes


def _repeated(
    event: Reported, digest_then: str, answer: dict[str, Any], *, digest: str
) -> Outcome:
    if digest == digest_then:
        return Outcome(answer=answer, is_repeated=True)
    return Outcome(problem=judging.reused(event))
