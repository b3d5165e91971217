"""Settings that managers edit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated

import pytest
from django.db import connections, transaction
from pydantic import Field

from core import policy
from core.live import watcher
from core.models import AuditEntry, LiveChange, PolicySetting
from core.policy import PolicySpec
from core.roles import Role
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def spec(monkeypatch) -> PolicySpec:
    """A setting of a test's own."""
    monkeypatch.setattr(policy, "_specs", dict(policy._specs))
    spec = PolicySpec(
        name="BREAD_MINUTES",
        annotation=Annotated[int, Field(ge=1, le=600)],
        default=40,
        title="Minutes in the oven",
        help="Longer is darker.",
        group="Bakery",
    )
    policy.register(spec)
    return spec


def _set(value, *, now=NOW, actor=None, name="BREAD_MINUTES"):
    policy.set_value(name=name, value=value, actor=actor, now=now)


def test_unless_set_the_default_is_in_force(spec):
    assert policy.value("BREAD_MINUTES") == 40


def test_the_newest_value_is_in_force(spec):
    _set(50)
    _set(60, now=NOW + DAY)

    assert policy.value("BREAD_MINUTES") == 60


def test_a_clock_that_lags_does_not_put_the_newest_value_in_the_past(spec):
    _set(50)
    _set(60, now=NOW - DAY)

    assert policy.value("BREAD_MINUTES") == 60
    assert policy.at("BREAD_MINUTES", moment=NOW) == 50
    assert policy.at("BREAD_MINUTES", moment=NOW + DAY) == 60


def test_any_past_moment_can_be_asked_for(spec):
    _set(50)
    _set(60, now=NOW + DAY)

    assert policy.at("BREAD_MINUTES", moment=NOW - DAY) == 40
    assert policy.at("BREAD_MINUTES", moment=NOW) == 50
    assert policy.at("BREAD_MINUTES", moment=NOW + DAY / 2) == 50
    assert policy.at("BREAD_MINUTES", moment=NOW + 2 * DAY) == 60


def test_history_names_values_and_authors_newest_first(spec):
    ana = make_person(Role.MANAGER)
    _set(50, actor=ana)
    _set(60, now=NOW + DAY)

    found = [(row.value, row.author) for row in policy.history("BREAD_MINUTES")]

    assert found == [(60, None), (50, ana)]


def test_the_same_value_again_changes_nothing(spec):
    _set(40)
    _set(50)
    _set(50, now=NOW + DAY)

    assert PolicySetting.objects.count() == 1


@pytest.mark.parametrize("value", [0, 601, "50", 5.5, True, None, [50]])
def test_a_value_it_cannot_have_is_refused_and_nothing_written(spec, value):
    with pytest.raises(policy.InvalidValue, match="Minutes in the oven"):
        _set(value)

    assert not PolicySetting.objects.exists()
    assert not AuditEntry.objects.exists()


def test_unknown_names_are_refused():
    with pytest.raises(policy.UnknownSetting):
        policy.value("NO_SUCH")
    with pytest.raises(policy.UnknownSetting):
        policy.at("NO_SUCH", moment=NOW)
    with pytest.raises(policy.UnknownSetting):
        _set(1, name="NO_SUCH")


def test_a_default_it_cannot_have_is_refused_at_registration():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        policy.register(PolicySpec("X", Annotated[int, Field(ge=1)], 0, "X", "X", "X"))


def test_a_change_is_audited(spec):
    ana = make_person(Role.MANAGER)

    _set(50, actor=ana)

    entry = AuditEntry.objects.get(action="setting.changed")
    assert (entry.actor, entry.object_name) == (ana, "Minutes in the oven")
    assert (entry.before, entry.after) == ({"value": 40}, {"value": 50})


def test_a_change_is_announced_to_the_other_processes(spec):
    _set(50)

    change = LiveChange.objects.get(stream="settings")
    assert (change.key, change.op) == ("BREAD_MINUTES", {"value": 50})


@pytest.mark.django_db(transaction=True)
def test_a_change_made_in_another_process_is_seen(spec, monkeypatch):
    assert policy.value("BREAD_MINUTES") == 40
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(policy, "_forget", lambda: None)
        elsewhere.setattr(watcher.PROCESS, "catch_up", lambda stream: None)
        _set(50)
    assert policy._values == {}

    assert policy.value("BREAD_MINUTES") == 50


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_nothing_behind(spec):
    class Undo(Exception):
        pass

    seen_inside = []

    @transaction.atomic
    def set_and_undo():
        _set(50)
        seen_inside.append(policy.value("BREAD_MINUTES"))
        raise Undo

    with pytest.raises(Undo):
        set_and_undo()

    assert seen_inside == [50]
    assert policy.value("BREAD_MINUTES") == 40


@pytest.mark.django_db(transaction=True)
def test_while_the_watcher_runs_reading_asks_no_database(
    spec, monkeypatch, django_assert_num_queries
):
    policy.value("BREAD_MINUTES")
    monkeypatch.setattr(watcher.PROCESS, "ensure_fresh", lambda stream: True)

    with django_assert_num_queries(0):
        policy.value("BREAD_MINUTES")


def test_a_stored_value_that_is_no_longer_allowed_falls_back(spec, caplog):
    PolicySetting.objects.create(name="BREAD_MINUTES", value=9999, effective_at=NOW)

    assert policy.value("BREAD_MINUTES") == 40


def test_rows_of_settings_that_are_gone_do_no_harm(spec):
    PolicySetting.objects.create(name="REMOVED", value=1, effective_at=NOW)

    assert policy.value("BREAD_MINUTES") == 40


# -- Edits that began with another value, and those who want to know ----------------


def test_an_edit_that_began_with_another_value_is_refused(spec):
    _set(50)
    began = policy.newest_row("BREAD_MINUTES").pk
    _set(60, now=NOW + DAY)

    with pytest.raises(policy.ChangedMeanwhile, match="Minutes in the oven"):
        policy.set_value(
            name="BREAD_MINUTES", value=70, actor=None, now=NOW + DAY, based_on=began
        )

    assert policy.value("BREAD_MINUTES") == 60


def test_an_edit_of_the_default_is_based_on_no_row(spec):
    policy.set_value(name="BREAD_MINUTES", value=50, actor=None, now=NOW, based_on=0)
    with pytest.raises(policy.ChangedMeanwhile):
        policy.set_value(
            name="BREAD_MINUTES", value=60, actor=None, now=NOW, based_on=0
        )

    assert policy.value("BREAD_MINUTES") == policy.stored("BREAD_MINUTES") == 50


def test_who_wants_to_know_is_told_within_the_change_and_only_of_changes(spec):
    told = []
    policy.register(
        replace(
            spec, changed=lambda *what: told.append((*what, policy.stored(spec.name)))
        )
    )

    _set(50)
    _set(50, now=NOW + DAY)

    assert told == [(40, 50, NOW, 50)]


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all in threads of their own; their results, or what they raised."""

    def run(work: Callable[[], object]) -> object:
        try:
            return work()
        except policy.ChangedMeanwhile as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_at_once_one_is_refused(spec):
    """Both began with the default; neither sees the other before it commits."""
    outcomes = at_once(
        *(
            partial(
                policy.set_value,
                name="BREAD_MINUTES",
                value=value,
                actor=None,
                now=NOW,
                based_on=0,
            )
            for value in (50, 60)
        )
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "ChangedMeanwhile",
        "NoneType",
    ]
    assert PolicySetting.objects.count() == 1
