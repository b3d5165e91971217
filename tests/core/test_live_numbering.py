"""Numbers stay gapless whoever writes, on the database that the tests run on."""

import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from core.live.changes import announce, current_head, read_since
from core.live.numbering import make_stream, number
from core.models import LiveChange

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STREAM = "settings"
WRITER = Path(__file__).with_name("live_writer.py")

pytestmark = pytest.mark.django_db(transaction=True)


def database_url() -> str:
    """The test database, for another process."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    user, password = quote(at["USER"]), quote(at["PASSWORD"])
    return f"postgres://{user}:{password}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def start_writer(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WRITER), *arguments],
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(settings.BASE_DIR),
            "REDIS_URL": "",
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def in_threads(count: int, work) -> None:
    def run(thread: int) -> None:
        try:
            work(thread)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(run, n) for n in range(count)]:
            done.result()


def test_processes_and_threads_leave_no_gap():
    threads, each, words = 3, 20, ("one", "two")

    writers = [start_writer(str(threads), str(each), word) for word in words]
    errors = [writer.communicate(timeout=60)[1] for writer in writers]

    assert [writer.returncode for writer in writers] == [0, 0], errors
    total = threads * each * len(words)
    page = read_since(stream=STREAM, since=0, limit=total + 1)
    assert [change.seq for change in page.changes] == list(range(1, total + 1))
    assert current_head(STREAM) == total
    turns = defaultdict(list)
    for change in page.changes:
        word, thread, turn = change.key.split("-")
        turns[word, thread].append(int(turn))
    assert len(turns) == threads * len(words)
    assert all(seen == list(range(each)) for seen in turns.values())


def test_the_first_change_ever_may_come_from_many_threads():
    def write(thread: int) -> None:
        with transaction.atomic():
            announce(stream=STREAM, key=str(thread), op={}, now=NOW)

    in_threads(4, write)

    page = read_since(stream=STREAM, since=0, limit=9)
    assert [change.seq for change in page.changes] == [1, 2, 3, 4]


def test_many_number_the_same_changes_once():
    make_stream(STREAM)
    LiveChange.objects.bulk_create(
        LiveChange(stream_id=STREAM, key=str(n), op={}, created_at=NOW)
        for n in range(500)
    )

    in_threads(4, lambda _: number(STREAM))

    seqs = LiveChange.objects.order_by("pk").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, 501))
    assert current_head(STREAM) == 500


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time"
)
def test_an_open_transaction_does_not_hold_up_numbers():
    make_stream(STREAM)
    with transaction.atomic():
        announce(stream=STREAM, key="slow", op={}, now=NOW)

        def write(_: int) -> None:
            with transaction.atomic():
                announce(stream=STREAM, key="quick", op={}, now=NOW)

        in_threads(1, write)

    page = read_since(stream=STREAM, since=0, limit=9)
    assert [change.key for change in page.changes] == ["quick", "slow"]
