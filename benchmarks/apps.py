"""The same site behind each HTTP interface, and the least that a server can do."""

import contextlib
import os
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
stock_handler = get_asgi_application()

from config.asgi import Lifespan, application  # noqa: E402  # needs the apps loaded

_BODY = b'{"hello":"world"}'
_POOL = 4


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """A bare ASGI application: the base of all ratios."""
    if scope["type"] == "lifespan":
        await Lifespan()(scope, receive, send)
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"17")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


class PooledHandler(ASGIHandler):
    """Django's handler on long-lived threads instead of a new one per request."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: queue.SimpleQueue[ThreadPoolExecutor] = queue.SimpleQueue()
        for _ in range(_POOL):
            self._idle.put(ThreadPoolExecutor(1))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Borrow a thread; when all are busy, make do with a new one."""
        with contextlib.ExitStack() as stack:
            try:
                executor = self._idle.get_nowait()
                stack.callback(self._idle.put, executor)
            except queue.Empty:
                executor = ThreadPoolExecutor(1)
                stack.callback(executor.shutdown, wait=False)
            async with ThreadSensitiveContext(executor=executor):
                await self.handle(scope, receive, send)


stock = ProtocolTypeRouter({"lifespan": Lifespan(), "http": stock_handler})
pooled = ProtocolTypeRouter({"lifespan": Lifespan(), "http": PooledHandler()})
wsgi = application
