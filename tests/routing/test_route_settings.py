"""Each setting of routing, turned, changes who answers or whether."""

import json
from datetime import timedelta

import pytest
import time_machine

from core import policy
from core.policy import InvalidValue
from core.roles import Role
from routing.domain.channels import ChannelSettings
from routing.domain.messages import Step, Terms
from routing.models import Decision
from routing.policy import terms_of_settings
from routing.services import channels, quieting
from routing.services.quieting import By, Target
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_person
from tests.routing.asking import make_cast, outcome, routed, set_policy, three

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    three()
    return bot_client()


def test_defaults_are_those_of_the_rules():
    assert terms_of_settings() == Terms()


def test_off_nobody_answers(bot):
    assert routed(bot, "Ada!")["respond"] is True
    set_policy("USE_PERSONA_SYSTEM", value=False)

    answer = routed(bot, "Ada!")

    assert (answer["reason"], answer["respond_reason"]) == ("disabled", "disabled")
    assert (answer["character_id"], answer["candidates"]) == (None, [])


@pytest.mark.parametrize(
    ("seconds", "later", "expected"),
    [(300, 299, "sticky"), (300, 300, "nobody"), (60, 61, "nobody"), (0, 0, "nobody")],
)
def test_a_conversation_goes_on_for_so_long(bot, seconds, later, expected):
    set_policy("PERSONA_STICKY_TIMEOUT", value=seconds)
    with time_machine.travel(NOW + timedelta(days=1), tick=False) as clock:
        routed(bot, "Ada!")
        clock.shift(later)

        answer = routed(bot, "And then?")

    assert answer["reason"] == expected


def test_the_chance_of_an_answer(bot):
    set_policy("GLOBAL_RESPONSE_CHANCE", value=0.0)

    answer = routed(bot, "Ada!")
    silent = routed(bot, "And then?")

    assert answer["respond"] is True
    assert (silent["character_id"], silent["respond"]) == ("ada", False)
    assert (silent["reason"], silent["respond_reason"]) == ("sticky", "chance")


@pytest.fixture
def players():
    make_cast(
        ada={"activity_preferences": {"activities": [{"name": "Chess"}]}},
        bob={"topic_interests": ["tea"]},
        eve={},
    )
    return bot_client()


PLAYING = {"category": "", "name": "chess"}


def test_activities_can_be_switched_off(players):
    with_it = routed(players, "tea", activity=PLAYING)
    set_policy("ACTIVITY_ROUTING_ENABLED", value=False)
    without = routed(players, "tea", activity=PLAYING, channel_id="8")

    assert (with_it["reason"], with_it["character_id"]) == ("activity", "ada")
    assert (without["reason"], without["character_id"]) == ("content", "bob")
    steps = [each["step"] for each in without["skipped"]]
    assert "activity" not in steps


@pytest.mark.parametrize(
    ("priority", "expected"),
    [(1, "activity"), (2, "sticky"), (3, "sticky"), (4, "sticky")],
)
def test_the_place_of_activities(players, priority, expected):
    set_policy("ACTIVITY_ROUTING_PRIORITY", value=priority)
    set_policy("ROUTING_STEPS", value="sticky, mention, content, fallback")
    routed(players, "Bob!")

    answer = routed(players, "tea", activity=PLAYING)

    assert answer["reason"] == expected


@pytest.mark.parametrize("priority", range(1, 6))
def test_every_place_can_be_set(priority):
    set_policy("ACTIVITY_ROUTING_PRIORITY", value=priority)

    assert terms_of_settings().steps.index(Step.ACTIVITY) == priority - 1
    assert sorted(terms_of_settings().steps) == sorted(Step)


def test_the_order_of_the_steps(bot):
    routed(bot, "Bob!")
    set_policy("ROUTING_STEPS", value="content,  sticky mention fallback")

    answer = routed(bot, "Ada? Tea?")

    assert answer["reason"] == "content"
    assert policy.value("ROUTING_STEPS") == "content, sticky, mention, fallback"


@pytest.mark.parametrize(
    "steps",
    [
        "",
        "mention, sticky, content",
        "mention, sticky, content, fallback, fallback",
        "mention, sticky, content, fallback, activity",
        "mention, sticky, content, magic",
    ],
)
def test_each_step_stands_once(steps):
    with pytest.raises(InvalidValue, match="once"):
        set_policy("ROUTING_STEPS", value=steps)


def test_somebody_answers_if_nobody_fits(bot):
    set_policy("DEFAULT_PERSONA", value="eve")

    answer = routed(bot, "What is the time?")

    assert (answer["reason"], answer["character_id"]) == ("fallback", "eve")


def make_channel(**settings):
    """Channel 7 with settings of its own."""
    routed(bot_client(), "first")
    channels.save_settings(
        channel_id="7",
        settings=ChannelSettings.model_validate_json(json.dumps(settings)),
        based_on=None,
        actor=make_person(Role.MANAGER),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"default_character_id": "bob"}, ("fallback", "bob", True)),
        ({"deny": ["eve"]}, ("nobody", None, False)),
        ({"allow": ["ada"]}, ("nobody", None, False)),
        ({"reply_mode": "never"}, ("fallback", "eve", False)),
        ({"reply_mode": "when_addressed"}, ("fallback", "eve", False)),
        ({"reply_mode": "in_conversation"}, ("fallback", "eve", False)),
        ({"reply_mode": "freely"}, ("fallback", "eve", True)),
    ],
)
def test_a_channels_settings_act(bot, settings, expected):
    set_policy("DEFAULT_PERSONA", value="eve")
    make_channel(**{"reply_mode": "freely", **settings})

    answer = routed(bot, "What is the time?", ignore_sticky=True)

    assert (answer["reason"], answer["character_id"], answer["respond"]) == expected


def chatter(bot, *authors, text="Bob, Ada, Eve"):
    """Messages of these characters in a row; what was decided of the last."""
    for author in authors:
        answer = routed(bot, text, author_character_id=author)
    return answer


def test_characters_do_not_go_on_for_ever(bot):
    last = chatter(bot, *["ada", "bob"] * 2)
    assert last["respond"] is True
    assert chatter(bot, "ada")["respond_reason"] == "chain"
    routed(bot, "Stop!")
    assert chatter(bot, "ada")["respond"] is True
    set_policy("PERSONA_CHAIN_CAP", value=1)

    assert chatter(bot, "bob")["respond_reason"] == "chain"


def test_a_chain_is_the_channels_own(bot):
    chatter(bot, *["ada", "bob"] * 2)

    assert routed(bot, "Bob", author_character_id="ada", channel_id="8")["respond"]


def test_answers_to_characters_are_budgeted_per_channel(bot):
    set_policy("PERSONA_CHANNEL_BUDGET", value=2)
    set_policy("PERSONA_PAIR_BUDGET", value=1_000)
    with time_machine.travel(NOW + timedelta(days=1), tick=False) as clock:
        answers = []
        for _ in range(3):
            routed(bot, "A user speaks")
            answers.append(routed(bot, "Bob", author_character_id="ada"))
        clock.shift(600)
        later = routed(bot, "Bob", author_character_id="ada")

    assert [each["respond"] for each in answers] == [True, True, False]
    assert answers[-1]["respond_reason"] == "budget"
    assert later["respond"] is True


def test_and_per_pair_in_all_channels(bot):
    set_policy("PERSONA_PAIR_BUDGET", value=2)
    with time_machine.travel(NOW + timedelta(days=1), tick=False) as clock:
        routed(bot, "Bob", author_character_id="ada", channel_id="1")
        routed(bot, "Ada", author_character_id="bob", channel_id="2")
        third = routed(bot, "Bob", author_character_id="ada", channel_id="3")
        other = routed(bot, "Eve", author_character_id="ada", channel_id="4")
        clock.shift(600)
        later = routed(bot, "Bob", author_character_id="ada", channel_id="5")

    assert (third["respond"], third["respond_reason"]) == (False, "budget")
    assert other["respond"] is True
    assert later["respond"] is True


def test_what_did_not_arrive_uses_no_budget(bot):
    set_policy("PERSONA_PAIR_BUDGET", value=1)
    first = routed(bot, "Bob", author_character_id="ada", channel_id="1")
    outcome(bot, first["decision_id"], delivered=False)

    again = routed(bot, "Bob", author_character_id="ada", channel_id="2")

    assert again["respond"] is True


@pytest.mark.parametrize(
    ("kept", "text", "expected"),
    [
        ("whole", "x" * 300, ("x" * 300, "whole", True)),
        ("excerpt", "x" * 300, ("x" * 200, "excerpt", True)),
        ("excerpt", "x" * 200, ("x" * 200, "whole", True)),
        ("none", "x", ("", "none", False)),
    ],
)
def test_how_much_text_is_kept(bot, kept, text, expected):
    set_policy("MESSAGE_TEXT_KEPT", value=kept)
    routed(bot, text)

    row = Decision.objects.get()

    assert (row.text, row.text_kept, row.text_until is not None) == expected


@pytest.mark.parametrize("days", [1, 7, 90])
def test_how_long_text_is_kept(bot, days):
    set_policy("MESSAGE_TEXT_DAYS", value=days)
    routed(bot, "Ada!")

    row = Decision.objects.get()

    kept_for = row.text_until - row.decided_at
    assert timedelta(days=days) - kept_for < timedelta(seconds=5)


def test_the_page_of_settings_shows_and_changes_them():
    manager = client_as(Role.MANAGER)
    page = manager.get("/settings/").content.decode()

    assert "Order of the other steps" in page
    wrong = manager.post("/settings/ROUTING_STEPS/", {"value": "mention"})
    assert wrong.status_code in {200, 422}
    assert policy.value("ROUTING_STEPS").startswith("mention, sticky")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(), ("ada", False, "quiet")),
        (Target(channel_id="7"), ("ada", False, "quiet")),
        (Target(channel_id="8"), ("ada", True, "mention")),
        (Target(character_id="ada"), (None, False, "nobody")),
        (Target(character_id="ada", channel_id="8"), ("ada", True, "mention")),
        (
            Target(character_id="ada", other_character_id="bob"),
            ("ada", True, "mention"),
        ),
    ],
)
def test_quiet_switches_act(bot, target, expected):
    quieting.quiet(
        target, until=None, reason="Too loud", by=By(key_name="bot"), now=NOW
    )

    answer = routed(bot, "Ada!")

    found = (answer["character_id"], answer["respond"], answer["respond_reason"])
    assert found == expected


def test_a_quieted_pair_is_silent_only_to_each_other(bot):
    pair = Target(character_id="ada", other_character_id="bob")
    quieting.quiet(pair, until=None, reason="Feud", by=By(key_name="bot"), now=NOW)

    between = routed(bot, "Ada!", author_character_id="bob")
    other = routed(bot, "Ada!", author_character_id="eve")

    assert between["character_id"] is None
    assert other["character_id"] == "ada"
