"""Where sockets enter, and the life of the live mechanism in the server.

``config.asgi`` serves ``websocket_application`` and calls ``start`` and ``stop``
from its lifespan.
"""

import asyncio
from typing import Any, Final

from channels.routing import URLRouter
from django.urls import path, re_path

from core.live import pokes, watcher
from core.live.consumer import LiveConsumer
from core.live.hub import close_hub, open_hub
from core.live.origin import own_pages_only, refuse

PATH: Final = "ws/live/"

_routes: list[Any] = [
    path(PATH, LiveConsumer.as_asgi()),  # type: ignore[arg-type]
    # Without it an unknown address would be a server error.
    re_path(r"", refuse),  # type: ignore[arg-type]
]
websocket_application: Any = own_pages_only(URLRouter(_routes))


async def start() -> None:
    """Follow the streams in this process; called in the server's loop."""
    hub = await open_hub(watcher=watcher.PROCESS)
    watcher.PROCESS.start()
    pokes.PROCESS.listen()
    await hub.placed()


async def stop() -> None:
    """Close all sockets and end the threads, within a few seconds."""
    await close_hub()
    await asyncio.to_thread(pokes.PROCESS.stop)
    await asyncio.to_thread(watcher.PROCESS.stop)
