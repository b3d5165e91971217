"""The process's copy of quiet switches and channels."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction

from core.live import pokes
from core.live.changes import Change, announce_all
from core.live.watcher import Watcher
from personas.domain.sheets import ReplyMode
from routing.domain.messages import Place, Quieted
from routing.models import Channel
from routing.services import quieting, switches
from routing.services.announcing import SWITCHES, announce_switch
from routing.services.quieting import By, Target
from routing.services.switches import Copy
from tests.factories import NOW, make_character

# On commit is when changes are numbered and copies patched.
pytestmark = pytest.mark.django_db(transaction=True)

BOT = By(key_name="Watchman")
HOUR = timedelta(hours=1)


def quiet(target, *, until=None):
    return quieting.quiet(target, until=until, reason="Spam", by=BOT, now=NOW).row


def channel(channel_id: str, **fields) -> None:
    values = {"created_at": NOW, "updated_at": NOW, **fields}
    with transaction.atomic():
        Channel.objects.update_or_create(channel_id=channel_id, defaults=values)
        announce_switch(
            kind="channel", key=channel_id, op={"channel_id": channel_id}, now=NOW
        )


def ids(channel_id: str = "c1", *, now=NOW) -> list[str]:
    return [each.quiet_id for each in switches.read().quiets_in(channel_id, now=now)]


def test_it_knows_what_is_quieted_and_lifted():
    make_character("ada")
    make_character("bob")
    assert ids() == []

    pair = quiet(Target("ada", "bob"))
    everything = quiet(Target())

    assert switches.read().quiets_in("c1", now=NOW) == (
        Quieted(str(pair.quiet_id), "ada", "bob"),
        Quieted(str(everything.quiet_id)),
    )
    quieting.lift(pair.quiet_id, by=BOT, now=NOW)
    assert ids() == [str(everything.quiet_id)]


def test_it_ends_by_the_clock_although_nobody_says_so():
    quiet(Target(), until=NOW + HOUR)

    assert len(ids(now=NOW + HOUR - timedelta(microseconds=1))) == 1
    assert ids(now=NOW + HOUR) == []


def test_a_channel_is_quiet_with_its_parent_or_category():
    channel("thread", parent_id="c1")
    channel("c1", category_id="cat")
    row = quiet(Target(channel_id="cat"))
    other = quiet(Target(channel_id="c1"))

    both = [str(row.quiet_id), str(other.quiet_id)]
    assert ids("thread") == ids("c1") == both
    assert ids("cat") == both[:1]
    assert ids("elsewhere") == []


def test_channels_that_name_each_other_hang_nothing():
    channel("a", parent_id="b", category_id="a")
    channel("b", parent_id="a")
    channel("c", parent_id="c")

    found = switches.read()

    assert found.lineage("a") == ("a", "b")
    assert found.lineage("b") == ("b", "a")
    assert found.lineage("c") == ("c",)
    assert found.lineage("unknown") == ("unknown",)
    assert found.place("a").names[0] == "a"


def test_a_place_is_its_own_settings_then_those_above():
    channel("cat", settings={"reply_mode": "never", "deny": ["bob"]})
    channel("c1", name="lore", category_id="cat", settings={"reply_mode": "freely"})
    channel("thread", parent_id="c1", settings={"allow": ["ada"]})

    place = switches.read().place("thread")

    assert place.names == ("thread",)
    assert place.reply_mode == ReplyMode.FREELY
    assert (place.allow, place.deny) == (frozenset({"ada"}), frozenset({"bob"}))
    assert switches.read().place("c1").names == ("c1", "lore")
    assert switches.read().place("c1").allow is None


def test_a_place_changes_with_what_is_above():
    channel("c1", category_id="cat")
    assert switches.read().place("c1").reply_mode == ReplyMode.IN_CONVERSATION
    assert switches.read().place("c1") is switches.read().place("c1")

    channel("cat", settings={"reply_mode": "never"})

    assert switches.read().place("c1").reply_mode == ReplyMode.NEVER


def test_an_unknown_channel_is_as_usual():
    assert switches.read().place("4711") == Place(names=("4711",))


def test_settings_that_are_not_valid_any_more_are_left_open():
    channel("c1", settings={"reply_mode": "shouting"})

    assert switches.read().place("c1") == Place(names=("c1",))


def test_inside_a_transaction_nothing_is_kept():
    mine = Copy()
    with transaction.atomic():
        quiet(Target())
        assert len(mine.read().quiets_in("c1", now=NOW)) == 1
        transaction.set_rollback(True)

    assert mine.read().quiets_in("c1", now=NOW) == ()


def test_only_what_changed_is_read_again(django_assert_num_queries):
    mine = Copy()
    mine.read()
    channel("c1")
    channel("c2")
    row = quiet(Target())

    with django_assert_num_queries(1):
        told = [Change(1, "channel:c1", {"kind": "channel"})]
        mine.apply(changes=told, head=1, reset=False)
    assert set(mine.read().channels) == {"c1"}
    assert mine.read().quiets == ()
    with django_assert_num_queries(1):
        told = [Change(2, f"quiet:{row.quiet_id}", {"kind": "quiet"})]
        mine.apply(changes=told, head=2, reset=False)
    assert len(mine.read().quiets) == 1
    assert set(mine.read().channels) == {"c1"}
    mine.apply(changes=[], head=3, reset=True)
    assert set(mine.read().channels) == {"c1", "c2"}


def test_many_channels_at_once_are_all_read():
    rows = [
        Channel(channel_id=f"c{n}", created_at=NOW, updated_at=NOW) for n in range(600)
    ]
    switches.read()
    with transaction.atomic():
        Channel.objects.bulk_create(rows)
        changes = [(f"channel:{row.channel_id}", {"kind": "channel"}) for row in rows]
        announce_all(stream=SWITCHES.name, changes=changes, now=NOW)

    assert len(switches.read().channels) == 600


@contextmanager
def another_process():
    """A copy with a watcher of its own, which looks whenever it is asked."""
    mine, live = Copy(), Watcher()
    leave = live.follow(SWITCHES.name, callback=mine.apply)
    try:
        yield mine, live
    finally:
        leave()


def test_other_processes_obey_although_no_hint_reaches_them(monkeypatch):
    monkeypatch.setattr(pokes.PROCESS, "send", lambda *args, **options: None)
    with another_process() as (theirs, live):
        live.ensure_fresh(SWITCHES.name)
        assert theirs.read().quiets_in("c1", now=NOW) == ()

        row = quiet(Target())

        # Its thread looks every half second; here it looks once.
        live.ensure_fresh(SWITCHES.name)
        assert len(theirs.read().quiets_in("c1", now=NOW)) == 1
        quieting.lift(row.quiet_id, by=BOT, now=NOW)
        live.ensure_fresh(SWITCHES.name)
        assert theirs.read().quiets_in("c1", now=NOW) == ()
