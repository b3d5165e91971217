"""Two characters and what happened between them, through the services."""

from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction

from core.models import User
from core.roles import Role
from personas.models import Character
from personas.services import publishing
from relationships import policy
from relationships.domain.feelings import Event, now_after
from relationships.models import Affinity
from relationships.services import moving
from tests.factories import NOW, make_character, make_person

_numbers = count(1)


def published(*character_ids: str, **fields: Any) -> list[Character]:
    """Characters that are live."""
    made = [make_character(each, **fields) for each in character_ids]
    publishing.publish(
        character_ids=list(character_ids), note="N", author=None, now=NOW
    )
    return made


def manager() -> User:
    return make_person(Role.MANAGER)


@transaction.atomic
def met(
    source: Character, target: Character, kind: str = "compliment", *, at: datetime
) -> int:
    """One interaction, as a report moves feelings; the number of the report."""
    rules, kinds = policy.rules_and_kinds()
    book = moving.lock([(source.pk, target.pk)])
    number = next(_numbers)
    held = book.held(source.pk, target.pk)
    book.move(
        source.pk,
        target.pk,
        event=Event(is_low_speaker=source.pk < target.pk, kind=kinds[kind]),
        rules=rules,
        now=now_after(held.state, at),
        report=number,
    )
    moving.save(book, event_ids={number: number}, bands=rules.bands, now=at)
    return number


def felt(source: Character, target: Character) -> Affinity:
    """The direction as it is stored."""
    return Affinity.objects.get(source=source, target=target)
