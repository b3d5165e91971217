"""Answers to callers who are too fast."""

import json

import pytest
from django.test import Client

from core import rates
from core.api import throttling
from core.metrics import REGISTRY
from core.rates import Limiter, Rate
from core.roles import Role
from tests.core.api_client import bot_client
from tests.factories import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.sample_api")]

BODY = {"data": b'{"title": "a"}', "content_type": "application/json"}


@pytest.fixture(autouse=True)
def fresh_limiter(monkeypatch):
    """Keys of other tests, which have the same numbers, are not counted."""
    limiter = Limiter()
    monkeypatch.setattr(throttling, "limiter", lambda: limiter)


@pytest.fixture
def tight(monkeypatch):
    """Two reads and one write a minute."""
    monkeypatch.setattr(throttling, "READS", Rate("reads", per_minute=2, burst=2))
    monkeypatch.setattr(throttling, "WRITES", Rate("writes", per_minute=1, burst=1))


def test_each_answer_says_what_is_left():
    response = bot_client().get("/api/v1/things")

    assert response["RateLimit-Limit"] == "200"
    assert response["RateLimit-Remaining"] == "199"
    assert response["RateLimit-Reset"] == "1"
    assert response["RateLimit-Policy"] == "3000;w=60;burst=200"


def test_reads_and_writes_are_counted_apart(tight):
    client = bot_client()

    assert client.post("/api/v1/things", **BODY).status_code == 201
    assert client.post("/api/v1/things", **BODY).status_code == 429
    assert client.get("/api/v1/things").status_code == 200


def test_too_many_is_a_problem_with_headers(tight):
    client = bot_client()
    before = REGISTRY.get_sample_value("dramatis_rate_limited_total", {"rate": "reads"})

    answers = [client.get("/api/v1/things") for _ in range(3)]

    last = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert json.loads(last.content)["code"] == "rate_limited"
    assert 25 <= int(last["Retry-After"]) <= 30
    assert last["RateLimit-Remaining"] == "0"
    after = REGISTRY.get_sample_value("dramatis_rate_limited_total", {"rate": "reads"})
    assert after - (before or 0) == 1


def test_forged_addresses_do_not_help(tight):
    client = bot_client()

    answers = [
        client.get("/api/v1/things", headers={"X-Forwarded-For": f"10.0.0.{n}"})
        for n in range(3)
    ]

    assert answers[-1].status_code == 429


def test_keys_are_counted_apart(tight):
    one, other = bot_client(), bot_client()

    answers = [client.get("/api/v1/things") for client in [one, one, one, other]]

    assert [a.status_code for a in answers] == [200, 200, 429, 200]


def test_people_are_counted_by_person(tight):
    person = make_person(Role.VIEWER)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(person)

    answers = [client.get("/api/v1/things") for client in [*clients, *clients]]

    assert [a.status_code for a in answers] == [200, 200, 429, 429]


def test_nobody_in_particular_is_not_counted(tight):
    answers = [Client().get("/api/v1/open") for _ in range(5)]

    assert {a.status_code for a in answers} == {200}
    assert "RateLimit-Limit" not in answers[0]


def test_view_may_name_its_rate():
    assert rates.READS.per_minute == 3000

    response = bot_client().post("/api/v1/compose", b"{}", "application/json")

    assert response["RateLimit-Policy"].startswith("3000;")


def batch(client, count):
    body = json.dumps({"events": list(range(count))})
    return client.post("/api/v1/batch", body, content_type="application/json")


@pytest.mark.parametrize(
    ("events", "left"), [(1, 199), (10, 199), (20, 198), (500, 150)]
)
def test_events_of_a_batch_cost_a_tenth(events, left):
    assert batch(bot_client(), events)["RateLimit-Remaining"] == str(left)


def test_batches_are_refused_when_used_up():
    client = bot_client()

    answers = [batch(client, 500) for _ in range(5)]

    assert [a.status_code for a in answers] == [200, 200, 200, 200, 429]
    assert answers[-1]["Retry-After"]
