"""What apps use of the live mechanism: announce a change, read changes, prune.

A change is a row, written with what it tells about and numbered after commit;
whatever else happens (pokes, frames) is only a hint to read it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from core.live import pokes, watcher
from core.live.numbering import make_stream, number
from core.live.reading import EPOCH, Change, Gone, Page, current_head, read_since
from core.live.streams import stream_named
from core.models import LiveChange, LiveStream

__all__ = [
    "Change",
    "Gone",
    "Page",
    "announce",
    "announce_all",
    "current_head",
    "prune",
    "read_since",
]

KEPT_ROWS: Final = 10_000
KEPT_FOR: Final = timedelta(days=7)
KEY_LENGTH: Final = 100


def announce(*, stream: str, key: str, op: dict[str, Any], now: datetime) -> None:
    """Tell, once this transaction is committed, that ``key`` is now as ``op`` says.

    ``op`` holds absolute values, since readers may see it twice, or see only the
    last of several with one ``key``. Call it after writing (and so locking) what
    it tells about: then changes of one thing are numbered in the order in which
    they were made.

    Raises:
        UnknownStream: nobody registered ``stream``.
        ValueError: ``key`` is empty or over 100 characters long.
        TransactionManagementError: there is no transaction to be part of.
    """
    announce_all(stream=stream, changes=[(key, op)], now=now)


def announce_all(
    *, stream: str, changes: Iterable[tuple[str, dict[str, Any]]], now: datetime
) -> None:
    """Announce many ``(key, op)`` with one statement; see ``announce``."""
    stream_named(stream)
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            "Announce inside the transaction that makes the change."
        )
    rows = [
        LiveChange(
            stream_id=stream,
            key=key,
            op=op,  # the field takes any JSON
            created_at=now,
        )
        for key, op in changes
    ]
    for row in rows:
        if not 0 < len(row.key) <= KEY_LENGTH:
            raise ValueError(f"Give the change a key of 1 to {KEY_LENGTH} characters.")
    make_stream(stream)
    LiveChange.objects.bulk_create(rows, batch_size=500)
    # Robust: the work is saved, whatever becomes of telling about it.
    transaction.on_commit(lambda: _publish(stream), robust=True)


def _publish(stream: str) -> None:
    head = number(stream)
    # Before the writer goes on, so that its own next read sees what it wrote.
    watcher.PROCESS.catch_up(stream)
    pokes.PROCESS.send(stream, head=head)


def prune(*, now: datetime) -> int:
    """Drop all but the newest rows (10,000, none over 7 days old) of each stream.

    Returns the number of rows dropped. Whoever is further behind reads a
    snapshot. Changes without a number stay.
    """
    names = LiveStream.objects.exclude(pk=EPOCH).values_list("name", flat=True)
    return sum(_prune(name, now=now) for name in names)


@transaction.atomic
def _prune(stream: str, *, now: datetime) -> int:
    row = LiveStream.objects.select_for_update(no_key=True).get(pk=stream)
    changes = LiveChange.objects.filter(stream=stream, seq__isnull=False)
    young = changes.filter(created_at__gte=now - KEPT_FOR).order_by("seq")
    oldest_young = young.values_list("seq", flat=True).first()
    too_old = row.head if oldest_young is None else oldest_young - 1
    floor = max(row.floor, row.head - KEPT_ROWS, too_old)
    if floor == row.floor:
        return 0
    row.floor = floor
    row.save(update_fields=["floor"])
    dropped, _ = changes.filter(seq__lte=floor).delete()
    return dropped
