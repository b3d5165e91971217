"""What became of an answer, as bots report it."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from core.models import LiveChange
from routing.models import Decision, Interaction
from tests.core.api_client import bot_client, make_key
from tests.factories import NOW
from tests.routing.asking import outcome, routed, set_policy, three
from tests.routing.reports import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    three()
    return bot_client()


@pytest.fixture
def decision_id(bot):
    return routed(bot, "Ada!", message_id="m1")["decision_id"]


def test_it_is_recorded_and_told(bot, decision_id):
    response = outcome(
        bot,
        decision_id,
        latency_ms=812,
        reply_message_id="r1",
        reply_excerpt="Good morning",
    )

    assert response.status_code == 200, response.content
    assert response.json() == {
        "decision_id": decision_id,
        "delivered": True,
        "latency_ms": 812,
        "reply_message_id": "r1",
        "results": [],
    }
    row = Decision.objects.get()
    assert (row.delivered, row.latency_ms, row.reply_message_id) == (True, 812, "r1")
    assert row.reply_excerpt == "Good morning"
    ops = LiveChange.objects.filter(key=f"decision:{decision_id}").order_by("pk")
    assert [change.op["delivered"] for change in ops] == [None, True]
    assert "Good morning" not in json.dumps([change.op for change in ops])


def test_the_same_again_changes_nothing(bot, decision_id):
    first = outcome(bot, decision_id, latency_ms=1)
    at = Decision.objects.get().outcome_at

    again = outcome(bot, decision_id, latency_ms=1)

    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Decision.objects.get().outcome_at == at


@pytest.mark.parametrize(
    "fields",
    [
        {"delivered": False},
        {"latency_ms": 2},
        {"reply_message_id": "other"},
        {"reply_excerpt": "other"},
    ],
)
def test_another_outcome_is_refused(bot, decision_id, fields):
    first = {"latency_ms": 1, "reply_message_id": "r", "reply_excerpt": "x"}
    outcome(bot, decision_id, **first)

    response = outcome(bot, decision_id, **{**first, **fields, "events": [event()]})

    assert (response.status_code, response.json()["code"]) == (409, "outcome_known")
    assert Decision.objects.get().latency_ms == 1
    assert Interaction.objects.count() == 0


def test_an_excerpt_after_none_is_another_outcome(bot, decision_id):
    outcome(bot, decision_id)

    late = outcome(bot, decision_id, reply_excerpt="Good morning")
    again = outcome(bot, decision_id)

    assert (late.status_code, late.json()["code"]) == (409, "outcome_known")
    assert again["Idempotency-Replayed"] == "true"
    assert Decision.objects.get().reply_excerpt == ""


def test_an_excerpt_after_the_time_of_texts_is_not_compared(bot):
    with time_machine.travel(NOW, tick=False):
        decision_id = routed(bot, "Ada!")["decision_id"]
        outcome(bot, decision_id)
    with time_machine.travel(NOW + timedelta(days=8), tick=False):
        again = outcome(bot, decision_id, reply_excerpt="late")

    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")


def test_only_the_same_bot_may(decision_id):
    response = outcome(bot_client(), decision_id)

    assert (response.status_code, response.json()["code"]) == (404, "unknown_decision")


def test_events_count_in_the_same_call(bot, decision_id):
    events = [event("e1"), event("e2", kind="nonsense"), {"id": "e3"}]

    answer = outcome(bot, decision_id, events=events).json()

    assert [each["status"] for each in answer["results"]] == [
        *("accepted", "rejected", "rejected"),
    ]
    assert answer["results"][2]["errors"][0]["pointer"].startswith("/events/2/")
    assert Interaction.objects.get().event_id == "e1"


def test_events_count_once(bot, decision_id):
    outcome(bot, decision_id, events=[event("e1")])

    answer = outcome(bot, decision_id, events=[event("e1")]).json()

    assert [each["status"] for each in answer["results"]] == ["duplicate"]
    assert Interaction.objects.count() == 1


def test_events_need_their_scope():
    three()
    bot = bot_client("route:decide")
    decision_id = routed(bot, "Ada!")["decision_id"]

    response = outcome(bot, decision_id, events=[event()])

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert Decision.objects.get().delivered is None
    assert outcome(bot, decision_id).status_code == 200


def test_a_test_key_of_the_bot_keeps_nothing():
    three()
    key, text = make_key()
    bot = bot_client_with(text)
    decision_id = routed(bot, "Ada!")["decision_id"]
    _, other = make_key(is_test=True, replaces=key)

    answer = outcome(bot_client_with(other), decision_id).json()

    assert (answer["test"], answer["delivered"]) == (True, True)
    assert Decision.objects.get().delivered is None


def bot_client_with(text):
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_whose_answer_did_not_arrive_is_not_in_conversation(bot, decision_id):
    outcome(bot, decision_id, delivered=False)

    assert routed(bot, "And then?")["reason"] == "nobody"


def test_then_whoever_answered_before_is(bot, decision_id):
    late = routed(bot, "Bob!")["decision_id"]
    outcome(bot, late, delivered=False)

    answer = routed(bot, "And then?")

    assert (answer["reason"], answer["character_id"]) == ("sticky", "ada")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"delivered": "yes"}, "/delivered"),
        ({"delivered": None}, "/delivered"),
        ({"latency_ms": -1}, "/latency_ms"),
        ({"latency_ms": 2**31}, "/latency_ms"),
        ({"reply_message_id": 5}, "/reply_message_id"),
        ({"reply_excerpt": "x" * 201}, "/reply_excerpt"),
        ({"events": {}}, "/events"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
def test_what_is_wrong_is_pointed_at(bot, decision_id, fields, pointer):
    response = outcome(bot, decision_id, **fields)

    assert response.status_code == 422
    assert [e["pointer"] for e in response.json()["errors"]] == [pointer]
    assert Decision.objects.get().outcome_at is None


def test_where_no_text_is_kept_no_reply_is(bot):
    set_policy("MESSAGE_TEXT_KEPT", value="none")
    decision_id = routed(bot, "Ada!")["decision_id"]

    first = outcome(bot, decision_id, reply_excerpt="secret")
    again = outcome(bot, decision_id, reply_excerpt="secret")

    assert (first.status_code, again.status_code) == (200, 200)
    assert Decision.objects.get().reply_excerpt == ""


def test_an_outcome_that_comes_late_keeps_no_reply(bot):
    with time_machine.travel(NOW, tick=False):
        decision_id = routed(bot, "Ada!")["decision_id"]
    with time_machine.travel(NOW + timedelta(days=8), tick=False):
        outcome(bot, decision_id, reply_excerpt="late")

    assert Decision.objects.get().reply_excerpt == ""
