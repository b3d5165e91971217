"""``/now/``: what is quiet, quieting, lifting, taking back."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from core.roles import Role
from routing.models import Channel, Quiet
from routing.services import quieting
from routing.services.quieting import By, Target
from tests.clients import client_as
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

URL = "/now/"
HOUR = timedelta(hours=1)
GIVEN = {"what": "character", "character": "ada", "lasting": "1h", "reason": "Spam"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def manager() -> Client:
    for name in ("ada", "bob"):
        make_character(name)
    return client_as(Role.MANAGER)


def quiet(target=None, *, until=None):
    by = By(key_name="Watchman")
    target = target or Target()
    return quieting.quiet(target, until=until, reason="Spam", by=by, now=NOW).row


def text_of(response) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def send(client: Client, **values):
    return client.post(URL, {**GIVEN, **values}, follow=True)


def errors(response) -> dict:
    assert response.status_code == 422
    return response.context["form"].errors


def test_it_says_that_nothing_is_quiet(manager):
    assert "Nothing is quiet" in text_of(manager.get(URL))


def test_it_says_what_is_quiet_why_and_by_whom(manager):
    quiet(Target("ada"), until=NOW + HOUR)

    page = text_of(manager.get(URL))

    assert "1 switch is on" in page
    for words in ("Ada", "Spam", "Watchman", "2026-11-01 01:00 UTC", "Lift : Ada"):
        assert words in page


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "Everything is quiet until somebody lifts it"),
        (NOW + HOUR, "Everything is quiet until 2026-11-01 01:00 UTC"),
    ],
)
def test_it_says_that_everything_is_quiet(manager, until, words):
    quiet(until=until)

    assert words in text_of(manager.get(URL))


@pytest.mark.parametrize(
    ("values", "target", "until"),
    [
        ({}, Target("ada"), NOW + HOUR),
        ({"character": "ADA", "lasting": "15m"}, Target("ada"), NOW + HOUR / 4),
        ({"other": "bob", "lasting": "8h"}, Target("ada"), NOW + 8 * HOUR),
        (
            {"what": "pair", "other": "bob", "lasting": "undone"},
            Target("ada", "bob"),
            None,
        ),
        ({"channel": "c1"}, Target("ada", "", "c1"), NOW + HOUR),
        ({"what": "channel", "channel": "c1"}, Target("", "", "c1"), NOW + HOUR),
        ({"what": "everything", "sure": "on"}, Target(), NOW + HOUR),
        (
            {"lasting": "until", "until": "2026-11-01T05:00"},
            Target("ada"),
            NOW + 5 * HOUR,
        ),
    ],
)
def test_it_quiets_what_was_chosen(manager, values, target, until):
    page = send(manager, **values)

    assert page.status_code == 200
    row = quieting.current(now=NOW).get()
    assert (Target.of(row), row.until, row.reason) == (target, until, "Spam")
    assert "Quiet: " in text_of(page)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"character": ""}, "character"),
        ({"character": "zoe"}, "character"),
        ({"what": "pair"}, "other"),
        ({"what": "pair", "other": "ada"}, "other"),
        ({"what": "channel"}, "channel"),
        ({"what": "everything"}, "sure"),
        ({"reason": " "}, "reason"),
        ({"lasting": "until"}, "until"),
        ({"lasting": "until", "until": "2026-10-31T00:00"}, "until"),
        ({"lasting": "until", "until": "soon"}, "until"),
        ({"what": "all"}, "what"),
        ({"channel": "x" * 65}, "channel"),
        ({"channel": "a\0b"}, "channel"),
    ],
)
def test_what_is_wrong_stands_at_its_field(manager, values, field):
    assert list(errors(send(manager, **values))) == [field]
    assert not Quiet.objects.exists()


def test_a_name_that_two_have_asks_for_the_id(manager):
    make_character("ada2", display_name="Ada")

    assert "Several" in str(errors(send(manager, character="Ada_".strip("_"))))
    assert send(manager, character="ada").status_code == 200


def test_the_address_fills_the_form_in(manager):
    form = manager.get(f"{URL}?character=ada&other=bob&channel=c1").context["form"]

    assert form["what"].value() == "pair"
    assert [form[n].value() for n in ("character", "other", "channel")] == [
        "ada",
        "bob",
        "c1",
    ]
    assert manager.get(f"{URL}?channel=c1").context["form"]["what"].value() == "channel"
    assert manager.get(f"{URL}?character=%00{'x' * 900}").status_code == 200


def test_lifting_can_be_taken_back_and_so_can_quieting(manager):
    send(manager, lasting="undone")
    row = Quiet.objects.get()

    page = manager.post(reverse("routing:now-lift", args=[row.quiet_id]), follow=True)

    assert "Lifted: Ada." in text_of(page)
    again = reverse("routing:now-again", args=[row.quiet_id])
    assert again in page.content.decode()
    assert not quieting.current(now=NOW).exists()
    page = manager.post(again, follow=True)
    assert "Quiet again: Ada." in text_of(page)
    renewed = quieting.current(now=NOW).get()
    assert (renewed.character, renewed.reason) == (row.character, "Spam")


def test_what_would_have_ended_is_not_quieted_again(manager, clock):
    row = quiet(Target("ada"), until=NOW + HOUR)
    quieting.lift(row.quiet_id, by=By(key_name="x"), now=NOW)
    clock.shift(2 * HOUR)

    page = manager.post(reverse("routing:now-again", args=[row.quiet_id]), follow=True)

    assert "Ada is not quieted again." in text_of(page)
    assert not quieting.current(now=NOW + 2 * HOUR).exists()


def test_what_is_quiet_already_is_said(manager):
    quiet(Target("ada"))

    assert "Ada was quiet already" in text_of(send(manager))


def test_there_may_not_be_any_number(manager, monkeypatch):
    monkeypatch.setattr(quieting, "MOST", 0)

    page = send(manager)

    assert page.status_code == 409
    assert "lift some" in text_of(page)


def test_past_switches_stand_below_in_pages(manager, django_assert_max_num_queries):
    Channel.objects.create(channel_id="c3", name="lore", created_at=NOW, updated_at=NOW)
    for number in range(60):
        row = quiet(Target("ada", "bob", f"c{number}"))
        if number < 55:
            quieting.lift(row.quiet_id, by=By(key_name="Nightwatch"), now=NOW)

    # Numbers what was announced, as a commit would.
    manager.get(URL)

    # session, user, role, head, switches, channels, past, characters and settings
    with django_assert_max_num_queries(14):
        page = manager.get(URL)

    assert len(page.context["switches"]) == 5
    assert len(page.context["past"]) == 50
    assert "by Nightwatch" in text_of(page)
    assert "in #lore" in text_of(manager.get(f"{URL}?page=2"))


def test_one_that_ended_in_time_is_past(manager, clock):
    quiet(Target("ada"), until=NOW + HOUR)
    clock.shift(2 * HOUR)

    page = manager.get(URL)

    assert page.context["switches"] == []
    assert ", in time" in text_of(page)


def test_viewers_see_it_and_change_nothing(manager):
    row = quiet(Target("ada"))
    viewer = client_as(Role.VIEWER)

    page = viewer.get(URL)

    assert page.status_code == 200
    assert "Lift" not in text_of(page).replace("Lifted", "").replace("lifts", "")
    assert "Managers can quiet" in text_of(page)
    for name in ("now-lift", "now-again"):
        address = reverse(f"routing:{name}", args=[row.quiet_id])
        assert viewer.post(address).status_code == 403
    assert viewer.post(URL, GIVEN).status_code == 403
    assert quieting.current(now=NOW).count() == 1


def test_switches_that_never_were_are_not_there(manager):
    for name in ("now-lift", "now-again"):
        address = f"/now/00000000-0000-4000-8000-000000000000/{name[4:]}/"
        assert manager.post(address).status_code == 404


def test_the_state_alone_says_how_new_it_is(manager):
    answer = manager.get(reverse("routing:now-state"))

    assert answer.content.decode().lstrip().startswith('<section class="section now"')
    assert answer["X-Live-Seq"].isdecimal()
