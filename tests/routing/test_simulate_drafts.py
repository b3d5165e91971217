"""Trying drafts as if they were published."""

from datetime import timedelta

import pytest
import time_machine

from personas.domain.sheets import EvolutionStage
from personas.models import Character
from personas.services import growing
from routing.services.draft_rosters import DRAFT_ROSTERS, DraftRosters
from routing.services.rosters import ROSTERS
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character, make_framework
from tests.routing.asking import publish, three
from tests.routing.trying import change, simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(clock):
    return three()


@pytest.fixture
def bot(cast):
    return bot_client("route:decide")


def test_draft_answers_as_it_would_if_published(bot):
    change("bob", topic_interests=["kites"], display_name="Bobbin")
    make_character("new", topic_interests=["kites"], routing_weight=3)

    live = simulated(bot, "kites")
    found = simulated(bot, "kites", roster="draft", seed=1)

    assert live["reason"] == "nobody"
    assert {c["character_id"]: c["score"] for c in found["candidates"]} == {
        "new": 150,
        "bob": 50,
    }
    assert found["character_id"] == "new"
    assert (found["persona_id"], found["version"]) == ("new@neuro", None)
    assert found["explanation"].startswith("New")
    assert found["left_out"] == []
    assert simulated(bot, "Bobbin!", roster="draft")["character_id"] == "bob"


def test_drafts_that_are_off_or_archived_are_not_tried(bot):
    change("bob", topic_interests=["kites"])
    Character.objects.filter(character_id="bob").update(is_active=False)
    assert simulated(bot, "kites", roster="draft")["candidates"] == []

    Character.objects.filter(character_id="bob").update(is_active=True, archived_at=NOW)
    assert simulated(bot, "kites", roster="draft")["candidates"] == []


def test_drafts_that_cannot_be_tried_are_named(bot):
    make_framework("raw", is_published=False)
    make_character("mia", framework_id="raw", topic_interests=["kites"])
    broken = make_character("zoe", topic_interests=["kites"])
    Character.objects.filter(pk=broken.pk).update(
        knowledge_domain={"primary": 5}, draft_hash="other"
    )

    found = simulated(bot, "kites", roster="draft")

    assert found["candidates"] == []
    why = {each["character_id"]: each["why"] for each in found["left_out"]}
    assert list(why) == ["mia", "zoe"]
    assert why["mia"] == "Their framework was never published."
    assert why["zoe"].startswith("Their draft cannot be read: knowledge_domain.primary")


def test_draft_of_somebody_live_is_tried_with_any_framework(bot):
    make_framework("raw", is_published=False)
    change("bob", framework_id="raw", topic_interests=["kites"])

    found = simulated(bot, "kites", roster="draft")

    assert found["character_id"] == "bob"
    assert found["left_out"] == []


def test_growth_counts_as_in_publishing(bot):
    def grow(**changes):
        stage = {"milestone": 10, "title": "T", "changes": changes}
        growing.set_stages(
            Character.objects.get(character_id="bob").pk,
            stages=[EvolutionStage.model_validate(stage)],
            count=10,
            now=NOW + timedelta(seconds=grown.pop()),
        )

    grown = [2, 1]
    grow(knowledge={"add_interests": ["kites"]})
    assert simulated(bot, "kites", roster="draft")["character_id"] == "bob"

    grow(behavior={"reply_mode": "nonsense"})
    found = simulated(bot, "kites", roster="draft")
    assert found["candidates"] == []
    assert [each["character_id"] for each in found["left_out"]] == ["bob"]


def test_draft_says_what_its_version_would(cast):
    change(
        "ada",
        aliases=["Countess"],
        nickname="Addie",
        topic_avoidances=["war"],
        routing_weight=0.123,
        knowledge_domain={"primary": "sums", "expertise": ["x"]},
        activity_preferences={
            "channels": ["#maths"],
            "activities": [{"name": "Chess", "category": "gaming"}],
        },
        behavior={"reply_mode": "freely"},
    )
    publish("ada")

    _, of_versions, _ = ROSTERS.read("production")
    of_drafts = DRAFT_ROSTERS.read().roster

    assert set(of_drafts.members) == set(of_versions.members) == {"ada", "bob", "eve"}
    for name, member in of_versions.members.items():
        draft = of_drafts.members[name]
        for field in member.__slots__:
            if field != "version":
                assert getattr(draft, field) == getattr(member, field), field
        assert draft.version < 0
    assert of_drafts.digest != of_versions.digest


def test_only_drafts_that_changed_are_read(cast, django_assert_num_queries):
    rosters = DraftRosters()
    first = rosters.read()
    for at in range(20):
        make_character(f"more-{at}")

    # Growth and characters; growth, characters with framework, aliases and stages
    # of those that are new.
    with django_assert_num_queries(6):
        rosters.read()
    with django_assert_num_queries(2):
        again = rosters.read()
    change("ada", topic_interests=["kites"])
    with django_assert_num_queries(6):
        changed = rosters.read()

    assert len(first.roster.members) == 3
    assert len(again.roster.members) == 23
    assert changed.roster.members["ada"].interests == ("kites",)
    assert changed.roster.members["bob"] is again.roster.members["bob"]
