"""A process that announces changes from several threads; see the test beside it.

Called with the number of threads, of changes per thread, and a word for the keys.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import django
from django.db import connections, transaction

django.setup()

from core.live.changes import announce  # noqa: E402  # needs the apps

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def main(threads: int, each: int, word: str) -> None:
    def write(thread: int) -> None:
        try:
            for turn in range(each):
                with transaction.atomic():
                    key = f"{word}-{thread}-{turn}"
                    announce(stream="settings", key=key, op={}, now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(write, n) for n in range(threads)]:
            done.result()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
