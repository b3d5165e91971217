"""A channel layer that threads of one process share, in the place of Redis."""

import asyncio
from typing import Any


class Layer:
    """Keeps what was sent; hands it to whoever listens, in their own loop."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.channels: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue]] = {}
        self.groups: dict[str, list[str]] = {}

    async def new_channel(self) -> str:
        name = f"channel{len(self.channels)}"
        self.channels[name] = (asyncio.get_running_loop(), asyncio.Queue())
        return name

    async def group_add(self, group: str, channel: str) -> None:
        self.groups.setdefault(group, []).append(channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append(message)
        for channel in self.groups.get(group, []):
            loop, queue = self.channels[channel]
            loop.call_soon_threadsafe(queue.put_nowait, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.channels[channel][1].get()
