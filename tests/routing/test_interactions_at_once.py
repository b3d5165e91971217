"""Many bots at once, in threads: exactly once, and no error."""

import random
from collections import Counter
from functools import partial

import pytest

from evolution.models import Progress
from relationships.models import Affinity, LedgerRow
from routing.models import Interaction
from tests.core.api_client import bot_client
from tests.factories import make_character
from tests.routing.at_once import deadlocks, in_threads, principal, told
from tests.routing.reports import assert_adds_up, event, met, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

CALLERS = 50


@pytest.fixture
def cast():
    for name in ("ada", "bob", "eve", "kim"):
        make_character(name)


# -- The same event ----------------------------------------------------------------


def test_the_same_event_from_fifty_callers_counts_once(cast):
    client = bot_client("interaction:write")
    body = met(kind="insult", count=60)

    answers = in_threads(*[lambda: send(client, body)] * CALLERS)

    assert [a for a in answers if isinstance(a, Exception)] == []
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.content for answer in answers}) == 1
    replays = [a for a in answers if a.headers.get("Idempotency-Replayed") == "true"]
    assert len(replays) == CALLERS - 1
    assert Interaction.objects.count() == 1
    assert Progress.objects.get().count == 60
    assert sorted(Affinity.objects.values_list("seq", "stored")) == [
        (1, -3000),
        (1, -2400),
    ]
    assert_adds_up()


def test_of_different_events_under_one_id_one_counts(cast):
    client = bot_client("interaction:write")
    names = ("ada", "bob", "eve", "kim")
    bodies = [event("e1", character_id=names[n % 4], count=n + 1) for n in range(20)]

    answers = in_threads(*[partial(send, client, body) for body in bodies])

    assert [a for a in answers if isinstance(a, Exception)] == []
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert Interaction.objects.count() == 1
    assert_adds_up()


def test_batches_that_overlap_count_each_event_once(cast):
    bot = principal()
    events = [met(f"e{n}", kind="message") for n in range(40)]
    plan = []
    for number in range(4):
        mixed = random.Random(number).sample(events, len(events))
        plan.append([mixed[:25], mixed[25:]])

    answers = in_threads(*[partial(told, bot, *batches) for batches in plan])

    assert [a for a in answers if isinstance(a, Exception)] == []
    statuses = Counter(status for answer in answers for status, _ in answer)
    assert statuses == {"accepted": 40, "duplicate": 120}
    assert Interaction.objects.count() == 40
    assert_adds_up()


# -- Different pairs ---------------------------------------------------------------


def test_opposed_pairs_never_block_each_other(cast):
    bot = principal()
    ways = [("ada", "bob"), ("bob", "ada"), ("bob", "eve"), ("eve", "ada")]
    plan = [
        [
            [
                met(
                    f"{p}-{n}",
                    character_id=ways[p % 4][0],
                    other_character_id=ways[p % 4][1],
                )
            ]
            for n in range(25)
        ]
        for p in range(8)
    ]
    before = deadlocks()

    answers = in_threads(*[partial(told, bot, *batches) for batches in plan])

    assert [a for a in answers if isinstance(a, Exception)] == []
    assert LedgerRow.objects.count() == 400
    assert deadlocks() == before
    assert_adds_up()
