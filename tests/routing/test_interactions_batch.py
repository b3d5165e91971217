"""Many reports in one call: each by itself, all at once, at a tenth of the price."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from core.api import throttling
from core.models import BotKey
from core.rates import Rate
from personas.models import Character
from relationships.models import Affinity, LedgerRow
from routing.domain.events import Reported
from routing.models import Interaction
from routing.services import reporting
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character
from tests.routing.reports import (
    BATCH,
    assert_adds_up,
    event,
    met,
    rows,
    send,
    send_all,
)

NAMES = ("ada", "bob", "eve", "kim")


@pytest.fixture
def bot(db):
    for name in NAMES:
        make_character(name)
    return bot_client("interaction:write")


def test_each_is_answered_in_its_order(bot):
    results = send_all(bot, met("a"), event("b"), met("c", kind="insult"))

    assert [(r["id"], r["status"], r["count"]) for r in results] == [
        ("a", "accepted", 1),
        ("b", "accepted", 2),
        ("c", "accepted", 3),
    ]
    moves = [r["affinity"] and r["affinity"]["speaker_to_responder"] for r in results]
    assert moves == [
        {"before": 0.0, "after": 3.0, "seq": 1},
        None,
        {"before": 3.0, "after": 0.0, "seq": 2},
    ]
    assert_adds_up()


def test_a_batch_does_what_its_events_do_one_by_one(bot):
    events = [
        met(str(n), character_id=a, other_character_id=b, kind=kind, topics=["x"])
        for n, (a, b, kind) in enumerate(
            [
                ("ada", "bob", "compliment"),
                ("bob", "ada", "insult"),
                ("ada", "eve", "banter"),
                ("bob", "ada", "argument"),
                ("ada", "bob", "collaboration"),
            ]
        )
    ]
    other = bot_client("interaction:write")

    together = send_all(bot, *events)
    moved = sorted(Affinity.objects.values_list("source", "target", "stored"))
    Interaction.objects.all().delete()
    LedgerRow.objects.all().delete()
    Affinity.objects.update(stored=0, updated_at=None, seq=0, events=0)
    for table in ("relationships_pair", "evolution_progress"):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET "
                + (
                    "tension = 0, tension_at = NULL"
                    if table.endswith("pair")
                    else "count = 0"
                )
            )
    one_by_one = [send(other, body).json() for body in events]

    again = sorted(Affinity.objects.values_list("source", "target", "stored"))
    # Some milliseconds pass between the calls; nothing fades by a thousandth in them.
    assert [r["affinity"] for r in one_by_one] == [r["affinity"] for r in together]
    assert again == moved


def test_repeats_are_duplicates_with_the_first_answer(bot):
    (first,) = send_all(bot, met("a"))

    again, new = send_all(bot, met("a"), met("b"))

    assert again == {**first, "status": "duplicate"}
    assert new["affinity"]["speaker_to_responder"]["seq"] == 2


def test_a_report_and_a_batch_share_their_ids(bot):
    single = send(bot, met("a")).json()

    (again,) = send_all(bot, met("a"))
    single_again = send(bot, met("a"))

    assert again == {**single, "status": "duplicate"}
    assert (single_again.status_code, single_again.json()) == (200, single)


def test_within_a_batch_an_id_counts_once(bot):
    first, same, other = send_all(bot, met("a"), met("a"), met("a", kind="insult"))

    assert same == {**first, "status": "duplicate"}
    assert (other["status"], other["code"]) == ("rejected", "event_id_reused")
    assert other["errors"][0]["pointer"] == "/events/2/id"
    assert Interaction.objects.count() == 1


def test_an_id_that_was_refused_is_still_free(bot):
    bad, good = send_all(bot, met("a", kind="hug"), met("a"))

    assert (bad["status"], good["status"]) == ("rejected", "accepted")


def test_a_batch_of_nothing_good_leaves_no_trace(bot):
    before = rows()

    results = send_all(bot, met("a", kind="hug"), met("b", character_id="x"), 7)

    assert {result["status"] for result in results} == {"rejected"}
    assert rows() == before


def test_a_batch_of_a_test_key_is_not_kept(bot):
    client = bot_client(is_test=True)
    before = rows()

    results = send_all(client, met("a"), met("a"), met("b"))

    assert [r["status"] for r in results] == ["accepted", "duplicate", "accepted"]
    assert all(result["test"] for result in results)
    assert rows() == before


def test_jumps_within_a_batch_pass_each_milestone_once(bot):
    results = send_all(bot, *(event(str(n), count=40) for n in range(6)))

    assert [r["crossed"] for r in results] == [[], [50], [100], [], [], []]
    assert_adds_up()


def test_five_hundred_fit(bot):
    events = [
        met(
            str(n),
            character_id=NAMES[n % 4],
            other_character_id=NAMES[(n + 1 + n // 4 % 3) % 4],
            kind="message",
        )
        for n in range(500)
    ]

    results = send_all(bot, *events)

    assert {result["status"] for result in results} == {"accepted"}
    assert LedgerRow.objects.count() == 1_000
    assert_adds_up()


def test_an_event_costs_a_tenth_of_a_request(bot):
    response = send(bot, {"events": [event(str(n)) for n in range(100)]}, to=BATCH)

    # One for the call, which pays for ten events; nine for the other ninety.
    assert response["RateLimit-Remaining"] == "190"


def test_a_batch_over_the_rate_is_refused_as_a_whole(bot, monkeypatch):
    monkeypatch.setattr(throttling, "WRITES", Rate("writes", per_minute=1, burst=5))
    send_all(bot, *(event(f"first-{n}") for n in range(40)))
    before = rows()

    response = send(bot, {"events": [event(str(n)) for n in range(40)]}, to=BATCH)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert rows() == before


# -- Cost --------------------------------------------------------------------------


def queries(client, body, *, to) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert send(client, body, to=to).status_code in {200, 201}
    return len(captured)


def meetings(count: int, *, start: int) -> list[dict]:
    """Every character with every other, in turn."""
    pairs = [(a, b) for a in NAMES for b in NAMES if a != b]
    return [
        met(
            f"m{start + n}",
            character_id=pairs[n % 12][0],
            other_character_id=pairs[n % 12][1],
            kind="message",
        )
        for n in range(count)
    ]


def test_a_batch_costs_as_many_queries_as_one_report(bot):
    send_all(bot, *meetings(12, start=0))

    one = queries(bot, met("one"), to="/api/v1/interactions")
    many = queries(bot, {"events": meetings(12, start=100)}, to=BATCH)

    assert many == one


def test_a_report_costs_no_more_queries_after_many(bot):
    send(bot, met("first"))
    early = queries(bot, met("second"), to="/api/v1/interactions")
    for turn in range(4):
        send_all(bot, *meetings(50, start=1000 * turn))

    late = queries(bot, met("last"), to="/api/v1/interactions")

    assert late == early


def test_a_repeat_reads_little(bot):
    send(bot, met())

    with CaptureQueriesContext(connection) as captured:
        send(bot, met())

    told = [query["sql"] for query in captured]
    assert sum("routing_interaction" in sql for sql in told) == 1
    assert not [sql for sql in told if "relationships_" in sql or "evolution_" in sql]


# -- Whatever comes ----------------------------------------------------------------

KINDS = ("compliment", "insult", "banter", "message", "hug")
EVENTS = st.builds(
    lambda number, a, b, kind, intensity, count: {
        "id": f"e{number}",
        "character_id": a,
        "kind": kind,
        "other_character_id": b,
        "intensity": intensity,
        "count": count,
    },
    st.integers(0, 6),
    st.sampled_from(["ada", "bob", "nobody"]),
    st.sampled_from(["ada", "bob", "eve", None]),
    st.sampled_from(KINDS),
    st.sampled_from([0, 0.3, 1, 2]),
    st.sampled_from([1, 7, 60]),
)


class WhateverComes(TestCase):
    """Batches of good, bad and repeated reports, in any order."""

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(EVENTS, min_size=1, max_size=8), min_size=1, max_size=4))
    def test_each_accepted_one_counts_exactly_once(self, batches):
        for name in ("ada", "bob", "eve"):
            make_character(name)
        client = bot_client("interaction:write")

        accepted, expected, counts = {}, 0, dict.fromkeys(NAMES, 0)
        for batch in batches:
            for sent, result in zip(batch, send_all(client, *batch), strict=True):
                said = json.dumps(sent, sort_keys=True)
                if result["status"] == "accepted":
                    assert sent["id"] not in accepted
                    accepted[sent["id"]] = (said, result)
                    expected += 1
                    counts[sent["character_id"]] += sent["count"]
                    assert result["count"] == counts[sent["character_id"]]
                elif result["status"] == "duplicate":
                    first_said, first = accepted[sent["id"]]
                    assert said == first_said
                    assert result == {**first, "status": "duplicate"}
                elif sent["id"] in accepted:
                    assert result["code"] == "event_id_reused"

        assert Interaction.objects.count() == expected
        assert_adds_up()


def test_reports_need_no_request(bot):
    """The service knows neither Django's requests nor the framework of the API."""
    key = BotKey.objects.get()
    principal = reporting.BotPrincipal(
        key_id=key.pk,
        name="bot",
        scopes=frozenset(),
        label="",
        is_test=False,
        expires_at=None,
        bot_id=key.pk,
    )
    reported = Reported(id="x", character_id="ada", kind="message")

    (outcome,) = reporting.report([reported], bot=principal, clock=lambda: NOW)

    assert outcome.answer["count"] == 1
    assert Character.objects.get(character_id="ada").progress.updated_at == NOW
