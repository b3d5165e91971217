"""Characters that grow, for tests."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction

from evolution.models import Crossing, Progress
from evolution.services import applying, counting
from personas.models import Character, Label
from personas.services import drafts, publishing
from tests.factories import NOW, make_character

STAGES: list[dict[str, Any]] = [
    {
        "milestone": 50,
        "title": "Warms up",
        "changes": {"personality": {"tone": "warm", "new_quirks": ["hums"]}},
    },
    {
        "milestone": 100,
        "title": "Knows the sea",
        "changes": {
            "personality": {"tone": "tender"},
            "knowledge": {"add_interests": ["sea"]},
        },
    },
]


def make_grower(
    character_id: str = "ada",
    *,
    mode: str = "approve",
    is_published: bool = True,
    **fields: Any,
) -> Character:
    """A live character with two stages and the count 0."""
    fields.setdefault("evolution_stages", STAGES)
    character = make_character(character_id, **fields)
    if is_published:
        publish(character_id)
    Progress.objects.create(character=character, mode=mode)
    return character


def publish(character_id: str = "ada", *, now: datetime = NOW) -> None:
    outcome = publishing.publish(
        character_ids=[character_id], note="N", author=None, now=now
    )
    assert outcome.published, outcome


def edit(character_id: str = "ada", *, now: datetime = NOW, **changes: Any) -> None:
    """Save the draft with other fields."""
    character = Character.objects.for_sheets().get(character_id=character_id)
    sheet = character.to_sheet()
    drafts.save_character(
        character_id=character_id,
        sheet=type(sheet).model_validate(sheet.model_dump(mode="json") | changes),
        revision=character.revision,
        actor=None,
        now=now,
    )


@transaction.atomic
def act(character_id: str, count: int, *, kind: str = "message", now=NOW) -> list[int]:
    """Count interactions as a report does; the milestones passed."""
    character = Character.objects.get(character_id=character_id)
    version = live(character_id)
    stages = version.to_sheet().evolution_stages if version else []
    counts = counting.lock([character.pk], rules=counting.rules())
    counted = counts.add(
        character.pk,
        count=count,
        kind=kind,
        stages={stage.milestone: stage for stage in stages},
        report=1,
        now=now,
    )
    counting.save(counts, event_ids={1: 1}, now=now)
    return counted.crossed


def live(character_id: str = "ada"):
    """The version in production, if any."""
    row = Label.objects.filter(
        character__character_id=character_id, name="production"
    ).select_related("version__growth")
    return row.get().version if row else None


def crossing(milestone: int, character_id: str = "ada") -> Crossing:
    return Crossing.objects.get(
        character__character_id=character_id, milestone=milestone
    )


def prompt_of(version) -> str:
    """The plain prompt that it serves."""
    return version.prompts.get(context="").system_prompt


def apply_all(now: datetime = NOW) -> int:
    """What the background task does, a little after ``now``."""
    later = now + timedelta(seconds=1)
    return applying.apply_due(clock=lambda: later, rng=Random(1))
