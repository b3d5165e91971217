"""Taking turns at writing, where the database is a file.

SQLite lets one connection write at a time. Whoever finds it busy sleeps for up to a
tenth of a second before looking again, while whoever has just written may go on at
once: among many threads some would wait for seconds, and then give up. Here the threads
of a process queue, first come, first served. Between processes SQLite's own way has to
do.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

WAIT_SECONDS: Final = 10.0
"""After so long a thread tries without its turn, and leaves it to the database."""


class Queue:
    """A lock that goes to whoever has waited longest; a thread may take it again."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[tuple[int, threading.Event]] = deque()
        self._owner: int | None = None
        self._depth = 0

    def acquire(self, *, timeout: float) -> bool:
        """Whether it is this thread's turn; waits at most ``timeout`` seconds."""
        me = threading.get_ident()
        with self._mutex:
            if self._owner in {None, me}:
                self._owner = me
                self._depth += 1
                return True
            called = threading.Event()
            self._waiting.append((me, called))
        if called.wait(timeout):
            return True
        with self._mutex:
            # It may have been called just now.
            if self._owner == me:
                return True
            self._waiting.remove((me, called))
            return False

    def release(self) -> None:
        """Call the next; only whoever has acquired it may."""
        with self._mutex:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._waiting:
                self._owner, called = self._waiting.popleft()
                self._depth = 1
                called.set()


_QUEUE: Final = Queue()


@contextmanager
def writing() -> Iterator[None]:
    """Around a transaction that many threads may want at once; not within one."""
    if connection.vendor != "sqlite":
        yield
        return
    is_mine = _QUEUE.acquire(timeout=WAIT_SECONDS)
    try:
        yield
    finally:
        if is_mine:
            _QUEUE.release()
