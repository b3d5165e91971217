"""Reading streams: heads, changes, and what to do when they are gone.

The row of ``EPOCH`` is no stream. Its head is a number drawn when the first
stream of a database is made, so that a process notices when the database beneath
it was replaced by another one (or rolled back, in tests), although numbers agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.db.models import Exists, OuterRef

from core.models import LiveChange, LiveStream

EPOCH: Final = "#"

Reason = Literal["gap", "epoch"]


class Gone(Exception):
    """The changes asked for cannot be had; read a snapshot.

    ``reason`` is ``gap`` when they are pruned, ``epoch`` when their numbers were
    never given, as after a restore of the database.
    """

    def __init__(self, stream: str, *, since: int, reason: Reason) -> None:
        super().__init__(
            f"Stream {stream} cannot tell what came after {since}; read a snapshot."
        )
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Change:
    """One numbered change; ``op`` holds absolute values of what ``key`` names."""

    seq: int
    key: str
    op: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Changes in order, and the stream's head when they were read."""

    changes: list[Change]
    head: int


@dataclass(frozen=True, slots=True)
class Look:
    """All streams at one moment.

    ``epoch`` is ``None`` in a database where nothing was ever announced;
    ``waiting`` names streams with committed changes that have no number yet.
    """

    epoch: int | None
    heads: Mapping[str, int]
    waiting: frozenset[str]


NOTHING_SEEN: Final = Look(epoch=None, heads={}, waiting=frozenset())


def current_head(stream: str) -> int:
    """The number of the newest change; 0 if there never was one.

    A snapshot reads it *before* its rows: what is committed in between is told
    once more as a change, which does no harm.
    """
    heads = LiveStream.objects.filter(pk=stream).values_list("head", flat=True)
    return heads.first() or 0


def read_since(*, stream: str, since: int, limit: int) -> Page:
    """The oldest ``limit`` changes after number ``since``.

    Raises:
        Gone: ``since`` lies before what is kept, or after the head.
    """
    row = LiveStream.objects.filter(pk=stream).values_list("head", "floor").first()
    head, floor = row or (0, 0)
    if not floor <= since <= head:
        reason: Reason = "gap" if since < floor else "epoch"
        raise Gone(stream, since=since, reason=reason)
    rows = LiveChange.objects.filter(stream=stream, seq__gt=since, seq__lte=head)
    found = rows.order_by("seq").values_list("seq", "key", "op")[:limit]
    changes = [Change(seq=seq or 0, key=key, op=op) for seq, key, op in found]
    # Pruned between the two queries.
    if len(changes) < min(limit, head - since):
        raise Gone(stream, since=since, reason="gap")
    return Page(changes=changes, head=head)


def look() -> Look:
    """One query over all streams, which are few."""
    waits = LiveChange.objects.filter(stream=OuterRef("pk"), seq=None)
    rows = LiveStream.objects.annotate(waits=Exists(waits))
    found = list(rows.values_list("name", "head", "waits"))
    heads = {name: head for name, head, _ in found}
    return Look(
        epoch=heads.pop(EPOCH, None),
        heads=heads,
        waiting=frozenset(name for name, _, waits in found if waits),
    )
