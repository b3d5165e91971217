"""Who calls: keys, sessions, and one answer for everybody else."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.keys import revoke_key
from core.models import BotKey
from core.roles import Role, Scope
from tests.core.api_client import EARLY, bot_client, make_key
from tests.factories import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.sample_api")]

THINGS = "/api/v1/things"


def call(text, *, scheme="Bearer"):
    return Client().get(THINGS, headers={"Authorization": f"{scheme} {text}"})


def signed_in(person, **extra):
    client = Client(**extra)
    client.force_login(person)
    return client


def test_key_opens():
    _, text = make_key(Scope.PROMPT_READ)

    assert call(text).status_code == 200
    assert call(text, scheme="bearer").status_code == 200


def test_view_sees_the_bot_and_no_person():
    response = bot_client(Scope.ROUTE_DECIDE, name="Discord").get("/api/v1/bots")

    assert response.json() == {"bot": "Discord"}


def refusals():
    revoked, revoked_text = make_key()
    revoke_key(key=revoked, actor=None, now=EARLY)
    _, expired_text = make_key(expires_at=EARLY + timedelta(days=1))
    _, good = make_key()
    _, unknown = make_key()
    BotKey.objects.filter(public_id=unknown.split("_")[2]).delete()
    mistyped = good[:-1] + ("0" if good[-1] != "0" else "1")
    yield Client().get(THINGS)
    for text in (revoked_text, expired_text, unknown, mistyped, "", "x" * 9000, "é"):
        yield call(text)
    yield call(f"{good} {good}")
    yield Client().get(f"{THINGS}?key={good}")
    yield Client().get(
        f"{THINGS}?key=%64{good[1:]}", headers={"Authorization": f"Bearer {good}"}
    )
    yield Client().get(
        f"{THINGS}?access_token={good}", headers={"Authorization": f"Bearer {good}"}
    )
    yield call("dXNlcjpwYXNz", scheme="Basic")


def test_all_refusals_are_one():
    answers = list(refusals())

    assert {answer.status_code for answer in answers} == {401}
    assert {answer["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    bodies = []
    for answer in answers:
        body = json.loads(answer.content)
        assert body.pop("request_id") == answer["X-Request-ID"]
        bodies.append(json.dumps(body))
    assert len(set(bodies)) == 1
    headers = [{k: v for k, v in a.items() if k != "X-Request-ID"} for a in answers]
    assert all(given == headers[0] for given in headers)


def test_revoked_key_is_refused_at_the_next_call():
    key, text = make_key()
    assert call(text).status_code == 200

    revoke_key(key=key, actor=None, now=EARLY)

    assert call(text).status_code == 401


def test_key_wins_over_a_session():
    _, text = make_key(Scope.ROUTE_DECIDE)
    client = signed_in(make_person(Role.ADMIN))

    response = client.get("/api/v1/people", headers={"Authorization": f"Bearer {text}"})

    assert response.status_code == 403


def test_basic_credentials_of_a_proxy_do_not_hide_a_session():
    client = signed_in(make_person(Role.VIEWER))

    response = client.get(THINGS, headers={"Authorization": "Basic dXNlcjpwYXNz"})

    assert response.status_code == 200


def test_use_of_a_key_is_written_once_a_minute():
    key, text = make_key()
    with time_machine.travel(EARLY, tick=False) as clock:
        call(text)
        clock.shift(30)
        call(text)
        key.refresh_from_db()
        assert key.last_used_at == EARLY
        clock.shift(30)
        call(text)

    key.refresh_from_db()
    assert key.last_used_at == EARLY + timedelta(minutes=1)


def test_refused_use_is_not_written():
    key, text = make_key()
    revoke_key(key=key, actor=None, now=timezone.now())

    call(text)

    key.refresh_from_db()
    assert key.last_used_at is None


# -- People ------------------------------------------------------------------------


def test_person_reads_with_a_session():
    assert signed_in(make_person(Role.VIEWER)).get(THINGS).status_code == 200


def test_person_who_was_switched_off_is_nobody():
    person = make_person(Role.VIEWER)
    client = signed_in(person)
    person.is_active = False
    person.save()

    assert client.get(THINGS).status_code == 401


def test_person_writes_only_with_the_token():
    client = signed_in(make_person(Role.MANAGER), enforce_csrf_checks=True)
    given = {"data": b'{"title": "a"}', "content_type": "application/json"}

    token = "a" * 32
    client.cookies["csrftoken"] = token

    refused = client.post(THINGS, **given)
    allowed = client.post(THINGS, **given, headers={"X-CSRFToken": token})

    assert refused.status_code == 403
    assert json.loads(refused.content)["code"] == "csrf_failed"
    assert allowed.status_code == 201


def test_bot_needs_no_token():
    _, text = make_key()
    client = Client(
        enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"}
    )

    response = client.post(THINGS, b'{"title": "a"}', content_type="application/json")

    assert response.status_code == 201


def test_anybody_reaches_open_addresses_but_not_with_a_bad_key():
    assert Client().get("/api/v1/open").json() == {"user": False}
    bad = Client().get("/api/v1/open", headers={"Authorization": "Bearer drm_live_x"})
    assert bad.status_code == 401
