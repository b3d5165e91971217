"""One report: what it moves, what it answers, and that it counts once."""

from datetime import timedelta

import pytest
import time_machine

from core import policy
from evolution.models import Crossing, Progress, ProgressDay
from personas.models import ApprovedGrowth
from personas.services import drafts, publishing
from relationships.models import Affinity, LedgerRow, Pair
from routing.models import Interaction
from tests.core.api_client import bot_client, make_key
from tests.factories import NOW, make_character
from tests.routing.reports import assert_adds_up, event, met, rows, send

pytestmark = pytest.mark.django_db

STAGES = [
    {"milestone": 3, "title": "Warms up", "changes": {"personality": {"tone": "warm"}}},
    {"milestone": 10, "title": "Trusts", "description": "At last."},
]


@pytest.fixture
def cast():
    return make_character("ada"), make_character("bob")


@pytest.fixture
def bot(cast):
    return bot_client("interaction:write")


def publish(*character_ids: str) -> None:
    publishing.publish(
        character_ids=list(character_ids), note="N", author=None, now=NOW
    )


def set_policy(name: str, *, value: object) -> None:
    policy.set_value(name=name, value=value, actor=None, now=NOW)


def grow(count: int, *, mode: str = "approve", character_id: str = "ada") -> None:
    """Begin at ``count``."""
    client = bot_client("interaction:write")
    for turn, step in enumerate([100] * (count // 100) + [count % 100]):
        if step:
            body = event(f"begin-{turn}", character_id=character_id, count=step)
            assert send(client, body).status_code == 201
    Progress.objects.filter(character__character_id=character_id).update(mode=mode)


def test_a_message_to_a_user_counts_and_moves_no_feeling(bot):
    response = send(bot, event(user_id="42", channel_id="7", server_id="9"))

    assert response.status_code == 201
    assert response.json() == {
        "id": "e1",
        "status": "accepted",
        "character_id": "ada",
        "count": 1,
        "crossed": [],
        "affinity": None,
    }
    row = Interaction.objects.get()
    assert (row.user_id, row.channel_id, row.server_id) == ("42", "7", "9")
    assert (row.counted, row.intensity, row.occurred_at) == (1, 1000, row.created_at)
    assert Pair.objects.count() == 0
    assert_adds_up()


def test_both_feelings_move_by_the_kind(bot):
    answer = send(bot, met()).json()

    assert answer["affinity"] == {
        "speaker_to_responder": {"before": 0.0, "after": 3.0, "seq": 1},
        "responder_to_speaker": {"before": 0.0, "after": 2.4, "seq": 1},
    }
    felt = Affinity.objects.values_list("source__character_id", "stored", "warmth")
    assert sorted(felt) == [("ada", 3000, 50), ("bob", 2400, 50)]
    report = Interaction.objects.get()
    assert set(LedgerRow.objects.values_list("event_id", flat=True)) == {report.pk}
    assert_adds_up()


def test_only_who_acted_grows(bot):
    send(bot, met(count=5))

    assert list(Progress.objects.values_list("character__character_id", "count")) == [
        ("ada", 5)
    ]


def test_it_does_not_matter_which_of_the_two_is_older(bot):
    answer = send(bot, met(character_id="bob", other_character_id="ada")).json()

    assert answer["affinity"]["speaker_to_responder"]["after"] == 3.0
    felt = dict(Affinity.objects.values_list("source__character_id", "stored"))
    assert felt == {"bob": 3000, "ada": 2400}


def test_points_have_three_decimals(bot):
    answer = send(bot, met(kind="question", intensity=1.235)).json()

    # 0.5 × 1.235 = 0.6175, and 0.8 of that is 0.494
    assert answer["affinity"]["speaker_to_responder"]["after"] == 0.618
    assert answer["affinity"]["responder_to_speaker"]["after"] == 0.494


def test_feelings_fade_until_the_next_report(bot):
    with time_machine.travel(NOW, tick=False):
        send(bot, met("e1"))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        answer = send(bot, met("e2", kind="message")).json()

    assert answer["affinity"]["speaker_to_responder"] == {
        "before": 2.7,
        "after": 2.7,
        "seq": 2,
    }
    assert_adds_up()


def test_what_they_like_in_common_makes_it_stronger():
    make_character("ada", topic_interests=["Cats", "tea", "chess"])
    make_character("bob", topic_interests=["cats", "Tea"], topic_avoidances=["chess"])
    publish("ada", "bob")

    answer = send(bot_client(), met()).json()

    # 1 + 0.2 for cats and tea - 0.1 for chess
    assert answer["affinity"]["speaker_to_responder"]["after"] == 3.3
    assert set(LedgerRow.objects.values_list("compatibility", flat=True)) == {1100}


def test_drafts_do_not_change_how_well_they_get_along():
    make_character("ada", topic_interests=["cats"])
    make_character("bob", topic_interests=["cats"])

    answer = send(bot_client(), met()).json()

    assert answer["affinity"]["speaker_to_responder"]["after"] == 3.0


def test_a_trigger_topic_raises_tension(bot):
    send(bot, met("e1", kind="message"))
    Pair.objects.update(trigger_topics=["politics"])

    send(bot, met("e2", kind="message", topics=["  Politics"]))

    assert Pair.objects.get().tension == 200
    assert LedgerRow.objects.filter(is_trigger=True).count() == 2
    assert_adds_up()


def test_what_happened_earlier_is_kept_beside_ledger_time(bot):
    happened = NOW - timedelta(days=3)
    with time_machine.travel(NOW, tick=False):
        send(bot, met(occurred_at=happened.isoformat()))

    row = Interaction.objects.get()
    assert (row.occurred_at, row.created_at) == (happened, NOW)
    assert set(LedgerRow.objects.values_list("at", flat=True)) == {NOW}


def test_ledger_time_never_goes_back(bot):
    with time_machine.travel(NOW, tick=False):
        send(bot, met("e1"))
    with time_machine.travel(NOW - timedelta(seconds=30), tick=False):
        send(bot, met("e2"))

    assert list(Interaction.objects.values_list("created_at", flat=True)) == [NOW, NOW]
    assert_adds_up()


# -- The same again ----------------------------------------------------------------


def test_the_same_again_is_answered_as_before_and_counts_once(bot):
    first = send(bot, met())
    before = rows()

    again = send(bot, met(intensity=1.0, topics=[], user_id=None))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert rows() == before


def test_something_else_under_the_same_id_is_refused(bot):
    send(bot, met())
    before = rows()

    response = send(bot, met(intensity=1.001))

    assert response.status_code == 409
    assert response.json()["code"] == "event_id_reused"
    assert response.json()["errors"][0]["pointer"] == "/id"
    assert rows() == before


def test_ids_of_different_bots_have_nothing_to_do_with_each_other(bot):
    send(bot, event())

    response = send(bot_client("interaction:write"), event(count=2))

    assert response.status_code == 201
    assert response.json()["count"] == 3


def test_a_bot_with_a_new_key_is_the_same_bot(cast):
    key, text = make_key()
    _, new = make_key(replaces=key)
    first = send(bot_with(text), event())

    again = send(bot_with(new), event())

    assert (first.status_code, again.status_code) == (201, 200)


def bot_with(text: str):
    client = bot_client()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def test_a_repeat_is_answered_though_the_character_was_archived_since(bot):
    first = send(bot, met())
    drafts.archive_character(character_id="ada", is_archived=True, actor=None, now=NOW)

    again = send(bot, met())

    assert (again.status_code, again.content) == (200, first.content)


def test_a_repeat_is_answered_though_it_became_too_old(bot):
    happened = (NOW - timedelta(days=89)).isoformat()
    with time_machine.travel(NOW, tick=False):
        send(bot, met(occurred_at=happened))
    with time_machine.travel(NOW + timedelta(days=30), tick=False):
        again = send(bot, met(occurred_at=happened))

    assert again.status_code == 200


# -- Growth ------------------------------------------------------------------------


def test_a_jump_passes_every_milestone_in_order(bot):
    grow(40)

    answer = send(bot, event(count=100)).json()

    assert (answer["count"], answer["crossed"]) == (140, [50, 100])
    found = Crossing.objects.order_by("pk").values_list("milestone", "status", "count")
    assert list(found) == [(50, "noted", 140), (100, "noted", 140)]
    assert_adds_up()


@pytest.mark.parametrize(
    ("mode", "status", "wants"),
    [
        ("auto", "waiting", "apply"),
        ("approve", "waiting", ""),
        ("frozen", "waiting", ""),
    ],
)
def test_a_stage_that_is_reached_waits_or_wants_to_be_applied(mode, status, wants):
    make_character("ada", evolution_stages=STAGES)
    publish("ada")
    grow(2, mode=mode)

    answer = send(bot_client(), event()).json()

    assert answer["crossed"] == [3]
    row = Crossing.objects.get()
    assert (row.status, row.wants, row.title) == (status, wants, "Warms up")
    assert row.changes["personality"]["tone"] == "warm"
    assert (row.try_at is not None) == (wants == "apply")
    assert row.event_id == Interaction.objects.get(event_id="e1").pk


def test_stages_of_the_draft_are_not_reached():
    make_character("ada", evolution_stages=STAGES)

    assert send(bot_client(), event(count=20)).json()["crossed"] == []


def test_what_was_passed_is_not_passed_again_after_the_count_fell(bot):
    grow(60)
    Progress.objects.update(count=45)

    answer = send(bot, event(count=10)).json()

    assert (answer["count"], answer["crossed"]) == (55, [])
    assert Crossing.objects.count() == 1


def test_traits_drift_and_tell_the_next_version(bot):
    for turn in range(2):
        send(bot, event(f"e{turn}", kind="banter", count=100))

    traits = Progress.objects.get().traits
    assert traits["playfulness"] == 1000
    words = ApprovedGrowth.objects.get().trait_words
    assert any("play" in sentence for sentence in words)


def test_a_day_adds_up(bot):
    with time_machine.travel(NOW, tick=False):
        send(bot, event("e1", count=2))
        send(bot, event("e2", count=3))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        send(bot, event("e3", count=4))

    days = ProgressDay.objects.order_by("day").values_list("added", "count")
    assert list(days) == [(5, 5), (4, 9)]


def test_nothing_grows_while_growth_is_off(bot):
    grow(40)
    set_policy("PERSONA_EVOLUTION_ENABLED", value=False)

    answer = send(bot, met(count=100)).json()

    assert (answer["count"], answer["crossed"]) == (40, [])
    assert answer["affinity"]["speaker_to_responder"]["after"] == 3.0
    assert Interaction.objects.get(event_id="e1").counted == 0
    assert_adds_up()


def test_new_characters_grow_as_the_installation_says(bot):
    set_policy("PERSONA_EVOLUTION_MODE", value="frozen")

    send(bot, event())

    assert Progress.objects.get().mode == "frozen"


# -- Test keys ---------------------------------------------------------------------


def test_a_test_key_computes_and_keeps_nothing(cast):
    before = rows()

    response = send(bot_client(is_test=True), met(count=60))

    assert response.status_code == 201
    answer = response.json()
    assert (answer["test"], answer["count"], answer["crossed"]) == (True, 60, [50])
    assert answer["affinity"]["speaker_to_responder"]["after"] == 3.0
    assert rows() == before


def test_a_test_key_is_told_what_is_wrong(cast):
    response = send(bot_client(is_test=True), met(kind="hug"))

    assert response.json()["code"] == "unknown_kind"


# -- Live --------------------------------------------------------------------------


def test_pages_are_told_both_feelings_and_the_count(bot):
    send(bot, met(kind="insult", count=3))

    ops = {
        (change["stream_id"], change["key"]): change["op"] for change in rows()["live"]
    }
    felt = ops["relationships", "ada>bob"]
    assert (felt["stored"], felt["band"], felt["seq"]) == (-3000, "rival", 1)
    assert (felt["tension"], felt["events"], felt["warmth"]) == (200, 1, -50)
    assert ops["relationships", "bob>ada"]["stored"] == -2400
    grown = ops["evolution", "ada"]
    assert (grown["count"], grown["mode"], grown["waiting"]) == (3, "approve", 0)
    assert len(ops) == 3
