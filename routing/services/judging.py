"""Which reports can be counted, and what to tell about those that cannot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.keys import BotPrincipal
from core.problems import FieldError, Problem
from personas.models import Character
from relationships.domain.kinds import Kind
from routing import problems
from routing.domain.events import Reported, fault_in_time
from routing.models import Interaction


@dataclass(frozen=True, slots=True)
class Person:
    """A character as the transaction finds it."""

    pk: int
    is_archived: bool


def answered(
    events: Iterable[Reported], *, bot: BotPrincipal
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Id → digest and answer, of reports that were counted before."""
    rows = Interaction.objects.filter(
        bot=bot.bot_id, event_id__in={event.id for event in events}
    )
    found = rows.values_list("event_id", "digest", "answer")
    return {event_id: (digest, answer) for event_id, digest, answer in found}


def people(events: Iterable[Reported]) -> dict[str, Person]:
    """Character id → who it is, of all that the reports name and that there are."""
    ids = {event.character_id for event in events}
    ids |= {event.other_character_id or event.character_id for event in events}
    if not ids:
        return {}
    rows = Character.objects.filter(character_id__in=ids)
    return {
        character_id: Person(pk, archived_at is not None)
        for pk, character_id, archived_at in rows.values_list(
            "pk", "character_id", "archived_at"
        )
    }


def reused(event: Reported) -> Problem:
    """For an id that stands for something else."""
    return _problem(
        problems.EVENT_ID_REUSED,
        "/id",
        f"Something else was reported as {event.id!r}; give each interaction an id of"
        " its own, and send it unchanged when you repeat it.",
    )


def fault(
    event: Reported,
    *,
    people: Mapping[str, Person],
    kinds: Mapping[str, Kind],
    now: datetime,
) -> Problem | None:
    """Why a report cannot be counted; ``None`` if it can."""
    if event.character_id == event.other_character_id:
        return _problem(
            problems.SELF_INTERACTION,
            "/other_character_id",
            "Name another character than the one that acted, or leave this out.",
        )
    if event.kind not in kinds:
        return _problem(
            problems.UNKNOWN_KIND,
            "/kind",
            f"There is no kind {event.kind!r}; choose one of {', '.join(kinds)}.",
            code="not_a_choice",
        )
    named = {"/character_id": event.character_id}
    if event.other_character_id is not None:
        named["/other_character_id"] = event.other_character_id
    unknown = [
        FieldError(pointer, "not_a_choice", f"There is no character {name!r}.")
        for pointer, name in named.items()
        if name not in people
    ]
    if unknown:
        return _invalid(unknown)
    for pointer, name in named.items():
        if people[name].is_archived:
            return _problem(
                problems.ARCHIVED,
                pointer,
                f"{name} is archived and takes part in nothing until it is restored.",
            )
    in_time = fault_in_time(event.occurred_at, now=now)
    return _invalid([in_time]) if in_time else None


def _problem(
    of_all: str, pointer: str, detail: str, *, code: str = "invalid"
) -> Problem:
    """One problem about one field."""
    return Problem(of_all, detail=detail, errors=[FieldError(pointer, code, detail)])


def _invalid(errors: list[FieldError]) -> Problem:
    detail = " ".join(error.detail for error in errors)
    return Problem("invalid", detail=detail, errors=errors)
