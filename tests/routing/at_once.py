"""Many bots at once: in threads, and in processes with connections of their own."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from core.keys import BotPrincipal
from core.models import BotKey
from routing.domain.events import Reported
from routing.services import reporting
from tests.core.api_client import make_key

PROCESSES = 8


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own; their results, or what they raised."""

    def run(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:  # the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def in_processes(work: Callable[[int], Any], *, count: int = PROCESSES) -> list[Any]:
    """``work(number)`` in as many processes, each with a connection of its own.

    What all of them told, in one list.
    """
    # A child must not inherit one.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = [pool.submit(work, number) for number in range(count)]
        return [told for future in futures for told in future.result()]


def principal() -> BotPrincipal:
    key = BotKey.objects.order_by("pk").first() or make_key()[0]
    return BotPrincipal(
        key_id=key.pk,
        name=key.name,
        scopes=frozenset(),
        label="",
        is_test=False,
        expires_at=None,
        public_id=key.public_id,
        bot_id=key.pk,
    )


def told(
    bot: BotPrincipal, *batches: Sequence[dict[str, Any]]
) -> list[tuple[str, Any]]:
    """Report batches one after the other; status and answer of each event."""
    found = []
    for batch in batches:
        events = [Reported.model_validate(fields) for fields in batch]
        for outcome in reporting.report(events, bot=bot, clock=timezone.now):
            if outcome.problem is not None:
                found.append((outcome.problem.code, None))
            else:
                status = "duplicate" if outcome.is_repeated else "accepted"
                found.append((status, outcome.answer))
    return found


def told_as(number: int, *, bot: BotPrincipal, plan: Sequence[Any]) -> Any:
    """For processes: report what the plan has for this one."""
    return told(bot, *plan[number])


def deadlocks() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return cursor.fetchone()[0]
