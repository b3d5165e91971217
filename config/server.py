"""Running uvicorn on a socket that is known to be free."""

import contextlib
import fcntl
import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import CommandError

_FRAME_BYTES = 64 * 1024
_GRACE_SECONDS = 5


def bound_socket(*, host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one.

    Raises:
        CommandError: the address cannot be used; says which and what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise CommandError(
            f"{host}:{port} cannot be used ({error}). Choose another with PORT=8001."
        ) from error
    return listener


@contextmanager
def _lock(kind: int) -> Iterator[None]:
    """Hold the lock that tells of servers on this data; the kernel frees it.

    Raises:
        BlockingIOError: somebody holds it in a way that excludes this.
    """
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    found = settings.DATABASES["default"]
    data = f"{found.get('HOST')}:{found.get('PORT')}/{found['NAME']}"
    name = f"serve-{hashlib.sha256(data.encode()).hexdigest()[:16]}.lock"
    with (settings.VAR_DIR / name).open("w") as file:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        yield


@contextmanager
def nobody_serving() -> Iterator[None]:
    """No server of this machine runs on this data while inside.

    Raises:
        CommandError: one does.
    """
    try:
        with _lock(fcntl.LOCK_EX):
            yield
    except BlockingIOError as error:
        raise CommandError(
            "A server runs on this data. Stop it first; nothing was changed."
        ) from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()


def serve(
    listener: socket.socket, *, on_ready: Callable[[], None], **extra: Any
) -> None:
    """Serve the site on ``listener`` until told to stop; Ctrl-C is a clean end."""
    config = uvicorn.Config(
        "config.asgi:application",
        lifespan="on",
        log_config=None,
        access_log=False,
        # The client's address is worked out by core.client_ip, which counts proxies.
        proxy_headers=False,
        server_header=False,
        ws_max_size=_FRAME_BYTES,
        # Frames are small; compressing each socket's own would cost more.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **extra,
    )
    # Shared: any number of servers, but no reset beneath them.
    with contextlib.suppress(KeyboardInterrupt), _lock(fcntl.LOCK_SH):
        _Server(config, on_ready).run(sockets=[listener])
