"""What the record says of a channel and of two personas when a message arrives.

Decisions of one channel are made one after the other, each later than the one before,
so that its newest rows, read until they are too old, tell everything.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from relationships.domain.feelings import Rules
from relationships.services import reading
from relationships.services.reading import UnknownCharacter
from routing.domain.messages import State, Terms
from routing.models import Decision
from routing.policy import MOST_CHAIN

BUDGET_WINDOW: Final = timedelta(minutes=10)
"""Within which answers of personas to personas are counted."""
_PAGE: Final = 2 * MOST_CHAIN


@dataclass(frozen=True, slots=True)
class Recent:
    """A channel's state, and the moment it is of: not before its newest decision."""

    state: State
    now: datetime


def recent(channel_id: str, *, terms: Terms, is_persona: bool, now: datetime) -> Recent:
    """For the next message of a channel, whose row is locked; ``is_persona`` wrote it.

    One query, or three if very much has been decided here within the time that counts.
    """
    rows = Decision.objects.filter(channel_id=channel_id).order_by("-pk")
    page = list(rows.values_list(*_FIELDS, named=True)[:_PAGE])
    sticky: tuple[str, datetime] | None = None
    chain, is_chain = int(is_persona), is_persona
    answers = 0
    sticky_for = timedelta(seconds=terms.sticky_seconds)
    if page:
        # The clock of whoever decided last may have been ahead of ours.
        now = max(now, page[0].decided_at)
    for row in page:
        age = now - row.decided_at
        is_chain = is_chain and row.author_id is not None and chain <= MOST_CHAIN
        chain += is_chain
        counts_sticky = sticky is None and age < sticky_for
        counts_answers = (
            is_persona and age < BUDGET_WINDOW and answers < terms.channel_budget
        )
        if not (is_chain or counts_sticky or counts_answers):
            break
        if not row.respond or row.delivered is False:
            continue
        if counts_sticky:
            sticky = (row.character__character_id, row.decided_at)
        if counts_answers and row.author_id is not None:
            answers += 1
    else:
        if len(page) == _PAGE:
            # All of the page is recent: what counts may lie before it.
            older = _answers(rows).filter(pk__lt=page[-1].pk)
            if sticky is None:
                last = older.filter(decided_at__gt=now - sticky_for)
                sticky = last.values_list(
                    "character__character_id", "decided_at"
                ).first()
            if is_persona:
                older = older.filter(
                    author__isnull=False, decided_at__gt=now - BUDGET_WINDOW
                )
                answers += older[: terms.channel_budget - answers].count()
    return Recent(
        state=State(
            sticky=None
            if sticky is None
            else (sticky[0], (now - sticky[1]).total_seconds()),
            chain=chain,
            channel_answers=answers,
        ),
        now=now,
    )


def _answers(rows: "QuerySet[Decision]") -> "QuerySet[Decision]":
    """Those that somebody answered, as far as is known."""
    return rows.filter(respond=True).exclude(delivered=False)


_FIELDS: Final = (
    "pk",
    "author_id",
    "respond",
    "delivered",
    "decided_at",
    "character__character_id",
)


def between(
    character_id: str,
    *,
    author: str,
    seed: int,
    rules: Rules,
    most: int,
    now: datetime,
) -> dict[str, Any]:
    """``answers`` between the two within the last ten minutes, up to ``most``, and the
    ``probability`` that ``character_id`` answers, with all that it was made of."""
    answers = 0
    # By the index of who answered whom.
    for one, other in ((character_id, author), (author, character_id)):
        rows = Decision.objects.filter(
            character__character_id=one,
            author__character_id=other,
            decided_at__gt=now - BUDGET_WINDOW,
        )
        answers += _answers(rows)[:most].count()
    try:
        odds = reading.chances(
            character_id, seeds={author: seed}, now=now, rules=rules
        )[author]
    except UnknownCharacter:
        # Archived just now: then nobody answers, or is answered.
        return {"answers": answers, "probability": 0.0}
    return {"answers": answers, **asdict(odds)}
