"""Asking a model about draft and live version: waiting, stopping, forgetting."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from core.metrics import report
from core.roles import Role
from personas.services import trying
from personas.services.conversing import Asked, Said, Who
from personas.services.trying import NoSuchTry, State, TooManyTries
from personas.views.characters import character_or_404
from tests.factories import make_character, make_person
from tests.llm_server import KEY, MODEL, completion, configured, wait_for_tries
from tests.personas.test_views_characters import edit, publish

# Replies are written by other threads, in connections of their own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cora():
    return make_person(Role.CURATOR, username="cora")


@pytest.fixture
def llm(settings):
    with configured(settings) as server:
        yield server


@pytest.fixture
def ada():
    make_character(
        "ada",
        scenario="You greet {{user}}.",
        post_history="Stay kind to {{user}}.",
        aliases=["Countess"],
    )
    publish()
    edit(scenario="You warn {{user}}.")


def begin(actor):
    said = Said(who=Who.USER, text="Hello")
    asked = Asked(user_name="Robin", context="", messages=(said,))
    return trying.begin(
        character_or_404("ada"),
        asked=asked,
        actor=actor,
        now=timezone.now(),
    )


def finished(token, actor):
    """The try once nothing waits any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = trying.find(token, character_id="ada", actor=actor)
        if not found.is_waiting(now=timezone.now()):
            return found
        time.sleep(0.02)
    raise AssertionError("The try is still waiting.")


def test_both_replies_come_with_the_settings_of_each_side(ada, cora, llm):
    edit(model={"temperature": 0.1, "extra": {"min_p": 0.2, "model": "x"}})

    begun = begin(cora)
    found = finished(begun.token, cora)

    assert found.replies["draft"].text == "You said: Hello"
    assert found.replies["live"].text == "You said: Hello"
    assert found.state("draft", now=timezone.now()) == State.ANSWERED
    bodies = {"warn" in c.body["messages"][0]["content"]: c.body for c in llm.asked}
    assert bodies[True]["temperature"] == 0.1
    assert bodies[True]["min_p"] == 0.2
    assert bodies[False]["temperature"] == 0.7
    assert {body["model"] for body in bodies.values()} == {MODEL}
    assert found.draft.left_out == ["model"]


def test_the_calls_run_side_by_side(ada, cora, llm):
    together = threading.Barrier(2, timeout=15)

    def meet(exchange):
        together.wait()
        exchange.echo()

    llm.behave = meet

    found = finished(begin(cora).token, cora)

    assert [reply.text for reply in found.replies.values()] == ["You said: Hello"] * 2


def test_each_reply_is_there_when_it_comes(ada, cora, llm):
    def slow_for_live(exchange):
        if "greet" in exchange.call.body["messages"][0]["content"]:
            exchange.hang()
        else:
            exchange.echo()

    llm.behave = slow_for_live
    begun = begin(cora)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found = trying.find(begun.token, character_id="ada", actor=cora)
        if found.replies:
            break
        time.sleep(0.02)

    assert set(found.replies) == {"draft"}
    assert found.state("live", now=timezone.now()) == State.WAITING
    trying.stop(found)
    wait_for_tries()


def test_stopping_ends_the_calls(ada, cora, llm):
    llm.behave = lambda exchange: exchange.hang()
    begun = begin(cora)
    deadline = time.monotonic() + 15
    while len(llm.asked) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)

    trying.stop(begun)
    wait_for_tries()

    found = trying.find(begun.token, character_id="ada", actor=cora)
    assert found.state("draft", now=timezone.now()) == State.STOPPED
    assert not found.is_waiting(now=timezone.now())
    while len(llm.gone) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(llm.gone) == 2


def test_a_try_whose_server_went_away_is_lost(ada, cora, llm, monkeypatch):
    monkeypatch.setattr(trying, "_ask_all", lambda begun: trying._slots.release())

    begun = begin(cora)

    later = begun.begun_at + timedelta(seconds=30)
    assert begun.state("draft", now=begun.begun_at) == State.WAITING
    assert begun.state("draft", now=later) == State.FAILED


def test_more_than_may_wait_are_refused(ada, cora, llm):
    llm.behave = lambda exchange: exchange.hang()
    begun = [begin(cora) for _ in range(trying.MOST_AT_ONCE)]

    with pytest.raises(TooManyTries, match="Wait"):
        begin(cora)

    for one in begun:
        trying.stop(one)
    wait_for_tries()
    llm.behave = lambda exchange: exchange.echo()
    assert finished(begin(cora).token, cora).replies["draft"].text


def test_a_refused_try_frees_nothing_it_did_not_take(ada, cora):
    for _ in range(trying.MOST_AT_ONCE + 1):
        assert not begin(cora).is_waiting(now=timezone.now())


def test_a_broken_call_is_told_and_logged(ada, cora, llm, monkeypatch, caplog):
    async def broken(*args, **options):
        await asyncio.sleep(0)
        raise ZeroDivisionError

    monkeypatch.setattr("personas.services.asking.ask", broken)

    found = finished(begin(cora).token, cora)

    assert "went wrong here" in found.replies["draft"].problem
    assert found.state("draft", now=timezone.now()) == State.FAILED


def test_logs_and_metrics_hold_no_words(ada, cora, llm, capfd, caplog):
    caplog.set_level("DEBUG")
    llm.behave = lambda exchange: exchange.send(200, completion("A reply nobody logs"))
    begun = begin(cora)
    finished(begun.token, cora)
    wait_for_tries()

    printed = capfd.readouterr()
    ours = [r for r in caplog.records if r.name.startswith("personas")]
    told = "".join(r.getMessage() for r in ours) + printed.err + printed.out
    assert "try_answered" in told
    for secret in ("A reply nobody logs", "You warn", "Hello", KEY):
        assert secret not in told
    assert 'dramatis_model_call_seconds_count{outcome="answered"}' in (
        report().decode()
    )


def test_nobody_else_reads_a_try(ada, cora):
    begun = begin(cora)
    other = make_person(Role.CURATOR)

    for options in (
        {"character_id": "ada", "actor": other},
        {"character_id": "eve", "actor": cora},
    ):
        with pytest.raises(NoSuchTry):
            trying.find(begun.token, **options)


@pytest.mark.parametrize("kept", ["{}", "not json", '{"token": 1}'])
def test_what_another_release_kept_is_gone(ada, cora, kept):
    begun = begin(cora)
    cache.set(f"try:{begun.token}:", kept)

    with pytest.raises(NoSuchTry, match="Try again"):
        trying.find(begun.token, character_id="ada", actor=cora)
