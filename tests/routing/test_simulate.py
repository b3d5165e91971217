"""Trying who would answer: the same rules, and nothing is kept."""

from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.live.numbering import number
from core.live.streams import stream_names
from core.roles import Role
from routing.models import Channel, Decision
from routing.services import simulating
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW
from tests.routing.asking import make_cast, routed, set_policy, three
from tests.routing.trying import simulate, simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(clock):
    return three()


@pytest.fixture
def bot(cast):
    return bot_client("route:decide")


def errors(response):
    assert response.status_code == 422, response.content
    return [(e["pointer"], e["code"]) for e in response.json()["errors"]]


def everything() -> dict[str, list]:
    """All rows of all tables; a key's last use is no trace of what it asked."""
    return {
        model._meta.db_table: sorted(
            str({k: v for k, v in row.items() if k != "last_used_at"})
            for row in model.objects.values()
        )
        for model in apps.get_models()
    }


# -- The answer ------------------------------------------------------------------------


def test_it_is_what_would_be_decided(bot):
    tried = simulated(bot, "Tea, Ada?", seed=7)
    decided = routed(bot, "Tea, Ada?")

    for of_trial in ("runs", "distribution", "roster", "draws"):
        tried.pop(of_trial)
    assert tried.pop("decision_id") is None
    assert tried.pop("seed") == 7
    assert decided.pop("decision_id")
    decided.pop("seed")
    assert tried == decided


def test_nothing_is_written(bot, clock):
    simulated(bot)
    routed(bot, "Ada, tea")
    for stream in stream_names():
        number(stream)
    before = everything()

    simulated(bot, "A canary in the tea", runs=50, message_id="m1", channel_id="new")
    simulated(bot, "Bob?", author_character_id="ada", roster="draft", runs=50)
    simulated(bot, "Ada?", compose={"messages": [{"name": "Kim", "text": "Ada?"}]})

    assert everything() == before
    assert not Channel.objects.filter(channel_id="new").exists()


def test_message_is_told_to_nobody_else(bot, caplog, capfd):
    with CaptureQueriesContext(connection) as queries:
        simulated(bot, "A canary in the tea", runs=9, roster="draft")

    assert "canary" not in caplog.text + "".join(capfd.readouterr())
    assert not any("canary" in each["sql"] for each in queries)


def test_same_seed_gives_the_same(bot):
    first = simulated(bot, "Ada or Bob?", runs=200)
    again = simulated(bot, "Ada or Bob?", runs=200, seed=first["seed"])
    other = simulated(bot, "Ada or Bob?", runs=200, seed=first["seed"] ^ 1)

    assert again == first
    assert other["draws"] != first["draws"]


def test_distribution_is_by_weight(bot):
    make_cast(light={"routing_weight": 0.5}, less={"routing_weight": 0.4})

    found = simulated(bot, "Light or Less?", runs=1_000, seed=1)

    shares = {d["character_id"]: d["share"] for d in found["distribution"]}
    assert shares == {
        "light": pytest.approx(5 / 9, abs=0.04),
        "less": pytest.approx(4 / 9, abs=0.04),
    }
    assert sum(shares.values()) == pytest.approx(1)
    assert all(d["respond"] for d in found["distribution"])
    assert found["runs"] == 1_000


def test_whoever_may_stay_silent_stands_twice(bot):
    set_policy("GLOBAL_RESPONSE_CHANCE", value=0.5)

    found = simulated(
        bot, sticky={"character_id": "ada", "seconds_ago": 5}, runs=400, seed=1
    )

    shares = {
        (d["character_id"], d["respond"]): d["share"] for d in found["distribution"]
    }
    assert set(shares) == {("ada", True), ("ada", False)}
    assert shares["ada", True] == pytest.approx(0.5, abs=0.1)


def test_without_draws_all_runs_are_the_first(bot, monkeypatch):
    calls = []
    decide = simulating.decide
    monkeypatch.setattr(
        simulating, "decide", lambda *a, **k: calls.append(1) or decide(*a, **k)
    )

    found = simulated(bot, "Hello Ada", runs=1_000)

    assert found["distribution"] == [
        {"character_id": "ada", "respond": True, "share": 1}
    ]
    assert len(calls) == 1


def test_first_of_many_runs_is_the_only_one_of_one(bot):
    one, many = (simulated(bot, "Ada or Bob?", seed=3, runs=n) for n in (1, 100))

    assert one["character_id"] == many["character_id"]
    assert one["draws"] == many["draws"]
    assert one["distribution"] == [
        {"character_id": one["character_id"], "respond": True, "share": 1}
    ]


# -- What is given in place of the record ----------------------------------------------


def test_sticky_is_the_records_unless_given(bot, clock):
    routed(bot, "Hello Ada")
    clock.shift(10)

    of_record = simulated(bot)
    given = simulated(bot, sticky={"character_id": "bob", "seconds_ago": 299})
    too_old = simulated(bot, sticky={"character_id": "bob", "seconds_ago": 300})
    ignored = simulated(bot, ignore_sticky=True)

    assert (of_record["character_id"], of_record["reason"]) == ("ada", "sticky")
    assert (given["character_id"], given["reason"]) == ("bob", "sticky")
    assert too_old["reason"] == ignored["reason"] == "nobody"


def test_moment_ends_stickiness_and_quiet(bot, clock):
    routed(bot, "Hello Ada")
    later = (NOW + timedelta(seconds=301)).isoformat()

    assert simulated(bot)["reason"] == "sticky"
    assert simulated(bot, at=later)["reason"] == "nobody"


def test_moment_before_the_newest_decision_is_that_ones(bot, clock):
    routed(bot, "Hello Ada")
    clock.shift(1_000)

    found = simulated(bot, at=(NOW - timedelta(days=1)).isoformat())

    assert (found["character_id"], found["reason"]) == ("ada", "sticky")


def test_probability_between_two_is_drawn_with_each_seed(bot):
    found = simulated(
        bot,
        "chess and tea",
        author_character_id="eve",
        sticky={"character_id": "ada", "seconds_ago": 5},
        runs=500,
        seed=1,
    )

    shares = {d["respond"]: d["share"] for d in found["distribution"]}
    assert 0.2 < shares[True] < 0.9
    assert found["draws"][0]["of"] == "probability"


def test_two_personas_are_read_once_for_all_runs(bot):
    def queries(runs: int) -> int:
        with CaptureQueriesContext(connection) as made:
            simulated(
                bot,
                author_character_id="eve",
                sticky={"character_id": "ada", "seconds_ago": 5},
                runs=runs,
                seed=1,
            )
        return len(made)

    queries(1)
    assert queries(100) == queries(1)


def test_prompt_comes_along(bot):
    said = {"messages": [{"name": "Kim", "text": "Hello Ada"}]}

    found = simulated(bot, "Hello Ada", compose=said)
    silent = simulated(bot, "Hello", compose=said)
    of_draft = simulated(bot, "Hello Ada", compose=said, roster="draft")

    assert found["prompt"]["character_id"] == "ada"
    assert silent["prompt"] is of_draft["prompt"] is None
    assert "prompt" not in simulated(bot)


# -- Who may, and what is refused ------------------------------------------------------


def test_viewers_may_try_and_nobody_without_scope(cast):
    assert simulate(client_as(Role.VIEWER), "Ada").status_code == 200
    assert simulate(client_as(None), "Ada").status_code == 403
    refused = simulate(bot_client("prompt:read"), "Ada")
    assert refused.json()["code"] == "missing_scope"
    test_key = bot_client("route:decide", is_test=True)
    assert "test" not in simulated(test_key, "Ada")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"runs": 0}, "/runs"),
        ({"runs": 1_001}, "/runs"),
        ({"roster": "staging"}, "/roster"),
        ({"at": 5}, "/at"),
        ({"at": "soon"}, "/at"),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**53}, "/seed"),
        ({"sticky": {"character_id": "ada"}}, "/sticky/seconds_ago"),
        ({"sticky": {"character_id": "ada", "seconds_ago": -1}}, "/sticky/seconds_ago"),
        ({"sticky": {"character_id": "who", "seconds_ago": 1}}, "/sticky/character_id"),
        ({"author_character_id": "who"}, "/author_character_id"),
        ({"message": "x" * 8_193}, "/message"),
    ],
)
def test_what_cannot_be_tried_is_refused(bot, fields, expected):
    assert errors(simulate(bot, **fields))[0][0] == expected


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_moment_is_within_a_year(bot, at):
    fields = {"author_character_id": "eve", "at": at}

    assert errors(simulate(bot, **fields)) == [("/at", "out_of_range")]


@pytest.mark.parametrize("days", [-366, 366])
def test_moments_within_a_year_can_be_asked_for(bot, days):
    sticky = {"character_id": "ada", "seconds_ago": 5}
    at = (NOW + timedelta(days=days)).isoformat()

    found = simulated(bot, sticky=sticky, author_character_id="eve", at=at)

    assert found["character_id"] == "ada"


def test_runs_count_towards_the_rate(bot):
    left = [
        int(simulate(bot, runs=runs).headers["RateLimit-Remaining"])
        for runs in (1, 1_000)
    ]

    assert left[0] - left[1] == pytest.approx(100, abs=2)


def test_it_is_no_decision(bot):
    simulated(bot, "Ada", message_id="m1")

    assert not Decision.objects.exists()
    assert routed(bot, "Bob", message_id="m1")["character_id"] == "bob"
