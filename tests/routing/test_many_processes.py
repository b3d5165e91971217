"""Real processes with real connections: nothing is lost, nothing counts twice.

``SOAK=1`` has eight of them report 1,250 events each of one pair.
"""

import os
import random
from collections import Counter
from functools import partial

import pytest
from django.db import transaction

from evolution.models import Crossing, Progress
from relationships.domain.feelings import PairState
from relationships.domain.replaying import replay, steps_of
from relationships.models import Affinity, LedgerRow
from relationships.policy import rules
from relationships.services import moving
from routing.models import Interaction
from tests.factories import make_character
from tests.routing.at_once import (
    PROCESSES,
    deadlocks,
    in_processes,
    principal,
    told_as,
)
from tests.routing.reports import assert_adds_up, event, met

SOAK = os.environ.get("SOAK") == "1"
EACH = 1_250 if SOAK else 60
KINDS = ("compliment", "insult", "banter", "argument", "question")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(3_600 if SOAK else 300),
]


@pytest.fixture
def cast():
    return [make_character(name) for name in ("ada", "bob", "eve", "kim")]


def test_eight_processes_on_one_pair_lose_nothing(cast):
    bot = principal()
    plan = [
        [
            [met(f"{process}-{turn}", kind=KINDS[(process + turn) % len(KINDS)])]
            for turn in range(EACH)
        ]
        for process in range(PROCESSES)
    ]
    total = PROCESSES * EACH

    answers = in_processes(partial(told_as, bot=bot, plan=plan))

    assert Counter(status for status, _ in answers) == {"accepted": total}
    assert Interaction.objects.count() == total
    assert Progress.objects.get().count == total
    numbers = list(range(1, total + 1))
    assert sorted(answer["count"] for _, answer in answers) == numbers
    for feeling in Affinity.objects.all():
        rows = feeling.ledger.order_by("seq").values_list("seq", flat=True)
        assert list(rows) == numbers
        assert feeling.events == total
    assert_equals_its_replay(*cast[:2])
    assert_adds_up()


def assert_equals_its_replay(one, other):
    """What is stored of both is what the ledger's rows, computed anew, lead to."""
    with transaction.atomic():
        held = moving.lock([(one.pk, other.pk)]).held(one.pk, other.pk)
    steps = steps_of(held.low.ledger.all(), held.high.ledger.all())

    assert replay(steps, start=PairState(), rules=rules()) == held.state


def test_the_same_event_from_processes_counts_once(cast):
    bot = principal()
    plan = [[[met()]] * 5] * PROCESSES

    answers = in_processes(partial(told_as, bot=bot, plan=plan))

    assert Counter(status for status, _ in answers) == {"accepted": 1, "duplicate": 39}
    assert len({str(answer) for _, answer in answers}) == 1
    assert Interaction.objects.count() == 1
    assert_adds_up()


def test_jumps_pass_every_milestone_once_and_in_order(cast):
    bot = principal()
    plan = [
        [[event(f"{process}-{turn}", count=37)] for turn in range(6)]
        for process in range(4)
    ]

    answers = in_processes(partial(told_as, bot=bot, plan=plan), count=4)

    by_count = sorted((a["count"], a["crossed"]) for _, a in answers)
    assert [count for count, _ in by_count] == [37 * n for n in range(1, 25)]
    passed = [milestone for _, crossed in by_count for milestone in crossed]
    assert passed == [50, 100, 500]
    rows = Crossing.objects.order_by("reached_at", "milestone")
    assert list(rows.values_list("milestone", flat=True)) == passed
    assert_adds_up()


def test_batches_over_all_pairs_never_block_each_other(cast):
    """Also while the rows of pairs and counts are made, which none has yet."""
    bot = principal()
    names = ["ada", "bob", "eve", "kim"]
    pairs = [(a, b) for a in names for b in names if a != b]
    plan = []
    for process in range(6):
        mixed = random.Random(process)
        plan.append(
            [
                [
                    met(f"{process}-{turn}-{n}", character_id=a, other_character_id=b)
                    for n, (a, b) in enumerate(
                        mixed.sample(pairs, mixed.randint(1, 12))
                    )
                ]
                for turn in range(6)
            ]
        )
    before = deadlocks()

    answers = in_processes(partial(told_as, bot=bot, plan=plan), count=6)

    sent = sum(len(batch) for batches in plan for batch in batches)
    assert Counter(status for status, _ in answers) == {"accepted": sent}
    assert LedgerRow.objects.count() == 2 * sent
    assert deadlocks() == before
    assert_adds_up()
