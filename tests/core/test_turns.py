"""Threads that want to write queue, first come, first served."""

import threading
import time

from core import turns
from core.turns import Queue


def test_it_goes_to_whoever_has_waited_longest():
    queue = Queue()
    order = []
    queue.acquire(timeout=0)

    def work(number: int) -> None:
        assert queue.acquire(timeout=10)
        order.append(number)
        queue.release()

    threads = []
    for number in range(5):
        thread = threading.Thread(target=work, args=[number])
        thread.start()
        threads.append(thread)
        while len(queue._waiting) <= number:
            time.sleep(0.001)
    queue.release()
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2, 3, 4]
    assert queue.acquire(timeout=0)


def test_a_thread_may_take_it_again():
    queue = Queue()

    assert queue.acquire(timeout=0)
    assert queue.acquire(timeout=0)
    queue.release()

    assert not in_another_thread(queue)
    queue.release()
    assert in_another_thread(queue)


def in_another_thread(queue: Queue) -> bool:
    """Whether another thread gets it at once; gives it back."""
    found = []

    def work() -> None:
        found.append(queue.acquire(timeout=0.01))
        if found[0]:
            queue.release()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def test_whoever_gave_up_is_not_called():
    queue = Queue()
    queue.acquire(timeout=0)

    assert not in_another_thread(queue)
    queue.release()

    assert queue.acquire(timeout=0)


def test_a_turn_that_does_not_come_is_not_waited_for_forever(db, monkeypatch):
    queue = Queue()
    monkeypatch.setattr(turns, "_QUEUE", queue)
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
    thread = threading.Thread(target=queue.acquire, kwargs={"timeout": 0})
    thread.start()
    thread.join()

    with turns.writing():
        pass

    assert queue._waiting.__len__() == 0


def test_a_failure_gives_the_turn_back(db, monkeypatch):
    queue = Queue()
    monkeypatch.setattr(turns, "_QUEUE", queue)

    try:
        with turns.writing():
            raise ValueError
    except ValueError:
        pass

    assert in_another_thread(queue)
