"""Why somebody else was not chosen."""

import pytest

from core.roles import Role
from personas.models import CharacterVersion
from routing.models import Roster
from tests.clients import client_as
from tests.evolution.growing import make_live
from tests.factories import NOW, make_character
from tests.routing.decisions_data import (
    by_topic,
    candidate,
    make_decision,
    page_of,
    roster_row,
    signal,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer():
    return client_as(Role.VIEWER)


@pytest.fixture
def cast(db):
    return [make_live(name) for name in ("ada", "bob", "cyd")]


def asked(client, decision, character_id):
    return page_of(client, decision, why_not=character_id).context["why_not"].sentence


def test_lost_the_draw(viewer, cast):
    sentence = asked(viewer, by_topic(), "bob")

    assert sentence == (
        "Bob lost the draw: it had a chance of 75 %, and Ada was drawn."
    )


def test_below_the_line(viewer, cast):
    assert "Cyd scored 50. That is below the line of 80" in asked(
        viewer, by_topic(), "cyd"
    )


def test_the_chosen_one(viewer, cast):
    silent = make_decision("ada", respond=False)

    assert asked(viewer, by_topic(), "ada") == "Ada was chosen, and responds."
    assert asked(viewer, silent, "ada") == "Ada was chosen, but stays silent."


def test_switched_off(viewer, cast):
    sentence = asked(viewer, make_decision(reason="disabled"), "ada")

    assert sentence == "Ada could not be chosen: deciding was switched off."


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"terms": {"place": {"allow": ["ada"]}}}, "only others are let in"),
        ({"terms": {"place": {"deny": ["bob"]}}}, "may not answer in this channel"),
        (
            {
                "terms": {
                    "quiets": [
                        {
                            "quiet_id": "1",
                            "character_id": "bob",
                            "other_character_id": None,
                        }
                    ]
                }
            },
            "Bob was quiet.",
        ),
        (
            {"asked": {"mentions": ["ada"]}, "reason": "mention"},
            "Bob is not named in the message, and Ada is.",
        ),
        (
            {"reason": "sticky", "state": {"sticky": ["ada", 4]}},
            "Bob had to wait: Ada answered here last, and goes on.",
        ),
        (
            {"reason": "activity"},
            "Bob fits less what the user is doing than Ada",
        ),
        ({"reason": "content"}, "Bob has nothing to do with the message"),
        ({"reason": "fallback"}, "Bob has nothing to do with the message"),
        (
            {"answer": {"candidates_omitted": 3}},
            "Bob is not among the best that were recorded",
        ),
        (
            {
                "candidates": [
                    candidate("ada", 50),
                    candidate("bob", -50, signal("avoidance", "tea", -100, 24)),
                ]
            },
            "Bob avoids “tea”, which the message names. Its score is −50.",
        ),
        (
            {"candidates": [candidate("bob", 0, weight=0)]},
            "its routing weight takes everything away",
        ),
        (
            {"reason": "fallback", "candidates": [candidate("bob", 50)]},
            "topics did not count",
        ),
        (
            {
                "reason": "sticky",
                "skipped": [{"step": "content", "would_have_been": "bob"}],
            },
            "Otherwise it would have been the one.",
        ),
        (
            {
                "reason": "mention",
                "asked": {"mentions": ["ada"]},
                "candidates": [candidate("bob", 100, signal("mention", "Bob", 100, 0))],
            },
            "Bob is only named by a word; Ada was mentioned outright.",
        ),
        (
            {
                "reason": "mention",
                "candidates": [candidate("bob", 100, signal("mention", "Bob", 100, 0))],
            },
            "Bob is named too, but more in the message speaks for Ada.",
        ),
    ],
)
def test_one_sentence(viewer, cast, fields, text):
    assert text in asked(viewer, make_decision("ada", **fields), "bob")


def test_the_author(viewer, cast):
    decision = make_decision("ada", author=cast[1])

    assert asked(viewer, decision, "bob") == (
        "Bob wrote the message. Nobody answers themselves."
    )


def test_a_pair_that_is_quiet(viewer, cast):
    pair = {"quiet_id": "1", "character_id": "cyd", "other_character_id": "bob"}
    decision = make_decision("ada", author=cast[2], terms={"quiets": [pair]})

    assert asked(viewer, decision, "bob") == "Bob was to be quiet toward Cyd."


def test_whoever_was_not_live(viewer, cast):
    make_character("dee")

    sentence = asked(viewer, make_decision("ada"), "dee")

    assert sentence == "Dee was not live then, or was switched off."


def test_a_roster_told_as_differences(viewer, cast):
    pks = dict(CharacterVersion.objects.values_list("character__character_id", "pk"))
    base = roster_row(pks)
    more = {"created_at": NOW, "base": base}
    without = Roster.objects.create(
        digest="w", changes={"set": {}, "drop": ["bob"]}, depth=1, **more
    )
    other = {"set": {"ada": pks["ada"]}, "drop": []}
    same = Roster.objects.create(digest="s", changes=other, depth=1, **more)

    dropped = asked(viewer, make_decision("ada", roster=without), "bob")
    kept = asked(viewer, make_decision("ada", roster=same), "bob")

    assert "was not live then" in dropped
    assert "has nothing to do" in kept


@pytest.mark.parametrize("who", ["nobody-known", "<b>", "x" * 300, "a\0"])
def test_nobody_of_that_id(viewer, cast, who):
    page = page_of(viewer, by_topic(), why_not=who).content.decode()

    assert "There is no character" in page
    assert "<b>" not in page
