"""The service: what is tried again, and what a report costs."""

import time

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from core.keys import BotPrincipal
from routing.domain.events import Reported
from routing.models import Interaction
from routing.services import reporting
from tests.core.api_client import bot_client, make_key
from tests.factories import make_character
from tests.routing.reports import assert_adds_up, met, send


class Fails:
    """Raises ``errors`` one after the other, then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def caused(state: str) -> OperationalError:
    """As Django passes on what Postgres says."""
    cause = Exception()
    cause.sqlstate = state
    error = OperationalError("something")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("UNIQUE constraint failed"),
        OperationalError("database is locked"),
        caused("40001"),
        caused("40P01"),
    ],
)
def test_what_others_made_impossible_is_tried_again(error):
    work = Fails(error, error)

    assert reporting.tried(work) == "done"
    assert work.calls == 3


def test_it_is_not_tried_for_ever():
    work = Fails(*[IntegrityError("again")] * reporting.TRIES)

    with pytest.raises(IntegrityError):
        reporting.tried(work)
    assert work.calls == reporting.TRIES


@pytest.mark.parametrize("error", [OperationalError("no such host"), caused("57014")])
def test_what_stays_impossible_is_not_tried_again(error):
    work = Fails(error)

    with pytest.raises(OperationalError):
        reporting.tried(work)
    assert work.calls == 1


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_as_such(monkeypatch):
    make_character("ada")
    client = bot_client()

    def fail(*args, **kwargs):
        raise OperationalError("no such host")

    monkeypatch.setattr(reporting, "_settle", fail)
    response = send(client, met())

    assert response.status_code == 503
    assert response["Retry-After"]


@pytest.mark.django_db
def test_a_row_that_another_made_first_is_found_by_trying_again(monkeypatch):
    """Both see no row of that id; the second one's insert is refused."""
    make_character("ada")
    make_character("bob")
    client = bot_client()
    first = send(client, met())
    looked = []

    def blind(events, *, bot):
        looked.append(len(looked))
        return {} if len(looked) == 1 else known(events, bot=bot)

    known = reporting.judging.answered
    monkeypatch.setattr(reporting.judging, "answered", blind)
    again = send(client, met())

    assert (again.status_code, again.content) == (200, first.content)
    assert looked == [0, 1]
    assert Interaction.objects.count() == 1
    assert_adds_up()


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_batch_costs_a_fraction_of_a_single_one():
    """An eighth on SQLite and a fifth on Postgres, by the issue; it is far less."""
    for name in ("ada", "bob"):
        make_character(name)
    key, _ = make_key()
    bot = BotPrincipal(
        key_id=key.pk,
        name="bot",
        scopes=frozenset(),
        label="",
        is_test=False,
        expires_at=None,
        bot_id=key.pk,
    )
    events = [
        Reported.model_validate(met(f"e{n}", kind="banter", topics=["cats"]))
        for n in range(700)
    ]
    for one in events[:20]:
        reporting.report([one], bot=bot, clock=timezone.now)

    # Work of this thread, so that other processes do not count.
    started = time.thread_time()
    for one in events[20:120]:
        reporting.report([one], bot=bot, clock=timezone.now)
    single = (time.thread_time() - started) / 100
    started = time.thread_time()
    reporting.report(events[120:620], bot=bot, clock=timezone.now)
    batched = (time.thread_time() - started) / 500

    assert batched * (8 if connection.vendor == "sqlite" else 5) <= single
