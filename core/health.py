"""What this process depends on, and whether it answers, asked within bounds.

Only the database is needed: without Redis or a broker the rest goes on, slower.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import celery
import redis
from celery.exceptions import OperationalError as BrokerFailure
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.models import LiveStream

PATIENCE_SECONDS: Final = 2.0
MEMORY_SECONDS: Final = 1.0
"""Anybody may ask, so that many who ask at once share one answer."""

_FAILURES: Final = (DatabaseFailure, redis.RedisError, BrokerFailure, OSError)


class State(StrEnum):
    """How a dependency is doing."""

    UP = "up"
    DOWN = "down"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Health:
    """``is_ready``: requests can be served, perhaps without the ``parts`` down."""

    is_ready: bool
    parts: Mapping[str, State]

    @property
    def summary(self) -> str:
        if not self.is_ready:
            return "down"
        return "degraded" if State.DOWN in self.parts.values() else "ok"


class Probe:
    """One question, asked in a thread of its own, so that nobody waits for long."""

    def __init__(
        self, check: Callable[[], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._check = check
        self._clock = clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._answered_at: float | None = None
        self._state = State.DOWN

    def ask(self) -> None:
        """Begin, unless an answer is on its way or still fresh."""
        with self._lock:
            is_asking = self._thread is not None and self._thread.is_alive()
            if is_asking or self._is_fresh():
                return
            self._state = State.DOWN
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def answer(self, *, patience: float) -> State:
        """What was found; down if nothing is heard within ``patience`` seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, patience))
            if thread.is_alive():
                return State.DOWN
        return self._state

    def _is_fresh(self) -> bool:
        at = self._answered_at
        return at is not None and self._clock() - at < MEMORY_SECONDS

    def _run(self) -> None:
        try:
            self._check()
        except _FAILURES:
            self._state = State.DOWN
        else:
            self._state = State.UP
        self._answered_at = self._clock()


def examine(probes: Mapping[str, Probe] | None = None) -> Health:
    """Ask all at once; takes two seconds at most."""
    probes = _probes() if probes is None else probes
    until = time.monotonic() + PATIENCE_SECONDS
    for probe in probes.values():
        probe.ask()
    parts = {
        name: probe.answer(patience=until - time.monotonic())
        for name, probe in probes.items()
    }
    unused = {n: State.UNUSED for n in ("redis", "broker") if n not in parts}
    return Health(is_ready=parts["database"] is State.UP, parts={**parts, **unused})


@cache
def _probes() -> dict[str, Probe]:
    probes = {"database": Probe(_ask_database)}
    if settings.REDIS_URL:
        probes["redis"] = Probe(_ask_redis)
    if not settings.CELERY_IS_EMBEDDED:
        probes["broker"] = Probe(_ask_broker)
    return probes


def _ask_database() -> None:
    try:
        # A table rather than SELECT 1, which SQLite answers without its file.
        LiveStream.objects.exists()
    finally:
        connections.close_all()


def _ask_redis() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE_SECONDS / 2,
        socket_timeout=PATIENCE_SECONDS / 2,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        client.ping()


def _ask_broker() -> None:
    app = celery.Celery(broker=settings.CELERY_BROKER_URL, set_as_current=False)
    with app.connection_for_write(connect_timeout=PATIENCE_SECONDS / 2) as broker:
        broker.ensure_connection(max_retries=1, timeout=int(PATIENCE_SECONDS))
