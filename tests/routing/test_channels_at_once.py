"""Channels told of and edited by many at once: no error, nothing lost."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from core.roles import Role
from routing.models import Channel
from routing.services import channels
from routing.services.channels import Reported
from tests.factories import NOW, make_character, make_person
from tests.routing.at_once import deadlocks, in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

AT_ONCE = 12


def see(channel_id: str, number: int) -> str:
    with transaction.atomic():
        found = channels.seen(channel_id, now=NOW + timedelta(seconds=number))
        return found.channel_id


def test_the_first_messages_of_a_channel_make_one_row():
    answers = in_threads(*[partial(see, "c1", number) for number in range(AT_ONCE)])

    assert answers == ["c1"] * AT_ONCE
    assert Channel.objects.count() == 1


def test_bots_that_tell_of_the_same_channels_in_any_order():
    before = deadlocks()
    rows = [Reported(id=f"c{n}", name=f"name {n}") for n in range(100)]
    told = [rows, rows[::-1]] * (AT_ONCE // 2)

    answers = in_threads(
        *[partial(channels.sync, each, now=NOW) for each in told],
        *[partial(see, f"c{n}", n) for n in range(AT_ONCE)],
    )

    assert [each for each in answers if isinstance(each, Exception)] == []
    assert Channel.objects.count() == 100
    assert set(Channel.objects.values_list("name", flat=True)) == {
        f"name {n}" for n in range(100)
    }
    assert deadlocks() == before


def test_presses_at_once_are_all_kept():
    names = [f"c{n}" for n in range(6)]
    for name in names:
        make_character(name)
    manager = make_person(Role.MANAGER)
    see("general", 0)

    answers = in_threads(
        *[
            partial(
                channels.let_answer,
                channel_id="general",
                character_id=name,
                may=False,
                actor=manager,
                now=NOW,
            )
            for name in names
        ]
    )

    assert [each for each in answers if isinstance(each, Exception)] == []
    channel = Channel.objects.get()
    assert sorted(channel.settings["deny"]) == names
    assert channel.revision == 1 + len(names)
