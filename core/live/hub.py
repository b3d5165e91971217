"""Hands changes to the sockets of this process.

Lives in the server's event loop. JSON is made once per frame and shared by all
sockets; each has its own bounded queue, so that a slow browser delays nobody.
"""

import asyncio
import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from core.live.codes import Close
from core.live.feeds import Feed, changes_frame, encode, resync_frame
from core.live.outbox import Outbox
from core.live.people import Standing, ask_database
from core.live.reading import Change, Gone, read_since
from core.live.streams import PEOPLE, public_streams
from core.live.watcher import MOST_CHANGES, Watcher

# Seconds.
FRAMES_APART: Final = 0.1
HEARTBEAT: Final = 20
TICK: Final = 2.5
BEHIND_AFTER: Final = 5.0
CLOSE_WITHIN: Final = 2.0
PLACED_WITHIN: Final = 2.0

MOST_SOCKETS: Final = 1_000
# Whoever curates has a tab open for many a character.
MOST_PER_PERSON: Final = 50

BEHIND: Final = encode(
    {
        "error": {
            "code": "behind",
            "detail": "The database cannot be reached, so this may be out of date.",
        }
    }
)


class Socket:
    """One open socket: who is behind it, what it follows, what waits for it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.standing: Standing | None = None
        self.streams: set[str] = set()
        # Set when the person's rights have to be looked at again.
        self.doubt = asyncio.Event()


class Hub:
    """The sockets of this process and what they follow."""

    def __init__(self, *, watcher: Watcher) -> None:
        self._watcher = watcher
        self._loop = asyncio.get_running_loop()
        self._sockets: set[Socket] = set()
        self._feeds = {s.name: Feed(s.name) for s in public_streams()}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._sent_at: dict[str, float] = {}
        self._leave: list[Callable[[], None]] = []
        self._beating: asyncio.Task[None] | None = None
        self._is_behind = False
        self._emptied = asyncio.Event()
        self._unplaced = set(self._feeds)
        self._placed = asyncio.Event()

    # -- Life ----------------------------------------------------------------------

    def start(self) -> None:
        """Follow all public streams, and people for their rights."""
        for name in self._feeds:
            self._follow(name, self._take)
        self._follow(PEOPLE.name, self._doubt)
        self._beating = asyncio.ensure_future(self._beat())

    async def placed(self) -> None:
        """Wait until the heads are known, but not for a database that is away."""
        if not self._unplaced:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PLACED_WITHIN):
                await self._placed.wait()

    async def stop(self) -> None:
        """Close all sockets, since this process is about to end."""
        self._emptied.clear()
        for leave in self._leave:
            leave()
        for timer in self._timers.values():
            timer.cancel()
        if self._beating is not None:
            self._beating.cancel()
        for socket in self._sockets:
            socket.outbox.close(Close.RESTARTING)
        if self._sockets:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN):
                    await self._emptied.wait()

    def _follow(self, stream: str, take: Callable[..., None]) -> None:
        def callback(*, changes: Sequence[Change], head: int, reset: bool) -> None:
            # Called in other threads; the loop keeps the order of these calls.
            told = functools.partial(
                take, stream, changes=changes, head=head, reset=reset
            )
            self._loop.call_soon_threadsafe(told)

        self._leave.append(self._watcher.follow(stream, callback=callback))

    # -- Sockets -------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        return len(self._sockets) >= MOST_SOCKETS

    def admit(self, socket: Socket) -> None:
        """Give one more socket its place; ask ``is_full`` before."""
        self._sockets.add(socket)

    def leave(self, socket: Socket) -> None:
        """The socket is closed."""
        self._sockets.discard(socket)
        if not self._sockets:
            self._emptied.set()

    def has_too_many(self, socket: Socket) -> bool:
        """Whether the person behind it has more sockets than anybody needs."""
        if socket.standing is None:
            return False
        person = socket.standing.user_id
        theirs = [
            s for s in self._sockets if s.standing and s.standing.user_id == person
        ]
        return len(theirs) > MOST_PER_PERSON

    async def subscribe(
        self, socket: Socket, *, stream: str, since: int | None
    ) -> None:
        """Send what came after ``since``, if given, and all that comes from now on.

        Subscribing again moves the socket. Ends with the stream's head, by which
        the page knows that nothing was made between its snapshot and now.

        Raises:
            django.db.Error: the database is needed and cannot be reached.
        """
        feed = self._feeds[stream]
        socket.streams.discard(stream)
        if since is not None:
            try:
                frames = await self._missed(feed, since=since)
            except Gone as gone:
                frames = [resync_frame(stream, reason=gone.reason)]
            for frame in frames:
                socket.outbox.put(frame, stream=stream)
        socket.streams.add(stream)
        socket.outbox.put(self.pulse([stream]))

    async def _missed(self, feed: Feed, *, since: int) -> list[str]:
        """Raises Gone."""
        frames: list[str] = []
        if not feed.reaches(since):
            ask = functools.partial(
                read_since, stream=feed.name, since=since, limit=MOST_CHANGES + 1
            )
            page = await ask_database(ask)
            # While the database was read, the feed may have gone on.
            is_joined = page.head >= feed.head or feed.reaches(page.head)
            if len(page.changes) > MOST_CHANGES or not is_joined:
                raise Gone(feed.name, since=since, reason="gap")
            if page.changes:
                frames.append(
                    changes_frame(
                        feed.name, since=since, to=page.head, changes=page.changes
                    )
                )
            since = page.head
        rest = feed.frame_since(since)
        return frames if rest is None else [*frames, rest]

    def pulse(self, streams: Iterable[str]) -> str:
        """A heartbeat: the heads of these streams, or that nobody knows them."""
        if self._is_behind:
            return BEHIND
        return encode(
            {"hb": {name: self._feeds[name].head for name in sorted(streams)}}
        )

    # -- What the watcher tells ----------------------------------------------------

    def _take(
        self, stream: str, *, changes: Sequence[Change], head: int, reset: bool
    ) -> None:
        feed = self._feeds[stream]
        self._unplaced.discard(stream)
        if not self._unplaced:
            self._placed.set()
        if not reset:
            feed.add(changes, head=head)
            self._schedule(feed)
            return
        was = feed.head
        feed.restart(head=head)
        # Empty before and after: nothing was ever announced.
        if head or was:
            reason = "gap" if head > was else "epoch"
            self._send_to_all(stream, resync_frame(stream, reason=reason))

    def _doubt(
        self, stream: str, *, changes: Sequence[Change], head: int, reset: bool
    ) -> None:
        touched = {change.key for change in changes}
        for socket in self._sockets:
            standing = socket.standing
            if standing and ((reset and head) or str(standing.user_id) in touched):
                socket.doubt.set()

    def _schedule(self, feed: Feed) -> None:
        if feed.name in self._timers:
            return
        due = self._sent_at.get(feed.name, 0.0) + FRAMES_APART
        self._timers[feed.name] = self._loop.call_at(due, self._flush, feed)

    def _flush(self, feed: Feed) -> None:
        del self._timers[feed.name]
        self._sent_at[feed.name] = self._loop.time()
        frame = feed.frame_to_send()
        if frame is not None:
            self._send_to_all(feed.name, frame)

    def _send_to_all(self, stream: str, frame: str) -> None:
        for socket in self._sockets:
            if stream in socket.streams:
                socket.outbox.put(frame, stream=stream)

    async def _beat(self) -> None:
        """Send heartbeats, and tell at once when the database is lost or back."""
        beat_at = self._loop.time() + HEARTBEAT
        while True:
            await asyncio.sleep(TICK)
            behind = self._watcher.seconds_behind()
            was_behind = self._is_behind
            self._is_behind = behind is None or behind > BEHIND_AFTER
            if self._is_behind == was_behind and self._loop.time() < beat_at:
                continue
            beat_at = self._loop.time() + HEARTBEAT
            for socket in self._sockets:
                socket.outbox.put(self.pulse(socket.streams))


_current: Hub | None = None


def current() -> Hub | None:
    """The hub of this process, while its server runs."""
    return _current


async def open_hub(*, watcher: Watcher) -> Hub:
    """Start the hub of this process in the running loop."""
    global _current  # noqa: PLW0603  # one per process
    _current = Hub(watcher=watcher)
    _current.start()
    return _current


async def close_hub() -> None:
    """Close all sockets and forget the hub."""
    global _current
    hub, _current = _current, None
    if hub is not None:
        await hub.stop()
