"""Who answers a message, as bots ask it."""

import uuid
from functools import partial

import pytest
from django.test import Client

from core.models import LiveChange
from core.roles import Role
from personas.domain.contexts import DEFAULT_CONTEXTS
from personas.models import Character
from personas.services import drafts
from routing.domain.messages import Quieted
from routing.models import Channel, Decision, Roster, RoutingTerms
from routing.services import channels, switches
from routing.services.switches import Switch
from tests.clients import client_as
from tests.core.api_client import bot_client, make_key
from tests.factories import NOW, sheet_of
from tests.routing.asking import (
    asked,
    make_cast,
    publish,
    replayed,
    route,
    routed,
    set_policy,
    three,
)
from tests.routing.at_once import in_threads
from tests.routing.reports import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return three()


@pytest.fixture
def bot(cast):
    return bot_client("route:decide")


def test_whoever_is_named_answers(bot):
    answer = routed(bot, "Good morning, Ada!")

    assert answer.pop("explanation")
    assert uuid.UUID(answer.pop("decision_id"))
    assert 0 <= answer.pop("seed") < 2**53
    assert answer == {
        "character_id": "ada",
        "persona_id": "ada@neuro",
        "version": 1,
        "respond": True,
        "respond_reason": "mention",
        "reason": "mention",
        "close_floor": None,
        "candidates": [
            {
                "character_id": "ada",
                "score": 100.0,
                "weight": 1.0,
                "close": True,
                "signals": [
                    {
                        "kind": "mention",
                        "phrase": "Ada",
                        "points": 100,
                        "start": 14,
                        "end": 17,
                    }
                ],
            }
        ],
        "skipped": [
            {"step": "sticky", "would_have_been": None},
            {"step": "activity", "would_have_been": None},
            {"step": "content", "would_have_been": "ada"},
            {"step": "fallback", "would_have_been": None},
        ],
        "roster_version": Roster.objects.get().digest[:16],
        "context": None,
    }


def test_nobody_is_an_answer(bot):
    answer = routed(bot, "What is the time?")

    assert (answer["character_id"], answer["respond"]) == (None, False)
    assert (answer["reason"], answer["respond_reason"]) == ("nobody", "nobody")
    row = Decision.objects.get()
    assert (row.character, row.version) == (None, None)


def test_the_record_is_there_before_the_answer(bot, cast):
    answer = routed(
        bot,
        "Tea, anyone?",
        message_id="m1",
        server_id="s1",
        user_id="u1",
        mentions=["bob"],
        activity={"category": "gaming", "name": "Chess"},
        context="casual",
        ignore_sticky=True,
    )

    row = Decision.objects.get()
    assert str(row.decision_id) == answer["decision_id"]
    assert (row.message_id, row.channel_id, row.server_id, row.user_id) == (
        *("m1", "7", "s1", "u1"),
    )
    assert (row.text, row.text_kept, row.label) == (
        *("Tea, anyone?", "whole", "production"),
    )
    assert row.character_id == cast[1].pk
    assert row.version.character_id == cast[1].pk
    assert row.seed == answer["seed"]
    assert row.asked == {
        "mentions": ["bob"],
        "activity": {"category": "gaming", "name": "Chess"},
        "ignore_sticky": True,
        "context": "casual",
        "compose": False,
    }
    assert row.state == {
        "sticky": None,
        "chain": 0,
        "channel_answers": 0,
        "pair": None,
    }
    assert {**answer, "draws": []} == row.answer
    assert row.terms.body["place"]["names"] == ["7"]
    assert Channel.objects.get().channel_id == "7"


def test_pages_are_told_without_text(bot):
    answer = routed(bot, "Ada, have some tea")

    ops = LiveChange.objects.filter(stream="routing", key__startswith="decision:")
    (op,) = ops.values_list("op", flat=True)
    at = op.pop("at")
    assert at == Decision.objects.get().decided_at.isoformat()
    assert op == {
        "kind": "decision",
        "decision_id": answer["decision_id"],
        "channel_id": "7",
        "character_id": "ada",
        "reason": "mention",
        "respond": True,
        "respond_reason": "mention",
        "delivered": None,
    }


def test_the_same_message_gets_the_same_decision(bot):
    first = route(bot, "Ada!", message_id="m1")
    set_policy("USE_PERSONA_SYSTEM", value=False)

    again = route(bot, "Bob!", message_id="m1")

    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert Decision.objects.count() == 1


def test_what_was_decided_stays_though_it_could_not_be_asked_any_more(bot):
    first = route(bot, "Ada!", message_id="m1", context="casual")
    left = tuple(each for each in DEFAULT_CONTEXTS if each.context != "casual")
    set_policy("CONVERSATION_CONTEXTS", value=left)

    again = route(bot, "Ada!", message_id="m1", context="casual")
    another = route(bot, "Ada!", message_id="m2", context="casual")

    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert another.status_code == 422


def test_a_channel_quieted_while_its_turn_is_waited_for_is_quiet(bot, monkeypatch):
    def seen(channel_id, *, now):
        everything = Switch(Quieted("q"), channel_id="", until=None)
        quiet = switches.Switches(quiets=(everything,))
        monkeypatch.setattr(switches, "read", lambda: quiet)
        return known(channel_id, now=now)

    known = channels.seen
    monkeypatch.setattr(channels, "seen", seen)

    answer = routed(bot, "Ada!")

    assert (answer["respond"], answer["respond_reason"]) == (False, "quiet")


def test_another_bots_message_of_that_id_is_another(bot):
    routed(bot, "Ada!", message_id="m1")

    routed(bot_client("route:decide"), "Ada!", message_id="m1")

    assert Decision.objects.count() == 2


def test_without_a_message_id_each_time_is_another(bot):
    assert routed(bot, "Ada!")["decision_id"] != routed(bot, "Ada!")["decision_id"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("channels", [("7", "7"), ("7", "8")])
def test_of_two_at_once_both_get_one_decision(cast, channels):
    clients = [bot_client_of_one_bot() for _ in channels]
    works = [
        partial(route, client, "Tea or chess?", message_id="m1", channel_id=channel)
        for client, channel in zip(clients, channels, strict=True)
    ]

    first, second = in_threads(*works)

    assert first.json() == second.json()
    replays = [response.get("Idempotency-Replayed") for response in (first, second)]
    assert sorted(filter(None, replays)) == ["true"]
    assert Decision.objects.count() == 1


_keys: list[str] = []


@pytest.fixture(autouse=True)
def no_keys():
    _keys.clear()


def bot_client_of_one_bot():
    if not _keys:
        _keys.append(make_key()[1])
    return Client(headers={"Authorization": f"Bearer {_keys[0]}"})


def test_a_test_key_keeps_nothing(cast):
    answer = routed(bot_client(is_test=True), "Ada!", message_id="m1")

    assert answer["test"] is True
    assert (answer["character_id"], answer["respond"]) == ("ada", True)
    for model in (Decision, Roster, RoutingTerms, Channel):
        assert model.objects.count() == 0
    assert not LiveChange.objects.filter(stream="routing").exists()


def test_unknown_mentions_are_ignored_and_named(bot):
    answer = routed(bot, "Hi", mentions=["zoe", "bob", "zoe"])

    assert answer["ignored_mentions"] == ["zoe"]
    assert answer["character_id"] == "bob"


def test_the_keys_label_says_who_could_answer(cast):
    bot = bot_client("route:decide", label="staging")

    assert routed(bot, "Ada!")["reason"] == "nobody"


def test_an_unknown_label_is_told(bot):
    response = route(bot, "Ada!", label="nonsense")

    assert (response.status_code, response.json()["code"]) == (404, "not_labelled")
    assert Decision.objects.count() == 0


def test_whoever_is_switched_off_or_archived_answers_nothing(bot, cast):
    routed(bot, "Ada!")
    drafts.set_active(character_id="ada", is_active=False, actor=None, now=NOW)
    drafts.archive_character(character_id="bob", is_archived=True, actor=None, now=NOW)

    assert routed(bot, "Ada! Bob!")["reason"] == "nobody"
    assert routed(bot, "Eve!")["character_id"] == "eve"


def test_a_new_version_answers_from_then_on(bot, cast):
    assert routed(bot, "Any coffee?")["reason"] == "nobody"
    edit("ada", topic_interests=["coffee"])

    answer = routed(bot, "Any coffee?")

    assert (answer["character_id"], answer["version"]) == ("ada", 2)
    rosters = list(Roster.objects.order_by("pk"))
    assert len(rosters) == 2


def edit(character_id, **fields):
    drafts.save_character(
        character_id=character_id,
        sheet=sheet_of(character_id).model_copy(update=fields),
        revision=Character.objects.get(character_id=character_id).revision,
        actor=None,
        now=NOW,
    )
    publish(character_id)


def test_at_most_50_candidates_are_told_and_the_winner_is_one():
    names = {
        f"c{n}": {
            "topic_interests": ["tea"],
            "routing_weight": 0.0 if n != 60 else 0.001,
        }
        for n in range(70)
    }
    make_cast(**names)
    bot = bot_client("route:decide")

    answer = routed(bot, "tea", mentions=["c60"])

    assert answer["character_id"] == "c60"
    assert len(answer["candidates"]) == 50
    assert answer["candidates_omitted"] == 20
    assert "c60" in [c["character_id"] for c in answer["candidates"]]
    assert replayed(bot, answer["decision_id"]).json()["same"] is True


# -- Messages of characters ----------------------------------------------------------


def test_a_characters_message_draws_by_the_relationship(bot):
    answer = routed(bot, "I love chess", author_character_id="ada")

    row = Decision.objects.get()
    pair = row.state["pair"]
    assert answer["character_id"] in {"bob", "eve"}
    assert pair["answers"] == 0
    assert pair["probability"] == pytest.approx(0.5 * pair["random"])
    assert pair["seed"] == answer["seed"]
    (draw,) = [d for d in row.answer["draws"] if d["of"] == "probability"]
    assert draw["against"] == pair["probability"]
    assert (row.state["chain"], row.author.character_id) == (1, "ada")


def test_an_unknown_author_is_refused(bot):
    response = route(bot, "Hi", author_character_id="zoe")

    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/author_character_id"
    assert Decision.objects.count() == Channel.objects.count() == 0


# -- With the prompt -----------------------------------------------------------------

SAID = {"messages": [{"name": "Kim", "text": "Ada, are you there?"}]}


def test_the_prompt_comes_along(bot):
    answer = routed(bot, "Ada, are you there?", compose=SAID)

    prompt = answer["prompt"]
    assert prompt["character_id"] == "ada"
    assert prompt["chat"][-1]["content"].endswith("Ada, are you there?")
    assert prompt["seed"] == answer["seed"]
    row = Decision.objects.get()
    assert "prompt" not in row.answer
    assert row.asked["compose"] is True
    assert row.composed == {
        "context": None,
        "content_hash": prompt["content_hash"],
        "tokens": prompt["tokens"],
        "lore": [],
    }


def test_a_repeated_question_gets_the_same_prompt(bot):
    first = routed(bot, "Ada?", message_id="m1", compose=SAID)

    assert routed(bot, "Ada?", message_id="m1", compose=SAID) == first


def test_whoever_stays_silent_has_no_prompt(bot):
    answer = routed(bot, "What is the time?", compose=SAID)

    assert answer["prompt"] is None
    assert Decision.objects.get().composed is None


def test_feelings_toward_the_author_enter(bot):
    answer = routed(
        bot,
        "Bob, hello",
        author_character_id="ada",
        compose={"messages": [{"name": "Ada", "text": "Bob, hello"}]},
    )

    assert answer["prompt"]["feelings"]["band"] == "neutral"


@pytest.mark.parametrize("place", ["context", "compose"])
def test_an_unknown_context_is_told_before_anything_is_recorded(bot, place):
    fields = (
        {"context": "nonsense"}
        if place == "context"
        else {"compose": {**SAID, "context": "nonsense"}}
    )

    response = route(bot, "Ada!", **fields)

    assert (response.status_code, response.json()["code"]) == (422, "unknown_context")
    assert Decision.objects.count() == Channel.objects.count() == 0


def test_words_tell_the_context(bot):
    kind = next(c for c in DEFAULT_CONTEXTS if c.vocabulary)

    answer = routed(bot, f"Ada! {kind.vocabulary[0]}", context="auto")

    assert answer["context"] == kind.context


def test_an_alias_of_a_context_is_resolved(bot):
    kind = next(c for c in DEFAULT_CONTEXTS if c.aliases)

    assert routed(bot, "Ada!", context=kind.aliases[0])["context"] == kind.context


def test_a_prompt_toward_nobody_is_refused(bot):
    response = route(bot, "Ada!", compose={**SAID, "other_character_id": "zoe"})

    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/compose/other_character_id"
    assert Decision.objects.count() == 0


# -- Bad questions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"channel_id": 7}, "/channel_id"),
        ({"channel_id": ""}, "/channel_id"),
        ({"channel_id": "7" * 65}, "/channel_id"),
        ({"channel_id": "a\nb"}, "/channel_id"),
        ({"message": "x" * (8 * 1024 + 1)}, "/message"),
        ({"message": "é" * (4 * 1024 + 1)}, "/message"),
        ({"message": None}, "/message"),
        ({"message_id": 12345678901234567}, "/message_id"),
        ({"user_id": 1}, "/user_id"),
        ({"mentions": "ada"}, "/mentions"),
        ({"mentions": [1]}, "/mentions/0"),
        ({"mentions": ["ada"] * 1001}, "/mentions"),
        ({"activity": "chess"}, "/activity"),
        ({"activity": {"title": "x"}}, "/activity/title"),
        ({"ignore_sticky": "yes"}, "/ignore_sticky"),
        ({"compose": {}}, "/compose/messages"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
def test_what_is_wrong_is_pointed_at(bot, fields, pointer):
    response = send(bot, {**asked(), **fields}, to="/api/v1/route")

    assert response.status_code == 422, response.content
    pointers = [error["pointer"] for error in response.json()["errors"]]
    assert pointers == [pointer]
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("text", ["", " ", "x" * 8 * 1024, "\U0001f375", "ا" * 4000])
def test_any_text_is_a_message(bot, text):
    assert routed(bot, text)["respond"] is False
    assert Decision.objects.get().text == text


def test_people_do_not_ask(cast):
    response = route(client_as(Role.ADMIN), "Ada!")

    assert (response.status_code, response.json()["code"]) == (403, "bots_only")


def test_a_key_needs_the_scope(cast):
    response = route(bot_client("prompt:read"), "Ada!")

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


# -- How much it costs ---------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_decision_takes_few_queries_however_many_there_were(
    cast, django_assert_max_num_queries
):
    bot = bot_client("route:decide")
    for number in range(30):
        routed(bot, "Ada, tea?", message_id=f"before-{number}")

    # Seven looks at what is kept in memory, which a server's watcher has; nine for
    # the decision; seven for numbering the change.
    with django_assert_max_num_queries(23) as few:
        routed(bot, "Ada, tea?", message_id="m")
    most = len(few.captured_queries)

    for number in range(120):
        routed(bot, "Ada, tea?", message_id=f"after-{number}")
    with django_assert_max_num_queries(most):
        routed(bot, "Ada, tea?", message_id="n")
