"""A small HTTP(S) server on this machine that takes webhooks.

It answers as its ``behave`` says, and remembers what came.
"""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Came:
    """One request as it came; names of headers in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


Behave = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, **headers: str) -> Behave:
    """Answer every request with ``status`` and nothing else."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, text in headers.items():
            handler.send_header(name, text)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


@dataclass
class WebhookServer:
    behave: Behave = field(default_factory=lambda: answers(204))
    came: list[Came] = field(default_factory=list)
    connects: int = 0
    port: int = 0
    leave: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def webhook_server(*, tls: ssl.SSLContext | None = None) -> Iterator[WebhookServer]:
    """Runs until the block ends; ``leave`` is set then, for those that hang."""
    server = WebhookServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): text for name, text in self.headers.items()}
            server.came.append(Came(self.path, headers, self.rfile.read(length)))
            self.close_connection = True
            server.behave(self)

        def log_message(self, *_) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self):
            connection, address = super().get_request()
            server.connects += 1
            if tls is not None:
                connection = tls.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
            return connection, address

        def handle_error(self, *_) -> None:
            """Those that hang up early are part of what is tested."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.leave.set()
        http.shutdown()
        http.server_close()
        thread.join(10)
