"""``/channels/<id>/``: the settings of one channel."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from personas.services import publishing
from routing.models import Channel
from routing.services import channels
from routing.services.channels import Reported
from tests.clients import client_as
from tests.factories import NOW, make_character

pytestmark = pytest.mark.django_db

PAGE = "/channels/4711/"
LEFT = {"reply_mode": "", "who": "", "never": "", "default_character_id": ""}


@pytest.fixture(autouse=True)
def tree() -> None:
    for name in ("ada", "bob"):
        make_character(name)
    publishing.publish(character_ids=["ada", "bob"], note="N", author=None, now=NOW)
    channels.sync(
        [
            Reported(id="4711", name="general", category_id="k1"),
            Reported(id="k1", name="Talk"),
        ],
        now=NOW,
    )
    Channel.objects.filter(channel_id="k1").update(
        settings={"reply_mode": "never", "deny": ["ada"]}
    )


@pytest.fixture
def manager() -> Client:
    return client_as(Role.MANAGER)


def save(client: Client, *, started: int = 1, **chosen):
    return client.post(PAGE, {**LEFT, "started": started, **chosen})


def settings() -> dict:
    return Channel.objects.get(channel_id="4711").settings


def undo_of(html: str) -> str:
    found = re.search(r'action="(/channel-undo/[^"]+)"', html)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_it_shows_what_holds_and_from_where(manager):
    html = manager.get(PAGE).content.decode()

    assert "Nobody is answered" in html
    assert "from its category" in html
    assert "As inherited: Ada" in html
    assert "Nobody has changed its settings yet." in html


def test_viewers_see_no_form():
    html = client_as(Role.VIEWER).get(PAGE).content.decode()

    assert "What holds here" in html
    assert 'name="started"' not in html


def test_a_channel_that_is_not_there(manager):
    assert manager.get("/channels/nowhere/").status_code == 404
    assert manager.post("/channel-undo/nowhere/").status_code == 404


@pytest.mark.parametrize("sign", ["%00", "%01", "%0A", "%1F", "%7F", "%C2%85"])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/channels/a{}b/"),
        ("post", "/channels/a{}b/"),
        ("post", "/channel-undo/a{}b/"),
        ("get", "/api/v1/channels/a{}b"),
    ],
)
def test_no_channel_has_control_characters(manager, method, address, sign):
    response = getattr(manager, method)(address.replace("{}", sign))

    assert response.status_code == 404


@pytest.mark.parametrize("channel_id", ["a/b", "a//b/", "#ä b?&%41", "日本"])
def test_addresses_take_any_other_id(manager, channel_id):
    channels.sync([Reported(id=channel_id, name="Odd")], now=NOW)
    manager.post(
        reverse("routing:channel", args=[channel_id]),
        {**LEFT, "started": 1, "reply_mode": "freely"},
    )

    page, body = (
        manager.get(reverse(name, args=[channel_id]))
        for name in ("routing:channel", "api-channel")
    )
    undone = manager.post(undo_of(page.content.decode()))

    assert page.status_code == 200
    assert body.json()["id"] == channel_id
    assert undone.status_code == 302
    assert Channel.objects.get(channel_id=channel_id).settings == {}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"reply_mode": "freely"}, {"reply_mode": "freely"}),
        ({"who": "everybody", "allow": ["ada"]}, {"allow": []}),
        ({"who": "only", "allow": ["bob", "ada"]}, {"allow": ["bob", "ada"]}),
        ({"never": "nobody"}, {"deny": []}),
        ({"never": "these", "deny": ["bob"]}, {"deny": ["bob"]}),
        ({"default_character_id": "bob"}, {"default_character_id": "bob"}),
        ({"default_character_id": "-"}, {"default_character_id": ""}),
        ({"allow": ["ada"], "deny": ["ada"]}, {}),
    ],
)
def test_each_choice_is_saved(manager, chosen, expected):
    assert save(manager, **chosen).status_code == 302

    assert settings() == expected


@pytest.mark.parametrize(
    "chosen",
    [
        {"reply_mode": "channel"},
        {"who": "only"},
        {"never": "these"},
        {"who": "only", "allow": ["zoe"]},
        {"default_character_id": "zoe"},
        {"started": "x"},
    ],
)
def test_what_cannot_be_chosen(manager, chosen):
    response = save(manager, **chosen)

    assert response.status_code == 422
    assert settings() == {}


def test_nothing_changed_says_so(manager):
    response = manager.post(PAGE, {**LEFT, "started": 1}, follow=True)

    assert "Nothing was changed." in response.content.decode()


def test_a_stale_edit_keeps_what_was_chosen(manager):
    save(manager, reply_mode="freely")

    response = save(manager, reply_mode="when_addressed")

    html = response.content.decode()
    assert response.status_code == 412
    assert "Nothing was saved yet" in html
    assert '<option value="when_addressed" selected>' in html
    assert 'name="started" value="2"' in html
    assert settings() == {"reply_mode": "freely"}
    save(manager, started=2, reply_mode="when_addressed")
    assert settings() == {"reply_mode": "when_addressed"}


def test_the_last_change_can_be_undone(manager):
    save(manager, reply_mode="freely")
    manager.get(PAGE)
    save(manager, started=2, who="only", allow=["ada"])
    html = manager.get(PAGE).content.decode()
    assert "The settings of general are saved." in html

    manager.post(undo_of(html))

    assert settings() == {"reply_mode": "freely"}


def test_an_older_change_cannot(manager):
    save(manager, reply_mode="freely")
    address = undo_of(manager.get(PAGE).content.decode())
    save(manager, started=2, reply_mode="never")

    response = manager.post(address, follow=True)

    assert "look at them first" in response.content.decode()
    assert settings() == {"reply_mode": "never"}
    assert manager.post("/channel-undo/4711/?entry=x&revision=").status_code == 404


def test_the_history_tells_each_change_in_words(manager):
    save(manager, reply_mode="freely")
    save(manager, started=2, reply_mode="freely", never="these", deny=["ada"])

    html = client_as(Role.VIEWER).get(PAGE).content.decode()

    assert "<del>as inherited</del>" in html
    assert "<ins>Freely</ins>" in html
    assert "<ins>Ada</ins>" in html
    assert "/channel-undo/" not in html


def test_whoever_is_named_stays_to_be_chosen(manager):
    Channel.objects.filter(channel_id="4711").update(
        settings={"deny": ["gone", "draft"]}
    )
    make_character("draft")

    html = manager.get(PAGE).content.decode()

    assert "gone (not live)" in html
    assert "Draft (not live)" in html
    assert save(manager, never="these", deny=["gone"]).status_code == 302
    assert settings() == {"deny": ["gone"]}


def test_curators_save_nothing():
    assert save(client_as(Role.CURATOR), reply_mode="never").status_code == 403
