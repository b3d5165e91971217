"""``manage.py doctor`` finds whatever does not add up."""

from datetime import timedelta
from io import StringIO
from itertools import combinations

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from core.live import changes
from core.models import LiveChange, LiveStream
from evolution.models import Crossing, Progress
from personas.models import Character
from relationships.models import Affinity, LedgerRow, Pair
from routing.models import Interaction
from routing.services import checking
from tests.core.api_client import bot_client
from tests.factories import NOW, make_character
from tests.routing.reports import event, met, send_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    for name in ("ada", "bob", "eve"):
        make_character(name)
    return bot_client("interaction:write")


@pytest.fixture
def history(bot):
    """Two days of Ada and Bob, and of Ada and users."""
    with time_machine.travel(NOW, tick=False):
        send_all(bot, met("a"), met("b", kind="insult"), event("c", count=60))
    with time_machine.travel(NOW + timedelta(days=1, seconds=7), tick=False):
        send_all(bot, met("d", kind="argument"), event("e", count=50))
    assert checking.findings() == []


def found() -> str:
    """The only thing that is wrong."""
    (finding,) = checking.findings()
    return finding


def test_nothing_is_wrong_with_nothing(db):
    assert checking.findings() == []


def test_a_feeling_that_its_ledger_does_not_lead_to(history):
    Affinity.objects.filter(source__character_id="ada").update(stored=F("stored") + 1)

    assert "stored is" in found()
    assert found().startswith("ada (lower) and bob (higher): ")


@pytest.mark.parametrize(
    ("field", "words"),
    [("warmth", "warmth is"), ("resting", "resting is"), ("spent", "spent on")],
)
def test_whatever_else_is_stored_of_a_feeling(history, field, words):
    Affinity.objects.filter(source__character_id="bob").update(**{field: 777})

    assert words in found()


def test_a_tension_that_its_ledger_does_not_lead_to(history):
    Pair.objects.update(tension=999)

    assert "tension is 999" in found()


@pytest.mark.parametrize("field", ["after", "before", "wanted", "tension_before"])
def test_a_row_that_does_not_follow_from_the_one_before(history, field):
    row = LedgerRow.objects.filter(seq=2).order_by("pk").first()
    LedgerRow.objects.filter(pk=row.pk).update(**{field: F(field) + 5})

    assert any(" 2: " in line or " 2 and " in line for line in checking.findings())


def test_a_row_that_is_missing(history):
    LedgerRow.objects.filter(seq=2).order_by("pk").first().delete()

    told = checking.findings()

    assert any("follows 1" in line for line in told)
    assert any("ledger row for each direction" in line for line in told)


def test_a_row_of_no_report(history):
    LedgerRow.objects.filter(seq=3).update(event_id=9_999)

    assert any("of a report that there is not" in line for line in checking.findings())


def test_rows_folded_into_the_end_of_their_day_are_not_missed(history):
    for feeling in Affinity.objects.all():
        feeling.ledger.get(seq=1).delete()
        feeling.ledger.filter(seq=2).update(folded=1)

    assert checking.findings() == []


def test_a_pair_without_both_directions(history):
    ada, eve = Character.objects.exclude(character_id="bob").order_by("pk")
    pair = Pair.objects.create(low=ada, high=eve)
    Affinity.objects.create(pair=pair, source=ada, target=eve)

    assert found() == f"Pair {pair.pk} does not have two directions."


def test_how_often_they_met(history):
    Interaction.objects.filter(event_id="a").update(other=None)

    told = checking.findings()

    assert any("met 2 times; one of them knows of 3" in line for line in told)
    assert any("ledger row for each direction" in line for line in told)


def test_a_count_that_reports_do_not_add_up_to(history):
    Progress.objects.update(count=F("count") + 1)

    assert found() == "The count of ada is 114; its reports add up to 113."


def test_a_count_that_is_missing(history):
    Progress.objects.all().delete()

    told = checking.findings()

    assert any("is 0; its reports add up to 113" in line for line in told)
    assert any("passed, though the count is 0" in line for line in told)


def test_a_milestone_beyond_the_count(history):
    Crossing.objects.filter(milestone=100).update(milestone=500, count=600)

    told = checking.findings()

    assert "ada at 500: passed, though the count is 113." in told
    assert any("told of the milestones [100]; recorded are [500]" in t for t in told)


def test_a_flagged_milestone_may_lie_beyond_the_count(history):
    row = Crossing.objects.get(milestone=100)
    Interaction.objects.filter(event_id="e").update(counted=0)
    Progress.objects.update(count=63)
    Crossing.objects.filter(pk=row.pk).update(is_flagged=True)

    assert checking.findings() == []


def test_a_milestone_that_is_missing(history):
    Crossing.objects.filter(milestone=50).delete()

    assert "told of the milestones [50]; recorded are []" in found()


def test_a_milestone_passed_at_too_low_a_count(history):
    Crossing.objects.filter(milestone=100).update(count=99)

    assert found() == "ada at 100: passed at a count of 99."


def test_milestones_out_of_order(history):
    Crossing.objects.filter(milestone=50).update(reached_at=NOW + timedelta(days=9))

    assert found() == "ada at 100: passed before 50 was."


def test_a_gap_in_a_stream(history):
    number_all()
    LiveChange.objects.filter(stream="relationships", seq=2).delete()

    assert found().startswith("Stream relationships holds ")


def test_a_stream_whose_beginning_is_pruned(history):
    number_all()
    changes.prune(now=NOW + timedelta(days=365))

    assert checking.findings() == []


def number_all() -> None:
    """As happens after the commit, which tests never come to."""
    for name in ("relationships", "evolution"):
        stream = LiveStream.objects.get(pk=name)
        for row in LiveChange.objects.filter(stream=name, seq=None).order_by("pk"):
            stream.head += 1
            LiveChange.objects.filter(pk=row.pk).update(seq=stream.head)
        stream.save()


def test_the_command_says_so(history):
    out = StringIO()

    call_command("doctor", stdout=out)

    assert out.getvalue() == "Everything adds up.\n"


def test_the_command_names_what_is_wrong_and_fails(history):
    Progress.objects.update(count=1)
    out = StringIO()

    with pytest.raises(CommandError, match="things do not add up"):
        call_command("doctor", stdout=out)

    assert "The count of ada is 1" in out.getvalue()


def test_a_feeling_without_any_ledger(history):
    LedgerRow.objects.all().delete()

    told = checking.findings()

    assert any("its ledger says" in line for line in told)


def test_a_report_between_two_queries_is_no_finding(bot):
    send_all(bot, met("a"), met("b", other_character_id="eve"))
    waits = [met("c"), met("d")]

    def report_first(execute, sql, params, many, context):
        if 'FROM "relationships_ledgerrow"' in sql and waits:
            late = waits[:]
            waits.clear()
            send_all(bot, *late)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(report_first):
        assert checking.findings() == []

    assert LedgerRow.objects.count() == 8


def test_each_of_many_pairs_is_looked_at(bot, monkeypatch):
    monkeypatch.setattr(checking, "PAIRS_AT_ONCE", 2)
    for name in ("kim", "leo"):
        make_character(name)
    names = ("ada", "bob", "eve", "kim", "leo")
    send_all(bot, *_everybody(names))
    wrong = Affinity.objects.order_by("pk").filter(source__character_id="leo")
    wrong.update(stored=F("stored") + 1)

    told = checking.findings()

    assert len(told) == len(names) - 1
    assert {line.split()[0] for line in told} == {"ada", "bob", "eve", "kim"}


def test_pairs_that_add_up_are_read_together(bot):
    """No query, and no lock, for each of them."""

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert checking.findings() == []
        return [query["sql"] for query in captured]

    send_all(bot, met("first"))
    few = queries()
    names = ["ada", "bob", *(f"x{n}" for n in range(8))]
    for name in names[2:]:
        make_character(name)
    send_all(bot, *_everybody(names))

    many = queries()

    assert Pair.objects.count() == 45
    assert len(many) == len(few)
    locking = [sql for sql in many if "FOR NO KEY UPDATE" in sql]
    assert all("core_livestream" in sql for sql in locking)


def _everybody(names):
    """Each of them meets each other one."""
    return [
        met(f"{a}-{b}", character_id=a, other_character_id=b)
        for a, b in combinations(names, 2)
    ]


def test_counts_are_summed_in_few_queries(bot):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert checking.findings() == []
        return len(captured)

    send_all(bot, met("a"))
    few = queries()
    send_all(bot, *(met(f"m{n}", kind="banter") for n in range(40)))

    assert queries() == few
