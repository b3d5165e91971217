"""Posting one message to one address, and nowhere else.

The name is looked up once; every address it leads to is judged; the connection
goes to one that was judged, so that a second answer of the name server changes
nothing. Redirects and proxies are not followed. All of it together has one
deadline.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpcore2

from core.webhooks.addresses import (
    AddressRefused,
    Target,
    is_public,
    literal,
    target_of,
)

SECONDS: Final = 5.0
"""How long looking up, connecting, sending and answering may take together."""
READ_AT_MOST: Final = 64 * 1024
"""Bytes of an answer that are read (and thrown away)."""
_CHUNK: Final = 16 * 1024
_TRIED_AT_MOST: Final = 3  # addresses of one name

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → addresses as text; raises OSError."""

_lookups: Final = threading.BoundedSemaphore(16)
"""How many names are looked up at once, those that hang included."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt; ``status`` if there was an answer at all.

    ``problem`` says in words what went wrong; it is empty if nothing did.
    """

    status: int | None
    problem: str
    seconds: float

    @property
    def is_taken(self) -> bool:
        return not self.problem


def system_resolve(host: str, port: int) -> list[str]:
    """As the machine's resolver has it, best first; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    is_private_allowed: bool,
    resolve: Resolve = system_resolve,
    tls: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Send ``body``; whatever goes wrong is told in the answer, never raised."""
    started = time.monotonic()
    status: int | None = None
    try:
        status = _post(
            target_of(url, is_private_allowed=is_private_allowed),
            body=body,
            headers=headers,
            backend=_CheckedBackend(
                deadline=started + seconds,
                is_private_allowed=is_private_allowed,
                resolve=resolve,
            ),
            tls=tls or _tls(),
        )
        problem = _words_for(status)
    except AddressRefused as error:
        problem = str(error)
    except (httpcore2.TimeoutException, TimeoutError):
        problem = f"There was no answer within {seconds:g} seconds."
    except httpcore2.ProtocolError:
        problem = "What answered there does not speak HTTP."
    except (httpcore2.NetworkError, OSError) as error:
        problem = _words_for_network(error)
    return Answer(status, problem, time.monotonic() - started)


def _post(
    target: Target,
    *,
    body: bytes,
    headers: Mapping[str, str],
    backend: httpcore2.NetworkBackend,
    tls: ssl.SSLContext,
) -> int:
    """The status of the answer."""
    url = httpcore2.URL(
        scheme=target.scheme,
        host=f"[{target.host}]" if ":" in target.host else target.host,
        port=target.port,
        target=target.path,
    )
    with (
        httpcore2.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
        pool.stream("POST", url, headers=_pairs(headers), content=body) as response,
    ):
        _throw_away(response)
        status: int = response.status
        return status


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes | str, bytes | str]]:
    return [(name, text) for name, text in headers.items()]


def _throw_away(response: httpcore2.Response) -> None:
    """Read a little of it, so that the other side can finish in peace."""
    read = 0
    try:
        for piece in response.iter_stream():
            read += len(piece)
            if read >= READ_AT_MOST:
                return
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        TimeoutError,  # between two reads, by the deadline of them all
    ):
        # The status has been told; what would have followed does not matter.
        return


def _words_for(status: int) -> str:
    """What is wrong with an answer; empty for those that take the message."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return (
            f"It answered {status}, which points elsewhere. Redirects are not"
            " followed; set the address that it points to."
        )
    if status == 410:
        return "It answered 410: it wants no messages any more."
    return f"It answered {status}; an answer from 200 to 299 was expected."


def _words_for_network(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "The name of the host is not known."
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate is not to be trusted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return "What answered there does not speak TLS as it should."
        if isinstance(cause, ConnectionRefusedError):
            return "Nothing listens at this address; the connection was refused."
        cause = cause.__cause__ or cause.__context__
    return "The connection could not be made, or broke off."


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects only to addresses that it has judged itself."""

    def __init__(
        self, *, deadline: float, is_private_allowed: bool, resolve: Resolve
    ) -> None:
        self._deadline = deadline
        self._is_private_allowed = is_private_allowed
        self._resolve = resolve
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._judged(host.strip("[]"), port)[:_TRIED_AT_MOST]
        for index, address in enumerate(addresses):
            tries_left = len(addresses) - index
            try:
                stream = self._plain.connect_tcp(
                    address,
                    port,
                    timeout=_left(self._deadline) / tries_left,
                    socket_options=socket_options,
                )
            except (httpcore2.NetworkError, httpcore2.ConnectTimeout):
                if tries_left == 1:
                    raise
            else:
                return _TimedStream(stream, deadline=self._deadline)
        raise httpcore2.ConnectError("The name leads to no address.")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        raise AddressRefused("Messages go over the network only.")

    def _judged(self, host: str, port: int) -> list[str]:
        """All addresses of ``host``.

        Raises:
            AddressRefused: at least one of them is not public.
        """
        if literal(host) is not None:
            found = [host]
        else:
            found = _look_up(self._resolve, host, port, deadline=self._deadline)
        if not self._is_private_allowed and not all(_is_public(text) for text in found):
            raise AddressRefused(
                "The name leads to a private address, and nothing is sent to those."
            )
        return found


def _look_up(resolve: Resolve, host: str, port: int, *, deadline: float) -> list[str]:
    """In a thread of its own, because looking up a name cannot be interrupted.

    Raises:
        TimeoutError: the deadline came first.
        OSError: the name is not known.
    """
    answer: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            answer.set_result(list(resolve(host, port)))
        except BaseException as error:  # raised again by result()
            answer.set_exception(error)
        finally:
            _lookups.release()

    if not _lookups.acquire(timeout=_left(deadline)):
        raise TimeoutError
    # A daemon, so that a name server that hangs does not keep the process from ending.
    threading.Thread(target=look_up, name="webhook-lookup", daemon=True).start()
    return answer.result(timeout=_left(deadline))


def _is_public(text: str) -> bool:
    address = literal(text)
    return address is not None and is_public(address)


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends at one deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, *, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, because the timeout is for each one sent.
        for start in range(0, len(buffer), _CHUNK):
            piece = buffer[start : start + _CHUNK]
            self._stream.write(piece, timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(
            ssl_context, server_hostname, timeout=_left(self._deadline)
        )
        return _TimedStream(stream, deadline=self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds until the deadline; raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
