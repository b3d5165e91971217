"""Interactions as the ledger keeps them, without the reports above it."""

from datetime import datetime
from itertools import count

from django.db import transaction

from personas.models import Character
from relationships import policy
from relationships.domain.feelings import Event, comparable_topics
from relationships.models import LedgerRow
from relationships.services import moving
from tests.factories import NOW

_numbers = count(1)


@transaction.atomic
def talk(
    one: str,
    other: str,
    kind: str = "compliment",
    *,
    at: datetime = NOW,
    intensity: float = 1,
    compatibility: float = 1,
    topics: tuple[str, ...] = (),
) -> int:
    """``one`` says something to ``other``; the number of the report."""
    pks = dict(
        Character.objects.filter(character_id__in=[one, other]).values_list(
            "character_id", "pk"
        )
    )
    rules, kinds = policy.rules_and_kinds()
    book = moving.lock([(pks[one], pks[other])])
    number = next(_numbers)
    book.move(
        pks[one],
        pks[other],
        event=Event(
            is_low_speaker=pks[one] < pks[other],
            kind=kinds[kind],
            intensity=round(1_000 * intensity),
            compatibility=round(1_000 * compatibility),
            topics=comparable_topics(topics),
        ),
        rules=rules,
        now=at,
        report=number,
    )
    moving.save(book, event_ids={number: number}, bands=rules.bands, now=at)
    return number


def rows_of(one: str, other: str) -> list[LedgerRow]:
    """What ``one`` feels for ``other``, oldest first."""
    rows = LedgerRow.objects.filter(
        affinity__source__character_id=one, affinity__target__character_id=other
    )
    return list(rows.order_by("seq"))
