"""How often entries enter prompts of bots, counted here and written in lots.

Written after an answer was given, every few seconds at most; what a process counted
last is lost if it ends before.
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import structlog
from django.core.signals import request_finished
from django.db import Error, connection
from django.dispatch import receiver
from django.utils import timezone

from personas.models import LoreFiring

EVERY: Final = 5.0
"""Seconds between two writings."""
LOT: Final = 200
"""Rows of one statement, which SQLite allows."""

_log: Final = structlog.get_logger(__name__)


class Firings:
    """Counts by entry id. Safe to use from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._fired_at: dict[str, datetime] = {}
        self._written_at = clock()

    @property
    def is_due(self) -> bool:
        """Whether there is something to write, and it is time to."""
        waited = self._clock() - self._written_at
        return bool(self._counts) and waited >= EVERY

    def note(self, entry_ids: Iterable[str], *, now: datetime) -> None:
        """Remember that these entered a prompt; ``write`` stores it."""
        ids = list(entry_ids)
        with self._lock:
            self._counts.update(ids)
            self._fired_at.update(dict.fromkeys(ids, now))

    def write(self) -> None:
        """Store what waits; a database that refuses costs only these counts."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            fired_at, self._fired_at = self._fired_at, {}
            self._written_at = self._clock()
        # In one order, so that processes that write at once do not lock each other.
        rows = [
            (uuid.UUID(key).hex, fired_at[key], count)
            for key, count in sorted(counts.items())
        ]
        try:
            for start in range(0, len(rows), LOT):
                _add(rows[start : start + LOT])
        except Error as error:
            _log.warning("lore.firings_not_written", error=type(error).__name__)


def _add(rows: list[tuple[str, datetime, int]]) -> None:
    """Count up in one statement, which both databases know."""
    adapt = connection.ops.adapt_datetimefield_value
    is_native = connection.features.has_native_uuid_field
    values: list[Any] = []
    for entry_id, fired_at, count in rows:
        key = uuid.UUID(entry_id) if is_native else entry_id
        values += [key, adapt(fired_at), count]
    table = connection.ops.quote_name(LoreFiring._meta.db_table)  # noqa: SLF001
    marks = ", ".join(["(%s, %s, %s)"] * len(rows))
    latest = "MAX" if connection.vendor == "sqlite" else "GREATEST"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (entry_id, fired_at, count) VALUES {marks}"  # noqa: S608  # names and marks only
            " ON CONFLICT (entry_id) DO UPDATE SET"
            f" count = {table}.count + excluded.count,"
            f" fired_at = {latest}({table}.fired_at, excluded.fired_at)",
            values,
        )


FIRINGS: Final = Firings()


def note(entry_ids: Iterable[str]) -> None:
    """Count entries that entered a prompt of a bot, now."""
    FIRINGS.note(entry_ids, now=timezone.now())


@receiver(request_finished)
def _write_firings(**_: Any) -> None:
    if not FIRINGS.is_due:
        return
    FIRINGS.write()
    # As in ``core.keys``: this thread's connection was put away already.
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
