"""Frames, outboxes and messages: no database, no socket."""

import asyncio

import orjson
import pytest

from core.live import outbox as outbox_module
from core.live.codes import Close
from core.live.feeds import RING, Feed, changes_frame
from core.live.messages import (
    Ping,
    Subscribe,
    Unknown,
    Unreadable,
    Unsubscribe,
    parse,
)
from core.live.outbox import LIMIT, Outbox
from core.live.reading import Change


def change(seq: int, key: str = "", **op) -> Change:
    return Change(seq=seq, key=key or str(seq), op=op or {"n": seq})


def read(frame: str | None) -> dict:
    assert frame is not None
    return orjson.loads(frame)


# -- Feeds -----------------------------------------------------------------------------


def test_a_frame_covers_all_numbers_but_tells_the_last_of_each_key():
    changes = [change(3, "a", x=1), change(4, "b", x=2), change(5, "a", x=3)]

    frame = read(changes_frame("rooms", since=2, to=5, changes=changes))

    assert frame == {
        "stream": "rooms",
        "seq": [3, 5],
        "ops": [{"key": "b", "x": 2}, {"key": "a", "x": 3}],
    }


def test_a_feed_sends_each_change_once():
    feed = Feed("rooms")
    feed.add([change(1), change(2)], head=2)

    assert read(feed.frame_to_send())["seq"] == [1, 2]
    assert feed.frame_to_send() is None
    feed.add([change(3)], head=3)
    assert read(feed.frame_to_send())["seq"] == [3, 3]


def test_a_feed_catches_up_whoever_it_reaches():
    feed = Feed("rooms")
    feed.restart(head=10)
    feed.add([change(11), change(12)], head=12)

    assert read(feed.frame_since(11)) == {
        "stream": "rooms",
        "seq": [12, 12],
        "ops": [{"n": 12, "key": "12"}],
    }
    assert feed.frame_since(12) is None
    assert [n for n in range(15) if feed.reaches(n)] == [10, 11, 12]


def test_a_feed_that_nothing_happened_in_reaches_its_head_only():
    feed = Feed("rooms")
    feed.restart(head=10)

    assert [n for n in range(15) if feed.reaches(n)] == [10]


def test_a_feed_that_was_overrun_has_pages_read_a_snapshot():
    feed = Feed("rooms")
    feed.add([change(n) for n in range(1, RING + 3)], head=RING + 2)

    assert read(feed.frame_to_send()) == {"stream": "rooms", "resync": "gap"}
    assert feed.frame_to_send() is None


# -- Outboxes --------------------------------------------------------------------------


async def emptied(outbox: Outbox) -> list[dict]:
    sent: list[dict] = []

    async def send(frame: str) -> None:
        sent.append(orjson.loads(frame))

    outbox.close(Close.RESTARTING)
    assert await outbox.drain(send=send) is Close.RESTARTING
    return sent


async def test_frames_leave_in_order():
    outbox = Outbox()
    for n in range(LIMIT):
        outbox.put(f'{{"n":{n}}}', stream="rooms")

    assert await emptied(outbox) == [{"n": n} for n in range(LIMIT)]


async def test_overflow_replaces_what_waits_by_a_resync_of_each_stream():
    outbox = Outbox()
    outbox.put("{}")
    outbox.put("{}", stream="walls")
    for _ in range(LIMIT):
        outbox.put("{}", stream="rooms")
    outbox.put('{"hb":{}}')

    # The last of "rooms" came after the overflow, and is told by the snapshot too.
    assert await emptied(outbox) == [
        {"stream": "rooms", "resync": "overflow"},
        {"stream": "walls", "resync": "overflow"},
        {},
        {"hb": {}},
    ]


async def test_nothing_is_added_once_closing():
    outbox = Outbox()
    outbox.put('{"n":1}')
    outbox.close(Close.RESTARTING)
    outbox.put('{"n":2}')
    outbox.close(Close.TOO_SLOW)

    assert await emptied(outbox) == [{"n": 1}]


async def test_a_browser_that_takes_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(outbox_module, "STALLED_AFTER", 0.01)
    outbox = Outbox()
    outbox.put("{}")

    async def never(frame: str) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await outbox.drain(send=never)


async def test_frames_leave_as_they_come():
    outbox = Outbox()
    sent = asyncio.Queue()
    draining = asyncio.ensure_future(outbox.drain(send=sent.put))
    for frame in ("1", "2", "3"):
        outbox.put(frame)
        assert await asyncio.wait_for(sent.get(), 1) == frame
    outbox.close(Close.TOO_SLOW)

    assert await asyncio.wait_for(draining, 1) is Close.TOO_SLOW


# -- Messages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"sub": "rooms"}', Subscribe("rooms", since=None)),
        ('{"sub": "rooms", "since": null}', Subscribe("rooms", since=None)),
        ('{"sub": "rooms", "since": 0}', Subscribe("rooms", since=0)),
        ('{"since": 7, "sub": "rooms"}', Subscribe("rooms", since=7)),
        ('{"unsub": "rooms"}', Unsubscribe("rooms")),
        ('{"ping": 3}', Ping()),
    ],
)
def test_messages_are_understood(text, message):
    assert parse(text) == message


@pytest.mark.parametrize(
    "text", [None, "", "{", "NaN", '{"sub": "rooms"} {}', "[" * 100_000, "\ud800"]
)
def test_what_is_no_json_is_unreadable(text):
    with pytest.raises(Unreadable):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        '"sub"',
        "{}",
        '{"sub": 1}',
        '{"sub": null}',
        '{"sub": "rooms", "since": true}',
        '{"sub": "rooms", "since": -1}',
        '{"sub": "rooms", "since": 1.5}',
        '{"sub": "rooms", "since": "1"}',
        '{"sub": "rooms", "since": 9007199254740992}',
        '{"sub": "rooms", "since": 99999999999999999999999}',
        '{"sub": "rooms", "sinse": 1}',
        '{"unsub": ["rooms"]}',
        '{"unsub": "rooms", "since": 1}',
        '{"ping": "1"}',
        '{"ping": 1, "sub": "rooms"}',
    ],
)
def test_what_means_nothing_is_unknown(text):
    with pytest.raises(Unknown):
        parse(text)
