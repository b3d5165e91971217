"""What the record says of a channel and of two personas when a message arrives.

Decisions of one channel are made one after the other, each later than the one before,
so that its newest rows, read until they are too old, tell everything.
"""

from collections.abc import Iterator
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

    One query, unless very much has been decided here within the time that counts.
    """
    rows = Decision.objects.filter(channel_id=channel_id)
    sticky: tuple[str, datetime] | None = None
    chain, is_chain = int(is_persona), is_persona
    answers = 0
    sticky_for = timedelta(seconds=terms.sticky_seconds)
    for at, row in enumerate(_newest_first(rows)):
        if at == 0:
            # The clock of whoever decided last may have been ahead of ours.
            now = max(now, row.decided_at)
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


def _newest_first(rows: "QuerySet[Decision]") -> Iterator[Any]:
    """Page after page, each by the index of the channel."""
    rows = rows.order_by("-pk")
    last: int | None = None
    while True:
        some = rows if last is None else rows.filter(pk__lt=last)
        page = list(some.values_list(*_FIELDS, named=True)[:_PAGE])
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].pk


_FIELDS: Final = (
    "pk",
    "author_id",
    "respond",
    "delivered",
    "decided_at",
    "character__character_id",
    "author__character_id",
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
    for one, other in ((character_id, author), (author, character_id)):
        rows = Decision.objects.filter(character__character_id=one)
        for row in _newest_first(rows):
            if now - row.decided_at >= BUDGET_WINDOW or answers >= most:
                break
            if row.respond and row.delivered is not False:
                answers += row.author__character_id == other
    try:
        odds = reading.chances(
            character_id, seeds={author: seed}, now=now, rules=rules
        )[author]
    except UnknownCharacter:
        # Archived just now: then nobody answers, or is answered.
        return {"answers": answers, "probability": 0.0}
    return {"answers": answers, **asdict(odds)}
