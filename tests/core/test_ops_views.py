"""Whether the process lives, is ready, and how it is doing."""

import json
import socket
import threading
import time

import pytest
from django.db import OperationalError, connection
from django.test import Client

from core import health
from core.health import Health, Probe, State, examine
from core.live import watcher
from core.roles import Role, Scope
from tests.core.api_client import bot_client
from tests.factories import make_person

pytestmark = pytest.mark.urls("tests.core.sample_api")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


# -- livez -------------------------------------------------------------------------


def test_livez_touches_nothing():
    # No database is allowed in this test.
    response = Client().get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


def test_livez_is_only_read():
    assert Client().post("/livez").status_code == 405


# -- readyz ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_readyz_with_a_database():
    health._probes.cache_clear()

    response = Client().get("/readyz")

    assert response.status_code == 200
    body = response.json()
    assert body["status"] in {"ok", "degraded"}
    assert body["parts"]["database"] == "up"


@pytest.mark.parametrize(
    ("parts", "status", "summary"),
    [
        ({"database": "up", "redis": "unused", "broker": "unused"}, 200, "ok"),
        ({"database": "up", "redis": "down", "broker": "up"}, 200, "degraded"),
        ({"database": "up", "redis": "up", "broker": "down"}, 200, "degraded"),
        ({"database": "down", "redis": "up", "broker": "up"}, 503, "down"),
    ],
)
def test_readyz_needs_the_database_only(monkeypatch, parts, status, summary):
    found = Health(
        is_ready=parts["database"] == "up",
        parts={name: State(state) for name, state in parts.items()},
    )
    monkeypatch.setattr(health, "examine", lambda: found)

    response = Client().get("/readyz")

    assert response.status_code == status
    assert response.json() == {"status": summary, "parts": parts}
    assert ("Retry-After" in response) is (status == 503)


def test_examine_names_what_is_not_used():
    found = examine({"database": Probe(lambda: None)})

    assert found == Health(
        is_ready=True,
        parts={
            "database": State.UP,
            "redis": State.UNUSED,
            "broker": State.UNUSED,
        },
    )


def test_examine_does_not_wait_for_what_hangs(monkeypatch):
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.1)
    release = threading.Event()
    probes = {"database": Probe(lambda: None), "redis": Probe(release.wait)}
    started = time.monotonic()

    first = examine(probes)
    second = examine(probes)

    assert time.monotonic() - started < 10
    assert first.parts["redis"] == second.parts["redis"] == State.DOWN
    assert first.summary == "degraded"
    release.set()


def test_probe_of_a_failure_is_down():
    def fail():
        raise OperationalError("no password for you")

    assert examine({"database": Probe(fail)}).summary == "down"


def test_probe_asks_once_for_many():
    clock, asked = Clock(), []
    probe = Probe(lambda: asked.append(1), clock=clock)

    for _ in range(5):
        assert examine({"database": probe}).is_ready
    clock.now += health.MEMORY_SECONDS
    examine({"database": probe})

    assert len(asked) == 2


def test_hanging_redis_and_broker_are_down_in_time(settings):
    health._probes.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        settings.REDIS_URL = settings.CELERY_BROKER_URL = address
        settings.CELERY_IS_EMBEDDED = False
        probes = {k: v for k, v in health._probes().items() if k != "database"}
        started = time.monotonic()

        found = examine({"database": Probe(lambda: None), **probes})

        # Not one after the other.
        assert time.monotonic() - started < 2 * health.PATIENCE_SECONDS
    health._probes.cache_clear()
    assert set(found.parts.values()) == {State.UP, State.DOWN}
    assert found.summary == "degraded"


# -- metrics -----------------------------------------------------------------------


@pytest.mark.django_db
def test_metrics_need_the_scope_or_an_admin():
    people = {}
    for role in Role:
        client = Client()
        client.force_login(make_person(role))
        people[role] = client.get("/metrics").status_code

    assert Client().get("/metrics").status_code == 401
    assert bot_client(Scope.PROMPT_READ).get("/metrics").status_code == 403
    assert bot_client(Scope.METRICS_READ).get("/metrics").status_code == 200
    assert people == {
        Role.VIEWER: 403,
        Role.CURATOR: 403,
        Role.MANAGER: 403,
        Role.ADMIN: 200,
    }


@pytest.mark.django_db
def test_metrics_are_plain_text():
    response = bot_client(Scope.METRICS_READ).get("/metrics")

    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"# TYPE dramatis_http_requests_total counter" in response.content


# -- schema ------------------------------------------------------------------------


@pytest.mark.django_db
def test_schema_is_for_people():
    client = Client()
    client.force_login(make_person(Role.VIEWER))

    response = client.get("/api/v1/schema")

    assert response.status_code == 200
    assert json.loads(response.content)["openapi"].startswith("3.1")
    assert Client().get("/api/v1/schema").status_code == 401
    assert bot_client().get("/api/v1/schema").status_code == 403


@pytest.mark.django_db
def test_database_failure_in_a_view_is_503(monkeypatch):
    # Put back as it was, lest the tests that follow find keys out of date.
    monkeypatch.setattr(watcher.PROCESS, "_failed_at", None)
    client = bot_client(Scope.PROMPT_READ)
    client.get("/api/v1/log")
    client.raise_request_exception = False

    def fail(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/api/v1/log")

    assert response.status_code == 503
    assert response["Retry-After"]
    assert json.loads(response.content)["code"] == "database_unavailable"
