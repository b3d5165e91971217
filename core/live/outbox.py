"""Frames on their way to one browser."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from core.live.codes import Close
from core.live.feeds import resync_frame

LIMIT: Final = 64
"""Frames that wait at most; then a snapshot costs less than all of them."""
STALLED_AFTER: Final = 10.0
"""Seconds that one frame may take to leave."""


class Outbox:
    """A bounded queue in front of one socket, used in the server's loop only."""

    def __init__(self) -> None:
        self._frames: deque[tuple[str | None, str]] = deque()
        self._ready = asyncio.Event()
        self._code: Close | None = None

    @property
    def is_closing(self) -> bool:
        return self._code is not None

    def put(self, frame: str, *, stream: str | None = None) -> None:
        """Queue a frame; those of streams may be replaced by a resync."""
        if self.is_closing:
            return
        self._frames.append((stream, frame))
        if len(self._frames) > LIMIT:
            behind = {name for name, _ in self._frames if name is not None}
            self._frames.clear()
            for name in sorted(behind):
                self._frames.append((name, resync_frame(name, reason="overflow")))
        self._ready.set()

    def close(self, code: Close) -> None:
        """Take no more; what waits is sent before the socket closes with ``code``."""
        if self._code is None:
            self._code = code
            self._ready.set()

    async def drain(self, *, send: Callable[[str], Awaitable[None]]) -> Close:
        """Send everything as it comes, until closed; the code to close with.

        Raises:
            TimeoutError: the browser took no frame for too long.
        """
        while True:
            await self._ready.wait()
            while self._frames:
                _, frame = self._frames.popleft()
                async with asyncio.timeout(STALLED_AFTER):
                    await send(frame)
            if self._code is not None:
                return self._code
            self._ready.clear()
