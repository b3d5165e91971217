"""``python -m benchmarks.reports``: what counting a report costs, as ratios.

A batch of 500 beside single reports, per event; and a single report after a million
events beside one after a thousand. Every variant runs in every round, in shuffled
order; medians over rounds of the time by the clock, of which the disk and the
database's own processes are part, and of this process's CPU alone. Reports go
through the same service as those of bots, on databases made for this and dropped
afterwards: SQLite files with the server's own settings, or, if ``DATABASE_URL`` names
Postgres, two databases beside that one. ``EVENTS`` makes the large one smaller.
"""

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.load import ROOT

ROUNDS = int(os.environ.get("ROUNDS", "15"))
EVENTS = int(os.environ.get("EVENTS", "1000000"))
FEW = 1_000
SINGLE = 60
BATCH = 500
SEED = 7


class Database:
    """A process that reports to a database of its own."""

    def __init__(self, url: str) -> None:
        environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "CRITICAL"}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.reporter"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, name: str, **arguments: int) -> Any:
        """What the process answers."""
        told, heard = self._process.stdin, self._process.stdout
        if told is None or heard is None:
            raise RuntimeError("The process has no pipes.")
        told.write(json.dumps([name, arguments]) + "\n")
        told.flush()
        return json.loads(heard.readline())

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(20)


@contextlib.contextmanager
def two_urls() -> Iterator[tuple[str, str]]:
    """Addresses of two empty databases, which are gone afterwards."""
    given = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not given.scheme.startswith("postgres"):
        with tempfile.TemporaryDirectory() as folder:
            few, many = (Path(folder) / f"{name}.sqlite3" for name in ("few", "many"))
            yield f"sqlite:///{few}", f"sqlite:///{many}"
        return
    names = [f"bench_reports_{os.getpid()}_{name}" for name in ("few", "many")]
    with psycopg.connect(urlunsplit(given), autocommit=True) as connection:
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            few, many = (urlunsplit(given._replace(path=f"/{n}")) for n in names)
            yield few, many
        finally:
            for name in names:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> None:
    """Measure and print a table."""
    rng = random.Random(SEED)  # noqa: S311
    with two_urls() as urls:
        few, many = map(Database, urls)
        try:
            for database in (few, many):
                database.ask("batches", size=BATCH, times=FEW // BATCH)
            started = time.perf_counter()
            total = many.ask("multiply", times=EVENTS // FEW)
            print(f"{total:,} events made in {time.perf_counter() - started:.0f} s")
            variants = {
                "single": (few, 1, SINGLE),
                "batch": (few, BATCH, 1),
                "single, many": (many, 1, SINGLE),
                "batch, many": (many, BATCH, 1),
            }
            spent: dict[str, list[dict[str, float]]] = defaultdict(list)
            for at in range(ROUNDS + 1):
                names = list(variants)
                rng.shuffle(names)
                for name in names:
                    database, size, times = variants[name]
                    found = database.ask("batches", size=size, times=times)
                    if at:  # The first warms up.
                        spent[name].append(found)
        finally:
            few.close()
            many.close()
    _print(spent, total=total)


def _print(spent: dict[str, list[dict[str, float]]], *, total: int) -> None:
    for name, found in spent.items():
        by_clock = statistics.median(one["clock"] for one in found) * 1e6
        by_cpu = statistics.median(one["cpu"] for one in found) * 1e6
        print(f"{name:14} {by_clock:8.0f} us an event, {by_cpu:8.0f} us of CPU")
    after = f"single, after {total:,} by after {FEW:,}"
    for title, one, base in (
        (f"batch of {BATCH} by single", "batch", "single"),
        (f"batch of {BATCH} by single, after {total:,}", "batch, many", "single, many"),
        (after, "single, many", "single"),
    ):
        for measure in ("clock", "cpu"):
            ratios = [
                a[measure] / b[measure]
                for a, b in zip(spent[one], spent[base], strict=True)
            ]
            print(
                f"{title:46} {measure:5} {statistics.median(ratios):6.3f}"
                f"  ({min(ratios):.3f} to {max(ratios):.3f})"
            )


if __name__ == "__main__":
    main()
