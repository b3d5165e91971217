"""What managers change by hand."""

from datetime import timedelta

import pytest

from core.models import AuditEntry, LiveChange
from relationships import policy
from relationships.models import LedgerRow, Pair
from relationships.services import adjusting, reading
from relationships.services.adjusting import ChangedMeanwhile, Refused
from relationships.services.announcing import key_of
from relationships.services.reading import SameCharacter, UnknownCharacter
from routing.services import checking
from tests.factories import NOW, make_character
from tests.relationships.feelings_given import felt, manager, met

pytestmark = pytest.mark.django_db

HAND = {"source": "ada", "target": "bob", "reason": "They made up.", "now": NOW}


@pytest.fixture
def cast():
    return make_character("ada"), make_character("bob")


@pytest.fixture
def actor(cast):
    return manager()


def last_op(source: str, target: str):
    rows = LiveChange.objects.filter(stream="relationships", key=key_of(source, target))
    return rows.latest("pk").op


def test_a_value_is_set_one_way_only_and_stands_in_the_ledger(cast, actor):
    adjusting.set_value(**HAND, affinity=5_000, resting=None, actor=actor)

    row = LedgerRow.objects.get()
    assert (row.cause, row.before, row.after, row.change) == ("set", 0, 5_000, 5_000)
    assert (row.reason, row.author, row.author_name) == (
        "They made up.",
        actor,
        str(actor),
    )
    assert row.band == "friend"
    assert felt(*cast).stored == 5_000
    assert felt(*reversed(cast)).stored == 0
    assert last_op("ada", "bob")["stored"] == 5_000


def test_a_resting_value_leaves_the_feeling_and_changes_where_it_goes(cast, actor):
    met(*cast, at=NOW - timedelta(days=1))

    adjusting.set_value(**HAND, affinity=None, resting=1_000, actor=actor)

    row = LedgerRow.objects.latest("pk")
    assert (row.cause, row.before, row.after) == ("resting", 2_700, 2_700)
    assert felt(*cast).resting == 1_000
    assert_ledger_adds_up()


def assert_ledger_adds_up():
    """There are no reports here, so only the ledger can be judged."""
    assert list(checking._of_ledgers()) == []


def test_both_at_once_are_one_row(cast, actor):
    adjusting.set_value(**HAND, affinity=-2_000, resting=500, actor=actor)

    row = LedgerRow.objects.get()
    assert (row.cause, row.after, row.resting) == ("set", -2_000, 500)


def test_a_reset_is_of_both_and_keeps_what_is_authored(cast, actor):
    met(*cast, "insult", at=NOW)
    adjusting.set_value(**HAND, affinity=None, resting=500, actor=actor)
    adjusting.set_triggers(**HAND, topics=["Tea"], actor=actor)

    adjusting.reset(**HAND, actor=actor)

    ada, bob = felt(*cast), felt(*reversed(cast))
    assert (ada.stored, bob.stored, ada.respect, ada.warmth) == (0, 0, 0, 0)
    assert (ada.resting, ada.events) == (500, 1)
    pair = Pair.objects.get()
    assert (pair.tension, pair.trigger_topics) == (0, ["tea"])
    assert {row.cause for row in LedgerRow.objects.order_by("-pk")[:2]} == {"reset"}
    entry = AuditEntry.objects.get(action="feeling.reset")
    assert entry.before["tension"] == 0.2
    assert entry.after == {"affinity": 0.0, "affinity_back": 0.0, "tension": 0.0}
    assert_ledger_adds_up()


def test_topics_are_kept_as_they_are_compared_and_once(cast, actor):
    adjusting.set_triggers(
        **HAND, topics=["The  Sea", "the_sea", "War", " "], actor=actor
    )

    assert Pair.objects.get().trigger_topics == ["the sea", "war"]
    entry = AuditEntry.objects.get(action="feeling.triggers")
    assert entry.before == {"trigger_topics": []}
    assert entry.after == {"trigger_topics": ["the sea", "war"]}
    assert entry.note == "They made up."
    assert last_op("bob", "ada")["seq"] == 0


def test_the_same_topics_again_change_nothing(cast, actor):
    for _ in range(2):
        adjusting.set_triggers(**HAND, topics=["tea"], actor=actor)

    assert AuditEntry.objects.filter(action="feeling.triggers").count() == 1


def test_topics_that_others_changed_are_not_overwritten(cast, actor):
    adjusting.set_triggers(**HAND, topics=["tea"], actor=actor)

    with pytest.raises(ChangedMeanwhile):
        adjusting.set_triggers(**HAND, topics=["ink"], actor=actor, based_on=[])
    adjusting.set_triggers(**HAND, topics=["ink"], actor=actor, based_on=["tea"])

    assert Pair.objects.get().trigger_topics == ["ink"]


@pytest.mark.parametrize(
    "topics", [[f"t{n}" for n in range(101)], ["x" * 201]], ids=["many", "long"]
)
def test_topics_have_limits(cast, actor, topics):
    with pytest.raises(Refused):
        adjusting.set_triggers(**HAND, topics=topics, actor=actor)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1_001])
def test_each_needs_a_reason(cast, actor, reason):
    hand = {**HAND, "reason": reason, "actor": actor}

    with pytest.raises(Refused):
        adjusting.set_value(**hand, affinity=1, resting=None)
    with pytest.raises(Refused):
        adjusting.reset(**hand)
    with pytest.raises(Refused):
        adjusting.set_triggers(**hand, topics=["tea"])
    assert (LedgerRow.objects.count(), Pair.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "values",
    [
        {"affinity": None, "resting": None},
        {"affinity": 10_001, "resting": None},
        {"affinity": None, "resting": -10_001},
    ],
)
def test_values_that_cannot_be(cast, actor, values):
    with pytest.raises(Refused):
        adjusting.set_value(**HAND, **values, actor=actor)


def test_what_happened_meanwhile_is_not_overwritten(cast, actor):
    both = reading.between("ada", "bob", moment=NOW, rules=policy.rules())
    met(*reversed(cast), at=NOW)

    with pytest.raises(ChangedMeanwhile):
        adjusting.set_value(
            **HAND, affinity=1, resting=None, actor=actor, based_on=both.tag
        )
    with pytest.raises(ChangedMeanwhile):
        adjusting.reset(**HAND, actor=actor, based_on=both.tag)
    assert felt(*cast).seq == 1


def test_a_clock_that_lags_does_not_turn_the_ledger_around(cast, actor):
    met(*cast, at=NOW + timedelta(minutes=1))

    adjusting.set_value(**HAND, affinity=1, resting=None, actor=actor)

    assert felt(*cast).updated_at == NOW + timedelta(minutes=1)


def test_nobody_and_oneself(cast, actor):
    hand = {**HAND, "affinity": 1, "resting": None, "actor": actor}

    with pytest.raises(SameCharacter):
        adjusting.set_value(**{**hand, "target": "ada"})
    with pytest.raises(UnknownCharacter):
        adjusting.set_value(**{**hand, "target": "nobody"})
