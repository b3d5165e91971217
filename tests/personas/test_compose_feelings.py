"""``POST compose`` toward another character."""

import json
from datetime import UTC, datetime

import pytest
from django.db import OperationalError
from django.test import Client

from core import policy as settings
from core.live import watcher
from core.roles import Scope
from personas import feelings
from personas.domain.feelings import Feelings
from relationships import policy, prompting
from tests.core.api_client import bot_client
from tests.relationships.feelings_given import manager, met, published

# On commit is when changes are numbered and snapshots patched.
pytestmark = pytest.mark.django_db(transaction=True)

FRIEND = "Bob is a friend of Ada, who is glad to talk to them."


@pytest.fixture
def cast():
    return published("ada", "bob")


@pytest.fixture
def bot(cast) -> Client:
    return bot_client(Scope.PROMPT_READ)


def compose(client: Client, **fields):
    return client.post(
        "/api/v1/personas/ada/compose",
        json.dumps({"messages": [], "seed": 1, **fields}),
        content_type="application/json",
    )


def test_the_words_of_band_and_traits_stand_at_the_end(cast, bot):
    for _ in range(5):
        met(*cast, at=datetime.now(UTC))

    response = compose(bot, other_character_id="bob")

    answer = response.json()
    warm = "Ada is warm towards Bob."
    assert answer["feelings"]["band"] == "close"
    assert answer["feelings"]["words"][1:] == [warm]
    assert answer["system_prompt"].endswith(f"\n{warm}")
    assert "## How Ada feels about Bob\n\n" in answer["system_prompt"]
    assert "{{" not in answer["system_prompt"]
    assert answer["chat"][0]["content"] == answer["system_prompt"]
    assert response["X-Freshness"] == "fresh"


def test_each_direction_has_its_own(cast, bot):
    met(*cast, at=datetime.now(UTC))

    forth = compose(bot, other_character_id="bob").json()["feelings"]
    back = bot.post(
        "/api/v1/personas/bob/compose",
        json.dumps({"messages": [], "other_character_id": "ada"}),
        content_type="application/json",
    ).json()["feelings"]

    assert forth == {"band": "friend", "words": [FRIEND]}
    assert back == {"band": "neutral", "words": []}


def test_who_never_met_is_neutral_and_the_prompt_as_it_was(bot):
    plain = compose(bot).json()

    answer = compose(bot, other_character_id="bob").json()

    assert answer["feelings"] == {"band": "neutral", "words": []}
    assert answer["system_prompt"] == plain["system_prompt"]
    assert plain["feelings"] is None


def test_the_words_are_those_that_a_manager_wrote(cast, bot):
    met(*cast, at=datetime.now(UTC))
    table = [
        {"band": "neutral", "title": "Neutral", "at": None, "words": ""},
        {
            "band": "pal",
            "title": "Pal",
            "at": 2.0,
            "words": "{{other}}: {{char}}’s pal.",
        },
    ]
    spec = settings.spec_of(policy.RELATIONSHIP_BANDS)
    settings.set_value(
        name=policy.RELATIONSHIP_BANDS,
        value=spec.read(table),
        actor=manager(),
        now=datetime.now(UTC),
    )

    answer = compose(bot, other_character_id="bob").json()

    assert answer["feelings"] == {"band": "pal", "words": ["Bob: Ada’s pal."]}


def test_prompts_that_are_only_read_know_nothing_of_it(cast, bot):
    before = bot.get("/api/v1/personas/ada/prompt")
    met(*cast, at=datetime.now(UTC))

    after = bot.get("/api/v1/personas/ada/prompt")

    assert (after.content, after["ETag"]) == (before.content, before["ETag"])


def test_it_costs_one_query(cast, bot, monkeypatch, django_assert_num_queries):
    met(*cast, at=datetime.now(UTC))
    compose(bot, other_character_id="bob")
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)

    with django_assert_num_queries(1):
        compose(bot, other_character_id="bob")


def test_while_the_database_fails_the_prompt_comes_without(bot, monkeypatch):
    def fail(*args):
        raise OperationalError("away")

    monkeypatch.setattr(feelings, "_providers", [fail])

    response = compose(bot, other_character_id="bob")

    assert response.status_code == 200
    assert response.json()["feelings"] is None
    assert response["X-Freshness"] == "stale"


def test_while_the_database_is_known_to_be_away_nobody_waits_for_it(bot, monkeypatch):
    compose(bot)
    asked = []
    monkeypatch.setattr(feelings, "_providers", [lambda *args: asked.append(args)])
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: False)

    response = compose(bot, other_character_id="bob")

    assert (response.json()["feelings"], asked) == (None, [])
    assert response["X-Freshness"] == "stale"


def test_whoever_registers_last_is_asked(bot, monkeypatch):
    monkeypatch.setattr(feelings, "_providers", [])
    assert compose(bot, other_character_id="bob").json()["feelings"] is None

    feelings.register(lambda char, other, now: Feelings("x", (f"{char} {other}",)))

    assert compose(bot, other_character_id="bob").json()["feelings"] == {
        "band": "x",
        "words": ["ada bob"],
    }


def test_one_who_is_not_there_or_oneself_is_refused_as_before(bot):
    for other in ("nobody", "ada"):
        response = compose(bot, other_character_id=other)
        assert response.status_code == 422


def test_the_app_of_feelings_is_asked():
    assert feelings._providers == [prompting.feelings_of]
