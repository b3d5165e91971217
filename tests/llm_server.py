"""A small server on this machine that speaks OpenAI's chat completions.

It answers as its ``behave`` says, and remembers what it was asked.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-secret-of-the-tests"
MODEL = "small-model"


@dataclass
class Asked:
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def completion(text: Any, **message: Any) -> dict[str, Any]:
    """A whole answer with one choice."""
    finish_reason = message.pop("finish_reason", "stop")
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16},
    }


@dataclass
class LlmServer:
    """``behave`` gets the request and answers it by ``send``."""

    behave: Callable[["Exchange"], None] = lambda exchange: exchange.echo()
    asked: list[Asked] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    url: str = ""
    leave: threading.Event = field(default_factory=threading.Event)

    def systems(self) -> list[str]:
        """The system prompts that came, in order of the alphabet."""
        return sorted(call.body["messages"][0]["content"] for call in self.asked)


class Exchange(BaseHTTPRequestHandler):
    """One request; the server's ``behave`` decides what becomes of it."""

    llm: LlmServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length))
        call = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.llm.asked.append(call)
        self.call = call
        try:
            self.llm.behave(self)
        except OSError:
            self.llm.gone.append(self.path)
        self.close_connection = True

    def echo(self) -> None:
        """What a patient model would say: the last message and who was asked."""
        said = [m for m in self.call.body["messages"] if m["role"] == "user"]
        self.send(200, completion(f"You said: {said[-1]['content']}"))

    def send(
        self, status: int, body: Any, *, kind: str = "application/json", **headers: str
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def hang(self) -> None:
        """Say nothing until the test is over or the caller has gone."""
        self.connection.settimeout(0.05)
        deadline = time.monotonic() + 20
        while not self.llm.leave.is_set() and time.monotonic() < deadline:
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def log_message(self, *args: Any) -> None:
        """Nothing on standard error."""


@contextmanager
def configured(settings: Any) -> Iterator[LlmServer]:
    """A server that this process is wired to; no try outlives the time inside."""
    with llm_server() as llm:
        settings.LLM_BASE_URL = llm.url
        settings.LLM_API_KEY = KEY
        settings.LLM_MODEL = MODEL
        settings.LLM_TIMEOUT = 10
        yield llm
    wait_for_tries()


def wait_for_tries() -> None:
    """Their threads write to the database, which another test has otherwise."""
    for thread in threading.enumerate():
        if thread.name.startswith("try-"):
            thread.join(10)
            assert not thread.is_alive()


@contextmanager
def llm_server() -> Iterator[LlmServer]:
    """A server on a free port for the time inside."""
    llm = LlmServer()
    handler = type("BoundExchange", (Exchange,), {"llm": llm})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    llm.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield llm
    finally:
        llm.leave.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
