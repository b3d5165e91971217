"""The background worker inside the server process, for when there is no broker."""

import threading
import warnings
from typing import Any

import structlog
from celery.beat import EmbeddedService, Scheduler
from celery.exceptions import SecurityWarning
from django.db import connections

from config.celery import app

log = structlog.get_logger(__name__)
_STOP_SECONDS = 5


class EmbeddedWorker:
    """A Celery worker and its clock in threads of this process."""

    def __init__(self) -> None:
        self._worker: Any = None
        self._thread: threading.Thread | None = None
        self._beat: Any = None

    def start(self) -> None:
        """Start both; returns at once."""
        # The worker is this very server: its user was chosen with the server's.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        self._worker = app.Worker(
            pool="threads",
            concurrency=2,
            hostname="embedded",
            loglevel="WARNING",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            task_events=False,
            quiet=True,
        )
        self._thread = threading.Thread(
            target=self._run, name="embedded-worker", daemon=True
        )
        self._thread.start()
        # Its clock is kept in memory: every periodic task may run at any time.
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        self._beat.start()

    def _run(self) -> None:
        try:
            self._worker.start()
        finally:
            # The test database cannot be dropped while a thread holds it.
            connections.close_all()

    def stop(self) -> None:
        """Stop both; a task that takes longer runs again at the next start."""
        if self._thread is None:
            return
        self._beat.stop()
        self._worker.stop()
        self._thread.join(_STOP_SECONDS)
        self._thread = None
        log.info("worker_stopped")
