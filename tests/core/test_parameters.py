"""Parameters and bodies: typos are seen, or named when that is wished."""

import json

import pytest
from django.test import Client

from core.roles import Role
from tests.core.api_client import bot_client
from tests.factories import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.sample_api")]

LENIENT = {"Prefer": "respond-async, handling=lenient"}


@pytest.fixture
def client():
    return bot_client()


def get(client, query, **headers):
    return client.get(f"/api/v1/things?{query}", headers=headers)


def post(client, body, **headers):
    return client.post(
        "/api/v1/things",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def errors(response):
    return [
        (error["pointer"], error["code"])
        for error in json.loads(response.content)["errors"]
    ]


# -- Query -------------------------------------------------------------------------


def test_read_query_converts(client):
    response = get(
        client, "kind=old&min=-3&target=a&target=b&at=2026-01-31T12:00:00%2B02:00"
    )

    assert response.json() == {
        "kind": "old",
        "at": "2026-01-31T12:00:00+02:00",
        "min": -3,
        "target": ["a", "b"],
    }


def test_read_query_has_defaults(client):
    assert get(client, "").json()["kind"] == "new"


@pytest.mark.parametrize(
    ("query", "code", "found"),
    [
        ("knid=old", "unknown_parameter", [("/knid", "unknown_parameter")]),
        ("_connector=OR", "unknown_parameter", [("/_connector", "unknown_parameter")]),
        ("least=1", "unknown_parameter", [("/least", "unknown_parameter")]),
        ("kind=other", "bad_parameter", [("/kind", "not_a_choice")]),
        ("min=x", "bad_parameter", [("/min", "wrong_type")]),
        ("min=1000000", "bad_parameter", [("/min", "out_of_range")]),
        ("min=1&min=2", "bad_parameter", [("/min", "repeated")]),
        ("at=yesterday", "bad_parameter", [("/at", "bad_format")]),
        ("at=2026-01-31T12:00:00", "bad_parameter", [("/at", "bad_format")]),
        ("target=%00", "bad_parameter", [("/target", "nul_character")]),
        (
            "knid=old&min=x",
            "bad_parameter",
            [("/min", "wrong_type"), ("/knid", "unknown_parameter")],
        ),
    ],
)
def test_read_query_refuses(client, query, code, found):
    response = get(client, query)

    assert response.status_code == 400
    assert json.loads(response.content)["code"] == code
    assert errors(response) == found


def test_lenient_query_ignores_and_names(client):
    response = get(client, "kind=old&knid=1&n%0d%0aX:%20y=1", **LENIENT)

    assert response.status_code == 200
    assert response.json()["kind"] == "old"
    applied = response["Preference-Applied"]
    assert applied == 'handling=lenient, ignored="/knid /n%0D%0AX%3A%20y"'


def test_lenient_query_still_refuses_bad_values(client):
    response = get(client, "knid=1&min=x", **LENIENT)

    assert response.status_code == 400
    assert errors(response) == [("/min", "wrong_type")]


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ('handling="lenient"', 200),
        ("HANDLING = Lenient; foo=bar", 200),
        ("handling=strict", 400),
        ("handling=strict, handling=lenient", 400),
        ("lenient", 400),
        ("", 400),
    ],
)
def test_only_a_wish_for_leniency_is_lenient(client, prefer, status):
    assert get(client, "knid=1", Prefer=prefer).status_code == status


def test_nothing_ignored_is_said_too(client):
    assert get(client, "", **LENIENT)["Preference-Applied"] == "handling=lenient"
    assert "Preference-Applied" not in get(client, "")


# -- Body --------------------------------------------------------------------------


def test_read_body_gives_the_model(client):
    response = post(
        client,
        {
            "title": "a",
            "at": "2026-01-31T12:00:00Z",
            "inner": {"name": "b"},
            "items": [{"name": "c", "size": 2}],
        },
    )

    assert response.status_code == 201
    assert response.json() == {
        "title": "a",
        "count": 0,
        "at": "2026-01-31T12:00:00Z",
        "inner": {"name": "b", "size": 1},
        "items": [{"name": "c", "size": 2}],
    }


@pytest.mark.parametrize(
    ("body", "code", "found"),
    [
        ({}, "invalid", [("/title", "required")]),
        ([], "invalid", [("", "wrong_type")]),
        (None, "invalid", [("", "wrong_type")]),
        ({"title": 7}, "invalid", [("/title", "wrong_type")]),
        ({"title": "a", "count": "7"}, "invalid", [("/count", "wrong_type")]),
        ({"title": "a", "count": True}, "invalid", [("/count", "wrong_type")]),
        ({"title": "a", "count": 7.5}, "invalid", [("/count", "wrong_type")]),
        ({"title": "a", "at": 1738324800}, "invalid", [("/at", "wrong_type")]),
        (
            {"title": "a", "is_admin": True},
            "unknown_field",
            [("/is_admin", "unknown_field")],
        ),
        (
            {"title": "a", "items": [{"name": "b"}, {"name": "", "x/y": 1}]},
            "invalid",
            [("/items/1/name", "too_short"), ("/items/1/x~1y", "unknown_field")],
        ),
        (
            {"title": "a", "items": [{"name": "b"}] * 4},
            "invalid",
            [("/items", "too_long")],
        ),
        (
            {"title": "a", "inner": {"name": "longer"}},
            "invalid",
            [("/inner/name", "too_long")],
        ),
    ],
)
def test_read_body_refuses(client, body, code, found):
    response = post(client, body)

    assert response.status_code == 422
    assert json.loads(response.content)["code"] == code
    assert errors(response) == found


def test_lenient_body_ignores_at_any_depth(client):
    body = {"title": "a", "is_admin": 1, "items": [{"name": "b", "extra": {"c": [1]}}]}

    response = post(client, body, **LENIENT)

    assert response.status_code == 201
    assert response.json()["items"] == [{"name": "b", "size": 1}]
    assert response["Preference-Applied"] == (
        'handling=lenient, ignored="/items/0/extra /is_admin"'
    )


def test_lenient_body_still_refuses_bad_values(client):
    response = post(client, {"is_admin": 1, "title": 7}, **LENIENT)

    assert response.status_code == 422
    assert errors(response) == [("/title", "wrong_type")]


def test_many_ignored_names_make_a_short_header(client):
    response = post(
        client, {"title": "a", **{"x" * 500 + str(n): n for n in range(99)}}
    )
    assert response.status_code == 422

    lenient = post(
        client, {"title": "a", **{"x" * 500 + str(n): n for n in range(99)}}, **LENIENT
    )

    assert len(lenient["Preference-Applied"]) < 2500


def test_large_id_as_a_number_is_told_to_be_text(client):
    response = post(client, {"title": 123456789012345678})

    (error,) = json.loads(response.content)["errors"]
    assert "as text" in error["detail"]


def test_people_send_the_same_bodies():
    client = Client()
    client.force_login(make_person(Role.MANAGER))

    assert post(client, {"title": "a"}).status_code == 201
