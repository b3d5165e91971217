"""Hints from process to process that something was numbered: look at once.

Whether a hint arrives does not matter: watchers look four times a second anyway.
So nobody here waits for Redis, and nothing raises when it is gone. There is a
thread with an event loop of its own, because Redis connections belong to one
loop, while commits happen in threads, workers and commands.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer
from redis.exceptions import RedisError

from core.live import watcher

log = structlog.get_logger(__name__)

GROUP: Final = "live"
# Seconds.
APART: Final = 0.1
ANSWER_WITHIN: Final = 1.0
PAUSES: Final = (1.0, 2.0, 5.0)
STOP_WAIT: Final = 2.0

FAILURES: Final = (RedisError, OSError)
"""What Redis fails with; a timeout is an OSError."""

OnPoke = Callable[[Mapping[str, int]], None]


class Pokes:
    """Sends this process's hints through the channel layer, and hears others'.

    ``on_poke`` is called with stream → head, in the thread of the hints.
    """

    def __init__(self, *, on_poke: OnPoke) -> None:
        self._on_poke = on_poke
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def listen(self) -> None:
        """Hear other processes from now on; nothing if there is no shared layer."""
        self._tell(heads={}, listening=True)

    def send(self, stream: str, *, head: int) -> None:
        """Hint that ``stream`` has come to ``head``; returns at once."""
        self._tell(heads={stream: head}, listening=False)

    def stop(self) -> None:
        """Close connections and end the thread, within two seconds."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None and worker.is_alive():
            worker.loop.call_soon_threadsafe(worker.stopping.set)
            worker.join(STOP_WAIT)

    @property
    def failures(self) -> int:
        """How often a hint could not be sent."""
        return self._worker.failures if self._worker is not None else 0

    def _tell(self, *, heads: Mapping[str, int], listening: bool) -> None:
        layer = get_channel_layer()
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            return
        with self._lock:
            # A forked child has the attribute, but not the thread.
            if self._worker is None or not self._worker.is_alive():
                self._worker = _Worker(layer, on_poke=self._on_poke)
                self._worker.start()
            worker = self._worker
            worker.loop.call_soon_threadsafe(worker.take, heads, listening)


class _Worker(threading.Thread):
    """The thread; all but ``failures`` is touched in its loop only."""

    def __init__(self, layer: Any, *, on_poke: OnPoke) -> None:
        super().__init__(name="live-pokes", daemon=True)
        # Not uvloop's, which the layer cannot hook its cleaning up into.
        self.loop = asyncio.SelectorEventLoop()
        self.stopping = asyncio.Event()
        self.failures = 0
        self._layer = layer
        self._on_poke = on_poke
        self._heads: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._listening = asyncio.Event()

    def take(self, heads: Mapping[str, int], listening: bool) -> None:
        """Send these soon; listen from now on, if told so."""
        if listening:
            self._listening.set()
        if heads:
            self._heads.update(heads)
            self._changed.set()

    def run(self) -> None:
        """Work until told to stop."""
        try:
            self.loop.run_until_complete(self._work())
        finally:
            self.loop.close()

    async def _work(self) -> None:
        tasks = [
            asyncio.ensure_future(self._send_all()),
            asyncio.ensure_future(self._hear_all()),
        ]
        await self.stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _send_all(self) -> None:
        fails = 0
        while True:
            await self._changed.wait()
            self._changed.clear()
            heads, self._heads = self._heads, {}
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    await self._layer.group_send(
                        GROUP, {"type": "live.poke", "heads": heads}
                    )
            except FAILURES as failure:
                self.failures += 1
                log.warning("live_poke_failed", kind=type(failure).__name__)
                await asyncio.sleep(PAUSES[min(fails, len(PAUSES) - 1)])
                fails += 1
            else:
                fails = 0
                await asyncio.sleep(APART)

    async def _hear_all(self) -> None:
        await self._listening.wait()
        while True:
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    channel = await self._layer.new_channel()
                    await self._layer.group_add(GROUP, channel)
                while True:
                    message = await self._layer.receive(channel)
                    self._on_poke(message.get("heads", {}))
            except FAILURES as failure:
                log.warning("live_poke_unheard", kind=type(failure).__name__)
                await asyncio.sleep(PAUSES[-1])


PROCESS: Final = Pokes(on_poke=watcher.PROCESS.hint)
"""This process's hints."""
