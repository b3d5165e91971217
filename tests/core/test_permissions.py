"""What the table of roles and scopes lets through."""

import json

import pytest
from django.test import Client
from structlog.testing import capture_logs

from core.api.permissions import least_role
from core.roles import TABLE, Action, Role, Scope
from tests.core.api_client import bot_client
from tests.factories import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.sample_api")]

BODY = {"data": b'{"title": "a"}', "content_type": "application/json"}


def person_client(role):
    client = Client()
    client.force_login(make_person(role))
    return client


@pytest.mark.parametrize("scope", list(Scope))
def test_bots_need_the_scope(scope):
    response = bot_client(scope).get("/api/v1/things")

    assert response.status_code == (200 if scope == Scope.PROMPT_READ else 403)


def test_missing_scope_is_named_and_logged():
    client = bot_client(Scope.PROMPT_READ)

    with capture_logs() as logs:
        response = client.post("/api/v1/things", **BODY)

    body = json.loads(response.content)
    assert (response.status_code, body["code"]) == (403, "missing_scope")
    assert "interaction:write" in body["detail"]
    (denial,) = [entry for entry in logs if entry["event"] == "api.denied"]
    assert denial["scope"] == "interaction:write"
    assert isinstance(denial["key_id"], int)


def test_bots_are_kept_from_what_people_do():
    response = bot_client().get("/api/v1/people")

    assert json.loads(response.content)["code"] == "people_only"


@pytest.mark.parametrize("role", [None, *Role])
def test_people_need_the_role(role):
    response = person_client(role).post("/api/v1/things", **BODY)

    allowed = role is not None and Action.PUBLISH in TABLE[role]
    assert response.status_code == (201 if allowed else 403)


def test_missing_role_is_named():
    response = person_client(Role.CURATOR).post("/api/v1/things", **BODY)

    body = json.loads(response.content)
    assert body["code"] == "role_too_low"
    assert "manager" in body["detail"]


def test_people_are_kept_from_what_bots_do():
    response = person_client(Role.ADMIN).get("/api/v1/bots")

    assert json.loads(response.content)["code"] == "bots_only"


def test_views_that_declare_nothing_are_closed():
    assert bot_client().get("/api/v1/undeclared").status_code == 403
    assert person_client(Role.ADMIN).get("/api/v1/undeclared").status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_methods_that_are_not_declared_are_closed(method):
    response = bot_client().generic(method, "/api/v1/things")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"


def test_head_follows_get():
    assert bot_client(Scope.PROMPT_READ).head("/api/v1/things").status_code == 200
    assert bot_client(Scope.CARDS_WRITE).head("/api/v1/things").status_code == 403


@pytest.mark.parametrize("action", list(Action))
def test_least_role_is_the_weakest_that_may(action):
    role = least_role(action)

    roles = list(Role)
    assert action in TABLE[role]
    assert all(action not in TABLE[weaker] for weaker in roles[: roles.index(role)])
