"""``/api/v1/quiet``."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from core.models import AuditEntry
from core.roles import Role, Scope
from routing.models import Quiet
from routing.services import quieting
from routing.services.quieting import By, Target
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

URL = "/api/v1/quiet"
UNKNOWN = f"{URL}/00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast() -> None:
    for name in ("ada", "bob"):
        make_character(name)


@pytest.fixture
def bot(cast) -> Client:
    return bot_client(Scope.OPS_WRITE, name="Watchman")


def post(client: Client, **body):
    return client.post(URL, {"reason": "Spam", **body}, "application/json")


def errors(response) -> list[tuple[str, str]]:
    assert response.status_code == 422, response.content
    return [(e["pointer"], e["code"]) for e in response.json()["errors"]]


def test_a_bot_quiets_lists_and_lifts(bot):
    made = post(bot, character_id="ada", until="2026-11-01T01:00:00Z")

    assert made.status_code == 201
    told = made.json()
    assert told == {
        "quiet_id": str(Quiet.objects.get().quiet_id),
        "character_id": "ada",
        "other_character_id": None,
        "channel_id": None,
        "until": "2026-11-01T01:00:00Z",
        "reason": "Spam",
        "created_at": "2026-11-01T00:00:00Z",
        "by": "Watchman",
    }
    assert bot.get(URL).json() == {"results": [told], "next": None}
    gone = bot.delete(f"{URL}/{told['quiet_id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert bot.get(URL).json()["results"] == []
    assert bot.delete(f"{URL}/{told['quiet_id']}").status_code == 204


def test_nothing_named_is_everything(bot):
    assert post(bot).status_code == 201

    (told,) = bot.get(URL).json()["results"]
    named = ("character_id", "other_character_id", "channel_id", "until")
    assert [told[name] for name in named] == [None] * 4


def test_the_same_again_answers_with_the_one_there_is(bot):
    first = post(bot, character_id="ada", other_character_id="bob", channel_id="c1")

    again = post(bot, character_id="bob", other_character_id="ada", channel_id="c1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_one_that_is_over_is_not_listed(bot, clock):
    post(bot, until="2026-11-01T01:00:00Z")
    clock.shift(timedelta(hours=1))

    assert bot.get(URL).json()["results"] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"character_id": "zoe"}, [("/character_id", "not_a_choice")]),
        ({"other_character_id": "ada"}, [("/character_id", "required")]),
        (
            {"character_id": "ada", "other_character_id": "ada"},
            [("/other_character_id", "invalid")],
        ),
        ({"until": "2026-11-01T00:00:00Z"}, [("/until", "out_of_range")]),
        ({"until": "soon"}, [("/until", "bad_format")]),
        ({"reason": ""}, [("/reason", "too_short")]),
        ({"reason": "  "}, [("/reason", "required")]),
        ({"reason": 7}, [("/reason", "wrong_type")]),
        ({"channel_id": 4711}, [("/channel_id", "wrong_type")]),
        ({"channel_id": "x" * 65}, [("/channel_id", "too_long")]),
        ({"chanel_id": "c1"}, [("/chanel_id", "unknown_field")]),
    ],
)
def test_what_is_wrong_is_pointed_at(bot, body, expected):
    assert errors(post(bot, **body)) == expected
    assert not Quiet.objects.exists()


def test_a_reason_must_be_given(bot):
    assert errors(bot.post(URL, {}, "application/json")) == [("/reason", "required")]


def test_unknown_switches_and_addresses_are_not_there(bot):
    assert bot.delete(UNKNOWN).status_code == 404
    assert bot.delete(f"{URL}/nonsense").status_code == 404


def test_it_needs_the_scope(cast):
    others = bot_client(*(scope for scope in Scope if scope != Scope.OPS_WRITE))

    answers = [post(others), others.get(URL), others.delete(UNKNOWN)]

    assert [a.status_code for a in answers] == [403] * 3
    assert {a.json()["code"] for a in answers} == {"missing_scope"}


def test_a_test_key_silences_nobody(cast):
    tester = bot_client(Scope.OPS_WRITE, is_test=True)
    row = quieting.quiet(
        Target("ada"), until=None, reason="Spam", by=By(key_name="x"), now=NOW
    ).row

    answers = [post(tester), tester.delete(f"{URL}/{row.quiet_id}")]

    assert [a.json()["code"] for a in answers] == ["test_key"] * 2
    assert Quiet.objects.get().lifted_at is None


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.CURATOR, 403), (Role.MANAGER, 201), (Role.ADMIN, 201)],
)
def test_managers_may_by_their_session(cast, role, status):
    answer = post(client_as(role), character_id="ada")

    assert answer.status_code == status
    if status == 201:
        assert AuditEntry.objects.get(action="quiet.begun").actor is not None


def test_there_may_not_be_any_number(bot, monkeypatch):
    monkeypatch.setattr(quieting, "MOST", 1)
    post(bot, character_id="ada")

    answer = post(bot, character_id="bob")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_quiet")


def test_the_list_is_paged(bot, django_assert_max_num_queries):
    for number in range(12):
        post(bot, character_id="ada", channel_id=f"c{number}")

    # Numbers what was announced, as a commit would.
    bot.get(URL)

    # keys' streams and changes, the switches
    with django_assert_max_num_queries(4):
        first = bot.get(f"{URL}?limit=10").json()
    rest = bot.get(URL, {"limit": 10, "cursor": first["next"]}).json()

    named = [each["channel_id"] for each in first["results"] + rest["results"]]
    assert named == [f"c{number}" for number in reversed(range(12))]
    assert rest["next"] is None
