"""Characters with stages, and interactions counted for them, for tests of pages."""

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from evolution.models import Crossing
from evolution.services import applying, counting
from evolution.views.published import live_of
from personas.models import Character
from personas.services import publishing
from tests.factories import NOW, make_character


def stage(milestone: int, title: str = "", **personality: Any) -> dict[str, Any]:
    """A stage as it stands in a sheet."""
    return {
        "milestone": milestone,
        "title": title,
        "changes": {"personality": personality},
    }


WARM = stage(50, "Warms up", tone="warmer")
OPEN = stage(100, "Opens up", new_quirks=["hums"])


def make_live(
    character_id: str = "ada",
    *,
    stages: Iterable[dict[str, Any]] = (WARM, OPEN),
    now: datetime = NOW,
    **fields: Any,
) -> Character:
    """A character that is live with these stages."""
    character = make_character(character_id, evolution_stages=list(stages), **fields)
    publish(character_id, now=now)
    return character


def publish(character_id: str, *, now: datetime = NOW) -> None:
    publishing.publish(character_ids=[character_id], note="Live", author=None, now=now)


def count(
    character: Character,
    number: int,
    *,
    kind: str = "message",
    now: datetime | None = None,
) -> None:
    """Count interactions of ``character`` as a report does."""
    now = now or timezone.now()
    live = live_of([character.pk]).get(character.pk)
    stages = {each.milestone: each for each in live.stages} if live else {}
    with transaction.atomic():
        counts = counting.lock([character.pk], rules=counting.rules())
        counts.add(
            character.pk, count=number, kind=kind, stages=stages, report=0, now=now
        )
        counting.save(counts, event_ids={0: 1}, now=now)


def stage_at(character: Character, milestone: int) -> Crossing:
    return Crossing.objects.get(character=character, milestone=milestone)


def work(now: datetime | None = None) -> int:
    """What the background task does."""
    return applying.apply_due(clock=lambda: now or timezone.now(), rng=Random(1))
