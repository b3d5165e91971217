"""Bodies are judged before anybody reads them."""

import asyncio
import json

import pytest

from core import limits
from core.body_limit import LIMITS, PAGE_BYTES, BodyLimit, Patience

LIMIT = 1000
DECLARED = [(b"content-length", b"1000")]
USUAL = Patience()
CHUNKED = [(b"transfer-encoding", b"chunked")]


class Inner:
    """An application that reads its body, and remembers how it was called."""

    def __init__(self):
        self.scope = None
        self.body = b""
        self.pieces = 0

    async def __call__(self, scope, receive, send):
        self.scope = scope
        while True:
            message = await receive()
            self.body += message.get("body", b"")
            self.pieces += 1
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @property
    def headers(self):
        return dict(self.scope["headers"])


class Caller:
    """Sends messages, and notes how many were taken."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.taken = 0
        self.answer = []

    async def receive(self):
        self.taken += 1
        return self.messages.pop(0)

    async def send(self, message):
        self.answer.append(message)

    @property
    def status(self):
        return self.answer[0]["status"]

    @property
    def headers(self):
        return {n.decode(): v.decode() for n, v in self.answer[0]["headers"]}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.answer[1:])


def pieces(*chunks):
    last = len(chunks) - 1
    return [
        {"type": "http.request", "body": chunk, "more_body": n < last}
        for n, chunk in enumerate(chunks)
    ]


class Slow(Caller):
    """Waits before each message, and says nothing at all after the last."""

    def __init__(self, *messages, pause=0.0):
        super().__init__(*messages)
        self.pause = pause

    async def receive(self):
        await asyncio.sleep(self.pause if self.messages else 60)
        return await super().receive()


class Gone(Caller):
    """Left, so that nothing can be sent to it."""

    async def send(self, message):
        raise ConnectionResetError


def begun(*chunks):
    return [{"type": "http.request", "body": c, "more_body": True} for c in chunks]


async def call(
    caller,
    *,
    path="/api/v1/things",
    headers=(),
    app=None,
    patience=USUAL,
):
    app = app or Inner()
    scope = {"type": "http", "path": path, "headers": list(headers)}
    limited = BodyLimit(
        app, limits={"/api/": LIMIT}, default=2 * LIMIT, patience=patience
    )
    await limited(scope, caller.receive, caller.send)
    return app


async def test_body_within_its_limit_passes_untouched():
    caller = Caller(*pieces(b"x" * LIMIT))
    headers = [(b"content-length", b"1000"), (b"host", b"h")]

    app = await call(caller, headers=headers)

    assert app.body == b"x" * LIMIT
    assert app.scope["headers"] == headers


async def test_long_body_is_refused_unread():
    caller = Caller(*pieces(b"x" * 1001))

    app = await call(caller, headers=[(b"Content-Length", b"1001")])

    assert app.scope is None
    assert caller.taken == 0
    assert caller.status == 413
    assert caller.headers["connection"] == "close"
    problem = json.loads(caller.body)
    assert problem["code"] == "body_too_large"
    assert "1000 bytes" in problem["detail"]


async def test_body_without_a_length_gets_one():
    caller = Caller(*pieces(b"a" * 400, b"", b"b" * 600))

    app = await call(caller, headers=[(b"transfer-encoding", b"chunked")])

    assert app.body == b"a" * 400 + b"b" * 600
    assert app.headers == {b"content-length": b"1000"}


async def test_chunked_body_beats_a_declared_length():
    caller = Caller(*pieces(b"abc"))
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"2000")]

    app = await call(caller, headers=headers)

    assert app.headers == {b"content-length": b"3"}


async def test_growing_body_is_refused_at_its_limit():
    caller = Caller(*pieces(*[b"x" * 300] * 100))

    app = await call(caller, headers=[(b"transfer-encoding", b"chunked")])

    assert app.scope is None
    assert caller.taken == 4
    assert caller.status == 413


async def test_large_body_is_kept_on_disk_and_handed_on_in_pieces():
    size = 3 * 1024 * 1024
    caller = Caller(*pieces(*[b"x" * 1024 * 1024] * 3))
    app = Inner()
    scope = {"type": "http", "path": "/people/", "headers": []}

    await BodyLimit(app)(scope, caller.receive, caller.send)

    assert len(app.body) == size
    assert app.pieces == 48
    assert app.headers[b"content-length"] == str(size).encode()


async def test_no_body_gets_no_length():
    app = await call(Caller(*pieces(b"")))

    assert app.headers == {}
    assert app.body == b""


async def test_caller_who_leaves_is_not_answered():
    caller = Caller(
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    )

    app = await call(caller)

    assert app.scope is None
    assert caller.answer == []


async def test_caller_who_leaves_early_is_not_answered_either():
    caller = Caller(*begun(b"x"), {"type": "http.disconnect"})

    app = await call(caller, headers=DECLARED)

    assert app.scope is None
    assert caller.answer == []


async def test_caller_who_leaves_while_refused_is_no_error():
    app = await call(Gone(), headers=[(b"content-length", b"1001")])

    assert app.scope is None


@pytest.mark.parametrize("headers", [DECLARED, CHUNKED])
@pytest.mark.parametrize("sent", [[], [b"abc"]])
async def test_stalled_body_is_refused(headers, sent):
    caller = Slow(*begun(*sent))

    app = await call(caller, headers=headers, patience=Patience(silence=0.02))

    assert app.scope is None
    assert caller.status == 408
    assert caller.headers["connection"] == "close"
    assert json.loads(caller.body)["code"] == "request_timeout"


async def test_stalled_body_of_a_page_is_refused_as_a_page():
    caller = Slow(*begun(b"abc"))

    await call(
        caller, path="/people/", headers=DECLARED, patience=Patience(silence=0.02)
    )

    assert caller.status == 408
    assert caller.headers["content-type"].startswith("text/html")


async def test_trickling_body_is_refused():
    caller = Slow(*begun(*[b"x"] * LIMIT), pause=0.01)

    app = await call(caller, headers=DECLARED, patience=Patience(silence=5, total=0.1))

    assert app.scope is None
    assert caller.status == 408
    assert caller.taken < 20


async def test_stalled_bodies_never_reach_the_application():
    app = Inner()
    callers = [Slow(*begun(b"abc")) for _ in range(50)]
    patience = Patience(silence=1)
    stalled = asyncio.gather(
        *[call(c, headers=DECLARED, app=app, patience=patience) for c in callers]
    )
    await asyncio.sleep(0.02)

    other = await call(Caller(*pieces(b"")))

    assert other.scope is not None
    assert not stalled.done()
    await stalled
    assert app.scope is None
    assert {caller.status for caller in callers} == {408}


async def test_slow_but_steady_body_passes():
    caller = Slow(*pieces(*[b"x" * 100] * 10), pause=0.01)

    app = await call(caller, headers=DECLARED, patience=Patience(silence=5))

    assert app.body == b"x" * LIMIT


@pytest.mark.parametrize(
    ("taken", "length", "left"),
    [(0, 0, 10), (55, 0, 5), (61, 0, -1), (61, 1_000_000, 10), (75, 1_000_000, 5)],
)
def test_large_bodies_have_longer(taken, length, left):
    assert Patience().left(taken=taken, length=length) == left


async def test_what_follows_the_body_reaches_the_application():
    seen = []

    async def app(scope, receive, send):
        seen.extend([await receive(), await receive()])

    caller = Caller(*pieces(b"abc"), {"type": "http.disconnect"})
    await call(caller, app=app)

    assert [message["type"] for message in seen] == ["http.request", "http.disconnect"]


@pytest.mark.parametrize(
    "lengths", [[b"-1"], [b"+5"], [b"1e3"], [b"abc"], [b""], [b"9" * 30], [b"1", b"2"]]
)
async def test_lengths_that_are_none_are_refused(lengths):
    caller = Caller(*pieces(b"x"))

    app = await call(caller, headers=[(b"content-length", given) for given in lengths])

    assert app.scope is None
    assert caller.status == 400


async def test_same_length_twice_is_one():
    headers = [(b"content-length", b"1")] * 2

    assert (await call(Caller(*pieces(b"x")), headers=headers)).body == b"x"


async def test_pages_have_their_own_limit_and_answer():
    caller = Caller()

    await call(caller, path="/people/", headers=[(b"content-length", b"2001")])

    assert caller.status == 413
    assert caller.headers["content-type"].startswith("text/html")
    assert b"2000 bytes" in caller.body


@pytest.mark.parametrize(
    ("given", "kept"), [(b"abc-1", True), (b"no spaces", False), (b"\xff", False)]
)
async def test_refusals_carry_a_request_id(given, kept):
    caller = Caller()
    headers = [(b"content-length", b"99999"), (b"x-request-id", given)]

    await call(caller, headers=headers)

    request_id = caller.headers["x-request-id"]
    assert (request_id == given.decode("latin-1")) is kept
    assert json.loads(caller.body)["request_id"] == request_id


async def test_other_protocols_pass():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await BodyLimit(app)({"type": "websocket"}, None, None)

    assert seen == ["websocket"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/personas", limits.BODY_BYTES),
        ("/api/v1/cards", LIMITS["/api/v1/cards"]),
        ("/api/v1/cards/12/commit", LIMITS["/api/v1/cards"]),
        ("/characters/ada/", PAGE_BYTES),
    ],
)
async def test_limits_of_the_product(path, expected):
    fits, over = Inner(), Inner()
    for app, length in [(fits, expected), (over, expected + 1)]:
        scope = {
            "type": "http",
            "path": path,
            "headers": [(b"content-length", str(length).encode())],
        }
        caller = Caller(*pieces(b""))
        await BodyLimit(app)(scope, caller.receive, caller.send)

    assert fits.scope is not None
    assert over.scope is None
    assert limits.UPLOAD_BYTES < PAGE_BYTES
