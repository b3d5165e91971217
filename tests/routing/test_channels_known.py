"""Channels that bots make known: by a message, and by telling of them."""

from datetime import timedelta

import pytest
from django.db import transaction

from core.models import LiveChange
from routing.models import Channel
from routing.services import channels
from routing.services.channels import Reported, Synced
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
FEW = 1
"""Queries for a channel that is known."""


def reported(channel_id: str, name: str = "", **place: str) -> Reported:
    return Reported(id=channel_id, name=name, **place)


def told_of(stream: str) -> list[dict]:
    return list(
        LiveChange.objects.filter(stream=stream)
        .order_by("pk")
        .values_list("op", flat=True)
    )


# -- By a message ----------------------------------------------------------------------


def test_an_unknown_channel_is_made_known_and_told_of():
    channel = channels.seen("c1", now=NOW)

    assert Channel.objects.get() == channel
    assert (channel.name, channel.settings, channel.revision) == ("", {}, 1)
    for stream in ("switches", "routing"):
        (told,) = told_of(stream)
        assert (told["kind"], told["channel_id"]) == ("channel", "c1")


def test_a_known_channel_costs_one_query_and_tells_nothing(
    django_assert_num_queries,
):
    channels.seen("c1", now=NOW)
    before = LiveChange.objects.count()

    with transaction.atomic(), django_assert_num_queries(FEW):
        channel = channels.seen("c1", now=LATER)

    assert channel.created_at == NOW
    assert LiveChange.objects.count() == before


# -- By telling ------------------------------------------------------------------------


def test_channels_are_created_with_name_and_place():
    synced = channels.sync(
        [
            reported("t1", "A thread", parent_id="c1"),
            reported("c1", "general", category_id="k1"),
            reported("k1", "Talk"),
        ],
        now=NOW,
    )

    assert synced == Synced(created=3, changed=0, unchanged=0)
    rows = Channel.objects.order_by("channel_id").values_list(
        "channel_id", "name", "category_id", "parent_id"
    )
    assert list(rows) == [
        ("c1", "general", "k1", ""),
        ("k1", "Talk", "", ""),
        ("t1", "A thread", "", "c1"),
    ]
    assert [op["channel_id"] for op in told_of("switches")] == ["c1", "k1", "t1"]


def test_only_what_changed_is_written_and_told():
    channels.sync([reported("c1", "a"), reported("c2", "b")], now=NOW)
    before = len(told_of("switches"))

    synced = channels.sync(
        [reported("c1", "renamed"), reported("c2", "b"), reported("c3", "new")],
        now=LATER,
    )

    assert synced == Synced(created=1, changed=1, unchanged=1)
    told = told_of("switches")[before:]
    assert {op["channel_id"]: op["name"] for op in told} == {
        "c1": "renamed",
        "c3": "new",
    }
    times = dict(Channel.objects.values_list("channel_id", "updated_at"))
    assert times == {"c1": LATER, "c2": NOW, "c3": LATER}


def test_what_is_left_out_is_empty_from_then_on():
    channels.sync([reported("c1", "a", category_id="k1")], now=NOW)

    channels.sync([reported("c1", "a")], now=LATER)

    assert Channel.objects.get().category_id == ""


def test_a_channel_known_by_a_message_gets_its_name():
    channels.seen("c1", now=NOW)

    synced = channels.sync([reported("c1", "general")], now=LATER)

    assert synced == Synced(created=0, changed=1, unchanged=0)
    assert Channel.objects.get().name == "general"


def test_settings_and_their_revision_stay():
    channels.seen("c1", now=NOW)
    Channel.objects.update(settings={"reply_mode": "never"}, revision=4)

    channels.sync([reported("c1", "general")], now=LATER)

    channel = Channel.objects.get()
    assert (channel.settings, channel.revision) == ({"reply_mode": "never"}, 4)


def test_the_same_again_costs_one_query(django_assert_num_queries):
    everybody = [reported(f"c{n}", f"name {n}") for n in range(300)]
    channels.sync(everybody, now=NOW)

    # A savepoint of the test's transaction, the rows, and its end.
    with django_assert_num_queries(3):
        synced = channels.sync(everybody, now=LATER)

    assert synced == Synced(created=0, changed=0, unchanged=300)


def test_a_thousand_at_once():
    everybody = [reported(f"c{n}", f"name {n}") for n in range(1_000)]

    assert channels.sync(everybody, now=NOW).created == 1_000

    renamed = [reported(each.id, f"{each.name}!") for each in everybody]
    assert channels.sync(renamed, now=LATER).changed == 1_000
