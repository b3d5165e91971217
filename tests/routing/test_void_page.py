"""``/reports/void/``: choose, look, say why, confirm."""

import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from core.models import BotKey
from core.roles import Role
from personas.services import publishing
from routing.models import Interaction, Void
from routing.services import voiding
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character
from tests.routing.reports import event, met, send

pytestmark = pytest.mark.django_db

LATER = "2026-11-01T01:00:00"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bot(clock) -> Client:
    for name in ("ada", "bob"):
        make_character(name)
    publishing.publish(character_ids=["ada", "bob"], note="N", author=None, now=NOW)
    client = bot_client("interaction:write", name="Chatty")
    send(client, met("e1", user_id="u1", channel_id="c1"))
    send(client, event("e2", user_id="u1", count=4))
    clock.shift(3600)
    return client


@pytest.fixture
def manager(bot) -> Client:
    return client_as(Role.MANAGER)


@pytest.fixture
def address() -> str:
    return reverse("routing:void")


def sent_fields(html: str) -> dict[str, str]:
    """The hidden fields of the second step."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))


def test_at_first_there_is_only_the_choice(manager, address):
    response = manager.get(address)

    html = response.content.decode()
    assert response.status_code == 200
    assert "Chatty (" in html
    assert "Nothing was voided" in html
    assert "What would be void" not in html
    assert "data-utc" not in html  # What it asks and what it prints are UTC.


def test_choosing_shows_how_much_it_is_and_writes_nothing(manager, address):
    html = manager.get(address, {"user": "u1"}).content.decode()

    assert "Void 2 reports" in html
    assert "5 interactions" in html
    assert sent_fields(html)["user"] == "u1"
    assert sent_fields(html)["until"] == LATER
    assert sent_fields(html)["expected"] == "2"
    assert Void.objects.count() == 0


def test_confirming_voids_what_was_shown(manager, address):
    fields = sent_fields(manager.get(address, {"user": "u1"}).content.decode())

    response = manager.post(
        address, {**fields, "reason": "It talked to itself."}, follow=True
    )

    row = Void.objects.get()
    assert response.redirect_chain == [(f"{address}#void-{row.pk}", 302)]
    html = response.content.decode()
    assert "2 reports are void now." in html
    assert "It talked to itself." in html
    assert "User u1" in html
    assert (row.events, row.chosen["until"]) == (2, f"{LATER}+00:00")
    assert Interaction.objects.filter(void=row).count() == 2


def test_reports_that_come_after_looking_are_not_in(manager, bot, address, clock):
    fields = sent_fields(manager.get(address, {"user": "u1"}).content.decode())
    clock.shift(5)
    send(bot, event("e3", user_id="u1"))

    response = manager.post(address, {**fields, "reason": "Why."})

    assert response.status_code == 302
    assert Interaction.objects.filter(void=None).get().event_id == "e3"


def test_another_number_than_was_shown_is_shown_first(manager, address):
    fields = sent_fields(manager.get(address, {"user": "u1"}).content.decode())

    response = manager.post(address, {**fields, "expected": "7", "reason": "Why."})

    html = response.content.decode()
    assert response.status_code == 412
    assert "By now 2 reports match, not 7" in html
    assert sent_fields(html)["expected"] == "2"
    assert "Why." in html
    assert Void.objects.count() == 0


def test_without_a_reason_nothing_happens(manager, address):
    fields = sent_fields(manager.get(address, {"user": "u1"}).content.decode())

    response = manager.post(address, {**fields, "reason": " "})

    assert response.status_code == 422
    assert "Say why" in response.content.decode()
    assert Void.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"user": ""}, "Choose a bot, a user or a channel."),
        ({"start": "2026-10-01T00:00"}, "Choose a bot, a user or a channel."),
        ({"user": "u1", "start": "2026-11-01T02:00"}, "begin before it ends"),
        ({"user": "u1", "start": "soon"}, "Choose a day and a time."),
        ({"key": "7000000"}, "Select a valid choice"),
        ({"key": "x"}, "Select a valid choice"),
        ({"user": "u" * 65}, "at most 64 characters"),
        ({"user": "u\0"}, "Null characters"),
    ],
)
def test_a_choice_that_makes_no_sense_is_told(manager, address, query, words):
    for response in (manager.get(address, query), manager.post(address, query)):
        assert response.status_code == 422
        assert words in response.content.decode()


def test_a_choice_that_nothing_matches(manager, address):
    html = manager.get(address, {"channel": "none"}).content.decode()

    assert "No report that still counts matches." in html
    assert 'name="reason"' not in html


def test_what_is_too_much_or_too_old_cannot_be_confirmed(manager, address, monkeypatch):
    monkeypatch.setattr(voiding.feelings, "held", lambda ids: 0)
    old = manager.get(address, {"user": "u1"}).content.decode()
    monkeypatch.setattr(voiding, "MOST", 1)
    much = manager.get(address, {"user": "u1"}).content.decode()

    assert "1 of them is too old" in old
    assert "too many at once" in much
    assert 'name="reason"' not in old + much


def test_a_bot_is_chosen_by_its_first_key_and_told_by_its_name(manager, address):
    key = BotKey.objects.get(name="Chatty")
    query = {"key": key.pk, "start": "2026-10-31T00:00"}
    fields = sent_fields(manager.get(address, query).content.decode())

    html = manager.post(
        address, {**fields, "reason": "<b>Why.</b>"}, follow=True
    ).content.decode()

    assert "Bot Chatty" in html
    assert "From 2026-10-31 00:00 UTC" in html
    assert "&lt;b&gt;Why.&lt;/b&gt;" in html


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_only_managers_void(bot, address, role):
    client = client_as(role)

    assert client.get(address).status_code == 403
    assert client.post(address, {"user": "u1"}).status_code == 403


def test_it_stands_below_relationships(manager, address):
    response = manager.get(address)

    current = [link.title for link in response.context["navigation"] if link.current]
    assert current == ["Relationships"]
    crumbs = response.content.decode().split('class="breadcrumbs"')[1].split("</ol>")[0]
    assert re.findall(r">(\w[\w ]+)<", crumbs) == [
        "Home",
        "Relationships",
        "Void reports",
    ]


@pytest.mark.parametrize(("count", "has_pages"), [(1, False), (200, True)])
def test_one_page_of_voids_is_not_counted(manager, address, count, has_pages):
    author = client_as(Role.MANAGER).session["_auth_user_id"]
    Void.objects.bulk_create(
        Void(
            at=NOW,
            chosen={"user": "u1"},
            events=1,
            reason="R",
            author_id=author,
            author_name="M",
        )
        for _ in range(count)
    )

    html = manager.get(address).content.decode()

    assert ('class="pager"' in html) is has_pages


def test_past_voids_take_the_same_queries_however_many(
    manager, address, django_assert_max_num_queries
):
    author = client_as(Role.MANAGER).session["_auth_user_id"]
    Void.objects.bulk_create(
        Void(
            at=NOW,
            chosen={"key": BotKey.objects.get().pk},
            events=1,
            reason="R",
            author_id=author,
            author_name="M",
        )
        for _ in range(30)
    )
    manager.get(address)

    with django_assert_max_num_queries(12):
        assert manager.get(address).status_code == 200
