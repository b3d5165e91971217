"""One stream as this process has seen it, and the frames made of it."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from core.live.reading import Change, Reason

RING: Final = 1_000
"""Changes kept for those who were away for a moment."""


def encode(message: dict[str, Any]) -> str:
    """JSON text of one frame."""
    return orjson.dumps(message).decode()


def changes_frame(
    stream: str, *, since: int, to: int, changes: Iterable[Change]
) -> str:
    """A frame for all numbers after ``since`` up to ``to``.

    Each op says its ``key``. Of several changes with one key only the last is
    told, in its place.
    """
    latest = {change.key: change for change in changes}
    kept = sorted(latest.values(), key=lambda change: change.seq)
    ops = [{**change.op, "key": change.key} for change in kept]
    return encode({"stream": stream, "seq": [since + 1, to], "ops": ops})


def resync_frame(stream: str, *, reason: Reason | str) -> str:
    """A frame that has the page read a snapshot."""
    return encode({"stream": stream, "resync": reason})


class Feed:
    """The newest changes of a stream; ``sent`` is the last number that went out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = 0
        self.sent = 0
        self._ring: deque[Change] = deque(maxlen=RING)

    def add(self, changes: Sequence[Change], *, head: int) -> None:
        """Take the changes that follow those known."""
        self._ring.extend(changes)
        self.head = head

    def restart(self, *, head: int) -> None:
        """Forget everything: changes were lost, or numbers count anew."""
        self._ring.clear()
        self.head = self.sent = head

    def reaches(self, since: int) -> bool:
        """Whether all changes after ``since`` are at hand."""
        if since >= self.head:
            return since == self.head
        return bool(self._ring) and self._ring[0].seq <= since + 1

    def frame_since(self, since: int) -> str | None:
        """What came after ``since``, which must be reached; ``None`` if nothing."""
        if since >= self.head:
            return None
        missed = [change for change in self._ring if change.seq > since]
        return changes_frame(self.name, since=since, to=self.head, changes=missed)

    def frame_to_send(self) -> str | None:
        """What nobody was sent yet; ``None`` if nothing."""
        since, self.sent = self.sent, self.head
        if not self.reaches(since):
            return resync_frame(self.name, reason="gap")
        return self.frame_since(since)
