"""``POST personas/{character_id}/compose``."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from core import limits, policy
from core.live import watcher
from core.roles import Role, Scope
from personas import serving
from personas.catalog import catalog
from personas.policy import FRAMEWORK_BLENDING_ENABLED
from personas.services import publishing
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework

# On commit is when changes are numbered and snapshots patched.
pytestmark = pytest.mark.django_db(transaction=True)

TALK = [
    {"name": "Bob", "text": "There is a bug in my Python code."},
    {"name": "the_clerk", "text": "Show me."},
]


@pytest.fixture
def bot() -> Client:
    """A bot; ada, who blends, and eve are live."""
    for key in ("neuro", "assistant"):
        make_framework(key, interaction_style={"tone": f"{key} tone"})
    make_character(
        "ada",
        aliases=["The Clerk"],
        post_history="Stay kind to {{user}}.",
        first_message="Hello {{user}}.",
        framework_blending={
            "enabled": True,
            "weights": [
                {"context": "technical", "framework_id": "assistant", "weight": 1.0}
            ],
        },
    )
    make_character("eve")
    publishing.publish(character_ids=["ada", "eve"], note="N", author=None, now=NOW)
    return bot_client(Scope.PROMPT_READ)


def post(client: Client, body, character_id: str = "ada", **options):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        f"/api/v1/personas/{character_id}/compose",
        text,
        content_type="application/json",
        **options,
    )


def composed(client: Client, character_id: str = "ada", **fields) -> dict:
    response = post(client, {"messages": TALK, **fields}, character_id)
    assert response.status_code == 200, response.content
    return response.json()


def test_the_answer_is_the_prompt_with_the_conversation(bot):
    served = bot.get("/api/v1/personas/ada/prompt").json()

    answer = composed(bot, user_name="Bobby")

    told = {"lore", "trace", "trace_left_out", "seed", "detection", "feelings"}
    assert set(answer) == {*served, "chat", *told}
    assert answer["version"] == served["version"]
    assert answer["content_hash"] == served["content_hash"]
    assert answer["greetings"]["first_message"] == "Hello Bobby."
    assert answer["chat"] == [
        {"role": "system", "content": served["system_prompt"]},
        {"role": "user", "content": "There is a bug in my Python code."},
        {"role": "assistant", "content": "Show me."},
        {"role": "system", "content": "Stay kind to Bobby."},
    ]
    assert (answer["lore"], answer["trace"]) == ([], [])
    assert (answer["context"], answer["detection"]) == (None, None)


def test_auto_finds_the_kind_and_says_by_which_words(bot):
    answer = composed(bot, context="auto")

    assert answer["context"] == "technical"
    assert "assistant tone" in answer["chat"][0]["content"]
    assert answer["blend"]["weights"] == {"assistant": 1.0}
    assert answer["detection"] == {
        "context": "technical",
        "evidence": [
            {
                "context": "technical",
                "phrase": phrase,
                "message": 0,
                "start": start,
                "end": start + len(phrase),
            }
            for phrase in ("bug", "python", "code")
            for start in [TALK[0]["text"].lower().index(phrase)]
        ],
        "ranking": [{"context": "technical", "phrases": 3}],
    }


def test_auto_without_evidence_is_the_plain_prompt(bot):
    answer = composed(
        bot, context="auto", messages=[{"name": "Bob", "text": "We prevent events."}]
    )

    assert (answer["context"], answer["blend"]) == (None, None)
    assert answer["detection"] == {"context": None, "evidence": [], "ranking": []}


def test_a_named_kind_may_be_an_alias_and_need_not_be_blended(bot):
    blended = composed(bot, context="analytical_task")
    plain = composed(bot, "eve", context="analytical_task")

    assert (blended["context"], plain["context"]) == ("technical", "technical")
    assert blended["blend"]
    assert plain["blend"] is None


def test_switched_off_the_kind_is_still_told_and_the_prompt_plain(bot):
    policy.set_value(
        name=FRAMEWORK_BLENDING_ENABLED, value=False, actor=None, now=datetime.now(UTC)
    )

    answer = composed(bot, context="auto")

    assert (answer["context"], answer["blend"]) == ("technical", None)
    assert "neuro tone" in answer["chat"][0]["content"]


def test_all_fields_together_are_taken(bot):
    answer = composed(
        bot,
        other_character_id="eve",
        budget_tokens=500,
        seed=-7,
        label="production",
        decision_id="d-1",
    )

    assert answer["label"] == "production"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"messages": "hello"}, "/messages"),
        ({"messages": [{"name": "Bob"}]}, "/messages/0/text"),
        ({"messages": [{"text": "x"}]}, "/messages/0/name"),
        ({"messages": [{"name": "", "text": "x"}]}, "/messages/0/name"),
        ({"messages": [{"name": "B", "text": 5}]}, "/messages/0/text"),
        ({"messages": [{"name": "B", "text": "ä" * 4097}]}, "/messages/0/text"),
        ({"messages": [{"name": "B", "text": ""}] * 1001}, "/messages"),
        ({"user_name": ""}, "/user_name"),
        ({"user_name": "x" * 201}, "/user_name"),
        ({"other_character_id": "nobody"}, "/other_character_id"),
        ({"other_character_id": "ada"}, "/other_character_id"),
        ({"other_character_id": "Not A Slug"}, "/other_character_id"),
        ({"budget_tokens": -1}, "/budget_tokens"),
        ({"budget_tokens": "5"}, "/budget_tokens"),
        ({"seed": 1.5}, "/seed"),
        ({"seed": 10**17 * 99}, "/seed"),
        ({"decision_id": ""}, "/decision_id"),
        ({"decision_id": 5}, "/decision_id"),
        ({"context": 5}, "/context"),
        ({"lable": "production"}, "/lable"),
    ],
)
def test_what_will_not_do_is_named_with_its_place(bot, fields, pointer):
    response = post(bot, {"messages": TALK, **fields})

    body = response.json()
    assert response.status_code in (400, 422)
    assert body["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"context": "gossip"}, 422, "unknown_context"),
        ({"context": ""}, 422, "unknown_context"),
        ({"label": "staging"}, 404, "not_labelled"),
    ],
)
def test_what_is_not_there_is_said(bot, fields, status, code):
    response = post(bot, {"messages": [], **fields})

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_unknown_characters_and_parameters_are_refused(bot):
    unknown = post(bot, {"messages": []}, "nobody")
    parameter = bot.post(
        "/api/v1/personas/ada/compose?label=x", "{}", content_type="application/json"
    )

    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_character")
    assert parameter.json()["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ("{}", 422),
        ('{"messages": [], "messages": []}', 400),
        ('{"messages": [{"name": "\\ud800", "text": ""}]}', 422),
        ('{"messages": [{"name": "a\\u0000", "text": ""}]}', 422),
        ('{"messages": [], "x": "' + "x" * limits.BODY_BYTES + '"}', 413),
    ],
)
def test_bodies_that_cannot_be_used_are_refused(bot, text, status):
    assert post(bot, text).status_code == status


def test_the_largest_conversation_is_composed(bot):
    text = "some words " * 80
    talk = [{"name": f"Person {n % 7}", "text": text} for n in range(1000)]

    answer = composed(bot, messages=talk, context="auto")

    assert len(answer["chat"]) == 1002
    assert answer["chat"][1]["content"] == f"Person 0: {text}"


def test_it_asks_the_database_nothing(bot, monkeypatch, django_assert_num_queries):
    composed(bot)
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)

    with django_assert_num_queries(0):
        composed(bot, context="auto")


def test_it_is_never_stored_and_says_how_fresh_it_is(bot, monkeypatch):
    composed(bot)
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: False)

    response = post(bot, {"messages": []})

    assert response["Cache-Control"] == "no-store"
    assert response["X-Freshness"] == "stale"


def test_who_may_read_prompts_may_compose_and_nobody_else(bot, client):
    body = {"messages": []}

    assert post(client_as(Role.VIEWER), body).status_code == 200
    assert post(client, body).status_code == 401
    assert post(client_as(None), body).status_code == 403
    assert post(bot_client(Scope.ROUTE_DECIDE), body).status_code == 403
    assert bot.get("/api/v1/personas/ada/compose").status_code == 405


def test_it_counts_as_a_read(bot):
    response = post(bot, {"messages": []})

    assert response["RateLimit-Policy"].startswith(str(limits.READS_PER_MINUTE))


def test_its_schema_names_every_field_of_the_answer(bot):
    schema = client_as(Role.VIEWER).get("/api/v1/schema").json()
    operation = schema["paths"]["/api/v1/personas/{character_id}/compose"]["post"]

    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(composed(bot)) == set(answer["properties"])
    assert {"404", "422", "413"} <= set(operation["responses"])


def test_the_plain_function_needs_no_request(bot):
    snapshot, _ = catalog.read()

    body = serving.compose(
        snapshot, character_id="ada", label="production", asked=serving.Asked()
    )

    assert json.loads(body)["chat"] == composed(bot, messages=[])["chat"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"user_name": "ü" * 150, "messages": TALK}, "/user_name"),
        ({"messages": [{"name": "ü" * 150, "text": "Hi"}]}, "/messages"),
    ],
)
def test_a_name_with_which_the_prompt_gets_too_long_is_refused(bot, fields, pointer):
    make_character("max", description="{{user}}" * 30_000)
    publishing.publish(character_ids=["max"], note="N", author=None, now=NOW)

    response = post(bot, fields, "max")

    body = response.json()
    assert (response.status_code, body["code"]) == (422, "invalid")
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert "256 KiB" in body["errors"][0]["detail"]
    assert composed(bot, "max", user_name="Bob")["system_prompt"].count("Bob") >= 30_000
