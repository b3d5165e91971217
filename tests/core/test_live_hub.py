"""What the hub does by the clock; the rest is tested through the socket."""

import asyncio
from types import SimpleNamespace

import orjson
import pytest

from core.live import hub as module
from core.live.codes import Close
from core.live.hub import Hub, Socket
from core.live.people import Standing
from core.live.reading import Change
from core.roles import Role

STREAM = "personas"


class Watcher:
    """Stands in for the real one; ``tell`` speaks in its place."""

    def __init__(self) -> None:
        self.callbacks = {}
        self.behind: float | None = 0.0

    def follow(self, stream, *, callback):
        self.callbacks[stream] = callback
        return lambda: self.callbacks.pop(stream)

    def seconds_behind(self):
        return self.behind

    async def tell(self, *keys, head, stream=STREAM, reset=False):
        first = head - len(keys) + 1
        changes = [Change(n, key, {}) for n, key in enumerate(keys, first)]
        self.callbacks[stream](changes=changes, head=head, reset=reset)
        await asyncio.sleep(0)


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def quick(monkeypatch):
    """Time runs faster; asked for before the hub, which starts counting at once."""
    monkeypatch.setattr(module, "TICK", 0.01)
    monkeypatch.setattr(module, "HEARTBEAT", 0.03)


@pytest.fixture
async def hub(watcher):
    hub = Hub(watcher=watcher)
    hub.start()
    yield hub
    await hub.stop()
    assert watcher.callbacks == {}


@pytest.fixture
async def socket(hub):
    socket = Socket()
    hub.admit(socket)
    yield socket
    hub.leave(socket)


async def sent_to(socket: Socket) -> list[dict]:
    """All that waits for this socket, which is closed by it."""
    sent = []

    async def send(frame):
        sent.append(orjson.loads(frame))

    socket.outbox.close(Close.RESTARTING)
    await socket.outbox.drain(send=send)
    return sent


async def test_the_first_change_is_told_at_once(hub, watcher, socket):
    await hub.subscribe(socket, stream=STREAM, since=None)
    await watcher.tell("a", head=1)
    await asyncio.sleep(0.01)

    assert await sent_to(socket) == [
        {"hb": {STREAM: 0}},
        {"stream": STREAM, "seq": [1, 1], "ops": [{"key": "a"}]},
    ]


async def test_changes_that_follow_fast_are_gathered(hub, watcher, socket, monkeypatch):
    # Fast is what a busy machine manages.
    monkeypatch.setattr(module, "FRAMES_APART", 0.4)
    await hub.subscribe(socket, stream=STREAM, since=None)
    for head in range(1, 51):
        await watcher.tell(f"k{head % 5}", head=head)
    await asyncio.sleep(2 * module.FRAMES_APART)

    frames = [frame for frame in await sent_to(socket) if "seq" in frame]
    assert frames[-1] == {
        "stream": STREAM,
        "seq": [frames[0]["seq"][1] + 1, 50],
        "ops": [{"key": f"k{n}"} for n in (1, 2, 3, 4, 0)],
    }
    assert len(frames) == 2


async def test_all_sockets_share_one_text(hub, watcher, socket):
    other = Socket()
    hub.admit(other)
    for one in (socket, other):
        await hub.subscribe(one, stream=STREAM, since=None)
    await watcher.tell("a", head=1)
    await asyncio.sleep(0.01)

    (_, (_, mine)), (_, (_, theirs)) = socket.outbox._frames, other.outbox._frames
    assert mine is theirs
    hub.leave(other)


@pytest.mark.parametrize(("head", "reason"), [(9, "gap"), (3, "epoch")])
async def test_lost_changes_have_pages_read_a_snapshot(
    hub, watcher, socket, head, reason
):
    await watcher.tell(head=5, reset=True)
    await hub.subscribe(socket, stream=STREAM, since=5)
    await watcher.tell(head=head, reset=True)

    assert await sent_to(socket) == [
        {"hb": {STREAM: 5}},
        {"stream": STREAM, "resync": reason},
    ]


async def test_an_empty_database_has_nobody_read_anything(hub, watcher, socket):
    await hub.subscribe(socket, stream=STREAM, since=0)
    await watcher.tell(head=0, reset=True)

    assert await sent_to(socket) == [{"hb": {STREAM: 0}}]


async def test_a_heartbeat_tells_the_heads(quick, hub, watcher, socket):
    await watcher.tell(head=5, reset=True)
    await hub.subscribe(socket, stream=STREAM, since=5)
    await asyncio.sleep(0.1)

    frames = await sent_to(socket)
    assert 2 <= len(frames) <= 5
    assert all(frame == {"hb": {STREAM: 5}} for frame in frames)


async def test_a_lost_database_is_told_and_so_is_its_return(
    quick, hub, watcher, socket, monkeypatch
):
    monkeypatch.setattr(module, "HEARTBEAT", 60)
    await hub.subscribe(socket, stream=STREAM, since=None)
    watcher.behind = 6.0
    await asyncio.sleep(0.05)
    assert orjson.loads(hub.pulse([STREAM]))["error"]["code"] == "behind"
    watcher.behind = 0.1
    await asyncio.sleep(0.05)

    frames = await sent_to(socket)
    assert [frame.get("error", {}).get("code") for frame in frames] == [
        None,
        "behind",
        None,
    ]


async def test_lost_people_have_all_rights_looked_at(hub, watcher, socket):
    socket.standing = Standing(user_id=1, role=Role.VIEWER)
    await watcher.tell("2", head=1, stream="people")
    assert not socket.doubt.is_set()

    await watcher.tell(head=9, stream="people", reset=True)

    assert socket.doubt.is_set()


async def test_stopping_waits_for_sockets_but_not_for_long(watcher, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_WITHIN", 0.05)
    hub = Hub(watcher=watcher)
    hub.start()
    hub.admit(Socket())

    async with asyncio.timeout(10):
        await hub.stop()


async def test_starting_does_not_wait_for_a_lost_database(hub, watcher, monkeypatch):
    monkeypatch.setattr(module, "PLACED_WITHIN", 0.05)

    async with asyncio.timeout(10):
        await hub.placed()


async def test_nothing_to_follow_is_placed_at_once(watcher, monkeypatch):
    monkeypatch.setattr(module, "public_streams", list)
    hub = Hub(watcher=SimpleNamespace())

    async with asyncio.timeout(10):
        await hub.placed()
