"""Reports that cannot be counted: told why, and no trace of them.

Rows of ``reference/reliability.md``, section 4, by their numbers.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from core import limits
from core.roles import Role
from personas.services import drafts
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character
from tests.routing.reports import BATCH, ONE, event, met, rows, send, send_all

pytestmark = pytest.mark.django_db

NAIVE = "2026-10-31T00:00:00"


@pytest.fixture
def bot():
    for character_id in ("ada", "bob", "old"):
        make_character(character_id)
    drafts.archive_character(character_id="old", is_archived=True, actor=None, now=NOW)
    return bot_client("interaction:write")


@pytest.fixture(autouse=True)
def at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def raw(text: str) -> bytes:
    """A report with ``text`` as its last field."""
    return f'{{"id":"e1","character_id":"ada","kind":"message",{text}}}'.encode()


BODIES: list[tuple[str, bytes, int, str]] = [
    ("1 too large", b" " * (limits.BODY_BYTES + 1), 413, "body_too_large"),
    ("2 too deep", b"[" * 1_000, 400, "json_too_deep"),
    ("2 deep", raw('"topics":' + "[" * 33 + "]" * 33), 400, "json_too_deep"),
    ("3 infinite", raw('"intensity":1e400'), 400, "number_not_finite"),
    ("3 NaN", raw('"intensity":NaN'), 400, "number_not_finite"),
    ("3 Infinity", raw('"count":-Infinity'), 400, "number_not_finite"),
    ("4 digits", raw('"count":' + "9" * 5_000), 400, "number_too_large"),
    ("5 twice", raw('"kind":"insult"'), 400, "duplicate_key"),
    ("6 UTF-16", json.dumps(event()).encode("utf-16"), 400, "not_utf8"),
    ("6 Latin-1", raw('"topics":["é"]').decode().encode("latin-1"), 400, "not_utf8"),
    ("6 BOM", b"\xef\xbb\xbf" + json.dumps(event()).encode(), 400, "not_utf8"),
    ("7 NUL", raw('"user_id":"a\\u0000"'), 422, "nul_character"),
    ("7 NUL within", raw('"topics":["a\\u0000"]'), 422, "nul_character"),
    ("8 half", raw('"topics":["\\ud800"]'), 422, "invalid_unicode"),
    ("no JSON", b"{", 400, "invalid_json"),
    ("a list", b"[]", 422, "invalid"),
    ("nothing", b"", 422, "invalid"),
]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [case[1:] for case in BODIES],
    ids=[case[0] for case in BODIES],
)
@pytest.mark.parametrize("address", [ONE, BATCH])
def test_a_body_that_cannot_be_read_leaves_no_trace(bot, address, body, status, code):
    before = rows()

    response = send(bot, body, to=address)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["request_id"]
    assert rows() == before


FIELDS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"is_admin": True}, "unknown_field", "/is_admin", "unknown_field"),
    ({"affinity": 10}, "unknown_field", "/affinity", "unknown_field"),
    ({"count": "7"}, "invalid", "/count", "wrong_type"),
    ({"count": True}, "invalid", "/count", "wrong_type"),
    ({"character_id": "nobody"}, "invalid", "/character_id", "not_a_choice"),
    ({"other_character_id": "x"}, "invalid", "/other_character_id", "not_a_choice"),
    ({"id": ""}, "invalid", "/id", "too_short"),
    ({"id": "x" * 256}, "invalid", "/id", "too_long"),
    ({"id": "a\r\nb"}, "invalid", "/id", "bad_format"),
    ({"occurred_at": NAIVE}, "invalid", "/occurred_at", "bad_format"),
    ({"occurred_at": "9999-01-01T00:00:00Z"}, "invalid", "/occurred_at", ""),
    ({"occurred_at": "2026-11-01T00:00:01Z"}, "invalid", "/occurred_at", ""),
    ({"occurred_at": "2026-08-02T00:00:00Z"}, "invalid", "/occurred_at", ""),
    ({"other_character_id": "ada"}, "self_interaction", "/other_character_id", ""),
    ({"kind": "hug"}, "unknown_kind", "/kind", "not_a_choice"),
    ({"intensity": 1e9}, "invalid", "/intensity", "out_of_range"),
    ({"intensity": -1}, "invalid", "/intensity", "out_of_range"),
    ({"intensity": None}, "invalid", "/intensity", "wrong_type"),
    ({"user_id": 123456789012345678}, "invalid", "/user_id", "wrong_type"),
    ({"topics": ["x"] * 21}, "invalid", "/topics", "too_long"),
    ({"topics": ["a\nb"]}, "invalid", "/topics/0", "invalid"),
    ({"character_id": "old"}, "archived", "/character_id", ""),
    ({"other_character_id": "old"}, "archived", "/other_character_id", ""),
]
STATUSES = {"archived": 409}


@pytest.mark.parametrize(("fields", "code", "pointer", "field_code"), FIELDS)
def test_a_report_that_cannot_be_counted_leaves_no_trace(
    bot, fields, code, pointer, field_code
):
    before = rows()

    response = send(bot, met(**fields))

    problem = response.json()
    assert response.status_code == STATUSES.get(code, 422)
    assert problem["code"] == code
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0]["code"] == field_code or not field_code
    assert problem["request_id"]
    assert rows() == before


@pytest.mark.parametrize(("fields", "code", "pointer", "field_code"), FIELDS)
def test_in_a_batch_the_others_are_counted(bot, fields, code, pointer, field_code):
    first, bad, last = send_all(bot, met("a"), met(**fields), met("b"))

    assert (first["status"], last["status"]) == ("accepted", "accepted")
    assert (bad["status"], bad["code"]) == ("rejected", code)
    assert [e["pointer"] for e in bad["errors"]] == [f"/events/1{pointer}"]
    assert bad["detail"]
    assert last["affinity"]["speaker_to_responder"]["seq"] == 2


def test_an_unknown_kind_is_told_the_known_ones(bot):
    detail = send(bot, met(kind="hug")).json()["detail"]

    assert "agreement, disagreement, compliment" in detail


def test_both_unknown_characters_are_named(bot):
    problem = send(bot, met(character_id="x", other_character_id="y")).json()

    assert [error["pointer"] for error in problem["errors"]] == [
        "/character_id",
        "/other_character_id",
    ]


def test_an_id_that_is_a_number_is_to_be_sent_as_text(bot):
    problem = send(bot, event(user_id=123456789012345678)).json()

    assert "as text, in quotes" in problem["errors"][0]["detail"]


def test_the_oldest_that_counts_is_ninety_days_ago(bot):
    oldest = NOW - timedelta(days=90)

    assert send(bot, event(occurred_at=oldest.isoformat())).status_code == 201


@pytest.mark.parametrize("events", [[], [event(str(n)) for n in range(501)], None, 7])
def test_a_batch_has_one_to_five_hundred_events(bot, events):
    response = send(bot, {"events": events}, to=BATCH)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/events"


def test_what_is_no_event_is_rejected_by_itself(bot):
    results = send_all(bot, 7, None, [], {}, {"id": 3}, {"id": "x" * 200}, event())

    assert [r["status"] for r in results] == ["rejected"] * 6 + ["accepted"]
    assert [r["id"] for r in results] == [None] * 6 + ["e1"]


def test_unknown_parameters_are_refused(bot):
    for address in (f"{ONE}?_connector=OR", f"{BATCH}?kind__regex=x"):
        response = send(bot, event(), to=address)

        assert response.status_code == 400
        assert response.json()["code"] == "unknown_parameter"


def test_whoever_prefers_so_has_unknown_fields_ignored(bot):
    response = send(bot, event(mood="happy"), prefer="handling=lenient")

    assert response.status_code == 201
    assert response["Preference-Applied"] == 'handling=lenient, ignored="/mood"'


def test_in_a_batch_too(bot):
    body = {"events": [event("a"), event("b", mood=1), event("c", mood=1, count=0)]}

    response = send(bot, body, to=BATCH, prefer="handling=lenient")

    statuses = [result["status"] for result in response.json()["results"]]
    assert statuses == ["accepted", "accepted", "rejected"]
    assert response["Preference-Applied"] == (
        'handling=lenient, ignored="/events/1/mood /events/2/mood"'
    )
    assert response.json()["results"][2]["errors"] == [
        {
            "pointer": "/events/2/count",
            "code": "out_of_range",
            "detail": "Choose 1 or more.",
        }
    ]


# -- Who may -----------------------------------------------------------------------


@pytest.mark.parametrize("address", [ONE, BATCH])
def test_nobody_and_no_key_reports(bot, address):
    response = send(Client(), event(), to=address)

    assert response.status_code == 401


@pytest.mark.parametrize("address", [ONE, BATCH])
def test_another_scope_does_not_do(bot, address):
    response = send(bot_client("prompt:read"), event(), to=address)

    assert response.status_code == 403
    assert "interaction:write" in response.json()["detail"]


@pytest.mark.parametrize("address", [ONE, BATCH])
def test_people_report_nothing(bot, address):
    response = send(client_as(Role.ADMIN), event(), to=address)

    assert (response.status_code, response.json()["code"]) == (403, "bots_only")


def test_it_is_not_read(bot):
    assert bot.get(ONE).status_code == 405


def test_other_types_are_not_read(bot):
    response = bot.post(ONE, data={"id": "e1"})

    assert response.status_code == 415


def test_what_is_refused_stands_in_no_log(bot, caplog):
    send(bot, met(kind="hug", user_id="secret-user", topics=["secret-topic"]))
    send(bot, {"events": [met(kind="secret-kind")]}, to=BATCH)

    assert "secret" not in caplog.text


def test_moments_are_those_of_utc(bot):
    near = datetime(2026, 11, 1, 1, 59, 59, tzinfo=UTC)

    late = send(bot, event(occurred_at=f"{near:%Y-%m-%dT%H:%M:%S}+02:00"))

    assert late.status_code == 201
