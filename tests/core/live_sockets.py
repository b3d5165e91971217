"""Browsers' sockets, and commits made while they are open."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import transaction

from core.live.changes import announce_all
from core.live.people import ask_database
from core.live.routing import websocket_application
from core.models import User
from tests.clients import client_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STREAM = "personas"
PATIENCE = 20.0  # seconds


def session_of(person: User) -> str:
    """The cookie of a browser in which ``person`` is signed in."""
    return client_of(person).cookies[settings.SESSION_COOKIE_NAME].value


class Page:
    """One page's socket, from opening to closing."""

    def __init__(
        self,
        *,
        session: str = "",
        origin: str = "http://testserver",
        path: str = "/ws/live/",
        application: Any = websocket_application,
    ) -> None:
        headers = [(b"host", b"testserver"), (b"origin", origin.encode())]
        if session:
            cookie = f"other=1; {settings.SESSION_COOKIE_NAME}={session}"
            headers.append((b"cookie", cookie.encode()))
        self.socket = WebsocketCommunicator(application, path, headers=headers)

    async def opened(self) -> "Page":
        """Connected, with the greeting read."""
        accepted, _ = await self.socket.connect(timeout=PATIENCE)
        assert accepted
        assert "hello" in await self.read()
        return self

    async def read(self) -> dict[str, Any]:
        return await self.socket.receive_json_from(PATIENCE)

    async def say(self, **message: Any) -> None:
        await self.socket.send_json_to(message)

    async def subscribed(self, since: int | None = None) -> list[dict[str, Any]]:
        """Subscribe; what was sent up to the stream's head."""
        await self.say(sub=STREAM, since=since)
        frames = [await self.read()]
        while "hb" not in frames[-1] and "error" not in frames[-1]:
            frames.append(await self.read())
        return frames

    async def closed(self) -> int:
        """Read up to the close; its code."""
        async with asyncio.timeout(PATIENCE):
            while True:
                output = await self.socket.receive_output(PATIENCE)
                if output["type"] == "websocket.close":
                    return output["code"]

    async def leave(self) -> None:
        await self.socket.disconnect(timeout=PATIENCE)


def commit(*keys: str) -> None:
    """Announce these and number them."""
    with transaction.atomic():
        announce_all(stream=STREAM, changes=[(k, {"id": k}) for k in keys], now=NOW)


async def commit_elsewhere(*keys: str) -> None:
    """As another request would, in another thread."""
    await ask_database(lambda: commit(*keys))
