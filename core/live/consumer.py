"""The one socket that live pages open."""

import asyncio
import functools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseFailure

from core.live import hub
from core.live.codes import Close
from core.live.feeds import encode
from core.live.messages import (
    Message,
    Ping,
    Subscribe,
    Unknown,
    Unreadable,
    Unsubscribe,
    parse,
)
from core.live.people import ask_database, session_key_of, standing
from core.live.streams import public_streams
from core.roles import Action, allows

PROTOCOL: Final = 1
FRAME_BYTES: Final = 64 * 1024
FRAMES_PER_MINUTE: Final = 120
UNREADABLE_FRAMES: Final = 3

# Seconds.
LEASE: Final = 30.0
RETRY: Final = 5.0
UNJUDGED_FOR: Final = 60.0
CLOSE_WITHIN: Final = 1.0


class LiveConsumer(AsyncWebsocketConsumer):
    """One browser's socket: signs in, subscribes, is judged again while it lasts.

    It does no work per change: ``core.live.hub`` fills its outbox.
    """

    # Not configured on purpose: then a socket has no channel of its own, and
    # lives on when Redis does not.
    channel_layer_alias = "none"

    def __init__(self) -> None:
        super().__init__()
        self._quit = asyncio.get_running_loop().create_future()
        self._hub: hub.Hub | None = None
        self._socket = hub.Socket()
        self._session_key = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._received_at: deque[float] = deque(maxlen=FRAMES_PER_MINUTE)
        self._unreadable = 0

    # -- Life ----------------------------------------------------------------------

    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Serve one socket from its handshake to its end."""
        try:
            await super().__call__(
                scope, functools.partial(self._receive_or_quit, receive), send
            )
        finally:
            if self._hub is not None:
                self._hub.leave(self._socket)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _receive_or_quit(self, receive: Callable[[], Awaitable[Any]]) -> Any:
        """The next message; a browser that takes nothing does not take a close either,
        so that this side must be able to end by itself.
        """
        incoming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait(
                [incoming, self._quit], return_when=asyncio.FIRST_COMPLETED
            )
            if incoming.done():
                return incoming.result()
            return {"type": "websocket.disconnect", "code": self._quit.result()}
        finally:
            incoming.cancel()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle one message; unlike the original, without a hop to another thread,
        since no handler touches the database here.
        """
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: Any) -> None:
        """The socket is closed; what it held is given back in ``__call__``."""
        raise StopConsumer

    # -- Signing in ------------------------------------------------------------------

    async def connect(self) -> None:
        """Accept, since a browser learns no reason before; then see who it is."""
        await self.accept()
        found = hub.current()
        if found is None:
            await self._end(Close.RESTARTING)
            return
        if found.is_full:
            await self._end(Close.FULL)
            return
        self._hub = found
        found.admit(self._socket)
        self._session_key = session_key_of(self.scope)
        try:
            code = await self._judge()
        except DatabaseFailure:
            code = Close.FULL
        if code is None and found.has_too_many(self._socket):
            code = Close.TOO_MANY
        if code is not None:
            await self._end(code)
            return
        self._say({"hello": {"protocol": PROTOCOL, "heartbeat_s": hub.HEARTBEAT}})
        self._begin(self._send_all())
        self._begin(self._keep_judging())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def _judge(self) -> Close | None:
        """Why the socket must close, as the database has it now; ``None``: it need not.

        Raises:
            django.db.Error: the database cannot be reached.
        """
        found = await ask_database(functools.partial(standing, self._session_key))
        self._socket.standing = found
        if found is None:
            return Close.SIGN_IN
        needed = [s.action for s in public_streams() if s.name in self._socket.streams]
        if all(allows(found.role, action=a) for a in [Action.SEE, *needed] if a):
            return None
        return Close.RIGHT_LOST

    async def _keep_judging(self) -> None:
        """Judge the person every lease, and at once when told of a change."""
        loop = asyncio.get_running_loop()
        judged_at, pause = loop.time(), LEASE
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._socket.doubt.wait()
            self._socket.doubt.clear()
            try:
                code = await self._judge()
            except DatabaseFailure:
                # Rights cannot change while the database is away; it may be only
                # this process that does not reach it.
                pause = min(LEASE, RETRY)
                code = None
                if loop.time() - judged_at > UNJUDGED_FOR:
                    code = Close.FULL
            else:
                judged_at, pause = loop.time(), LEASE
            if code is not None:
                self._socket.outbox.close(code)
                return

    # -- What the browser says ---------------------------------------------------------

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """One frame."""
        if self._socket.outbox.is_closing:
            return
        if self._is_flooding():
            self._socket.outbox.close(Close.TOO_MANY)
            return
        data = bytes_data if text_data is None else text_data.encode()
        if data is not None and len(data) > FRAME_BYTES:
            self._socket.outbox.close(Close.TOO_LONG)
            return
        try:
            message = parse(text_data)
        except Unreadable as error:
            self._fail("unreadable", str(error))
            self._unreadable += 1
            if self._unreadable == UNREADABLE_FRAMES:
                self._socket.outbox.close(Close.BROKEN_RULES)
        except Unknown as error:
            self._fail("unknown_message", str(error))
        else:
            await self._obey(message)

    def _is_flooding(self) -> bool:
        now = time.monotonic()
        times = self._received_at
        is_full = len(times) == FRAMES_PER_MINUTE and now - times[0] < 60
        times.append(now)
        return is_full

    async def _obey(self, message: Message) -> None:
        assert self._hub is not None  # noqa: S101  # admitted before frames are read
        match message:
            case Ping():
                self._socket.outbox.put(self._hub.pulse(self._socket.streams))
            case Unsubscribe(stream):
                self._socket.streams.discard(stream)
            case Subscribe(stream, since):
                await self._subscribe(self._hub, stream=stream, since=since)

    async def _subscribe(self, to: hub.Hub, *, stream: str, since: int | None) -> None:
        actions = {s.name: s.action for s in public_streams()}
        action, person = actions.get(stream), self._socket.standing
        if action is None:
            known = ", ".join(actions)
            self._fail("unknown_stream", f"Subscribe to one of these: {known}.")
            return
        if person is None or not allows(person.role, action=action):
            self._fail("forbidden", "Your role does not show you this stream.")
            return
        try:
            await to.subscribe(self._socket, stream=stream, since=since)
        except DatabaseFailure:
            self._fail(
                "unavailable", "The database cannot be reached. Try again in a while."
            )

    # -- What the browser is told ------------------------------------------------------

    def _say(self, message: dict[str, Any]) -> None:
        self._socket.outbox.put(encode(message))

    def _fail(self, code: str, detail: str) -> None:
        self._say({"error": {"code": code, "detail": detail}})

    async def _send_all(self) -> None:
        try:
            code = await self._socket.outbox.drain(send=self.send)
        except TimeoutError:
            code = Close.TOO_SLOW
        except OSError:
            # The browser went away while a frame was on its way.
            code = Close.GONE
        await self._end(code)

    async def _end(self, code: Close) -> None:
        with suppress(OSError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.close(code)
        if not self._quit.done():
            self._quit.set_result(code)
