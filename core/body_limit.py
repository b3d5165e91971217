"""How much a request may carry, judged before anything reads it.

Pure ASGI, in front of all of HTTP: a body that says it is too long is refused
unread, every other is counted and kept aside until it is complete, and only then
handed on with its length. The WSGI bridge behind has few threads: each would be
held for as long as a caller takes to send, which anybody could stretch for ever.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Final

from core import limits
from core.problems import MEDIA_TYPE, Problem, body_too_large
from core.request_ids import HEADER, request_id_from

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# What multipart adds around a file.
ENVELOPE_BYTES: Final = 64 * 1024
PAGE_BYTES: Final = limits.UPLOAD_BYTES + 1_000_000
LIMITS: Final[Mapping[str, int]] = {
    "/api/v1/cards": limits.UPLOAD_BYTES + ENVELOPE_BYTES,
    "/api/": limits.BODY_BYTES,
}
"""Beginning of the path → bytes; the longest that fits counts."""

_API: Final = "/api/"
_IN_MEMORY: Final = 256 * 1024
_CHUNK: Final = 64 * 1024


class _Disconnected(Exception):
    """The caller went away while its body was read."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a body may take, in seconds, and bytes a second for large ones."""

    silence: float = 10.0
    total: float = 60.0
    rate: float = 50_000.0

    def left(self, *, taken: float, length: int) -> float:
        """Seconds until more has to be there, after ``length`` bytes."""
        return min(self.silence, self.total + length / self.rate - taken)


_PATIENCE: Final = Patience()


class BodyLimit:
    """ASGI middleware; see the module. Other protocols pass untouched.

    ``limits`` maps beginnings of paths to bytes, ``default`` is for all others.
    """

    def __init__(
        self,
        app: App,
        *,
        limits: Mapping[str, int] = LIMITS,
        default: int = PAGE_BYTES,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._app = app
        self._patience = patience
        self._limits = sorted(limits.items(), key=lambda item: -len(item[0]))
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            try:
                declared = _declared_length(scope["headers"])
                if declared is not None and declared > limit:
                    raise body_too_large(limit=limit)
                length = await self._keep(receive, body, limit=limit)
            except _Disconnected:
                return
            except Problem as problem:
                await _refuse(scope, send, problem)
                return
            body.seek(0)
            if length != declared:
                scope = {**scope, "headers": _with_length(scope["headers"], length)}
            await self._app(scope, _replay(body, length, receive), send)

    def _limit(self, path: str) -> int:
        fitting = (limit for start, limit in self._limits if path.startswith(start))
        return next(fitting, self._default)

    async def _keep(self, receive: Receive, body: IO[bytes], *, limit: int) -> int:
        """Write all of it to ``body``; returns its bytes.

        Raises:
            Problem: it grows beyond the limit, or takes too long.
            _Disconnected
        """
        length = 0
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            left = self._patience.left(taken=clock() - began, length=length)
            message = await _within(left, receive)
            if message["type"] == "http.disconnect":
                raise _Disconnected
            chunk = message.get("body", b"")
            length += len(chunk)
            if length > limit:
                raise body_too_large(limit=limit)
            body.write(chunk)
            if not message.get("more_body", False):
                return length


async def _within(seconds: float, receive: Receive) -> Message:
    """Raises Problem (408)."""
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError as error:
        raise Problem(
            "request_timeout",
            detail="The body came too slowly; send it again, without pauses.",
        ) from error


def _declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Content-Length, or ``None`` if the body says itself where it ends.

    Raises:
        Problem: 400, for a length that is none or lengths that differ.
    """
    names = {name.lower() for name, _ in headers}
    values = {
        value.strip() for name, value in headers if name.lower() == b"content-length"
    }
    if b"transfer-encoding" in names or not values:
        return None
    if len(values) > 1 or not (value := values.pop()).isdigit() or len(value) > 18:
        raise Problem("bad_request", detail="Send one Content-Length, in digits.")
    return int(value)


def _with_length(headers: Iterable[tuple[bytes, bytes]], length: int) -> Headers:
    replaced = {b"content-length", b"transfer-encoding"}
    kept = [(n, v) for n, v in headers if n.lower() not in replaced]
    # No length at all where there is no body, as the caller had it.
    return [*kept, (b"content-length", str(length).encode())] if length else kept


def _replay(body: IO[bytes], length: int, receive: Receive) -> Receive:
    """Give the kept body in pieces, then whatever else comes."""
    left = length
    is_done = False

    async def replay() -> Message:
        nonlocal left, is_done
        if is_done:
            return await receive()
        chunk = body.read(_CHUNK)
        left -= len(chunk)
        is_done = left <= 0
        return {"type": "http.request", "body": chunk, "more_body": not is_done}

    return replay


async def _refuse(scope: Scope, send: Send, problem: Problem) -> None:
    given = next(
        (v for n, v in scope["headers"] if n.lower() == HEADER.lower().encode()), b""
    )
    request_id = request_id_from(given.decode("latin-1"))
    if scope["path"].startswith(_API):
        body, media_type = problem.to_json(request_id=request_id), MEDIA_TYPE
    else:
        page = f"<title>{problem.title}</title><p>{problem.detail}</p>"
        body = f"<!DOCTYPE html>{page}".encode()
        media_type = "text/html; charset=utf-8"
    headers = {
        "Content-Type": media_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        HEADER: request_id,
        # The rest of the body is still on its way.
        "Connection": "close",
    }
    start = {
        "type": "http.response.start",
        "status": problem.status,
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
    }
    # Many leave while they are refused; servers may raise this then (ASGI 2.4).
    with suppress(OSError):
        await send(start)
        await send({"type": "http.response.body", "body": body})
