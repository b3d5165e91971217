"""The server is killed at any moment, and begun again, while bots report.

What was answered is there, once; what was not is sent again, as bots do, and is there
once as well. ``SOAK=1`` kills it fifty times instead of three.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.routing.reports import BATCH, ONE, event, met

SOAK = os.environ.get("SOAK") == "1"
KILLS = 50 if SOAK else 3
CLIENTS = 4
READY_SECONDS = 100
KINDS = ("insult", "compliment", "banter", "argument", "question", "collaboration")
ROOT = Path(__file__).resolve().parent.parent.parent

PREPARE = f"""
from django.core.management import call_command
from personas.services import publishing
from tests.core.api_client import make_key
from tests.factories import NOW, make_character
call_command("migrate", interactive=False, verbosity=0)
names = ["ada", "bob", "eve"]
for name in names:
    make_character(name, evolution_stages=[{{"milestone": 20, "title": "Warm"}}])
publishing.publish(character_ids=names, note="N", author=None, now=NOW)
for number in range({CLIENTS}):
    print(make_key("interaction:write", name=str(number))[1])
"""
FOUND = """
import json, time
from core.models import LiveChange
from evolution.models import Crossing, Progress
from relationships.models import Affinity
from routing.models import Interaction
deadline = time.monotonic() + 30
while LiveChange.objects.filter(seq=None).exists() and time.monotonic() < deadline:
    time.sleep(0.1)
last = {}
for row in LiveChange.objects.exclude(seq=None).order_by("seq"):
    if row.stream_id == "evolution":
        last[row.key] = row.op["count"]
    elif row.stream_id == "relationships":
        last[row.key] = row.op["seq"]
reports = Interaction.objects.values_list("bot__name", "event_id", "answer")
counts = dict(Progress.objects.values_list("character__character_id", "count"))
felt = Affinity.objects.values_list(
    "source__character_id", "target__character_id", "seq"
)
print(json.dumps({
    "reports": list(reports),
    "counts": counts,
    "stored": {**counts, **{f"{a}>{b}": seq for a, b, seq in felt}},
    "told": last,
    "without_number": LiveChange.objects.filter(seq=None).count(),
    "crossed": Crossing.objects.filter(milestone=20).count(),
}))
"""


class Serving:
    """``manage.py serve`` in a process of its own, on a database of its own."""

    def __init__(self, folder: Path, *, database_url: str) -> None:
        self.log = folder / "server.log"
        self.log.touch()
        self.port = 0
        self.is_up = threading.Event()
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": "",
            "CELERY_BROKER_URL": "memory://localhost//",
            "VAR_DIR": str(folder / "var"),
            "LOG_LEVEL": "WARNING",
        }
        self._process: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
        return result.stdout

    def start(self) -> None:
        """Start, and wait until it says its address; that stays over restarts."""
        begin = self.log.stat().st_size
        arguments = ["serve", "--no-migrate", "--host", "127.0.0.1"]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments, "--port", str(self.port)],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while "url: " not in (said := self.log.read_text()[begin:]):
            is_waiting = self._process.poll() is None and time.monotonic() < deadline
            ended = self._process.returncode
            assert is_waiting, f"The server did not start ({ended}):\n{said}"
            time.sleep(0.05)
        url = said.partition("url: ")[2].split()[0]
        self.port = urlsplit(url).port or 0
        self.is_up.set()

    def kill(self) -> None:
        """End it with ``SIGKILL``: it can do nothing any more."""
        self.is_up.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


class Client(threading.Thread):
    """A bot that reports one thing after the other, each until it is answered."""

    def __init__(self, serving: Serving, *, key: str, load: "Load") -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, dict[str, Any]] = {}
        self.again = 0
        self.problem = ""
        self._serving = serving
        self._load = load
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }
        self._rng = random.Random(key)

    def run(self) -> None:
        for number in count():
            if self._load.is_over.is_set():
                return
            events = [self._event(f"{number}-{at}") for at in range(1 + number % 3)]
            answer = self._answered(events)
            if answer is None:
                return
            for told in answer:
                self.answers[told["id"]] = told
            self._load.add(len(events))

    def _event(self, event_id: str) -> dict[str, Any]:
        one, other = self._rng.sample(["ada", "bob", "eve"], 2)
        if self._rng.random() < 0.3:
            return event(event_id, character_id=one)
        kind = self._rng.choice(KINDS)
        return met(event_id, character_id=one, other_character_id=other, kind=kind)

    def _answered(self, events: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """What the server says of them in the end; ``None`` once all is given up."""
        while not self._load.is_given_up.is_set():
            try:
                status, body = self._post(events)
            except (OSError, http.client.HTTPException):
                status, body = 0, {}
            if status in {200, 201}:
                return body["results"] if len(events) > 1 else [body]
            if status not in {0, 429, 503}:
                self.problem = f"{status}: {body}"
                return None
            self.again += 1
            if status:
                time.sleep(0.1)
            self._serving.is_up.wait(1)
        return None

    def _post(self, events: list[dict[str, Any]]) -> tuple[int, Any]:
        path, body = (
            (BATCH, {"events": events}) if len(events) > 1 else (ONE, events[0])
        )
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._serving.port, timeout=30
        )
        try:
            connection.request("POST", path, json.dumps(body), self._headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()


class Load:
    """How many reports were answered, and whether it goes on."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.is_given_up = threading.Event()
        self._answered = 0
        self._changed = threading.Condition()

    def add(self, number: int) -> None:
        with self._changed:
            self._answered += number
            self._changed.notify_all()

    def wait_for(self, more: int) -> None:
        """Until so many more are answered."""
        with self._changed:
            wanted = self._answered + more
            is_there = self._changed.wait_for(lambda: self._answered >= wanted, 60)
        assert is_there, "The server answers no more."


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of the kind that the other tests run on."""
    given = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not given.scheme.startswith("postgres"):
        yield f"sqlite:///{tmp_path / 'killed.sqlite3'}"
        return
    name = f"test_dramatis_killed_{os.getpid()}"
    with psycopg.connect(urlunsplit(given), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(given._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.timeout(3_600 if SOAK else 400)
def test_a_server_that_is_killed_loses_nothing_and_counts_nothing_twice(
    tmp_path, database_url
):
    serving = Serving(tmp_path, database_url=database_url)
    keys = serving.manage("shell", "-v0", "-c", PREPARE).split()
    load = Load()
    clients = [Client(serving, key=key, load=load) for key in keys]
    try:
        serving.start()
        for client in clients:
            client.start()
        for _ in range(KILLS):
            load.wait_for(random.randint(1, 40))
            # At any moment of a request.
            time.sleep(random.random() * 0.05)
            serving.kill()
            serving.start()
        load.wait_for(20)
        load.is_over.set()
        for client in clients:
            client.join(60)
        found = json.loads(serving.manage("shell", "-v0", "-c", FOUND))
        serving.manage("doctor")
    finally:
        load.is_given_up.set()
        serving.kill()

    assert [client.problem for client in clients] == [""] * CLIENTS
    assert not any(client.is_alive() for client in clients)
    answered = {
        (str(number), event_id): _content(answer)
        for number, client in enumerate(clients)
        for event_id, answer in client.answers.items()
    }
    kept = [((bot, id_), _content(answer)) for bot, id_, answer in found["reports"]]
    assert len(kept) == len(answered)
    assert dict(kept) == answered
    counts = defaultdict(list)
    for answer in answered.values():
        counts[answer["character_id"]].append(answer["count"])
    assert {name: sorted(found) for name, found in counts.items()} == {
        name: list(range(1, total + 1)) for name, total in found["counts"].items()
    }
    assert found["without_number"] == 0
    assert found["told"] == found["stored"]
    assert found["crossed"] == 3
    again = sum(client.again for client in clients)
    # Shown with ``-s``.
    told = f"{KILLS} kills, {len(answered)} reports, {again} requests sent again\n"
    sys.stdout.write(told)


def _content(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer; of a batch, one that is sent again is told as a duplicate."""
    return {**answer, "status": "accepted"}
