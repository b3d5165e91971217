"""What was decided comes out the same again, whatever changed since.

``SOAK=1`` replays 10,000 decisions.
"""

import json
import os
from random import Random

import pytest
from django.utils import timezone

from core.roles import Role
from personas.models import Character
from personas.services import drafts, publishing
from routing.domain.channels import ChannelSettings
from routing.domain.messages import Activity, Message
from routing.models import Decision, Roster
from routing.services import channels, outcomes, rosters
from routing.services.deciding import Asked, decide_message
from routing.services.outcomes import Outcome
from routing.services.replaying import replay
from routing.services.rosters import ROSTERS, Rebuilder
from tests.clients import client_as
from tests.core.api_client import bot_client
from tests.factories import NOW, make_person, sheet_of
from tests.routing.asking import (
    make_cast,
    replayed,
    routed,
    set_policy,
)
from tests.routing.at_once import principal

SOAK = os.environ.get("SOAK") == "1"
DECIDED = 10_000 if SOAK else 200
WORDS = (
    *("ada", "Bob", "eve", "kim", "tea", "chess", "the sea", "rust", "C++", "war"),
    *("日本", "море", "and", "but", "what", "hello"),
)
ROWS = Decision.objects.select_related("author", "character", "terms", "version")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(3_600 if SOAK else 300),
]


@pytest.fixture
def bot():
    make_cast(
        ada={
            "topic_interests": ["tea", "the sea"],
            "topic_avoidances": ["war"],
            "activity_preferences": {
                "channels": ["1"],
                "activities": [{"name": "Chess", "category": "games"}],
            },
        },
        bob={"topic_interests": ["chess", "море"], "routing_weight": 0.7},
        eve={
            "topic_interests": ["tea", "C++", "日本"],
            "behavior": {"reply_mode": "when_addressed"},
        },
        kim={"knowledge_domain": {"primary": "rust"}, "routing_weight": 1.3},
    )
    return bot_client()


def edit(character_id, **fields):
    changed = sheet_of(character_id).model_dump(mode="json") | fields
    sheet = type(sheet_of(character_id)).model_validate_json(json.dumps(changed))
    drafts.save_character(
        character_id=character_id,
        sheet=sheet,
        revision=Character.objects.get(character_id=character_id).revision,
        actor=None,
        now=NOW,
    )
    publishing.publish(character_ids=[character_id], note="N", author=None, now=NOW)


def set_channel(channel_id, **settings):
    channels.save_settings(
        channel_id=channel_id,
        settings=ChannelSettings.model_validate_json(json.dumps(settings)),
        based_on=None,
        actor=make_person(Role.MANAGER),
        now=NOW,
    )


def any_message(rng):
    """A message of anybody in one of three channels."""
    names = ["ada", "bob", "eve", "kim"]
    activity = Activity(name=rng.choice(["Go", "chess"]), category="games")
    message = Message(
        text=" ".join(rng.choices(WORDS, k=rng.randrange(7))),
        author_character_id=rng.choice(names) if rng.random() < 0.3 else None,
        mentions=tuple(rng.sample([*names, "zoe"], 2)) if rng.random() < 0.2 else (),
        activity=activity if rng.random() < 0.3 else None,
        ignore_sticky=rng.random() < 0.4,
    )
    return Asked(message=message, channel_id=str(rng.randrange(3)))


def change_something(rng, turn):
    """What managers do meanwhile."""
    match turn % 8:
        case 0:
            edit("ada", topic_interests=rng.sample(WORDS, 3))
        case 1:
            set_policy("ROUTING_STEPS", value="sticky, content, mention, fallback")
        case 2:
            set_channel(
                "0",
                reply_mode=rng.choice(["freely", "never", "in_conversation"]),
                deny=rng.sample(["ada", "bob", "eve"], 1),
            )
        case 3:
            set_policy("GLOBAL_RESPONSE_CHANCE", value=rng.choice([0.5, 0.7, 1.0]))
        case 4:
            drafts.set_active(
                character_id="bob",
                is_active=not Character.objects.get(character_id="bob").is_active,
                actor=None,
                now=NOW,
            )
        case 5:
            set_policy("DEFAULT_PERSONA", value=rng.choice(["kim", "zoe"]))
        case 6:
            edit("kim", aliases=rng.sample(["Kimmy", "K", "The Sea"], 2))
        case 7:
            set_policy("ROUTING_STEPS", value="mention, sticky, content, fallback")


def test_many_decisions_come_out_the_same_whatever_changed(bot, monkeypatch):
    monkeypatch.setattr(rosters, "DEEPEST", 5)
    rng = Random(7)
    set_policy("DEFAULT_PERSONA", value="kim")
    for turn in range(DECIDED):
        if turn % 12 == 11:
            change_something(rng, turn // 12)
        decided = decide_message(any_message(rng), bot=principal(), clock=timezone.now)
        if rng.random() < 0.2:
            outcomes.report(
                decided.row.decision_id,
                Outcome(delivered=rng.random() < 0.5),
                bot=principal(),
                clock=timezone.now,
            )
    edit("eve", topic_interests=[], display_name="Somebody else")
    set_policy("USE_PERSONA_SYSTEM", value=False)

    rebuilder = Rebuilder()
    found = {
        row.pk: replay(row, rebuilder=rebuilder).differing
        for row in ROWS.iterator(chunk_size=500)
    }

    assert len(found) == DECIDED
    assert {pk: differing for pk, differing in found.items() if differing} == {}
    # It was worth it.
    assert set(Decision.objects.values_list("reason", flat=True)) >= {
        *("mention", "sticky", "activity", "content", "fallback", "nobody"),
    }
    assert Roster.objects.filter(depth__gt=0).exists()
    assert Decision.objects.filter(answer__contains='"of":"close"').exists()
    assert Decision.objects.filter(answer__contains='"of":"probability"').exists()


def test_it_is_answered_by_rest(bot):
    answer = routed(bot, "Tea or chess, Ada?")

    response = replayed(bot, answer["decision_id"])

    assert response.status_code == 200, response.content
    body = response.json()
    assert (body["same"], body["differing"]) == (True, [])
    names = ("character_id", "version", "reason", "candidates", "seed", "skipped")
    assert {n: body["decision"][n] for n in names} == {n: answer[n] for n in names}
    assert body["decision"]["explanation"] == answer["explanation"]


def test_people_may_replay(bot):
    answer = routed(bot, "Ada!")

    assert replayed(client_as(Role.VIEWER), answer["decision_id"]).json()["same"]


def test_nothing_is_written(bot):
    answer = routed(bot, "Ada!")
    before = Decision.objects.values().get()

    replayed(bot, answer["decision_id"])

    assert Decision.objects.values().get() == before


def test_who_won_is_not_looked_at(bot):
    decision_id = routed(bot, "Ada!")["decision_id"]
    row = Decision.objects.get()
    bob = Character.objects.get(character_id="bob")
    answer = {**row.answer, "character_id": "bob"}
    Decision.objects.update(
        answer=answer, character=bob, version=bob.versions.get(number=1)
    )

    body = replayed(bot, decision_id).json()

    assert body["same"] is False
    assert body["differing"] == ["character_id", "version_pk"]
    assert body["decision"]["character_id"] == "ada"


@pytest.mark.parametrize(("kept", "status"), [("excerpt", 409), ("none", 409)])
def test_without_the_text_nobody_can_tell(bot, kept, status):
    set_policy("MESSAGE_TEXT_KEPT", value=kept)
    answer = routed(bot, "Ada! " * 100)

    response = replayed(bot, answer["decision_id"])

    assert (response.status_code, response.json()["code"]) == (409, "text_not_kept")


def test_a_short_message_is_kept_whole_as_an_excerpt(bot):
    set_policy("MESSAGE_TEXT_KEPT", value="excerpt")
    answer = routed(bot, "Ada!")

    assert replayed(bot, answer["decision_id"]).json()["same"] is True


def test_rosters_are_recorded_once_and_by_what_changed(bot):
    routed(bot, "Ada!")
    routed(bot, "Bob!", channel_id="8")
    edit("ada", topic_interests=["rum"])
    routed(bot, "Ada!")
    edit("ada", topic_interests=["gin"])
    routed(bot, "Ada!")
    drafts.set_active(character_id="kim", is_active=False, actor=None, now=NOW)
    routed(bot, "Ada!")

    first, second, third, fourth = Roster.objects.order_by("pk")
    ada = Character.objects.get(character_id="ada")
    versions = list(ada.versions.order_by("number").values_list("pk", flat=True))
    assert sorted(first.changes["set"]) == ["ada", "bob", "eve", "kim"]
    assert second.changes == {"set": {"ada": versions[1]}, "drop": []}
    assert (second.base, second.depth) == (first, 1)
    assert third.changes == {"set": {"ada": versions[2]}, "drop": []}
    assert fourth.changes == {"set": {}, "drop": ["kim"]}
    assert (fourth.base, fourth.depth) == (third, 3)
    rebuilt = Rebuilder().rebuilt(fourth.pk)
    assert rebuilt.digest == fourth.digest
    assert dict(rebuilt.members) == dict(ROSTERS.read("production")[1].members)


def test_a_roster_that_another_process_recorded_is_found(bot):
    routed(bot, "Ada!")
    ROSTERS._keys.clear()
    ROSTERS._last.clear()

    routed(bot, "Ada!")

    assert Roster.objects.count() == 1


def test_building_a_roster_again_costs_few_queries(bot, django_assert_num_queries):
    routed(bot, "Ada!")
    for number in range(5):
        edit("ada", topic_interests=[f"t{number}"])
        routed(bot, "Ada!")

    newest = Roster.objects.latest("pk")
    assert newest.depth == 5
    with django_assert_num_queries(2):  # the chain of records, and the versions
        Rebuilder().rebuilt(newest.pk)
