"""Text of messages: only where it may be, and gone when its time has come."""

import contextlib
import json
import logging
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from core.models import AuditEntry
from core.roles import Role
from routing import tasks
from routing.models import Decision, Interaction
from routing.services import erasing
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_person
from tests.routing.asking import outcome, replayed, routed, set_policy, three
from tests.routing.reports import event, send

pytestmark = pytest.mark.django_db

CANARY = "zanzibarquux"
LATER = timedelta(days=7, seconds=1)


@pytest.fixture
def bot():
    three()
    return bot_client()


def holding(text):
    """Where in the database the text stands: table and column."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {name}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found |= {
                    (table, column)
                    for column, value in zip(columns, row, strict=True)
                    if text
                    in str(bytes(value) if isinstance(value, memoryview) else value)
                }
    return found


def say(bot):
    """A message with the canary, in every way in which one is answered."""
    said = {"messages": [{"name": "Kim", "text": f"Ada, {CANARY}?"}]}
    first = routed(bot, f"Ada, {CANARY}?", message_id="m1", user_id="u1", compose=said)
    routed(bot, f"Ada, {CANARY}?", message_id="m1", user_id="u1", compose=said)
    routed(bot, f"{CANARY}", ignore_sticky=True, context="auto")
    routed(bot, f"Bob, {CANARY}?", author_character_id="ada")
    replayed(bot, first["decision_id"])
    return first["decision_id"]


def test_text_is_kept_in_one_place_and_then_nowhere(bot, caplog, capsys):
    caplog.set_level(logging.DEBUG)

    with time_machine.travel(NOW, tick=False):
        say(bot)
        bot.get("/api/v1/decisions")
        with contextlib.suppress(json.JSONDecodeError):
            send(bot, f'{{"message": "{CANARY}'.encode(), to="/api/v1/route")
        send(bot, {"message": CANARY, "channel_id": 7}, to="/api/v1/route")
    kept = holding(CANARY)
    with time_machine.travel(NOW + LATER, tick=False):
        erased = tasks.erase_due_texts()

    assert kept == {("routing_decision", "text")}
    assert erased == 3
    assert holding(CANARY) == set()
    printed = capsys.readouterr()
    assert CANARY not in caplog.text + printed.out + printed.err
    assert CANARY not in str(getattr(cache, "_cache", ""))


def test_replies_are_erased_with_the_message(bot):
    with time_machine.travel(NOW, tick=False):
        decision_id = routed(bot, "Ada!")["decision_id"]
        outcome(bot, decision_id, reply_excerpt=CANARY)
    assert holding(CANARY) == {("routing_decision", "reply_excerpt")}
    with time_machine.travel(NOW + LATER, tick=False):
        tasks.erase_due_texts()
        again = outcome(bot, decision_id, reply_excerpt=CANARY)

    assert holding(CANARY) == set()
    assert again.status_code == 200
    row = Decision.objects.get()
    assert (row.text, row.text_kept, row.text_until) == ("", "none", None)
    assert row.answer["character_id"] == "ada"


def test_what_is_not_due_stays(bot):
    with time_machine.travel(NOW, tick=False):
        routed(bot, "Ada!")
    with time_machine.travel(NOW + LATER - timedelta(seconds=2), tick=False):
        assert tasks.erase_due_texts() == 0

    assert Decision.objects.get().text == "Ada!"


def test_much_is_erased_in_steps(bot, monkeypatch):
    monkeypatch.setattr(erasing, "AT_ONCE", 2)
    with time_machine.travel(NOW, tick=False):
        for _ in range(5):
            routed(bot, "Ada!")

    assert erasing.erase_due_texts(clock=lambda: NOW + LATER) == 5
    assert erasing.erase_due_texts(clock=lambda: NOW + LATER) == 0


def test_an_erased_message_cannot_be_replayed(bot):
    with time_machine.travel(NOW, tick=False):
        decision_id = routed(bot, "Ada!")["decision_id"]
    erasing.erase_due_texts(clock=lambda: NOW + LATER)

    assert replayed(bot, decision_id).json()["code"] == "text_not_kept"
    found = bot.get(f"/api/v1/decisions/{decision_id}").json()
    assert (found["text"], found["text_kept"]) == ("", "none")


def test_the_task_runs_by_itself(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["erase-due-texts"]

    assert entry["task"] == tasks.erase_due_texts.name


# -- Forgetting a user ---------------------------------------------------------------


def test_a_user_is_forgotten_everywhere_at_once(bot):
    routed(bot, CANARY, user_id="kim-4711", message_id="m1")
    routed(bot, "Ada!", user_id="other")
    send(bot, event("e1", user_id="kim-4711"))
    send(bot, event("e2", user_id="other"))

    forgotten = erasing.forget_user(
        "kim-4711", actor=make_person(Role.MANAGER), now=timezone.now()
    )

    assert (forgotten.decisions, forgotten.reports) == (1, 1)
    assert holding(CANARY) == holding("kim-4711") == set()
    assert Decision.objects.get(message_id="m1").user_id == ""
    assert Decision.objects.get(user_id="other").text == "Ada!"
    assert Interaction.objects.get(event_id="e2").user_id == "other"
    entry = AuditEntry.objects.get(action="user.forgotten")
    assert entry.after == {"decisions": 1, "reports": 1}


def test_what_the_user_did_is_forgotten_too(bot):
    did = {"name": CANARY, "category": "gaming"}
    routed(bot, "Ada!", user_id="kim-4711", message_id="m1", activity=did)
    routed(bot, "Ada!", user_id="kim-4711", message_id="m2")
    routed(bot, "Ada!", user_id="other", activity={"name": "Go", "category": "x"})
    before = Decision.objects.get(message_id="m1").asked

    forget("kim-4711")

    assert holding(CANARY) == set()
    assert Decision.objects.get(message_id="m1").asked == {**before, "activity": None}
    assert Decision.objects.get(user_id="other").asked["activity"]["name"] == "Go"


def test_what_came_in_meanwhile_is_forgotten_too(bot, monkeypatch):
    routed(bot, CANARY, user_id="kim-4711")
    coming(
        monkeypatch,
        lambda: routed(bot, CANARY, user_id="kim-4711"),
        lambda: send(bot, event("late", user_id="kim-4711")),
    )

    forgotten = forget("kim-4711")

    assert (forgotten.decisions, forgotten.reports) == (2, 1)
    assert holding(CANARY) == holding("kim-4711") == set()
    told = [entry.after for entry in AuditEntry.objects.filter(action="user.forgotten")]
    assert sum(each["decisions"] for each in told) == 2


def test_somebody_who_never_stops_is_not_looked_for_for_ever(bot, monkeypatch):
    more = [partial(routed, bot, "Ada!", user_id="kim-4711")] * 99
    coming(monkeypatch, *more)

    assert forget("kim-4711").decisions == erasing.ROUNDS - 1


def forget(user_id):
    return erasing.forget_user(
        user_id, actor=make_person(Role.MANAGER), now=timezone.now()
    )


def coming(monkeypatch, *events):
    """These are written one by one, each after the user was forgotten once."""
    left = list(events)
    real = erasing._forget

    def forget_once(user_id, **options):
        forgotten = real(user_id, **options)
        if left:
            left.pop(0)()
        return forgotten

    monkeypatch.setattr(erasing, "_forget", forget_once)


def test_no_user_is_nobody():
    with pytest.raises(ValueError, match="id"):
        erasing.forget_user("", actor=make_person(Role.MANAGER), now=NOW)


def test_the_page_asks_first_and_then_forgets(bot):
    routed(bot, CANARY, user_id="kim-4711")
    manager = client_as(Role.MANAGER)
    url = "/routing/forget/"

    assert manager.get(url).status_code == 200
    asked = manager.post(url, {"user": "kim-4711"})
    unconfirmed = holding(CANARY)
    done = manager.post(url, {"user": "kim-4711", "confirmed": "on"}, follow=True)

    assert asked.status_code == 422
    assert unconfirmed == {("routing_decision", "text")}
    assert "1 decision" in done.content.decode()
    assert holding(CANARY) == holding("kim-4711") == set()


@pytest.mark.parametrize("user", ["", "x" * 65, "a\nb"])
def test_the_page_takes_ids_only(user):
    manager = client_as(Role.MANAGER)

    response = manager.post("/routing/forget/", {"user": user, "confirmed": "on"})

    assert response.status_code == 422


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_only_managers_may_forget(role):
    client = client_as(role)

    assert client.get("/routing/forget/").status_code == 403
    assert client.post("/routing/forget/", {"user": "u"}).status_code == 403


def test_nothing_is_kept_where_nothing_shall_be(bot):
    set_policy("MESSAGE_TEXT_KEPT", value="none")

    routed(bot, f"Ada, {CANARY}")

    assert holding(CANARY) == set()


def test_every_table_is_looked_at():
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))

    models = {model._meta.db_table for model in apps.get_models()}
    assert models <= tables
