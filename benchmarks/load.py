"""Starting a server and keeping it busy, counting what it spends."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """What one request cost: server CPU in microseconds, and requests a second."""

    cpu_us: float
    per_second: float


@contextmanager
def running(app: str, *, environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """A server with ``benchmarks.apps:app``; its process id and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "uvicorn", f"benchmarks.apps:{app}"),
            *("--port", str(port), "--lifespan", "on", "--log-level", "critical"),
            "--no-access-log",
        ],
        cwd=ROOT,
        env=dict(environment),
    )
    try:
        _wait(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The server did not start.")


def measure(
    *,
    pid: int,
    port: int,
    path: str,
    headers: Sequence[Mapping[str, str]],
    seconds: float,
    clients: int = 8,
) -> Spent:
    """Keep ``clients`` connections busy for ``seconds``.

    Requests take turns with ``headers``, so that no key reaches its limit.
    """
    counts = [0] * clients
    stop = time.monotonic() + seconds

    def work(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while time.monotonic() < stop:
            turn = (counts[index] * clients + index) % len(headers)
            connection.request("GET", path, headers=dict(headers[turn]))
            response = connection.getresponse()
            response.read()
            if response.status >= 400 and response.status != 401:
                raise RuntimeError(f"{path}: {response.status}")
            counts[index] += 1
        connection.close()

    before, start = _cpu(pid), time.monotonic()
    threads = [threading.Thread(target=work, args=[i]) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = max(sum(counts), 1)
    return Spent(
        cpu_us=(_cpu(pid) - before) * 1e6 / total,
        per_second=total / (time.monotonic() - start),
    )


def _cpu(pid: int) -> float:
    """Seconds of CPU that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
