import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager

import pytest
from channels.layers import get_channel_layer

from core.live import pokes as module
from core.live.pokes import Pokes

MEMORY = "channels.layers.InMemoryChannelLayer"
REDIS = "channels_redis.pubsub.RedisPubSubChannelLayer"


class Ear:
    """Remembers the heads it heard of."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, int]] = []

    def __call__(self, heads: Mapping[str, int]) -> None:
        self.heard.append(heads)


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def use_layer(settings, backend: str, **config: object) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}


@contextmanager
def stopping(*several: Pokes):
    try:
        yield
    finally:
        for pokes in several:
            pokes.stop()


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """But that of the process, which other tests may have started."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_without_a_shared_layer_nothing_is_done(settings):
    use_layer(settings, MEMORY)
    pokes = Pokes(on_poke=Ear())

    pokes.listen()
    pokes.send("rooms", head=1)

    assert pokes._worker is None
    pokes.stop()


def test_a_hint_reaches_other_processes(settings):
    use_layer(settings, "tests.core.live_layer.Layer")
    ear = Ear()
    here, there = Pokes(on_poke=Ear()), Pokes(on_poke=ear)

    with stopping(here, there):
        there.listen()
        wait_until(lambda: get_channel_layer().groups)
        here.send("rooms", head=3)
        wait_until(lambda: ear.heard == [{"rooms": 3}])


def test_listening_may_begin_after_sending(settings):
    use_layer(settings, "tests.core.live_layer.Layer")
    ear = Ear()
    pokes = Pokes(on_poke=ear)

    with stopping(pokes):
        pokes.send("rooms", head=1)
        wait_until(lambda: get_channel_layer().sent)
        pokes.listen()
        wait_until(lambda: get_channel_layer().groups)
        pokes.send("rooms", head=2)
        wait_until(lambda: ear.heard == [{"rooms": 2}])


def test_hints_are_gathered(settings):
    use_layer(settings, "tests.core.live_layer.Layer")
    pokes = Pokes(on_poke=Ear())

    with stopping(pokes):
        started = time.monotonic()
        for head in range(1, 1001):
            pokes.send("rooms", head=head)
            pokes.send("walls", head=head)
        sent = get_channel_layer().sent
        wait_until(lambda: sent and sent[-1]["heads"] == {"rooms": 1000, "walls": 1000})
        took = time.monotonic() - started

    assert len(sent) <= 2 + took / module.APART


def test_a_stopped_one_starts_again_when_needed(settings):
    use_layer(settings, "tests.core.live_layer.Layer")
    pokes = Pokes(on_poke=Ear())

    for head in (1, 2):
        with stopping(pokes):
            pokes.send("rooms", head=head)
            wait_until(lambda head=head: len(get_channel_layer().sent) == head)
        pokes.stop()


@pytest.fixture
def hanging_port():
    """Accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def dead_port():
    """Refuses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("state", ["hanging_port", "dead_port"])
def test_a_lost_redis_costs_nothing(settings, request, monkeypatch, state):
    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.1)
    monkeypatch.setattr(module, "PAUSES", (0.01,))
    # It logs each of its own attempts with a traceback.
    monkeypatch.setattr(logging.getLogger("channels_redis.pubsub"), "disabled", True)
    port = request.getfixturevalue(state)
    host = {"address": f"redis://127.0.0.1:{port}", "socket_timeout": None}
    use_layer(settings, REDIS, hosts=[host])
    pokes = Pokes(on_poke=Ear())

    with stopping(pokes):
        pokes.listen()
        started = time.monotonic()
        for head in range(100):
            pokes.send("rooms", head=head)
        # A tenth of a second for each, if they were waited for.
        assert time.monotonic() - started < 3
        wait_until(lambda: pokes.failures)
        first = pokes.failures
        pokes.send("rooms", head=100)
        wait_until(lambda: pokes.failures > first)


@pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="REDIS_URL names no Redis to try it on"
)
def test_a_hint_travels_through_redis(settings):
    host = {"address": os.environ["REDIS_URL"], "socket_timeout": None}
    use_layer(settings, REDIS, hosts=[host], prefix=f"test{os.getpid()}")
    ear = Ear()
    here, there = Pokes(on_poke=Ear()), Pokes(on_poke=ear)

    with stopping(here, there):
        there.listen()
        head = 0

        def is_heard() -> bool:
            nonlocal head
            head += 1
            here.send("rooms", head=head)
            return bool(ear.heard)

        # Until the other one has subscribed, hints are lost.
        wait_until(is_heard)
