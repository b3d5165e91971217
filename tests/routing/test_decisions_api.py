"""Looking at decisions that were made."""

import pytest

from core.roles import Role
from routing.models import Decision
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.routing.asking import DECISIONS, outcome, routed, three

pytestmark = pytest.mark.django_db

NONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def bot():
    three()
    return bot_client()


def listed(client, query=""):
    response = client.get(f"{DECISIONS}{query}")
    assert response.status_code == 200, response.content
    return response.json()


def test_the_newest_comes_first(bot):
    ids = [routed(bot, "Ada!")["decision_id"] for _ in range(3)]

    found = listed(bot)

    assert [row["decision_id"] for row in found["results"]] == ids[::-1]
    assert found["next"] is None


def test_a_row_tells_what_was_decided(bot):
    answer = routed(
        bot,
        "Ada, tea?",
        message_id="m1",
        server_id="s1",
        user_id="u1",
    )

    (row,) = listed(bot)["results"]

    assert row.pop("decided_at").endswith("Z")
    assert row == {
        "decision_id": answer["decision_id"],
        "character_id": "ada",
        "persona_id": "ada@neuro",
        "version": 1,
        "explanation": answer["explanation"],
        "respond": True,
        "respond_reason": "mention",
        "reason": "mention",
        "label": "production",
        "channel_id": "7",
        "message_id": "m1",
        "server_id": "s1",
        "user_id": "u1",
        "author_character_id": None,
        "delivered": None,
        "latency_ms": None,
        "reply_message_id": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?channel_id=8", ["m2"]),
        ("?character_id=bob", ["m2"]),
        ("?character_id=zoe", []),
        ("?reason=nobody", ["m3"]),
        ("?message_id=m1", ["m1"]),
        ("?reason=mention&channel_id=7", ["m1"]),
    ],
)
def test_filters(bot, query, expected):
    routed(bot, "Ada!", message_id="m1")
    routed(bot, "Bob!", message_id="m2", channel_id="8")
    routed(bot, "Nothing", message_id="m3", ignore_sticky=True)

    assert [row["message_id"] for row in listed(bot, query)["results"]] == expected


def test_pages_follow_each_other(bot):
    for number in range(5):
        routed(bot, "Ada!", message_id=f"m{number}")

    first = listed(bot, "?limit=2&reason=mention")
    routed(bot, "Ada!", message_id="late")
    second = listed(bot, f"?limit=2&reason=mention&cursor={first['next']}")

    assert [row["message_id"] for row in first["results"]] == ["m4", "m3"]
    assert [row["message_id"] for row in second["results"]] == ["m2", "m1"]
    wrong = bot.get(f"{DECISIONS}?limit=2&cursor={first['next']}")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("query", ["?reason=magic", "?nonsense=1", "?channel_id="])
def test_bad_parameters_are_told(bot, query):
    assert bot.get(f"{DECISIONS}{query}").status_code == 400


def test_a_list_costs_the_same_however_long(bot, django_assert_num_queries):
    for number in range(12):
        routed(bot, "I love tea", author_character_id="ada" if number % 2 else None)

    bot.get(DECISIONS)
    with django_assert_num_queries(2):  # whether keys changed, and the rows
        assert len(listed(bot)["results"]) == 12


def test_one_decision_tells_everything(bot):
    answer = routed(bot, "Tea or chess?", message_id="m1", ignore_sticky=True)
    outcome(bot, answer["decision_id"], reply_excerpt="Tea!", latency_ms=7)

    found = bot.get(f"{DECISIONS}/{answer['decision_id']}").json()

    assert {key: found[key] for key in answer} == answer
    assert found["asked"]["ignore_sticky"] is True
    assert found["terms"]["steps"] == [
        *("mention", "sticky", "activity", "content", "fallback"),
    ]
    assert found["state"]["chain"] == 0
    assert (found["text"], found["text_kept"]) == ("Tea or chess?", "whole")
    assert (found["reply_excerpt"], found["latency_ms"]) == ("Tea!", 7)
    assert found["composed"] is None
    assert isinstance(found["draws"], list)


@pytest.mark.parametrize("what", ["", "/replay", "/outcome"])
def test_another_id_is_told(bot, what):
    url = f"{DECISIONS}/{NONE}{what}"
    body = {"delivered": True} if what == "/outcome" else None

    response = (
        bot.post(url, body, content_type="application/json") if what else bot.get(url)
    )

    assert response.status_code == 404
    assert response.json()["code"] == "unknown_decision"


def test_what_is_no_id_is_no_address(bot):
    assert bot.get(f"{DECISIONS}/nonsense").status_code == 404


def test_people_may_look(bot):
    answer = routed(bot, "Ada!")
    viewer = client_as(Role.VIEWER)

    assert len(listed(viewer)["results"]) == 1
    found = viewer.get(f"{DECISIONS}/{answer['decision_id']}")
    assert found.json()["character_id"] == "ada"


def test_keys_without_the_scope_may_not(bot):
    assert bot_client("prompt:read").get(DECISIONS).status_code == 403


def test_every_decision_of_a_busy_channel_is_there(bot):
    for _ in range(60):
        routed(bot, "Ada!")

    assert Decision.objects.count() == 60
    assert len(listed(bot, "?limit=200")["results"]) == 60
