"""HTTP, websockets and the server's life, in one application.

HTTP goes through WSGI in a fixed set of threads: Django's own ASGI handler
opens a thread and a database connection per request. Measured in
``docs/decisions/0003-http-through-wsgi.md``.
"""

import asyncio
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter
from django.conf import settings

# First, because it loads the apps that the imports below need.
from config.wsgi import application as wsgi_application  # isort: split

from config.embedded import EmbeddedWorker
from core.body_limit import BodyLimit
from core.live import routing as live
from personas.lore_firings import FIRINGS

HTTP_THREADS = 8


class Lifespan:
    """Starts what runs beside requests, and stops it in reverse."""

    def __init__(self) -> None:
        self._worker = EmbeddedWorker() if settings.CELERY_IS_EMBEDDED else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the server's start-up and shutdown messages."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await live.start()
                if self._worker is not None:
                    # In a thread, because Celery closes database connections first.
                    await asyncio.to_thread(self._worker.start)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._worker is not None:
                    await asyncio.to_thread(self._worker.stop)
                await asyncio.to_thread(FIRINGS.write)
                await live.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


application = ProtocolTypeRouter(
    {
        "lifespan": Lifespan(),
        "http": BodyLimit(
            cast("Any", WSGIMiddleware)(wsgi_application, workers=HTTP_THREADS)
        ),
        "websocket": live.websocket_application,
    }
)
