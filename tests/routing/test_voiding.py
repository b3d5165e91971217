"""Voiding reports: counts fall, and feelings are as if nothing had been said."""

from datetime import timedelta

import pytest
import time_machine

from core.models import AuditEntry, BotKey
from core.roles import Role
from evolution.models import Progress
from personas.services import publishing
from relationships.models import Affinity, LedgerRow, Pair
from relationships.services import adjusting, compacting
from routing.models import Interaction, Void
from routing.services import voiding
from routing.services.voiding import ChangedMeanwhile, Chosen, Refused
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_person
from tests.routing.reports import assert_adds_up, event, met, send

pytestmark = pytest.mark.django_db

TRAITS = ("warmth", "trust", "respect", "rivalry")


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(clock):
    names = ["ada", "bob", "eve", "dan"]
    made = [make_character(name) for name in names]
    publishing.publish(character_ids=names, note="N", author=None, now=NOW)
    return made


@pytest.fixture
def bot(cast):
    return bot_client("interaction:write", name="First")


@pytest.fixture
def actor(cast):
    return make_person(Role.MANAGER)


def void(chosen: Chosen, actor, *, now=NOW, reason="A loop.", expected=None) -> Void:
    if expected is None:
        expected = voiding.preview(chosen).events
    return voiding.void(chosen, expected=expected, reason=reason, actor=actor, now=now)


def state(source: str, target: str):
    row = Affinity.objects.select_related("pair").get(
        source__character_id=source, target__character_id=target
    )
    traits = tuple(getattr(row, name) for name in TRAITS)
    return row.stored, row.events, traits, row.pair.tension


def test_it_is_as_if_they_had_never_come(bot, actor, clock):
    def said(number: int, **fields):
        assert send(bot, met(f"e{number}", **fields)).status_code == 201
        clock.shift(timedelta(hours=7))

    said(1, kind="insult", user_id="good")
    said(2, kind="argument", user_id="bad")
    said(3, kind="compliment", user_id="good")
    said(4, kind="insult", user_id="bad", character_id="bob", other_character_id="ada")
    now = NOW + timedelta(hours=28)

    void(Chosen(user_id="bad"), actor, now=now)

    voided = state("ada", "bob"), state("bob", "ada")
    assert_adds_up()
    # The same without the bad ones, between two others.
    for turn, kind in ((0, "insult"), (14, "compliment")):
        clock.move_to(NOW + timedelta(hours=turn))
        sent = met(f"o{turn}", kind=kind, character_id="dan", other_character_id="eve")
        assert send(bot, sent).status_code == 201
    clock.move_to(now)
    for source, target in (("dan", "eve"), ("eve", "dan")):
        # Only to have it stored as it is now.
        adjusting.set_value(
            source=source,
            target=target,
            affinity=None,
            resting=0,
            reason="Decay.",
            actor=actor,
            now=now,
        )
    assert voided == (state("dan", "eve"), state("eve", "dan"))
    assert voided[0][1] == 2


def test_rows_say_why_and_who_and_the_old_ones_stay(bot, actor):
    send(bot, met("e1", user_id="bad"))

    row = void(Chosen(user_id="bad"), actor)

    forth = LedgerRow.objects.filter(affinity__source__character_id="ada")
    old, new = forth.order_by("seq")
    assert (old.cause, old.after, new.cause) == ("event", 3_000, "void")
    assert (new.before, new.after, new.events, new.seq) == (3_000, 0, 0, 2)
    assert (new.reason, new.author_name) == ("A loop.", str(actor))
    assert new.band == "neutral"
    assert (row.events, row.chosen) == (1, {"user": "bad"})
    entry = AuditEntry.objects.get(action="reports.voided")
    assert (entry.note, entry.after["events"], entry.after["pairs"]) == (
        "A loop.",
        1,
        1,
    )


def test_counts_fall_and_the_same_event_does_not_count_again(bot, actor):
    send(bot, event("e1", user_id="bad", count=5))
    first = send(bot, event("e2", user_id="good"))

    void(Chosen(user_id="bad"), actor)

    assert first.json()["count"] == 6
    assert Progress.objects.get().count == 1
    again = send(bot, event("e1", user_id="bad", count=5))
    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert Progress.objects.get().count == 1
    assert_adds_up()


def test_voids_add_up(bot, actor, clock):
    for number, user in enumerate(("a", "b", "c", "b")):
        send(bot, met(f"e{number}", kind="argument", user_id=user))
        clock.shift(timedelta(hours=3))

    void(Chosen(user_id="b"), actor, now=NOW + timedelta(hours=12))
    void(Chosen(user_id="a"), actor, now=NOW + timedelta(hours=12))
    void(Chosen(user_id="c"), actor, now=NOW + timedelta(hours=12))

    assert state("ada", "bob") == (0, 0, (0, 0, 0, 0), 0)
    assert state("bob", "ada") == (0, 0, (0, 0, 0, 0), 0)
    assert_adds_up()


def test_what_was_set_by_hand_stays(bot, actor, clock):
    send(bot, met("e1", user_id="bad"))
    adjusting.set_value(
        source="ada",
        target="bob",
        affinity=-1_000,
        resting=None,
        reason="By hand.",
        actor=actor,
        now=NOW,
    )

    void(Chosen(user_id="bad"), actor)

    assert (state("ada", "bob")[0], state("bob", "ada")[0]) == (-1_000, 0)
    assert_adds_up()


def test_each_way_to_choose(bot, actor, clock):
    other = bot_client("interaction:write", name="Second")
    send(bot, event("e1", user_id="u", channel_id="c"))
    clock.shift(60)
    send(other, event("e2", user_id="u", channel_id="d"))
    first, second = BotKey.objects.order_by("pk")

    def chosen(**fields) -> set[str]:
        rows = Chosen(**fields).rows()
        return set(rows.values_list("event_id", flat=True))

    assert chosen(bot_pk=first.pk) == {"e1"}
    assert chosen(bot_pk=second.pk) == {"e2"}
    assert chosen(channel_id="d") == {"e2"}
    assert chosen(user_id="u") == {"e1", "e2"}
    assert chosen(user_id="u", channel_id="c", bot_pk=second.pk) == set()
    minute = NOW + timedelta(seconds=60)
    assert chosen(user_id="u", until=minute) == {"e1"}
    assert chosen(user_id="u", start=minute) == {"e2"}


def test_a_preview_counts_and_writes_nothing(bot, actor):
    send(bot, met("e1", user_id="u"))
    send(bot, met("e2", user_id="u", other_character_id="eve"))
    send(bot, event("e3", user_id="u", character_id="bob", count=3))

    found = voiding.preview(Chosen(user_id="u"))

    assert (found.events, found.interactions, found.characters) == (3, 5, 2)
    assert (found.pairs, found.too_old) == (2, 0)
    assert (found.first_at, found.last_at) == (NOW, NOW)
    assert found.can_be_voided
    assert Void.objects.count() == 0
    assert not voiding.preview(Chosen(user_id="nobody")).can_be_voided


def test_a_preview_takes_the_same_queries_however_many(
    bot, actor, django_assert_num_queries
):
    for number in range(9):
        send(bot, met(f"e{number}", user_id="u"))

    with django_assert_num_queries(4):
        assert voiding.preview(Chosen(user_id="u")).events == 9


def test_what_is_refused_leaves_no_trace(bot, actor, monkeypatch):
    send(bot, met("e1", user_id="u"))
    chosen = Chosen(user_id="u")

    with pytest.raises(Refused, match="why"):
        void(chosen, actor, reason=" ")
    with pytest.raises(Refused, match="Choose a key"):
        void(Chosen(start=NOW), actor, expected=1)
    with pytest.raises(Refused, match="No report"):
        void(Chosen(user_id="x"), actor)
    with pytest.raises(ChangedMeanwhile, match="1 reports match, not 2"):
        void(chosen, actor, expected=2)
    monkeypatch.setattr(voiding, "MOST", 0)
    with pytest.raises(Refused, match="shorter"):
        void(chosen, actor, expected=1)
    assert Void.objects.count() == 0
    assert Interaction.objects.filter(void=None).count() == 1


def test_a_voided_report_is_not_voided_twice(bot, actor):
    send(bot, met("e1", user_id="u"))
    void(Chosen(user_id="u"), actor)

    with pytest.raises(Refused, match="No report"):
        void(Chosen(user_id="u"), actor)


def test_reports_that_the_history_holds_only_in_part_are_refused(bot, actor, clock):
    for number in range(3):
        send(bot, met(f"e{number}", channel_id="c", user_id=f"u{number}"))
    send(bot, event("alone", channel_id="c"))
    clock.shift(timedelta(days=95))
    send(bot, met("new", channel_id="c"))
    now = NOW + timedelta(days=95)
    assert compacting.compact(clock=lambda: now) == 4
    chosen = Chosen(channel_id="c")

    found = voiding.preview(chosen)

    assert (found.events, found.too_old) == (5, 3)
    with pytest.raises(Refused, match="3 of them are too old"):
        void(chosen, actor, now=now)
    assert Progress.objects.get(character__character_id="ada").count == 5
    assert Interaction.objects.filter(void=None).count() == 5
    later = Chosen(channel_id="c", start=NOW + timedelta(days=1))
    void(later, actor, now=now)
    assert_adds_up()


def test_a_pair_with_a_young_void_is_compacted_only_later(bot, actor, clock):
    for number, user in enumerate(("a", "b", "c")):
        send(bot, met(f"e{number}", user_id=user))
        clock.shift(timedelta(hours=1))
    clock.move_to(NOW + timedelta(days=80))
    void(Chosen(user_id="a"), actor, now=NOW + timedelta(days=80))

    def compact(days: int) -> int:
        return compacting.compact(clock=lambda: NOW + timedelta(days=days))

    assert compact(95) == 0
    clock.move_to(NOW + timedelta(days=95))
    void(Chosen(user_id="b"), actor, now=NOW + timedelta(days=95))
    assert state("ada", "bob")[1] == 1
    assert_adds_up()
    assert compact(190) == 4
    assert_adds_up()


def test_many_pairs_at_once_take_few_queries(
    bot, actor, cast, django_assert_max_num_queries
):
    names = [f"n{number}" for number in range(8)]
    for name in names:
        make_character(name)
    publishing.publish(character_ids=names, note="N", author=None, now=NOW)
    for name in names:
        send(bot, met(f"e-{name}", user_id="u", other_character_id=name))
    expected = voiding.preview(Chosen(user_id="u")).events

    with django_assert_max_num_queries(45):
        void(Chosen(user_id="u"), actor, expected=expected)

    assert Pair.objects.count() == 8
    assert not Affinity.objects.exclude(stored=0, events=0).exists()
    assert_adds_up()
