"""``python -m benchmarks.reporter``: reports to the database of ``DATABASE_URL``.

It does what each line of its input asks for, a JSON list of a method and its
arguments, and answers with a line; for ``benchmarks.reports``, which has one of these
for each database.
"""

import json
import os
import random
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management.color import no_style  # noqa: E402  # needs the apps loaded
from django.db import connection, transaction  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.keys import BotPrincipal, create_key  # noqa: E402
from core.live import watcher  # noqa: E402
from core.roles import Scope  # noqa: E402
from evolution.models import Progress  # noqa: E402
from personas.domain.sheets import CharacterSheet, FrameworkSheet  # noqa: E402
from personas.services import drafts, frameworks, publishing  # noqa: E402
from relationships.models import Affinity, LedgerRow  # noqa: E402
from routing.domain.events import Reported  # noqa: E402
from routing.models import Interaction  # noqa: E402
from routing.services import reporting  # noqa: E402

SEED = 7
NAMES = ("ada", "bob", "eve", "kim", "leo", "mia")
KINDS = ("compliment", "banter", "question", "argument", "answer", "message")
TOPICS = ("cats", "tea", "the sea", "music")


class Reporter:
    """A bot, and six characters that it reports about."""

    def __init__(self) -> None:
        _make_cast()
        made, _ = create_key(
            name="bench",
            scopes=[Scope.INTERACTION_WRITE],
            actor=None,
            now=timezone.now(),
        )
        self._bot = BotPrincipal(
            key_id=made.pk,
            name=made.name,
            scopes=frozenset(),
            label="",
            is_test=False,
            expires_at=None,
            bot_id=made.pk,
        )
        self._rng = random.Random(SEED)  # noqa: S311
        self._number = 0

    def batches(self, *, size: int, times: int) -> dict[str, float]:
        """Seconds an event, by the clock and of this process's CPU."""
        plan = [[self._event() for _ in range(size)] for _ in range(times)]
        cpu, started = time.process_time(), time.perf_counter()
        for events in plan:
            outcomes = reporting.report(events, bot=self._bot, clock=timezone.now)
            if any(outcome.problem is not None for outcome in outcomes):
                raise RuntimeError("A report was refused.")
        return {
            "clock": (time.perf_counter() - started) / (size * times),
            "cpu": (time.process_time() - cpu) / (size * times),
        }

    def _event(self) -> Reported:
        self._number += 1
        one, other = self._rng.sample(NAMES, 2)
        return Reported(
            id=f"bench-{self._number}",
            character_id=one,
            other_character_id=other,
            kind=self._rng.choice(KINDS),
            user_id=f"user-{self._rng.randrange(1_000)}",
            channel_id=f"channel-{self._rng.randrange(20)}",
            topics=self._rng.sample(TOPICS, 2),
        )

    def multiply(self, *, times: int) -> int:
        """Have what happened so far happened ``times`` times; events there are then.

        Rows are copied within the database, each copy an hour before the next.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # No request takes so long.
                cursor.execute("SET LOCAL statement_timeout = 0")
            base = Interaction.objects.count()
            cursor.execute(_copying(Interaction, times=times, base=base))
            cursor.execute(_copying(LedgerRow, times=times, base=base))
            for model, columns in (
                (Affinity, ("seq", "events")),
                (Progress, ("count",)),
            ):
                sums = ", ".join(f"{name} = {name} * {times}" for name in columns)
                cursor.execute(f"UPDATE {_table(model)} SET {sums}")  # noqa: S608
            # Copying has not moved what Postgres takes the next ids from.
            for sql in connection.ops.sequence_reset_sql(
                no_style(), [Interaction, LedgerRow]
            ):
                cursor.execute(sql)
            cursor.execute("ANALYZE")
        return Interaction.objects.count()


def _make_cast() -> None:
    now = timezone.now()
    drafts.create_framework(
        framework_id="plain", sheet=FrameworkSheet(name="Plain"), actor=None, now=now
    )
    frameworks.publish_framework(framework_id="plain", note="N", author=None, now=now)
    for name in NAMES:
        sheet = CharacterSheet(
            display_name=name.title(), framework_id="plain", topic_interests=["tea"]
        )
        drafts.create_character(character_id=name, sheet=sheet, actor=None, now=now)
    publishing.publish(character_ids=NAMES, note="N", author=None, now=now)


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001


def _copying(model: type[Model], *, times: int, base: int) -> str:
    """SQL that adds all rows ``times`` - 1 times more; there were ``base`` reports.

    Each copy has ids of its own, and numbers that go on where those before end.
    """
    table, felt = _table(model), _table(Affinity)
    changed: dict[str, Any] = {
        "id": f"{table}.id + copies.n * (SELECT MAX(id) FROM {table})"  # noqa: S608
    }
    if model is Interaction:
        joined = ""
        changed["event_id"] = f"{table}.event_id || '-' || copies.n"
        changed["created_at"] = _earlier(f"{table}.created_at", times=times)
        changed["occurred_at"] = _earlier(f"{table}.occurred_at", times=times)
    else:
        joined = f"JOIN {felt} ON {felt}.id = {table}.affinity_id"
        changed["event_id"] = f"{table}.event_id + copies.n * {base}"
        changed["seq"] = f"{table}.seq + copies.n * {felt}.seq"
        changed["events"] = f"{table}.events + copies.n * {felt}.events"
        changed["at"] = _earlier(f"{table}.at", times=times)
    quote = connection.ops.quote_name
    names = [field.column for field in model._meta.concrete_fields]  # noqa: SLF001
    values = [changed.get(name, f"{table}.{quote(name)}") for name in names]
    return (
        f"WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL"  # noqa: S608
        f" SELECT n + 1 FROM copies WHERE n < {times - 1})"
        f" INSERT INTO {table} ({', '.join(map(quote, names))})"
        f" SELECT {', '.join(values)} FROM {table} {joined} CROSS JOIN copies"
        f" ORDER BY copies.n, {table}.id"
    )


def _earlier(column: str, *, times: int) -> str:
    """The moment of a copy; the last copy's is an hour before the present's."""
    hours = f"({times} - copies.n)"
    if connection.vendor == "sqlite":
        shift = f"'-' || {hours} || ' hours'"
        return f"strftime('%Y-%m-%d %H:%M:%f', {column}, {shift}) || '000'"
    return f"{column} - make_interval(hours => {hours})"


def main() -> None:
    """Answer line by line until there are no more."""
    # As in the server: else each report would look whether settings changed.
    watcher.PROCESS.start()
    try:
        reporter = Reporter()
        for line in sys.stdin:
            name, arguments = json.loads(line)
            print(json.dumps(getattr(reporter, name)(**arguments)), flush=True)
    finally:
        watcher.PROCESS.stop()


if __name__ == "__main__":
    main()
