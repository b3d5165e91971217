import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connections, transaction

from core.live import watcher as module
from core.live.changes import announce_all, prune
from core.live.numbering import make_stream, number
from core.live.reading import EPOCH, Change
from core.live.streams import UnknownStream
from core.live.watcher import PROCESS, Watcher
from core.models import LiveChange, LiveStream

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STREAM = "settings"


class Follower:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[list[str], int, bool]] = []
        self.heard = threading.Event()

    def __call__(self, *, changes: Sequence[Change], head: int, reset: bool) -> None:
        self.told.append(([change.key for change in changes], head, reset))
        self.heard.set()

    def wait_for(self, told: tuple[list[str], int, bool]) -> None:
        deadline = time.monotonic() + 30
        while told not in self.told:
            assert time.monotonic() < deadline, self.told
            self.heard.wait(0.1)
            self.heard.clear()


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def follower():
    return Follower()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watcher(clock, follower):
    watcher = Watcher(clock=clock)
    watcher.follow(STREAM, callback=follower)
    return watcher


def tell(*keys: str) -> None:
    with transaction.atomic():
        announce_all(stream=STREAM, changes=[(key, {}) for key in keys], now=NOW)
    # In a test's own transaction, nothing is done after commit.
    number(STREAM)


def raise_operational_error() -> None:
    raise OperationalError


@contextmanager
def running(watcher: Watcher):
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


# -- Without a thread ----------------------------------------------------------------


@pytest.mark.django_db
def test_a_follower_starts_over_first(watcher, follower):
    tell("a")

    assert watcher.ensure_fresh(STREAM)

    assert follower.told == [([], 1, True)]


@pytest.mark.django_db
def test_a_follower_is_told_what_is_new(watcher, follower):
    tell("a")
    watcher.ensure_fresh(STREAM)
    tell("b", "c")
    watcher.ensure_fresh(STREAM)
    watcher.ensure_fresh(STREAM)

    assert follower.told[1:] == [(["b", "c"], 3, False)]


@pytest.mark.django_db
def test_looking_costs_one_query_when_nothing_moved(watcher, django_assert_num_queries):
    tell("a")
    watcher.ensure_fresh(STREAM)

    with django_assert_num_queries(1):
        watcher.ensure_fresh(STREAM)


@pytest.mark.django_db
def test_streams_without_followers_cost_nothing(watcher, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert watcher.ensure_fresh("keys")


@pytest.mark.django_db
def test_changes_that_nobody_numbered_are_numbered(watcher, follower):
    make_stream(STREAM)
    watcher.ensure_fresh(STREAM)
    LiveChange.objects.create(stream_id=STREAM, key="left", op={}, created_at=NOW)

    watcher.ensure_fresh(STREAM)

    assert LiveChange.objects.get().seq == 1
    assert follower.told[-1] == (["left"], 1, False)


@pytest.mark.django_db
def test_pruned_changes_have_followers_start_over(watcher, follower):
    tell("a")
    watcher.ensure_fresh(STREAM)
    tell("b")
    prune(now=datetime(2027, 1, 1, tzinfo=UTC))

    watcher.ensure_fresh(STREAM)

    assert follower.told[-1] == ([], 2, True)


@pytest.mark.django_db
def test_too_many_changes_have_followers_start_over(watcher, follower, monkeypatch):
    monkeypatch.setattr(module, "MOST_CHANGES", 2)
    tell("a")
    watcher.ensure_fresh(STREAM)
    tell("b", "c")
    watcher.ensure_fresh(STREAM)
    tell("d", "e", "f")
    watcher.ensure_fresh(STREAM)

    assert follower.told[1:] == [(["b", "c"], 3, False), ([], 6, True)]


@pytest.mark.django_db
def test_numbers_that_went_back_have_followers_start_over(watcher, follower):
    tell("a", "b")
    watcher.ensure_fresh(STREAM)
    LiveChange.objects.filter(seq=2).delete()
    LiveStream.objects.filter(pk=STREAM).update(head=1)

    watcher.ensure_fresh(STREAM)

    assert follower.told[-1] == ([], 1, True)


@pytest.mark.django_db
def test_another_database_has_followers_start_over(watcher, follower):
    tell("a")
    watcher.ensure_fresh(STREAM)
    LiveChange.objects.all().delete()
    LiveStream.objects.all().delete()
    tell("b")

    watcher.ensure_fresh(STREAM)

    assert follower.told[-1] == ([], 1, True)


@pytest.mark.django_db
def test_without_any_number_everything_is_read_each_time(watcher, follower):
    watcher.ensure_fresh(STREAM)
    watcher.ensure_fresh(STREAM)

    assert follower.told == [([], 0, True)] * 2


@pytest.mark.django_db
def test_a_follower_that_fails_is_told_again(watcher, clock):
    told = []

    def fail_once(*, changes: Sequence[Change], head: int, reset: bool) -> None:
        told.append((head, reset))
        if len(told) == 1:
            raise_operational_error()

    watcher.follow(STREAM, callback=fail_once)
    tell("a")

    assert not watcher.ensure_fresh(STREAM)
    clock.now += 1
    assert watcher.ensure_fresh(STREAM)
    assert told == [(1, True), (1, True)]


@pytest.mark.django_db
def test_who_has_left_is_told_nothing(watcher):
    follower = Follower()
    leave = watcher.follow(STREAM, callback=follower)

    leave()
    watcher.ensure_fresh(STREAM)

    assert follower.told == []


@pytest.mark.django_db
def test_a_follower_may_read_another_copy(watcher, follower):
    def read(*, changes: Sequence[Change], head: int, reset: bool) -> None:
        assert watcher.ensure_fresh(STREAM)

    watcher.follow(STREAM, callback=read)

    assert watcher.ensure_fresh(STREAM)
    assert len(follower.told) == 1


def test_following_an_unknown_stream_raises(watcher, follower):
    with pytest.raises(UnknownStream):
        watcher.follow("nowhere", callback=follower)


@pytest.mark.django_db
def test_a_lost_database_is_stale_and_asked_once_a_second(
    watcher, clock, follower, monkeypatch
):
    asked = []

    def fail() -> None:
        asked.append(clock.now)
        raise_operational_error()

    with monkeypatch.context() as patch:
        patch.setattr(module, "look", fail)
        assert not watcher.ensure_fresh(STREAM)
        assert not watcher.ensure_fresh(STREAM)
        clock.now += 0.9
        assert not watcher.ensure_fresh(STREAM)
        clock.now += 0.2
        assert not watcher.ensure_fresh(STREAM)
    assert len(asked) == 2

    clock.now += 1
    assert watcher.ensure_fresh(STREAM)
    assert len(follower.told) == 1


@pytest.mark.django_db(transaction=True)
def test_it_does_not_look_inside_a_transaction(watcher, follower):
    with transaction.atomic():
        assert not watcher.ensure_fresh(STREAM)

    assert follower.told == []


# -- After a commit of this process ------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_writer_sees_its_own_change_at_once():
    follower = Follower()
    leave = PROCESS.follow(STREAM, callback=follower)
    tell("a")
    tell("b")
    leave()

    assert follower.told == [([], 1, True), (["b"], 2, False)]


@pytest.mark.django_db(transaction=True)
def test_followers_are_told_in_the_order_of_numbers(follower):
    leave = PROCESS.follow(STREAM, callback=follower)
    make_stream(STREAM)

    def write(word: str) -> None:
        try:
            for turn in range(10):
                tell(f"{word}{turn}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=[word]) for word in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leave()

    first_head = follower.told[0][1]
    told = [key for keys, _, _ in follower.told[1:] for key in keys]
    stored = LiveChange.objects.filter(seq__gt=first_head).order_by("seq")
    assert told == list(stored.values_list("key", flat=True))
    assert follower.told[-1][1] == 20


# -- With its thread -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_thread_tells_by_itself(follower):
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)

    with running(watcher):
        follower.wait_for(([], 0, True))
        tell("a")
        follower.wait_for((["a"], 1, False))

    assert not watcher.is_running


@pytest.mark.django_db(transaction=True)
def test_the_thread_numbers_what_a_dead_process_left(follower):
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)
    make_stream(STREAM)

    with running(watcher):
        follower.wait_for(([], 0, True))
        LiveChange.objects.create(stream_id=STREAM, key="left", op={}, created_at=NOW)
        follower.wait_for((["left"], 1, False))


@pytest.mark.django_db(transaction=True)
def test_the_thread_makes_streams_ready():
    watcher = Watcher()
    watcher.start()

    deadline = time.monotonic() + 30
    while not LiveStream.objects.filter(pk="personas").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    watcher.stop()

    assert LiveStream.objects.filter(pk=EPOCH).exists()


@pytest.mark.django_db(transaction=True)
def test_asking_is_free_while_the_thread_looks(follower, django_assert_num_queries):
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)

    with running(watcher):
        follower.wait_for(([], 0, True))
        with django_assert_num_queries(0):
            assert watcher.ensure_fresh(STREAM)


@pytest.mark.django_db(transaction=True)
def test_whoever_asks_looks_when_the_thread_is_stuck(follower):
    clock = Clock()
    watcher = Watcher(clock=clock)
    watcher.follow(STREAM, callback=follower)
    with running(watcher):
        follower.wait_for(([], 0, True))
        # The thread goes on to look; its clock says that it did long ago.
        clock.now += 1
        tell("a")

        assert watcher.ensure_fresh(STREAM)

        assert (["a"], 1, False) in follower.told


@pytest.mark.django_db(transaction=True)
def test_the_thread_survives_a_lost_database(follower, monkeypatch):
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)
    monkeypatch.setattr(module, "POLL", 0.02)
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise_operational_error()

    with running(watcher):
        follower.wait_for(([], 0, True))
        with monkeypatch.context() as patch:
            patch.setattr(module, "look", fail)
            assert failed.wait(30)
            tell("a")
        follower.wait_for((["a"], 1, False))


@pytest.mark.django_db(transaction=True)
def test_a_hint_of_something_new_has_the_thread_look_at_once(follower, monkeypatch):
    monkeypatch.setattr(module, "POLL", 60)
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)

    with running(watcher):
        follower.wait_for(([], 0, True))
        tell("a")
        watcher.hint({STREAM: 0, "keys": 7})
        time.sleep(0.05)
        assert len(follower.told) == 1
        watcher.hint({STREAM: 1})
        follower.wait_for((["a"], 1, False))


@pytest.mark.django_db(transaction=True)
def test_starting_and_stopping_twice_is_harmless(follower):
    watcher = Watcher()
    watcher.follow(STREAM, callback=follower)
    watcher.start()
    watcher.start()
    watcher.stop()
    watcher.stop()
    follower.told.clear()

    with running(watcher):
        tell("a")
        follower.wait_for((["a"], 1, False))


def test_nothing_is_known_before_the_first_look(watcher):
    assert watcher.seconds_behind() is None


@pytest.mark.django_db(transaction=True)
def test_it_says_how_far_behind_it_is(follower, monkeypatch):
    clock = Clock()
    watcher = Watcher(clock=clock)
    watcher.follow(STREAM, callback=follower)
    with running(watcher):
        follower.wait_for(([], 0, True))
    clock.now += 3

    assert watcher.seconds_behind() == 3
