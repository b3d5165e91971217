"""Telling processes and live pages what changed in routing."""

from datetime import datetime
from typing import Any, Final

from core.live.changes import announce
from core.live.streams import Stream
from core.roles import Action

STREAM: Final = Stream("routing", Action.SEE)
"""What pages follow: decisions, and what ``SWITCHES`` tells, too."""
SWITCHES: Final = Stream("switches", None)
"""What processes follow who keep channels and quiet switches: few changes."""

DECISION: Final = "decision"
CHANNEL: Final = "channel"
QUIET: Final = "quiet"


def announce_switch(*, kind: str, key: str, op: dict[str, Any], now: datetime) -> None:
    """Announce a channel or a quiet switch to processes and to pages."""
    for stream in (SWITCHES, STREAM):
        announce(
            stream=stream.name, key=f"{kind}:{key}", op={"kind": kind, **op}, now=now
        )
