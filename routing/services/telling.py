"""Having pages look at a decision again; what they are told holds no text."""

from datetime import datetime

from core.live.changes import announce
from routing.models import Decision
from routing.services.announcing import DECISION, STREAM


def tell(row: Decision, *, character_id: str | None, now: datetime) -> None:
    """Within the transaction that wrote ``row``; ``character_id`` is who was chosen."""
    op = {
        "kind": DECISION,
        "decision_id": str(row.decision_id),
        "channel_id": row.channel_id,
        "character_id": character_id,
        "reason": row.reason,
        "respond": row.respond,
        "respond_reason": row.respond_reason,
        "delivered": row.delivered,
        "at": row.decided_at.isoformat(),
    }
    announce(stream=STREAM.name, key=f"{DECISION}:{row.decision_id}", op=op, now=now)
