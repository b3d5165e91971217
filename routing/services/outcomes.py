"""What became of an answer: whether it arrived, and as which message.

A decision whose answer did not arrive makes nobody sticky, and uses up no budget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.keys import BotPrincipal
from core.turns import writing
from routing.models import Decision
from routing.policy import EXCERPT_LENGTH
from routing.services import telling
from routing.services.reporting import tried


class UnknownDecision(Exception):
    """There is no such decision of this bot."""


class OutcomeKnown(Exception):
    """Another outcome of the decision was reported before."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a bot reports of one decision; ids and texts not given are empty."""

    delivered: bool
    latency_ms: int | None = None
    reply_message_id: str = ""
    reply_excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer; ``is_repeated``: the very same was reported before."""

    answer: dict[str, Any]
    is_repeated: bool


def report(
    decision_id: UUID,
    outcome: Outcome,
    *,
    bot: BotPrincipal,
    clock: Callable[[], datetime],
) -> Reported:
    """Record the outcome; the same once more changes nothing.

    With a test key it is checked, and not kept.

    Raises:
        UnknownDecision: not one of this bot.
        OutcomeKnown: another outcome is recorded.
    """

    def work() -> Reported:
        with writing(), transaction.atomic(durable=True):
            reported = _settled(decision_id, outcome, bot=bot, now=clock())
            if bot.is_test:
                transaction.set_rollback(True)
        return reported

    return tried(work)


def _settled(
    decision_id: UUID, outcome: Outcome, *, bot: BotPrincipal, now: datetime
) -> Reported:
    rows = Decision.objects.select_for_update(no_key=True, of=("self",))
    row = (
        rows.filter(bot=bot.bot_id, decision_id=decision_id)
        .select_related("character")
        .first()
    )
    if row is None:
        raise UnknownDecision(f"There is no decision {decision_id} of this bot.")
    is_repeated = row.outcome_at is not None
    if not is_repeated:
        row.delivered = outcome.delivered
        row.latency_ms = outcome.latency_ms
        row.reply_message_id = outcome.reply_message_id
        row.reply_excerpt = _kept_excerpt(row, outcome.reply_excerpt, now=now)
        row.outcome_at = now
        row.save(update_fields=_FIELDS)
        name = None if row.character is None else row.character.character_id
        telling.tell(row, character_id=name, now=now)
    elif _differs(row, outcome, now=now):
        raise OutcomeKnown(
            "Another outcome of this decision was reported before; it stays."
        )
    return Reported(answer=told(row), is_repeated=is_repeated)


_FIELDS = ("delivered", "latency_ms", "reply_message_id", "reply_excerpt", "outcome_at")


def told(row: Decision) -> dict[str, Any]:
    """The outcome as bots are told it; the excerpt is not sent back."""
    return {
        "decision_id": str(row.decision_id),
        "delivered": row.delivered,
        "latency_ms": row.latency_ms,
        "reply_message_id": row.reply_message_id or None,
    }


def _kept_excerpt(row: Decision, excerpt: str, *, now: datetime) -> str:
    """Text of replies is kept as long as the message's, where texts are kept."""
    is_kept = row.text_until is not None and now < row.text_until
    return excerpt[:EXCERPT_LENGTH] if is_kept else ""


def _differs(row: Decision, outcome: Outcome, *, now: datetime) -> bool:
    excerpt = outcome.reply_excerpt
    if not row.reply_excerpt:
        # What was erased, or never kept, cannot be compared.
        excerpt = _kept_excerpt(row, excerpt, now=now)
    return (
        row.delivered,
        row.latency_ms,
        row.reply_message_id,
        row.reply_excerpt,
    ) != (
        outcome.delivered,
        outcome.latency_ms,
        outcome.reply_message_id,
        excerpt,
    )
