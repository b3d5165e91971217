"""A server that says what a test tells it to, to try the pages' own half on.

It serves the real ``static/js``, one page, its snapshot and its fragment, and one
socket, in a thread of its own; a test pulls the strings from outside.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

STATIC = Path(__file__).resolve().parent.parent.parent / "static"
CSP = "default-src 'self'; object-src 'none'; base-uri 'none'"
PAGE = """<!DOCTYPE html><html lang="en"><title>Rooms</title>
<span data-live-status hidden></span>
<ul id="log"></ul>
{region}
{script}
</html>"""
SCRIPT = '<script type="module" src="/page.js"></script>'
REGION_SCRIPT = '<script type="module" src="/static/js/live-region.js"></script>'
PAGE_JS = """
import { connect } from "/static/js/live.js";
const say = (text) => {
  const line = document.createElement("li");
  line.textContent = text;
  document.querySelector("#log").append(line);
};
connect({
  streams: {
    rooms: {
      snapshot: "/snapshot",
      onSnapshot: (data) => say(`snapshot ${data.seq}`),
      onChange: (ops) => say(ops.map((op) => op.n).join(" ")),
    },
  },
});
"""


class Script:
    """The server, the strings, and what the page said."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.opened = 0
        self.snapshots = 0
        self.fragments = 0
        # What the test sets.
        self.head = 5
        self.hello = True
        self.refuses = False
        self.close_code: int | None = None
        self.snapshot_status = 200
        self.region = "<p>old</p>"
        self.answers: Callable[[dict[str, Any]], list[dict[str, Any]]] = self.usual
        self._sockets: dict[Any, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._port = socket.socket()
        self._port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}"
        config = uvicorn.Config(
            self.app, log_config=None, interface="asgi3", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run)

    # -- For the test ---------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self.wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(5)
        self._port.close()

    def tell(self, message: dict[str, Any]) -> None:
        """Send to all pages."""
        if "seq" in message:
            self.head = message["seq"][1]
        self._in_loop(self._tell(message))

    def change(self, first: int, last: int, **op: Any) -> None:
        """Tell of the changes with these numbers."""
        ops = [{"n": n, **op} for n in range(first, last + 1)]
        self.tell({"stream": "rooms", "seq": [first, last], "ops": ops})

    def drop(self, code: int = 1012) -> None:
        """Close all sockets."""
        self._in_loop(self._drop(code))

    def deafen(self) -> None:
        """Answer nothing on the sockets that are open, as if the network were cut."""
        for gone in self._sockets.values():
            gone.set()

    def usual(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """What a server in order answers."""
        if "sub" not in message:
            return [{"hb": {"rooms": self.head}}]
        since, missed = message["since"], []
        if since is not None and since < self.head:
            ops = [{"n": n, "key": "hall"} for n in range(since + 1, self.head + 1)]
            seq = [since + 1, self.head]
            missed = [{"stream": "rooms", "seq": seq, "ops": ops}]
        return [*missed, {"hb": {"rooms": self.head}}]

    def subscriptions(self) -> list[int | None]:
        return [message["since"] for message in self.heard if "sub" in message]

    @staticmethod
    def wait_until(is_so: Callable[[], object], *, within: float = 15.0) -> float:
        """How many seconds it took."""
        started = time.monotonic()
        while not is_so():
            assert time.monotonic() - started < within, "It did not happen in time."
            time.sleep(0.02)
        return time.monotonic() - started

    # -- The server -----------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._port]))

    def _in_loop(self, work: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    async def _tell(self, message: dict[str, Any]) -> None:
        for send in list(self._sockets):
            await send({"type": "websocket.send", "text": json.dumps(message)})

    async def _drop(self, code: int) -> None:
        for send, gone in list(self._sockets.items()):
            gone.set()
            await send({"type": "websocket.close", "code": code})

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self._loop = asyncio.get_running_loop()
        if scope["type"] == "websocket":
            await self._serve_socket(receive, send)
        else:
            await self._serve_page(scope["path"], send)

    async def _serve_socket(self, receive: Any, send: Any) -> None:
        await receive()
        self.opened += 1
        if self.refuses:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        if self.close_code is not None:
            await send({"type": "websocket.close", "code": self.close_code})
            return
        gone = self._sockets[send] = asyncio.Event()
        if self.hello:
            hello = {"hello": {"protocol": 1, "heartbeat_s": 20}}
            await send({"type": "websocket.send", "text": json.dumps(hello)})
        while (message := await receive())["type"] == "websocket.receive":
            said = json.loads(message["text"])
            self.heard.append(said)
            for answer in [] if gone.is_set() else self.answers(said):
                await send({"type": "websocket.send", "text": json.dumps(answer)})
        del self._sockets[send]

    async def _serve_page(self, path: str, send: Any) -> None:
        status, kind, body = self._answer(path)
        headers = [
            (b"content-type", kind.encode()),
            (b"content-security-policy", CSP.encode()),
        ]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body.encode()})

    def _answer(self, path: str) -> tuple[int, str, str]:
        html, js = "text/html; charset=utf-8", "text/javascript"
        if path == "/":
            return 200, html, PAGE.format(region="", script=SCRIPT)
        if path == "/region":
            page = PAGE.format(region=self._fragment(), script=REGION_SCRIPT)
            return 200, html, page
        if path == "/page.js":
            return 200, js, PAGE_JS
        if path == "/snapshot":
            self.snapshots += 1
            return self.snapshot_status, "application/json", f'{{"seq": {self.head}}}'
        if path == "/fragment":
            self.fragments += 1
            return 200, html, self._fragment()
        if path.startswith("/static/js/live"):
            return 200, js, (STATIC / path.removeprefix("/static/")).read_text()
        return 404, html, ""

    def _fragment(self) -> str:
        return (
            '<section id="rooms" data-live-stream="rooms" data-live-key="hall"'
            f' data-live-src="/fragment">{self.region}</section>'
        )
