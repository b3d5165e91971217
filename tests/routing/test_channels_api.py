"""``/api/v1/channels``."""

import json
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from core.models import AuditEntry
from core.roles import Role, Scope
from routing.models import Channel
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

ALL = "/api/v1/channels"
SYNC = f"{ALL}/sync"
ONE = f"{ALL}/general"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bot(clock) -> Client:
    make_character("ada")
    client = bot_client(Scope.ROUTE_DECIDE)
    sent = sync(
        client,
        [
            {"id": "general", "name": "general", "category_id": "talk"},
            {"id": "talk", "name": "Talk"},
        ],
    )
    assert sent.status_code == 200
    return client


@pytest.fixture
def manager(bot) -> Client:
    return client_as(Role.MANAGER)


def sync(client: Client, rows: Any, **headers: str):
    return client.post(
        SYNC, json.dumps(rows), content_type="application/json", headers=headers
    )


def put(client: Client, settings: Any, *, tag: str | None = '"1"', to: str = ONE):
    headers = {} if tag is None else {"If-Match": tag}
    return client.put(
        to,
        json.dumps({"settings": settings}),
        content_type="application/json",
        headers=headers,
    )


def pointers(response) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


# -- Looking ---------------------------------------------------------------------------


def test_one_channel_with_what_holds_in_it(bot, manager):
    put(manager, {"reply_mode": "never"}, to=f"{ALL}/talk")

    response = bot.get(ONE)

    assert response["ETag"] == '"1"'
    assert response.json() == {
        "id": "general",
        "name": "general",
        "category_id": "talk",
        "parent_id": None,
        "settings": {
            "reply_mode": None,
            "allow": None,
            "deny": None,
            "default_character_id": None,
        },
        "revision": 1,
        "effective": {
            "reply_mode": "never",
            "allow": None,
            "deny": [],
            "default_character_id": None,
            "from": {
                "reply_mode": "category",
                "allow": "default",
                "deny": "default",
                "default_character_id": "default",
            },
        },
        "quiet": [],
    }


def test_an_unknown_channel_is_not_there(bot):
    response = bot.get(f"{ALL}/nowhere")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_an_id_may_hold_anything_printable(bot):
    for channel_id in ("a/b", "ä ö%2F?#", "x" * 64):
        assert sync(bot, [{"id": channel_id, "name": "odd"}]).status_code == 200
        response = bot.get(f"{ALL}/{quote(channel_id, safe='')}")

        assert response.json()["id"] == channel_id


def test_the_list_comes_in_pages(bot, django_assert_num_queries):
    sync(bot, [{"id": f"c{n:03}", "name": f"name {n}"} for n in range(120)])
    bot.get(ALL)

    # What the watcher of live changes looks up, and the rows.
    with django_assert_num_queries(2):
        first = bot.get(ALL, {"limit": 100}).json()
    rest = bot.get(ALL, {"limit": 100, "cursor": first["next"]}).json()

    ids = [row["id"] for row in first["results"] + rest["results"]]
    assert len(ids) == len(set(ids)) == 122
    assert rest["next"] is None
    assert set(first["results"][0]) == {
        "id",
        "name",
        "category_id",
        "parent_id",
        "settings",
        "revision",
    }


def test_one_channel_costs_few_queries(bot, django_assert_max_num_queries):
    bot.get(ONE)

    with django_assert_max_num_queries(5):
        bot.get(ONE)


# -- Settings --------------------------------------------------------------------------


def test_settings_are_saved(manager):
    response = put(manager, {"deny": ["ada"], "reply_mode": "freely"})

    assert response.status_code == 200
    assert response["ETag"] == '"2"'
    assert response.json()["effective"]["deny"] == ["ada"]
    assert AuditEntry.objects.filter(action="channel.edited").count() == 1


def test_settings_need_the_tag(manager):
    response = put(manager, {}, tag=None)

    assert response.status_code == 428
    assert response.json()["code"] == "if_match_required"


@pytest.mark.parametrize("tag", ["1", "nonsense", '"1", "2"', '"' + "9" * 40 + '"'])
def test_a_tag_that_is_none(manager, tag):
    assert put(manager, {}, tag=tag).status_code == 400


def test_any_tag_will_do(manager):
    assert put(manager, {"reply_mode": "never"}, tag="*").status_code == 200


def test_a_stale_edit_gets_what_is_there(manager):
    put(manager, {"reply_mode": "never"})

    response = put(manager, {"reply_mode": "freely"})

    assert response.status_code == 412
    assert response["ETag"] == '"2"'
    assert response.json()["current"]["settings"]["reply_mode"] == "never"
    assert Channel.objects.get(channel_id="general").revision == 2


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"deny": ["ada", "zoe"]}, "/settings/deny/1"),
        ({"default_character_id": "zoe"}, "/settings/default_character_id"),
        ({"reply_mode": "channel"}, "/settings/reply_mode"),
        ({"reply_mode": "sometimes"}, "/settings/reply_mode"),
        ({"allow": "ada"}, "/settings/allow"),
        ({"allow": [7]}, "/settings/allow/0"),
        ({"allow": ["x" * 65]}, "/settings/allow/0"),
        ({"allow": ["ada"] * 1_001}, "/settings/allow"),
        ({"denies": ["ada"]}, "/settings/denies"),
        (None, "/settings"),
    ],
)
def test_settings_that_cannot_be(manager, settings, expected):
    response = put(manager, settings)

    assert response.status_code == 422
    assert pointers(response) == [expected]
    assert Channel.objects.get(channel_id="general").settings == {}


def test_settings_of_an_unknown_channel(manager):
    assert put(manager, {}, to=f"{ALL}/nowhere").status_code == 404


def test_bots_set_nothing(bot):
    response = put(bot, {"reply_mode": "never"})

    assert response.status_code == 403
    assert response.json()["code"] == "people_only"


def test_curators_set_nothing(bot):
    assert put(client_as(Role.CURATOR), {}).status_code == 403


# -- Telling of channels ---------------------------------------------------------------


def test_what_was_told_is_counted(bot):
    response = sync(
        bot,
        [
            {"id": "general", "name": "general", "category_id": "talk"},
            {"id": "talk", "name": "Chatter"},
            {"id": "new", "name": "", "parent_id": None},
        ],
    )

    assert response.json() == {"created": 1, "changed": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], ""),
        ({"channels": []}, ""),
        ([{"id": "a"}], "/0/name"),
        ([{"id": 7, "name": "n"}], "/0/id"),
        ([{"id": "", "name": "n"}], "/0/id"),
        ([{"id": "x" * 65, "name": "n"}], "/0/id"),
        ([{"id": "a\nb", "name": "n"}], "/0/id"),
        ([{"id": "a", "name": "n" * 201}], "/0/name"),
        ([{"id": "a", "name": "one\ntwo"}], "/0/name"),
        ([{"id": "a", "name": "n", "type": 1}], "/0/type"),
        ([{"id": "a", "name": "n", "parent_id": "a"}], "/0/parent_id"),
        ([{"id": "a", "name": "n", "category_id": "a"}], "/0/category_id"),
        ([{"id": "a", "name": "n"}, {"id": "a", "name": "m"}], "/1/id"),
        ([{"id": f"c{n}", "name": "n"} for n in range(1_001)], ""),
    ],
)
def test_what_cannot_be_told(bot, rows, expected):
    before = Channel.objects.count()

    response = sync(bot, rows)

    assert response.status_code == 422
    assert pointers(response) == [expected]
    assert Channel.objects.count() == before


def test_an_unknown_field_may_be_ignored(bot):
    response = sync(
        bot, [{"id": "a", "name": "n", "type": 1}], Prefer="handling=lenient"
    )

    assert response.status_code == 200
    assert 'ignored="/0/type"' in response["Preference-Applied"]


def test_each_channel_counts_as_a_tenth(bot):
    few = sync(bot, [{"id": "a", "name": "n"}])

    many = sync(bot, [{"id": f"c{n}", "name": "n"} for n in range(1_000)])

    # Some of it comes back while the test runs.
    spent = int(few["RateLimit-Remaining"]) - int(many["RateLimit-Remaining"])
    assert 50 < spent <= 100


def test_people_tell_of_no_channels(manager):
    response = sync(manager, [{"id": "a", "name": "n"}])

    assert response.status_code == 403
    assert response.json()["code"] == "bots_only"


def test_a_key_needs_the_scope(bot):
    client = bot_client(Scope.PROMPT_READ)

    assert client.get(ALL).status_code == 403
    assert sync(client, [{"id": "a", "name": "n"}]).status_code == 403
