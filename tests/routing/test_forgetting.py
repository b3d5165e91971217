"""Old reports keep that they came, not who and where it was."""

from datetime import timedelta

import pytest
import time_machine

from personas.services import publishing
from routing import tasks
from routing.models import Interaction
from routing.services import forgetting
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character
from tests.routing.reports import assert_adds_up, event, send

pytestmark = pytest.mark.django_db

DETAILS = {"user_id": "u", "channel_id": "c", "server_id": "s", "topics": ["tea"]}


@pytest.fixture
def bot():
    make_character("ada")
    publishing.publish(character_ids=["ada"], note="N", author=None, now=NOW)
    return bot_client("interaction:write")


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def details() -> list[tuple]:
    return list(Interaction.objects.order_by("pk").values_list(*DETAILS))


@pytest.mark.parametrize("name", list(DETAILS))
def test_each_detail_is_emptied_after_the_time(bot, clock, name):
    send(bot, event("old", **{name: DETAILS[name]}))
    send(bot, event("bare"))
    clock.shift(timedelta(days=1))
    send(bot, event("young", **{name: DETAILS[name]}))
    kept = details()

    now = NOW + timedelta(days=91)
    assert forgetting.forget_details(clock=lambda: now) == 1

    assert details() == [("", "", "", []), ("", "", "", []), kept[2]]
    assert forgetting.forget_details(clock=lambda: now) == 0
    assert_adds_up()


def test_the_event_still_counts_once_and_only_as_it_was(bot, clock):
    send(bot, event("e1", **DETAILS))
    clock.shift(timedelta(days=91))
    assert tasks.forget_details() == 1

    again = send(bot, event("e1", **DETAILS))
    other = send(bot, event("e1", user_id="x"))

    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert other.status_code == 409


def test_it_goes_in_steps_and_stops_in_time(bot, clock, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    for number in range(5):
        send(bot, event(f"e{number}", **DETAILS))
    now = NOW + timedelta(days=91)
    times = iter([now, now, now + 2 * forgetting.LONGEST])

    assert forgetting.forget_details(clock=lambda: next(times)) == 2
    assert forgetting.forget_details(clock=lambda: now) == 3
