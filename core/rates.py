"""How fast one caller may call: GCRA, per process or, with Redis, for all of them.

Redis may be down or hang: then this process counts for itself and asks Redis
again some seconds later. A lost connection therefore never fails a request, and
delays only the first one, by ``CONNECT_SECONDS + READ_SECONDS`` at most.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from throttled import BaseStore, MemoryStore, RateLimiterRegistry, RedisStore, per_min
from throttled.exceptions import StoreUnavailableError

from core import limits

CONNECT_SECONDS: Final = 0.05
READ_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 5.0
"""How long Redis is left alone after it failed."""

TENTHS: Final = 10
"""Everything is counted in tenths of a request: an event of a batch costs one."""

_LOCAL_CALLERS: Final = 10_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a minute, and so many at once after a rest."""

    name: str
    per_minute: int
    burst: int


READS: Final = Rate("reads", limits.READS_PER_MINUTE, limits.BURST)
WRITES: Final = Rate("writes", limits.WRITES_PER_MINUTE, limits.BURST)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to go on; ``retry_after`` and ``reset_after`` are seconds.

    ``remaining`` is how many requests could follow at once, ``reset_after`` when
    the full burst is there again.
    """

    is_allowed: bool
    remaining: int
    reset_after: float
    retry_after: float


class Breaker:
    """Keeps callers from a dependency that just failed.

    While it is open, one caller each ``pause`` seconds tries again.
    """

    def __init__(
        self, *, pause: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._retry_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._retry_at is not None

    def admits(self) -> bool:
        """Whether to try; whoever may try while it is open is the only one."""
        if self._retry_at is None:
            return True
        with self._lock:
            now = self._clock()
            if self._retry_at is not None and now < self._retry_at:
                return False
            if self._retry_at is not None:
                self._retry_at = now + self._pause
            return True

    def failed(self) -> None:
        with self._lock:
            self._retry_at = self._clock() + self._pause

    def succeeded(self) -> None:
        self._retry_at = None


class Limiter:
    """Counts callers against rates."""

    def __init__(self, *, redis_url: str = "", breaker: Breaker | None = None) -> None:
        self._local = MemoryStore(options={"MAX_SIZE": _LOCAL_CALLERS})
        self._shared = _redis_store(redis_url) if redis_url else None
        self._breaker = breaker or Breaker(pause=PAUSE_SECONDS)
        self._meters: dict[tuple[Rate, bool], Any] = {}

    @property
    def is_degraded(self) -> bool:
        """Whether Redis is wanted but left alone for now."""
        return self._breaker.is_open

    def take(self, caller: str, *, rate: Rate, tenths: int = TENTHS) -> Verdict:
        """Let ``caller`` do something that costs ``tenths`` of a request."""
        if self._shared is not None and self._breaker.admits():
            try:
                verdict = self._ask(self._shared, caller, rate=rate, tenths=tenths)
            except StoreUnavailableError as error:
                self._breaker.failed()
                _log.warning("rates.redis_failed", error=type(error.__cause__).__name__)
            else:
                self._breaker.succeeded()
                return verdict
        return self._ask(self._local, caller, rate=rate, tenths=tenths)

    def _ask(
        self, store: BaseStore, caller: str, *, rate: Rate, tenths: int
    ) -> Verdict:
        key = (rate, store is self._local)
        meter = self._meters.get(key)
        if meter is None:
            quota = per_min(rate.per_minute * TENTHS, burst=rate.burst * TENTHS)
            meter = RateLimiterRegistry.get("gcra")(
                quota, store, key_prefix=f"dramatis:rate:{rate.name}"
            )
            self._meters[key] = meter
        result = meter.limit(caller, tenths)
        state = result.state
        return Verdict(
            is_allowed=not result.limited,
            remaining=state.remaining // TENTHS,
            reset_after=state.reset_after,
            retry_after=state.retry_after,
        )


def _redis_store(url: str) -> RedisStore:
    return RedisStore(
        server=url,
        options={
            "SOCKET_CONNECT_TIMEOUT": CONNECT_SECONDS,
            "SOCKET_TIMEOUT": READ_SECONDS,
            # The client's own retries would multiply the wait.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},
            # The library keeps pools by address; ours has its own time limits.
            "REUSE_CONNECTION": False,
        },
    )


@cache
def limiter() -> Limiter:
    """The limiter of this process."""
    return Limiter(redis_url=settings.REDIS_URL)
