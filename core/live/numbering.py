"""Numbers for committed changes: gapless, unique, in one order for everybody.

A database sequence would not do: it gives 7 before 6 is committed, and a reader
who has seen 7 would never look for 6 again.
"""

import secrets
from typing import Any, Final

from django.db import connection, transaction

from core.live.reading import EPOCH, current_head
from core.models import LiveChange, LiveStream
from core.turns import writing

BATCH: Final = 200
# JavaScript keeps whole numbers up to 2**53 exactly.
_EPOCHS: Final = 2**52


def is_in_transaction() -> bool:
    """Whether what this thread sees may yet be rolled back.

    The transaction that Django wraps around a test does not count, as it does
    not for ``atomic(durable=True)``.
    """
    blocks: list[Any] = connection.atomic_blocks
    return any(not block._from_testcase for block in blocks)  # noqa: SLF001


def make_stream(stream: str) -> None:
    """Have the rows that changes of ``stream`` and their numbering need."""
    if LiveStream.objects.filter(pk=stream).exists():
        return
    LiveStream.objects.bulk_create(
        [LiveStream(name=EPOCH, head=secrets.randbelow(_EPOCHS)), LiveStream(stream)],
        ignore_conflicts=True,
    )


def number(stream: str) -> int:
    """Number what is committed and has no number yet; the stream's new head.

    Safe from any number of processes and threads at once: the stream's row is
    locked meanwhile. It is not locked against those who add changes, whose
    foreign key needs the row's key only.

    Raises:
        RuntimeError: called inside a transaction, whose rows may be rolled back.
    """
    waiting = LiveChange.objects.filter(stream=stream, seq=None)
    if not waiting.exists():
        return current_head(stream)
    with writing(), transaction.atomic(durable=True):
        row = LiveStream.objects.select_for_update(no_key=True).get(pk=stream)
        ids = waiting.order_by("pk").values_list("pk", flat=True)
        numbered = [
            LiveChange(pk=pk, seq=seq) for seq, pk in enumerate(ids, row.head + 1)
        ]
        LiveChange.objects.bulk_update(numbered, ["seq"], batch_size=BATCH)
        row.head += len(numbered)
        row.save(update_fields=["head"])
    return row.head
