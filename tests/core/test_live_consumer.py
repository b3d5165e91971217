import asyncio

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction

from core.live import consumer, hub, outbox, routing
from core.live.changes import announce, prune
from core.live.people import ask_database
from core.live.routing import websocket_application
from core.live.streams import Stream, register
from core.models import User
from core.roles import Action, Role
from tests.core.live_sockets import (
    NOW,
    STREAM,
    Page,
    commit,
    commit_elsewhere,
    session_of,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person():
    return make_person(Role.VIEWER)


@pytest.fixture
def session(person):
    return session_of(person)


@pytest.fixture
async def server(session):
    await routing.start()
    yield
    await routing.stop()


@pytest.fixture
async def page(server, session):
    page = await Page(session=session).opened()
    yield page
    await page.leave()


# -- Getting in ------------------------------------------------------------------------


@pytest.mark.usefixtures("server")
async def test_a_signed_in_person_is_greeted(session):
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.read() == {"hello": {"protocol": 1, "heartbeat_s": 20}}
    await page.leave()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("session", ["", "made-up"], indirect=False)
async def test_nobody_is_asked_to_sign_in(session):
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 4401


@pytest.mark.usefixtures("server")
async def test_an_ended_session_is_asked_to_sign_in(session):
    await ask_database(Session.objects.all().delete)
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 4401


@pytest.mark.usefixtures("server")
async def test_a_session_from_before_a_new_password_is_asked_to_sign_in(
    session, person
):
    def change_password() -> None:
        person.set_password("another long password")
        person.save()

    await ask_database(change_password)
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 4401
    # Only pages sign people out; a socket has no cookie to give.
    assert await ask_database(Session.objects.count) == 1


@pytest.mark.usefixtures("server")
async def test_somebody_without_a_role_is_refused(person, session):
    await ask_database(person.groups.clear)
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 4403


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("origin", ["http://evil.example", "https://testserver", ""])
async def test_another_sites_page_is_refused_before_accepting(session, origin):
    page = Page(session=session, origin=origin)

    accepted, _ = await page.socket.connect()

    assert not accepted


@pytest.mark.usefixtures("server")
async def test_an_unknown_address_is_refused(session):
    accepted, _ = await Page(session=session, path="/ws/other/").socket.connect()

    assert not accepted


async def test_a_server_that_does_not_run_says_restarting(session):
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 1012


async def test_a_stopping_server_says_restarting(session):
    await routing.start()
    page = await Page(session=session).opened()

    await routing.stop()

    assert await page.closed() == 1012


async def test_a_full_server_says_so(page, session, monkeypatch):
    monkeypatch.setattr(hub, "MOST_SOCKETS", 1)
    second = Page(session=session)

    assert (await second.socket.connect())[0]
    assert await second.closed() == 1013


@pytest.mark.usefixtures("server")
async def test_one_person_cannot_take_every_place(session):
    pages = [await Page(session=session).opened() for _ in range(hub.MOST_PER_PERSON)]
    one_more = Page(session=session)

    assert (await one_more.socket.connect())[0]
    assert await one_more.closed() == 4429

    await pages.pop().leave()
    pages.append(await Page(session=session).opened())
    for page in pages:
        await page.leave()


@pytest.mark.usefixtures("server")
async def test_a_lost_database_says_try_again(session, monkeypatch):
    monkeypatch.setattr(consumer, "standing", raise_operational_error)
    page = Page(session=session)

    assert (await page.socket.connect())[0]
    assert await page.closed() == 1013


def raise_operational_error(*_: object, **__: object) -> None:
    raise OperationalError


# -- Following -------------------------------------------------------------------------


async def test_a_commit_is_told(page):
    assert await page.subscribed() == [{"hb": {STREAM: 0}}]

    await commit_elsewhere("ada", "bob", "ada")

    assert await page.read() == {
        "stream": STREAM,
        "seq": [1, 3],
        "ops": [{"id": "bob", "key": "bob"}, {"id": "ada", "key": "ada"}],
    }


async def test_frames_of_one_stream_keep_their_distance(page):
    await page.subscribed()

    started = asyncio.get_running_loop().time()
    frames = []
    for n in range(30):
        await commit_elsewhere(str(n))
    while not frames or frames[-1]["seq"][1] < 30:
        frames.append(await page.read())
    took = asyncio.get_running_loop().time() - started

    assert [frame["seq"][0] for frame in frames[1:]] == [
        frame["seq"][1] + 1 for frame in frames[:-1]
    ]
    assert sum(len(frame["ops"]) for frame in frames) == 30
    assert len(frames) <= 2 + took / hub.FRAMES_APART


async def test_who_was_away_catches_up(page):
    await commit_elsewhere("ada")
    await commit_elsewhere("bob", "cleo")

    frames = await page.subscribed(since=1)

    assert frames == [
        {
            "stream": STREAM,
            "seq": [2, 3],
            "ops": [{"id": "bob", "key": "bob"}, {"id": "cleo", "key": "cleo"}],
        },
        {"hb": {STREAM: 3}},
    ]
    assert await page.subscribed(since=3) == [{"hb": {STREAM: 3}}]


async def test_changes_from_before_the_start_are_read_from_the_database(session):
    await ask_database(lambda: commit("ada", "bob"))
    await routing.start()
    page = await Page(session=session).opened()

    frames = await page.subscribed(since=0)
    await commit_elsewhere("cleo")
    frames.append(await page.read())
    await page.leave()
    await routing.stop()

    assert [frame.get("seq") for frame in frames] == [[1, 2], None, [3, 3]]


async def test_pruned_changes_have_the_page_read_a_snapshot(session):
    await ask_database(lambda: commit("ada", "bob"))
    await ask_database(lambda: prune(now=NOW.replace(year=2027)))
    await routing.start()
    page = await Page(session=session).opened()

    frames = await page.subscribed(since=1)
    await page.leave()
    await routing.stop()

    assert frames == [{"stream": STREAM, "resync": "gap"}, {"hb": {STREAM: 2}}]


async def test_too_many_changes_have_the_page_read_a_snapshot(session, monkeypatch):
    monkeypatch.setattr(hub, "MOST_CHANGES", 2)
    await ask_database(lambda: commit("ada", "bob", "cleo"))
    await routing.start()
    page = await Page(session=session).opened()

    frames = await page.subscribed(since=0)
    await page.leave()
    await routing.stop()

    assert frames[0] == {"stream": STREAM, "resync": "gap"}


async def test_numbers_from_the_future_have_the_page_read_a_snapshot(page):
    frames = await page.subscribed(since=7)

    assert frames[0] == {"stream": STREAM, "resync": "epoch"}


async def test_a_lost_database_is_an_error_and_the_socket_lives(page, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(hub, "read_since", raise_operational_error)
        frames = await page.subscribed(since=7)
    assert frames[0]["error"]["code"] == "unavailable"

    assert await page.subscribed() == [{"hb": {STREAM: 0}}]


async def test_who_unsubscribes_is_told_nothing(page):
    await page.subscribed()
    await page.say(unsub=STREAM)
    await page.say(ping=1)
    assert await page.read() == {"hb": {}}

    await commit_elsewhere("ada")

    assert await page.socket.receive_nothing(0.3)


async def test_a_ping_is_answered_with_the_heads(page):
    await page.subscribed()
    await commit_elsewhere("ada")
    await page.read()

    await page.say(ping=1)

    assert await page.read() == {"hb": {STREAM: 1}}


@pytest.mark.parametrize("stream", ["nowhere", "keys", "people", "settings", "#"])
async def test_unknown_and_internal_streams_cannot_be_followed(page, stream):
    await page.say(sub=stream)

    error = (await page.read())["error"]

    assert error["code"] == "unknown_stream"
    assert STREAM in error["detail"]


async def test_a_stream_beyond_the_role_is_forbidden(monkeypatch, session):
    monkeypatch.setattr("core.live.streams._streams", {})
    for stream in (Stream("people", None), Stream("wiring", Action.OPERATE)):
        register(stream)
    await routing.start()
    page = await Page(session=session).opened()

    await page.say(sub="wiring")

    assert (await page.read())["error"]["code"] == "forbidden"
    await page.leave()
    await routing.stop()


# -- Misbehaving -----------------------------------------------------------------------


async def test_garbage_is_named_and_then_ends_the_socket(page):
    await page.socket.send_to(bytes_data=b"\x00")
    await page.socket.send_to(text_data="{")
    codes = [(await page.read())["error"]["code"] for _ in range(2)]
    await page.socket.send_to(text_data="sub personas")
    codes.append((await page.read())["error"]["code"])

    assert codes == ["unreadable"] * 3
    assert await page.closed() == 1008


async def test_an_unknown_message_is_named_and_the_socket_lives(page):
    for _ in range(5):
        await page.say(subscribe=STREAM)
        assert (await page.read())["error"]["code"] == "unknown_message"

    await page.say(ping=1)
    assert "hb" in await page.read()


@pytest.mark.parametrize("given", [True, False, 1.5, "1", None, [1]])
async def test_a_ping_is_a_number(page, given):
    await page.say(ping=given)

    assert (await page.read())["error"]["code"] == "unknown_message"


@pytest.mark.parametrize("kind", ["text", "bytes"])
async def test_a_long_frame_ends_the_socket(page, kind):
    if kind == "text":
        # Counted in bytes, as it travels.
        await page.socket.send_to(text_data="é" * (32 * 1024 + 1))
    else:
        await page.socket.send_to(bytes_data=b"x" * (64 * 1024 + 1))

    assert await page.closed() == 1009


async def test_a_flood_ends_the_socket(page):
    for _ in range(consumer.FRAMES_PER_MINUTE + 1):
        await page.say(ping=1)

    assert await page.closed() == 4429


async def test_a_browser_that_takes_nothing_is_dropped(server, session, monkeypatch):
    monkeypatch.setattr(outbox, "STALLED_AFTER", 0.1)
    monkeypatch.setattr(consumer, "CLOSE_WITHIN", 0.1)

    async def stalling(scope, receive, send):
        async def accept_only(message):
            if message["type"] != "websocket.accept":
                await asyncio.Event().wait()
            await send(message)

        await websocket_application(scope, receive, accept_only)

    page = Page(session=session, application=stalling)
    assert (await page.socket.connect())[0]

    # The application ends by itself, though not even a close can be sent.
    await page.socket.wait(timeout=30)

    found = hub.current()
    assert found is not None
    assert found._sockets == set()


# -- Losing the right -----------------------------------------------------------------


async def test_a_lowered_role_closes_the_socket_when_told(page, person):
    await page.subscribed()

    def lower() -> None:
        with transaction.atomic():
            person.groups.clear()
            announce(stream="people", key=str(person.pk), op={}, now=NOW)

    await ask_database(lower)

    assert await page.closed() == 4403


async def test_somebody_elses_change_closes_nothing(page, person):
    def change() -> None:
        with transaction.atomic():
            announce(stream="people", key=str(person.pk + 1), op={}, now=NOW)

    await ask_database(change)
    await page.say(ping=1)

    assert "hb" in await page.read()


@pytest.mark.parametrize(
    ("lose", "code"),
    [
        (lambda person: User.objects.update(is_active=False), 4401),
        (lambda person: Session.objects.all().delete(), 4401),
        (lambda person: person.groups.clear(), 4403),
        (lambda person: person.delete(), 4401),
    ],
    ids=["disabled", "signed out", "no role", "gone"],
)
async def test_a_lost_right_closes_the_socket_within_a_lease(
    server, session, person, monkeypatch, lose, code
):
    monkeypatch.setattr(consumer, "LEASE", 0.1)
    page = await Page(session=session).opened()

    await ask_database(lambda: lose(person))

    assert await page.closed() == code


async def test_a_right_that_remains_keeps_the_socket(
    server, session, person, monkeypatch
):
    monkeypatch.setattr(consumer, "LEASE", 0.02)
    page = await Page(session=session).opened()

    await ask_database(
        lambda: person.groups.set([Group.objects.get_or_create(name=Role.ADMIN)[0]])
    )
    await asyncio.sleep(0.2)
    await page.say(ping=1)

    assert "hb" in await page.read()
    await page.leave()


async def test_a_lost_database_closes_the_socket_in_the_end(
    server, session, monkeypatch
):
    monkeypatch.setattr(consumer, "LEASE", 0.02)
    monkeypatch.setattr(consumer, "UNJUDGED_FOR", 1)
    page = await Page(session=session).opened()
    loop = asyncio.get_running_loop()
    started = loop.time()

    monkeypatch.setattr(consumer, "standing", raise_operational_error)

    assert await page.closed() == 1013
    assert loop.time() - started > 0.2


async def test_a_browser_that_leaves_gives_back_its_place(page):
    found = hub.current()
    assert found is not None
    assert len(found._sockets) == 1

    await page.leave()

    assert found._sockets == set()
