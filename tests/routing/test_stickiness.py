"""Who is in conversation, by what was decided before."""

from datetime import timedelta

import pytest
import time_machine

from routing.models import Decision
from routing.services import remembering
from tests.core.api_client import bot_client
from tests.factories import NOW
from tests.routing.asking import routed, set_policy, three

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    three()
    return bot_client()


def test_whoever_answered_last_goes_on(bot):
    with time_machine.travel(NOW, tick=False) as clock:
        routed(bot, "Ada!")
        clock.shift(41.5)
        answer = routed(bot, "And then?")

    assert (answer["reason"], answer["character_id"]) == ("sticky", "ada")
    assert Decision.objects.order_by("pk").last().state["sticky"] == ["ada", 41.5]


def test_going_on_prolongs_it(bot):
    with time_machine.travel(NOW, tick=False) as clock:
        routed(bot, "Ada!")
        for _ in range(3):
            clock.shift(200)
            assert routed(bot, "And then?")["reason"] == "sticky"


def test_silence_is_no_answer(bot):
    set_policy("DEFAULT_PERSONA", value="bob")
    routed(bot, "Ada!")
    silent = routed(bot, "And then?", ignore_sticky=True)

    answer = routed(bot, "And then?")

    assert (silent["character_id"], silent["respond"]) == ("bob", False)
    assert answer["character_id"] == "ada"


def test_each_channel_has_its_own(bot):
    routed(bot, "Ada!", channel_id="1")
    routed(bot, "Bob!", channel_id="2")

    assert routed(bot, "And?", channel_id="1")["character_id"] == "ada"
    assert routed(bot, "And?", channel_id="2")["character_id"] == "bob"
    assert routed(bot, "And?", channel_id="3")["character_id"] is None


def test_it_is_found_behind_many_that_stayed_silent(bot, monkeypatch):
    monkeypatch.setattr(remembering, "_PAGE", 3)
    routed(bot, "Ada!")
    for _ in range(10):
        routed(bot, "What?", ignore_sticky=True)

    assert routed(bot, "And then?")["character_id"] == "ada"


def test_a_clock_that_is_behind_changes_no_order(bot):
    with time_machine.travel(NOW, tick=False) as clock:
        routed(bot, "Ada!")
        clock.shift(-5)
        routed(bot, "Bob!")

        answer = routed(bot, "And then?")

    assert answer["character_id"] == "bob"
    moments = list(Decision.objects.order_by("pk").values_list("decided_at", flat=True))
    assert moments == sorted(moments)
    assert moments[0] - NOW < timedelta(seconds=1)


def test_a_chain_is_counted_no_further_than_it_matters(bot, monkeypatch):
    monkeypatch.setattr(remembering, "MOST_CHAIN", 3)
    monkeypatch.setattr(remembering, "_PAGE", 4)
    for _ in range(8):
        routed(bot, "x", author_character_id="ada")

    assert Decision.objects.order_by("pk").last().state["chain"] == 4
