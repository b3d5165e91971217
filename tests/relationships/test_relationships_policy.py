"""Settings of relationships: read in one query, dated, and each with an effect."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.urls import reverse

from core import policy
from core.live import watcher
from core.models import LiveChange, PolicySetting
from core.roles import Role
from relationships.domain.bands import DEFAULT_BANDS, Band
from relationships.domain.feelings import Event, PairState, apply
from relationships.domain.kinds import DEFAULT_KINDS, Kind
from relationships.policy import (
    AFFINITY_DAILY_CAP,
    CONFLICT_DECAY_RATE,
    CONFLICT_ESCALATION_AMOUNT,
    INTERACTION_KINDS,
    LEDGER_RETENTION_DAYS,
    PERSONA_CONFLICTS_ENABLED,
    RELATIONSHIP_BANDS,
    RELATIONSHIP_TRAIT_WORDS,
    bands,
    kinds,
    known_kinds,
    known_rules,
    retention_days,
    rules,
    rules_and_kinds,
    trait_words,
)
from tests.clients import client_as
from tests.factories import NOW

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
INSULT = next(kind for kind in DEFAULT_KINDS if kind.kind == "insult")


def put(name: str, value, *, at=NOW) -> None:
    policy.set_value(name=name, value=value, actor=None, now=at)


def insulted(*, days: float = 0) -> int:
    """What somebody feels who insulted another twice, ``days`` apart."""
    state = PairState()
    event = Event(is_low_speaker=True, kind=INSULT)
    for at in (NOW + DAY, NOW + DAY + days * DAY):
        state, _, _ = apply(state, event, rules=rules(), now=at)
    return state.low.stored


def test_the_defaults_are_those_of_the_requirement():
    found = rules()

    assert found.rates == ((None, Decimal("0.1")),)
    assert (found.escalation, found.conflicts_enabled, found.cap) == (200, True, None)
    assert found.bands == DEFAULT_BANDS
    assert tuple(kinds().values()) == DEFAULT_KINDS
    assert retention_days() == 90
    assert insulted() == -6_600


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (PERSONA_CONFLICTS_ENABLED, False, -6_000),
        (CONFLICT_ESCALATION_AMOUNT, 0.5, -7_500),
        (AFFINITY_DAILY_CAP, 4.5, -4_500),
    ],
)
def test_each_setting_changes_what_an_insult_does(name, value, expected):
    put(name, value)

    assert insulted() == expected


@pytest.mark.parametrize(("rate", "expected"), [(0.0, -6_600), (1.0, -3_000)])
def test_the_rate_changes_what_is_left(rate, expected):
    put(CONFLICT_DECAY_RATE, rate)

    assert insulted(days=0.5) == expected


def test_rates_are_dated_so_that_the_past_stays_as_it_was():
    put(CONFLICT_DECAY_RATE, 0.5, at=NOW)
    put(CONFLICT_DECAY_RATE, 0.25, at=NOW + DAY)

    assert rules().rates == (
        (None, Decimal("0.1")),
        (NOW, Decimal("0.5")),
        (NOW + DAY, Decimal("0.25")),
    )


def test_the_newest_row_of_every_other_setting_counts():
    for number in (1.0, 2.0, 3.0):
        put(AFFINITY_DAILY_CAP, number)
    put(AFFINITY_DAILY_CAP, None)
    put(RELATIONSHIP_BANDS, (Band(band="all", title="All"),))

    assert rules().cap is None
    assert [band.band for band in rules().bands] == ["all"]
    assert bands() == rules().bands


def test_rules_and_kinds_take_one_query(django_assert_num_queries):
    for number in range(20):
        put(INTERACTION_KINDS, (Kind(kind=f"k{number}", title="K", base=1.0),))
        put(CONFLICT_DECAY_RATE, number / 100)

    with django_assert_num_queries(1):
        found, table = rules_and_kinds()
    with django_assert_num_queries(1):
        rules()
    with django_assert_num_queries(1):
        kinds()

    assert len(found.rates) == 21
    assert list(table) == ["k19"]


def test_known_rules_cost_nothing_until_something_changes(
    django_assert_num_queries, monkeypatch
):
    # As while the watcher's thread looks.
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)
    known_rules()

    with django_assert_num_queries(0):
        known_rules()
    put(CONFLICT_ESCALATION_AMOUNT, 0.5)

    assert known_rules().escalation == 500
    assert known_rules() == rules()


def test_what_a_transaction_reads_is_not_kept_beyond_it():
    known_rules()
    with transaction.atomic():
        put(CONFLICT_ESCALATION_AMOUNT, 0.5)
        assert known_rules().escalation == 500
        transaction.set_rollback(True)

    assert connection.in_atomic_block  # the test's own
    assert known_rules().escalation == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (CONFLICT_DECAY_RATE, 0.5),
        (PERSONA_CONFLICTS_ENABLED, False),
        (RELATIONSHIP_BANDS, (Band(band="all", title="All"),)),
    ],
)
def test_what_pages_show_feelings_by_is_announced_to_them(name, value):
    put(name, value)
    put(name, value)
    put(AFFINITY_DAILY_CAP, 3.0)

    [change] = LiveChange.objects.filter(stream="relationships")
    assert (change.key, change.op) == ("rules", {"kind": "rules"})


def test_a_table_read_again_is_not_another_one():
    put(INTERACTION_KINDS, (Kind(kind="a", title="A", base=1.0),))

    first = kinds()["a"]
    assert kinds()["a"] is first
    put(INTERACTION_KINDS, (Kind(kind="a", title="A", base=2.0),))
    assert kinds()["a"].base == 2


def test_what_a_newer_release_left_behind_counts_as_the_default():
    PolicySetting.objects.create(
        name=INTERACTION_KINDS, value=[{"new": 1}], effective_at=NOW
    )

    assert tuple(kinds().values()) == tuple(known_kinds().values()) == DEFAULT_KINDS


def test_words_for_traits_are_read_as_they_are_set():
    put(RELATIONSHIP_TRAIT_WORDS, ())

    assert trait_words() == ()


def test_a_setting_nobody_knows_cannot_be_read():
    with pytest.raises(policy.UnknownSetting):
        policy.read(["NO_SUCH_SETTING"])
    with pytest.raises(policy.UnknownSetting):
        policy.read([], dated=["NO_SUCH_SETTING"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (CONFLICT_DECAY_RATE, "0.25", "0.25"),
        (CONFLICT_ESCALATION_AMOUNT, "1", "1"),
        (AFFINITY_DAILY_CAP, "7.5", "7.5 points"),
        (AFFINITY_DAILY_CAP, "", "no limit"),
        (LEDGER_RETENTION_DAYS, "30", "30 days"),
        (PERSONA_CONFLICTS_ENABLED, "", "off"),
    ],
)
def test_a_manager_sets_each_in_the_list_of_settings(name, value, words):
    browser = client_as(Role.MANAGER)

    response = browser.post(
        reverse("core:setting-detail", args=[name]), {"value": value}, follow=True
    )

    assert f"{policy.spec_of(name).title}: {words}." in response.content.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (CONFLICT_DECAY_RATE, "1.1"),
        (CONFLICT_DECAY_RATE, "0.1234"),
        (CONFLICT_ESCALATION_AMOUNT, "-0.1"),
        (AFFINITY_DAILY_CAP, "-1"),
        (LEDGER_RETENTION_DAYS, "6"),
    ],
)
def test_a_value_out_of_bounds_is_refused(name, value):
    response = client_as(Role.MANAGER).post(
        reverse("core:setting-detail", args=[name]), {"value": value}
    )

    assert response.status_code == 422
    assert not PolicySetting.objects.filter(name=name).exists()
