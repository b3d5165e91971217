"""``/api/v1/relationships``."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from core import policy as settings
from core.models import AuditEntry
from core.roles import Role, Scope
from personas.models import Character
from relationships import policy
from relationships.models import Affinity, LedgerRow
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW
from tests.relationships.feelings_given import met, published
from tests.relationships_data import make_circle

pytestmark = pytest.mark.django_db

ALL = "/api/v1/relationships"
TWO = f"{ALL}/ada/bob"
HOUR = timedelta(hours=1)


@pytest.fixture
def cast():
    return published("ada", "bob", "eve")


@pytest.fixture
def clock():
    with time_machine.travel(NOW + timedelta(seconds=90), tick=False) as traveller:
        yield traveller


@pytest.fixture
def bot(cast, clock) -> Client:
    return bot_client(Scope.RELATIONSHIP_READ)


@pytest.fixture
def manager(cast, clock) -> Client:
    return client_as(Role.MANAGER)


def put(client: Client, body, *, tag: str | None = '"0-0"', to: str = TWO):
    headers = {} if tag is None else {"If-Match": tag}
    return client.put(
        to, json.dumps(body), content_type="application/json", headers=headers
    )


def reset(client: Client, body, **headers: str):
    return client.post(
        f"{TWO}/reset",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


# -- Everybody -----------------------------------------------------------------------


def test_everybody_is_decayed_to_the_present_floored_to_the_minute(bot, cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW - timedelta(days=1))

    body = bot.get(ALL).json()

    assert body["as_of"] == "2026-11-01T00:01:00Z"
    assert [each["character_id"] for each in body["characters"]] == [
        "ada",
        "bob",
        "eve",
    ]
    assert body["characters"][0] == {
        "character_id": "ada",
        "display_name": "Ada",
        "avatar_url": None,
        "active": True,
    }
    assert body["pairs"][0] == {
        "source": "ada",
        "target": "bob",
        "affinity": 2.7,
        "stored": 3.0,
        "updated_at": "2026-10-31T00:00:00Z",
        "resting": 0.0,
        "band": "neutral",
        "events": 1,
        "seq": 1,
        "tension": 0.0,
        "tension_stored": 0.0,
        "tension_at": None,
    }
    assert len(body["pairs"]) == 2


def test_the_number_is_that_of_the_stream_before_anything_is_read(
    bot, cast, monkeypatch
):
    monkeypatch.setattr("relationships.api.views.current_head", lambda stream: 41)

    assert bot.get(ALL).json()["seq"] == 41


def test_a_moment_of_the_past_and_the_least(bot, cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW - 2 * HOUR)
    met(ada, bob, at=NOW)

    then = bot.get(ALL, {"at": (NOW - 2 * HOUR).isoformat(), "min": "2.5"}).json()

    assert then["as_of"] == "2026-10-31T22:00:00Z"
    assert [(p["source"], p["affinity"]) for p in then["pairs"]] == [("ada", 3.0)]
    assert bot.get(ALL, {"min": "10"}).json()["pairs"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"at": "2026-11-01T00:02:00Z"}, "bad_parameter"),
        ({"at": "2026-10-31T00:00:00"}, "bad_parameter"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "bad_parameter"),
        ({"at": "yesterday"}, "bad_parameter"),
        ({"min": "-1"}, "bad_parameter"),
        ({"min": "11"}, "bad_parameter"),
        ({"min": "nan"}, "bad_parameter"),
        ({"least": "1"}, "unknown_parameter"),
    ],
)
def test_a_query_that_makes_no_sense_is_told(bot, query, code):
    response = bot.get(ALL, query)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_what_is_known_is_not_sent_again_until_it_may_differ(bot, clock):
    first = bot.get(ALL)

    def again(tag: str = first["ETag"]):
        return bot.get(ALL, headers={"If-None-Match": tag})

    assert again().status_code == 304
    assert again().content == b""
    assert bot.get(ALL, {"min": "1"})["ETag"] != first["ETag"]
    clock.shift(30)
    assert again().status_code == 200
    tag = bot.get(ALL)["ETag"]
    settings.set_value(name=policy.CONFLICT_DECAY_RATE, value=0.5, actor=None, now=NOW)
    assert again(tag).status_code == 200


def test_the_tag_changes_with_the_number_of_the_stream(bot, monkeypatch):
    first = bot.get(ALL)["ETag"]
    monkeypatch.setattr("relationships.api.views.current_head", lambda stream: 7)

    assert bot.get(ALL)["ETag"] != first


def test_bots_and_people_get_the_same(bot, cast, clock):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)

    assert bot.get(ALL).json() == client_as(Role.VIEWER).get(ALL).json()
    assert bot.get(TWO).json() == client_as(Role.VIEWER).get(TWO).json()


def test_a_list_takes_the_same_queries_however_long(bot, django_assert_max_num_queries):
    make_circle(3)
    bot.get(ALL)
    make_circle(11)

    # The head, characters, feelings; and whether copies are current.
    with django_assert_max_num_queries(12):
        body = bot.get(ALL, {"min": "0.001"}).json()

    assert len(body["pairs"]) > 100


# -- Two -----------------------------------------------------------------------------


def test_two_with_traits_the_other_way_and_history(bot, cast):
    ada, bob, _ = cast
    met(ada, bob, at=NOW)
    met(ada, bob, "insult", at=NOW)

    response = bot.get(TWO)
    body = response.json()

    assert response["ETag"] == '"2-2"'
    assert (body["source"], body["affinity"], body["tension"]) == ("ada", 0.0, 0.2)
    assert body["traits"] == {
        "warmth": 0.0,
        "trust": 0.0,
        "respect": -0.05,
        "rivalry": 0.0,
    }
    assert body["trigger_topics"] == []
    assert (body["reverse"]["source"], body["reverse"]["target"]) == ("bob", "ada")
    assert [row["seq"] for row in body["history"]] == [2, 1]
    row = body["history"][1]
    assert (row["cause"], row["kind"], row["is_speaker"]) == (
        "event",
        "compliment",
        True,
    )
    assert (row["base"], row["wanted"], row["change"]) == (3.0, 3.0, 3.0)
    assert (row["before"], row["after"], row["factor"]) == (0.0, 3.0, 1.0)
    assert row["band"] == "friend"
    assert body["next"] is None


def test_the_history_comes_in_pages(bot, cast):
    ada, bob, _ = cast
    for _ in range(5):
        met(ada, bob, "message", at=NOW)

    first = bot.get(TWO, {"limit": 2}).json()
    second = bot.get(TWO, {"limit": 2, "cursor": first["next"]}).json()
    third = bot.get(TWO, {"limit": 2, "cursor": second["next"]}).json()

    pages = [[row["seq"] for row in page["history"]] for page in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert third["next"] is None
    other = bot.get(f"{ALL}/bob/ada", {"limit": 2, "cursor": first["next"]})
    assert other.json()["code"] == "bad_cursor"


@pytest.mark.parametrize("path", ["", "/probability"])
def test_nobody_and_oneself(bot, path):
    unknown = bot.get(f"{ALL}/ada/nobody{path}")
    oneself = bot.get(f"{ALL}/ada/ada{path}")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_character")
    assert (oneself.status_code, oneself.json()["code"]) == (422, "same_character")
    nul = bot.get(f"{ALL}/ada/no%00body{path}")
    assert nul.status_code in {400, 404}


def test_two_take_few_queries(bot, cast, django_assert_max_num_queries):
    ada, bob, _ = cast
    for _ in range(30):
        met(ada, bob, "message", at=NOW)
    bot.get(TWO)

    with django_assert_max_num_queries(9):
        bot.get(TWO)


# -- Chances -------------------------------------------------------------------------


def test_a_chance_tells_all_its_factors_and_repeats_by_its_seed(bot, cast):
    ada, bob, _ = cast
    met(ada, bob, "insult", at=NOW)

    drawn = bot.get(f"{TWO}/probability").json()
    again = bot.get(f"{TWO}/probability", {"seed": drawn["seed"]}).json()

    assert drawn == again
    assert set(drawn) == {
        "target",
        "probability",
        "affinity",
        "base",
        "recent_events",
        "history",
        "compatibility",
        "tension",
        "calm",
        "random",
        "seed",
    }
    factors = (drawn[k] for k in ("base", "history", "compatibility", "calm", "random"))
    product = 1.0
    for factor in factors:
        product *= factor
    assert drawn["probability"] == pytest.approx(product)
    assert 0.8 <= drawn["random"] <= 1.2


def test_several_chances_are_those_of_each(bot, cast):
    address = f"{ALL}/ada/probabilities"

    body = bot.get(address, {"target": ["eve", "bob"], "seed": "5"}).json()

    assert body["results"] == [
        bot.get(f"{ALL}/ada/{target}/probability", {"seed": "5"}).json()
        for target in ("eve", "bob")
    ]
    drawn = bot.get(address, {"target": ["eve", "bob"]}).json()["results"]
    assert drawn[0]["seed"] != drawn[1]["seed"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "bad_parameter"),
        ({"target": "ada"}, 422, "same_character"),
        ({"target": ["bob", "nobody"]}, 404, "unknown_character"),
        ({"target": "bob", "seed": "9223372036854775808"}, 400, "bad_parameter"),
        ({"target": "bob", "seed": "x"}, 400, "bad_parameter"),
        ({"target": ["bob"] * 201}, 400, "bad_parameter"),
    ],
)
def test_chances_that_cannot_be_told(bot, query, status, code):
    response = bot.get(f"{ALL}/ada/probabilities", query)

    assert (response.status_code, response.json()["code"]) == (status, code)


# -- By hand -------------------------------------------------------------------------


def test_a_manager_sets_a_feeling(manager, cast):
    response = put(manager, {"affinity": -4.5, "resting": 1, "reason": "Old feud."})

    body = response.json()
    assert response.status_code == 200
    assert response["ETag"] == '"1-0"'
    assert (body["affinity"], body["resting"], body["band"]) == (-4.5, 1.0, "rival")
    row = body["history"][0]
    assert (row["cause"], row["reason"], row["before"]) == ("set", "Old feud.", 0.0)
    assert body["reverse"]["affinity"] == 0.0
    entry = AuditEntry.objects.get(action="feeling.set")
    assert entry.before == {"affinity": 0.0, "resting": 0.0}
    assert entry.after == {"affinity": -4.5, "resting": 1.0}
    assert entry.note == "Old feud."


def test_the_tag_of_what_was_read_is_asked_for_and_obeyed(manager, cast):
    ada, bob, _ = cast
    missing = put(manager, {"affinity": 1, "reason": "x"}, tag=None)
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")

    met(bob, ada, at=NOW)
    stale = put(manager, {"affinity": 1, "reason": "x"})

    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert stale["ETag"] == '"1-1"'
    assert stale.json()["current"]["affinity"] == 2.4
    assert LedgerRow.objects.count() == 2
    assert put(manager, {"affinity": 1, "reason": "x"}, tag='"1-1"').status_code == 200
    assert put(manager, {"affinity": 2, "reason": "x"}, tag="*").status_code == 200
    assert (
        put(manager, {"affinity": 3, "reason": "x"}, tag='W/"3-1"').status_code == 200
    )
    bad = put(manager, {"affinity": 3, "reason": "x"}, tag="3")
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"affinity": 1}, 422, "/reason"),
        ({"affinity": 1, "reason": " "}, 422, "/reason"),
        ({"affinity": 1, "reason": "x" * 1_001}, 422, "/reason"),
        ({"reason": "x"}, 422, ""),
        ({"affinity": None, "reason": "x"}, 422, ""),
        ({"affinity": 10.001, "reason": "x"}, 422, "/affinity"),
        ({"affinity": -11, "reason": "x"}, 422, "/affinity"),
        ({"affinity": 0.0001, "reason": "x"}, 422, "/affinity"),
        ({"affinity": "7", "reason": "x"}, 422, "/affinity"),
        ({"affinity": True, "reason": "x"}, 422, "/affinity"),
        ({"resting": 11, "reason": "x"}, 422, "/resting"),
        ({"affinity": 1, "reason": "x", "tension": 1}, 422, "/tension"),
    ],
)
def test_what_cannot_be_set_is_refused_and_leaves_no_trace(
    manager, body, status, pointer
):
    response = put(manager, body)

    assert response.status_code == status, response.content
    assert response.json()["errors"][0]["pointer"] == pointer
    assert Affinity.objects.count() == 0


@pytest.mark.parametrize("text", [b'{"affinity": 1e400}', b'{"affinity": NaN}'])
def test_numbers_that_are_none_are_no_json(manager, text):
    response = manager.put(
        TWO, text, content_type="application/json", headers={"If-Match": '"0-0"'}
    )

    assert response.status_code == 400


def test_a_manager_resets_two(manager, cast):
    ada, bob, _ = cast
    met(ada, bob, "insult", at=NOW)

    stale = reset(manager, {"reason": "Anew."}, **{"If-Match": '"0-0"'})
    done = reset(manager, {"reason": "Anew."})

    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    body = done.json()
    assert (done.status_code, done["ETag"]) == (200, '"2-2"')
    assert (body["affinity"], body["reverse"]["affinity"], body["tension"]) == (0, 0, 0)
    assert body["history"][0]["cause"] == "reset"
    assert reset(manager, {}).status_code == 422


def test_who_may_read_and_who_may_write(cast, clock):
    body = {"affinity": 1, "reason": "x"}

    assert Client().get(ALL).status_code == 401
    assert client_as(None).get(ALL).status_code == 403
    assert bot_client(Scope.PROMPT_READ).get(ALL).json()["code"] == "missing_scope"
    assert put(bot_client(), body).json()["code"] == "people_only"
    assert reset(bot_client(), {"reason": "x"}).json()["code"] == "people_only"
    for role in (Role.VIEWER, Role.CURATOR):
        assert put(client_as(role), body).status_code == 403
        assert reset(client_as(role), {"reason": "x"}).status_code == 403
        assert client_as(role).get(TWO).status_code == 200


def test_writing_to_nobody_or_oneself(manager):
    body = {"affinity": 1, "reason": "x"}

    assert put(manager, body, to=f"{ALL}/ada/nobody").status_code == 404
    assert put(manager, body, to=f"{ALL}/ada/ada").status_code == 422
    Character.objects.filter(character_id="bob").update(archived_at=NOW)
    assert put(manager, body).status_code == 404
    assert reset(manager, {"reason": "x"}).status_code == 404
