"""Settings of a channel, its parent and its category."""

import pytest

from personas.domain.sheets import ReplyMode
from routing.domain.channels import ChannelSettings, place_of
from routing.domain.messages import Place

NAMES = ("c1", "hall")


def placed(*settings: dict) -> Place:
    return place_of(NAMES, settings=[ChannelSettings(**one) for one in settings])


def test_a_channel_that_nobody_set_anything_for():
    assert placed() == placed({}, {}) == Place(names=NAMES)


def test_of_each_value_the_first_that_says_something_counts():
    found = placed(
        {"deny": ["bo"]},
        {"reply_mode": ReplyMode.FREELY, "default_character_id": "cy"},
        {
            "reply_mode": ReplyMode.NEVER,
            "allow": ["ada"],
            "deny": ["cy"],
            "default_character_id": "ada",
        },
    )

    assert found == Place(
        names=NAMES,
        reply_mode=ReplyMode.FREELY,
        allow=frozenset({"ada"}),
        deny=frozenset({"bo"}),
        default_character_id="cy",
    )


@pytest.mark.parametrize("own", [None, ReplyMode.CHANNEL])
def test_as_the_channel_says_says_nothing(own):
    found = placed({"reply_mode": own}, {"reply_mode": ReplyMode.NEVER})

    assert found.reply_mode is ReplyMode.NEVER


def test_an_empty_list_lifts_what_the_category_says():
    found = placed({"allow": [], "deny": []}, {"allow": ["ada"], "deny": ["bo"]})

    assert found == Place(names=NAMES)
