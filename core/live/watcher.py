"""Follows the streams' heads in the database, for whoever keeps a copy of rows.

Each process has one watcher. In the server it runs in a thread and looks four
times a second, and at once when told that something was committed. Elsewhere
(commands, workers, tests) whoever reads a copy has it look.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from django.db import Error as DatabaseFailure
from django.db import close_old_connections, connection, connections

from core.live.numbering import is_in_transaction, make_stream, number
from core.live.reading import NOTHING_SEEN, Change, Gone, Look, look, read_since
from core.live.streams import stream_named, stream_names

log = structlog.get_logger(__name__)

# Seconds.
POLL: Final = 0.25
FRESH_FOR: Final = 1.0
LONGEST_PAUSE: Final = 2.0
LOCK_WAIT: Final = 1.0
STOP_WAIT: Final = 2.0

MOST_CHANGES: Final = 1_000
"""Whoever is further behind is told to start over, which costs less."""


class Follower(Protocol):
    """What a follower is called with, never twice at once.

    ``reset`` comes first of all, and whenever changes are lost: everything must
    be read anew, and ``changes`` is empty. An exception leaves the follower where
    it was, to be told the same again.
    """

    def __call__(
        self, *, changes: Sequence[Change], head: int, reset: bool
    ) -> None: ...


@dataclass(slots=True)
class _Following:
    stream: str
    callback: Follower
    epoch: int | None = None
    head: int = 0
    is_placed: bool = False


class Watcher:
    """One process's view of how far each stream is. Safe to use from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followings: list[_Following] = []
        self._listing = threading.Lock()
        # Re-entrant, so that a follower may ask for other copies.
        self._lock = threading.RLock()
        self._is_telling = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen_at: float | None = None
        self._failed_at: float | None = None
        self._is_down = False
        self._has_streams = False

    # -- For those who keep a copy -------------------------------------------------

    def follow(self, stream: str, *, callback: Follower) -> Callable[[], None]:
        """Have ``callback`` told of changes; returns what ends that.

        It is told in the watcher's thread, in the thread that has committed, or
        in one that asks ``ensure_fresh``; it must be quick and must not wait for
        another of these.

        Raises:
            UnknownStream: nobody registered ``stream``.
        """
        following = _Following(stream_named(stream).name, callback)
        with self._listing:
            self._followings = [*self._followings, following]
            self._seen_at = None

        def leave() -> None:
            with self._listing:
                self._followings = [f for f in self._followings if f is not following]

        return leave

    def ensure_fresh(self, stream: str) -> bool:
        """Have copies of ``stream`` at most a second behind; ``False`` if unknown.

        Free while the watcher's thread looks. Otherwise looks once itself, unless
        looking failed within the last second. Inside a transaction it never looks:
        what it sees may be rolled back. Call it before.
        """
        if self._is_recent():
            return True
        if self._has_just_failed() or is_in_transaction():
            return False
        if self.is_running:
            return self._look(numbering=False)
        return self._look(stream, numbering=True)

    def catch_up(self, stream: str) -> None:
        """Tell followers now; after numbering, in the thread that committed."""
        self._look(None if self.is_running else stream, numbering=False)

    def seconds_behind(self) -> float | None:
        """Since when nothing was seen of the database; ``None`` before the first."""
        return None if self._seen_at is None else self._clock() - self._seen_at

    # -- The thread ----------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the thread looks; a forked child has none."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Look from now on, in a thread."""
        if self.is_running:
            return
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=[self._stopping], name="live-watcher", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, within two seconds."""
        thread, self._thread = self._thread, None
        self._has_streams = False
        self._stopping.set()
        self._wake.set()
        if thread is not None:
            thread.join(STOP_WAIT)

    def nudge(self) -> None:
        """Look at once; for hints from elsewhere. Returns without waiting."""
        self._wake.set()

    def hint(self, heads: Mapping[str, int]) -> None:
        """Look at once if these heads are not those that followers know."""
        known = {f.stream: f.head for f in self._followings}
        if any(known.get(stream, head) != head for stream, head in heads.items()):
            self.nudge()

    def _run(self, stopping: threading.Event) -> None:
        pause = 0.0
        try:
            while not stopping.is_set():
                self._wake.wait(pause)
                self._wake.clear()
                if self._look(numbering=True):
                    pause = POLL
                    close_old_connections()
                else:
                    pause = min(max(POLL, 2 * pause), LONGEST_PAUSE)
                    # Also one that a restart of the database has broken.
                    connections.close_all()
        finally:
            connections.close_all()

    # -- Looking -------------------------------------------------------------------

    def _is_recent(self) -> bool:
        seen_at = self._seen_at
        if seen_at is None or not self.is_running:
            return False
        return self._clock() - seen_at < FRESH_FOR

    def _has_just_failed(self) -> bool:
        failed_at = self._failed_at
        return failed_at is not None and self._clock() - failed_at < FRESH_FOR

    def _look(self, stream: str | None = None, *, numbering: bool) -> bool:
        """Tell the followers of ``stream`` (or all); whether the database answered.

        Numbers are given outside the lock: a writer may hold up numbering for
        seconds, and reading must go on meanwhile.
        """
        try:
            if numbering and self.is_running and not self._has_streams:
                # Else the first to announce would keep others waiting for its commit.
                for name in stream_names():
                    make_stream(name)
                self._has_streams = True
            seen = self._tell(stream)
            if seen is not None and numbering and seen.waiting:
                # Whoever committed these has died, or is about to number them.
                for name in seen.waiting:
                    number(name)
                seen = self._tell(stream)
        except DatabaseFailure as failure:
            self._failed_at = self._clock()
            if not self._is_down:
                self._is_down = True
                log.warning("live_watcher_failed", kind=type(failure).__name__)
            if not connection.in_atomic_block:
                close_old_connections()
            return False
        if seen is None:
            self._failed_at = self._clock()
            return False
        if self._is_down:
            self._is_down = False
            log.info("live_watcher_recovered")
        self._failed_at = None
        return True

    def _tell(self, stream: str | None) -> Look | None:
        """Tell followers; what was seen, or ``None`` if others are busy."""
        if not self._lock.acquire(timeout=LOCK_WAIT):
            return None
        if self._is_telling:
            # A follower reads another copy; that one's turn comes in this round.
            self._lock.release()
            return NOTHING_SEEN
        self._is_telling = True
        try:
            followings = [f for f in self._followings if stream in {None, f.stream}]
            if stream is not None and not followings:
                return NOTHING_SEEN
            seen = look()
            for following in followings:
                _bring(following, seen=seen)
            if stream is None:
                self._seen_at = self._clock()
            return seen
        finally:
            self._is_telling = False
            self._lock.release()


def _bring(following: _Following, *, seen: Look) -> None:
    """Tell one follower what it has not seen, or to start over."""
    changes: list[Change] = []
    head = seen.heads.get(following.stream, 0)
    # Where nothing was ever announced, no number says that rows are the same.
    is_same = following.is_placed and seen.epoch is not None
    reset = not is_same or following.epoch != seen.epoch or head < following.head
    if not reset and head > following.head:
        try:
            page = read_since(
                stream=following.stream, since=following.head, limit=MOST_CHANGES + 1
            )
        except Gone:
            reset = True
        else:
            changes, head = page.changes, page.head
            reset = len(changes) > MOST_CHANGES
    if reset or changes:
        following.callback(changes=[] if reset else changes, head=head, reset=reset)
    following.epoch, following.head, following.is_placed = seen.epoch, head, True


PROCESS: Final = Watcher()
"""This process's watcher."""
