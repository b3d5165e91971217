"""How fast a caller may call, with Redis, without, and with a sick one."""

import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from shutil import which

import pytest
from redis import Redis, RedisError
from structlog.testing import capture_logs

from core.rates import PAUSE_SECONDS, READS, TENTHS, WRITES, Breaker, Limiter, Rate

SLOW = Rate("slow", per_minute=60, burst=20)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """The clock by which the local store counts."""
    clock = Clock()
    monkeypatch.setattr("throttled.utils.now_mono_f", clock)
    return clock


def admitted(limiter, *, tries, caller="a", rate=SLOW, tenths=TENTHS):
    return sum(
        limiter.take(caller, rate=rate, tenths=tenths).is_allowed for _ in range(tries)
    )


def test_burst_then_the_rate(clock):
    limiter = Limiter()

    # A float's breadth may cost the last one of the burst, never add one.
    assert admitted(limiter, tries=50) in {19, 20}
    clock.now += 10.001
    assert admitted(limiter, tries=50) in {9, 10, 11}
    clock.now += 3600
    assert admitted(limiter, tries=50) in {19, 20}


def test_rates_are_those_of_the_contract():
    assert (READS.per_minute, READS.burst) == (3000, 200)
    assert (WRITES.per_minute, WRITES.burst) == (1200, 200)


def test_verdict_says_how_long_to_wait(clock):
    limiter = Limiter()

    first = limiter.take("a", rate=SLOW)
    admitted(limiter, tries=30)
    refused = limiter.take("a", rate=SLOW)

    assert (first.is_allowed, first.remaining) == (True, 19)
    assert first.reset_after == pytest.approx(1)
    assert (refused.is_allowed, refused.remaining) == (False, 0)
    assert 0 < refused.retry_after <= 1.001
    assert refused.reset_after == pytest.approx(20, abs=1.1)
    clock.now += refused.retry_after + 0.001
    assert limiter.take("a", rate=SLOW).is_allowed


def test_callers_and_rates_are_apart(clock):
    limiter = Limiter()
    other = Rate("other", per_minute=60, burst=20)
    admitted(limiter, tries=30)

    assert not limiter.take("a", rate=SLOW).is_allowed
    assert limiter.take("b", rate=SLOW).is_allowed
    assert limiter.take("a", rate=other).is_allowed


def test_tenths_add_up(clock):
    limiter = Limiter()

    assert limiter.take("a", rate=SLOW, tenths=190).is_allowed
    assert not limiter.take("a", rate=SLOW, tenths=20).is_allowed
    assert limiter.take("a", rate=SLOW, tenths=9).is_allowed


def test_parallel_callers_get_no_more_than_burst_and_rate():
    limiter, started = Limiter(), time.monotonic()

    with ThreadPoolExecutor(64) as pool:
        verdicts = list(pool.map(lambda _: limiter.take("a", rate=SLOW), range(640)))

    gained = (time.monotonic() - started) * SLOW.per_minute / 60
    allowed = sum(verdict.is_allowed for verdict in verdicts)
    assert SLOW.burst <= allowed <= SLOW.burst + gained + 1


# -- Breaker -----------------------------------------------------------------------


def test_breaker_lets_one_try_after_a_pause():
    clock = Clock()
    breaker = Breaker(pause=5, clock=clock)
    assert breaker.admits()

    breaker.failed()

    assert breaker.is_open
    assert not breaker.admits()
    clock.now += 5
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert breaker.admits()
    assert not breaker.is_open


# -- Redis -------------------------------------------------------------------------


@pytest.fixture
def hanging():
    """The address of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def timed(limiter):
    started = time.perf_counter()
    assert limiter.take("a", rate=SLOW).is_allowed
    return time.perf_counter() - started


def test_hanging_redis_delays_one_call_by_little(hanging):
    clock = Clock()
    limiter = Limiter(
        redis_url=hanging, breaker=Breaker(pause=PAUSE_SECONDS, clock=clock)
    )

    with capture_logs() as logs:
        first, second = timed(limiter), timed(limiter)

    # 150 ms, and what a busy machine adds; then it is not waited for at all.
    assert first < 3
    assert second < first
    assert limiter.is_degraded
    assert [entry["event"] for entry in logs] == ["rates.redis_failed"]


def test_absent_redis_is_left_alone_for_a_while():
    clock = Clock()
    limiter = Limiter(
        redis_url="redis://127.0.0.1:1/0",
        breaker=Breaker(pause=PAUSE_SECONDS, clock=clock),
    )

    with capture_logs() as logs:
        for _ in range(5):
            timed(limiter)
        clock.now += PAUSE_SECONDS
        for _ in range(5):
            timed(limiter)

    assert len(logs) == 2


def test_own_count_goes_on_without_redis(clock):
    limiter = Limiter(redis_url="redis://127.0.0.1:1/0")

    assert admitted(limiter, tries=50) in {19, 20}


@pytest.fixture
def redis_url():
    """A Redis of our own; skipped where none is installed."""
    program = which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait_for(url):
    with Redis.from_url(url) as client:
        for _ in range(100):
            with suppress(RedisError):
                client.ping()
                return
            threading.Event().wait(0.05)


def test_processes_count_together_by_redis(redis_url):
    one, other = Limiter(redis_url=redis_url), Limiter(redis_url=redis_url)

    allowed = sum(
        limiter.take("a", rate=SLOW).is_allowed for limiter in [one, other] * 25
    )

    assert SLOW.burst <= allowed <= SLOW.burst + 2
    assert not one.is_degraded
    verdict = one.take("a", rate=SLOW)
    assert 0 < verdict.retry_after <= 1.001


def test_redis_is_asked_again_once_it_is_back(redis_url):
    clock = Clock()
    limiter = Limiter(
        redis_url=redis_url, breaker=Breaker(pause=PAUSE_SECONDS, clock=clock)
    )
    limiter.take("a", rate=SLOW)
    with Redis.from_url(redis_url) as admin:
        admin.client_pause(300)
        timed(limiter)
        assert limiter.is_degraded
        threading.Event().wait(0.4)
    clock.now += PAUSE_SECONDS

    timed(limiter)

    assert not limiter.is_degraded
