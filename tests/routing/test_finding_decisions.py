"""Going to a decision by what somebody has at hand."""

import pytest
from django.urls import reverse

from core.roles import Role
from routing.services import reading
from tests.clients import client_as
from tests.routing.decisions_data import make_decision

pytestmark = pytest.mark.django_db

FEED = reverse("routing:feed")


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


def page_of(decision):
    return reverse("routing:decision", args=[decision.decision_id])


@pytest.mark.parametrize(
    "text",
    [
        "1497549923779084388",
        "  1497549923779084388 ",
        "2222",
        "https://discord.com/channels/77/4711/1497549923779084388",
        "https://ptb.discord.com/channels/@me/4711/1497549923779084388/",
        "https://chat.example/app/channels/77/4711/2222?from=here#there",
    ],
)
def test_leads_to_the_decision(viewer, text):
    make_decision(channel_id="other")
    decision = make_decision(
        message_id="1497549923779084388", reply_message_id="2222", channel_id="4711"
    )

    response = viewer.get(FEED, {"q": text})

    assert (response.status_code, response["Location"]) == (302, page_of(decision))


def test_by_its_own_id_or_address(viewer):
    decision = make_decision()

    for text in (
        str(decision.decision_id),
        decision.decision_id.hex,
        f"https://dramatis.example{page_of(decision)}",
    ):
        assert viewer.get(FEED, {"q": text})["Location"] == page_of(decision)


def test_the_channel_of_a_link_chooses_among_several():
    here = make_decision(message_id="5", channel_id="4711")
    make_decision(reply_message_id="5", channel_id="other")

    found = reading.found("https://chat.example/channels/77/4711/5")

    assert list(found) == [here]


def test_a_link_by_another_channel_is_found_still():
    decision = make_decision(message_id="5", channel_id="thread")

    found = reading.found("https://chat.example/channels/77/4711/5")

    assert list(found) == [decision]


def test_several_are_listed(viewer):
    make_decision(message_id="5")
    make_decision(reply_message_id="5")

    response = viewer.get(FEED, {"q": "5"})

    assert response.status_code == 200
    assert len(response.context["rows"]) == 2
    assert "data-decisions-list" not in response.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "no such message",
        "00000000-0000-4000-8000-000000000000",
        "https://discord.com/channels/77/4711/9",
        "https://discord.com/channels/77//9",
        "https://[::1/channels/1/2/3",
        "{urn:uuid:}",
        "9" * 200,
        "🫖",
        "a\0b",
    ],
)
def test_nothing_is_known(viewer, text):
    make_decision(message_id="5")

    response = viewer.get(FEED, {"q": text})

    assert response.status_code == 200
    assert "No decision is known for that" in response.content.decode()
