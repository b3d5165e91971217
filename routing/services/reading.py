"""What pages read of decisions."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet
from django.db.models.functions import Left, Length
from django.http import QueryDict

from core import limits
from routing.models import Channel, Decision, Roster

EXCERPT: Final = 160
"""Characters of a message that lists show."""
REASONS: Final = (
    "mention",
    "sticky",
    "activity",
    "content",
    "fallback",
    "nobody",
    "disabled",
)
MOST_COUNTED: Final = 1_000
_ID_LENGTH: Final = 64
_ON_ROWS: Final = (
    "decision_id",
    "message_id",
    "channel_id",
    "text_kept",
    "decided_at",
    "reason",
    "respond",
    "respond_reason",
    "answer",
    "delivered",
    "character__character_id",
    "character__display_name",
    "character__picture",
    "author__character_id",
    "author__display_name",
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decisions; what is empty is not asked for."""

    channel: str = ""
    character: str = ""
    reason: str = ""
    is_silent: bool = False

    @classmethod
    def read(cls, data: QueryDict, /) -> Self:
        """From a page's address; what makes no sense is left out."""

        def text(name: str) -> str:
            return data.get(name, "").replace("\0", "").strip()[:_ID_LENGTH]

        reason = text("reason")
        return cls(
            channel=text("channel"),
            character=text("character"),
            reason=reason if reason in REASONS else "",
            is_silent=bool(text("silent")),
        )

    @property
    def parameters(self) -> dict[str, str]:
        """As they stand in an address."""
        given = {
            "channel": self.channel,
            "character": self.character,
            "reason": self.reason,
            "silent": "yes" if self.is_silent else "",
        }
        return {name: value for name, value in given.items() if value}

    def rows(self) -> "QuerySet[Decision]":
        """Those that match, newest first."""
        rows = Decision.objects.order_by("-pk")
        if self.channel:
            rows = rows.filter(channel_id=self.channel)
        if self.character:
            rows = rows.filter(character__character_id=self.character)
        if self.reason:
            rows = rows.filter(reason=self.reason)
        if self.is_silent:
            rows = rows.filter(respond=False)
        return rows


def for_rows(rows: "QuerySet[Decision]", /) -> "QuerySet[Decision]":
    """What lists show of a decision: ``excerpt`` and ``length`` of its text."""
    return (
        rows.select_related("character", "author")
        .only(*_ON_ROWS)
        .annotate(excerpt=Left("text", EXCERPT), length=Length("text"))
    )


def count_above(rows: "QuerySet[Decision]", /, *, pk: int) -> int:
    """How many are newer than ``pk``; counted up to ``MOST_COUNTED``."""
    newer = rows.filter(pk__gt=pk).order_by().values("pk")
    return newer[:MOST_COUNTED].count()


def channel_names(channel_ids: Collection[str], /) -> Mapping[str, str]:
    """The names of those that have one."""
    rows = Channel.objects.filter(channel_id__in=channel_ids).exclude(name="")
    return dict(rows.values_list("channel_id", "name"))


def found(text: str, /) -> "QuerySet[Decision]":
    """Decisions that ``text`` names: their id, a message's, a reply's, a chat link."""
    link = _link(text)
    if link is not None:
        channel_id, message_id = link
        rows = _about(message_id)
        here = rows.filter(channel_id=channel_id)
        # A thread's first message may be linked by the channel above the thread.
        return here if here.exists() else rows
    decision_id = _uuid(text)
    rows = _about(text)
    if decision_id is not None:
        return rows | Decision.objects.filter(decision_id=decision_id)
    return rows


def _about(message_id: str) -> "QuerySet[Decision]":
    if not 0 < len(message_id) <= _ID_LENGTH:
        return Decision.objects.none()
    return Decision.objects.filter(
        Q(message_id=message_id) | Q(reply_message_id=message_id)
    )


def _link(text: str) -> tuple[str, str] | None:
    """Channel and message of ``…/channels/SERVER/CHANNEL/MESSAGE``."""
    try:
        parts = urlsplit(text[: limits.LINE_LENGTH]).path.strip("/").split("/")
    except ValueError:  # Brackets that are no address of a host.
        return None
    if len(parts) < 4 or parts[-4] != "channels" or not all(parts[-3:]):
        return None
    return parts[-2], parts[-1]


def _uuid(text: str) -> uuid.UUID | None:
    """Also from the address of a decision's page."""
    try:
        return uuid.UUID(text.strip("/").rpartition("/")[-1])
    except ValueError:
        return None


def version_on(roster: Roster, /, *, character_id: str) -> int | None:
    """By which version somebody was on the roster; ``None`` if not on it.

    Each roster is told as a difference to another; whichever names the character
    first decides.
    """
    at: Roster | None = roster
    while at is not None:
        changes: dict[str, Any] = at.changes
        if character_id in changes.get("set", {}):
            return int(changes["set"][character_id])
        if character_id in changes.get("drop", ()):
            return None
        at = at.base
    return None
