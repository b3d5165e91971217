"""What comparisons can be asked for: versions, kinds of conversation, growth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core import limits
from personas import policy
from personas.domain.contexts import weights_by_context
from personas.domain.sheets import CharacterSheet, EvolutionStage
from personas.models import Character, CharacterVersion, CompiledPrompt
from personas.models.labels import PRODUCTION
from personas.services import blending
from personas.views.shown import LabelName
from personas.views.sides import Asked

OFFERED: Final = 200
"""Versions that a list to compare with offers, newest first."""
AUTHORED: Final = "authored"
"""Asked for as a stage: no growth at all."""
PLAIN_TITLE: Final = "Plain prompt"
_NOTE_LENGTH: Final = 40
_NUMBER_DIGITS: Final = 9

VersionRow = tuple[int, str, str, datetime]
"""Number, note, author and time of a version."""
VERSION_FIELDS: Final = ("number", "note", "author_name", "created_at")


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a select."""

    value: str
    words: str


def context_titles() -> dict[str, str]:
    """Kind of conversation → its words, in the installation's order, plain first."""
    known = {c.context: c.title or c.context for c in policy.contexts()}
    return {"": PLAIN_TITLE, **known}


def context_options(
    contexts: Iterable[str], /, *, titles: Mapping[str, str]
) -> list[Option]:
    """The plain prompt, then these kinds as the installation orders them.

    Kinds that the installation lost come last, by their ids. Nothing if there is
    only the plain one. ``titles`` comes from ``context_titles``.
    """
    wanted = {context for context in contexts if context}
    if not wanted:
        return []
    ordered = [c for c in titles if not c or c in wanted]
    ordered += sorted(wanted.difference(titles))
    return [Option(context, titles.get(context, context)) for context in ordered]


def stored_contexts(versions: Iterable[CharacterVersion], /) -> set[str]:
    """The kinds of conversation that any of these versions has a prompt for."""
    rows = CompiledPrompt.objects.filter(version__in=[v.pk for v in versions])
    return set(rows.values_list("context", flat=True))


def blended_contexts(sheet: CharacterSheet, /) -> set[str]:
    """The kinds of conversation that the sheet mixes frameworks for, now."""
    table = weights_by_context(policy.contexts())
    return set(blending.weights_of(sheet, table=table))


def stage_options(sheets: Iterable[CharacterSheet], /) -> list[Option]:
    """Growth that any of these can have; nothing if none grows."""
    stages: dict[int, EvolutionStage] = {}
    for sheet in sheets:
        stages |= {stage.milestone: stage for stage in sheet.evolution_stages}
    if not stages:
        return []
    found = [_stage_option(stages[milestone]) for milestone in sorted(stages)]
    return [Option("0", "As it is now"), *found]


def preview_stage_options(sheet: CharacterSheet, /) -> list[Option]:
    """As ``stage_options``, and the sheet without what growth made of it."""
    found = stage_options([sheet])
    return (
        [*found[:1], Option(AUTHORED, "As authored, without growth"), *found[1:]]
        if found
        else []
    )


def _stage_option(stage: EvolutionStage) -> Option:
    words = f"After {stage.milestone} interactions"
    return Option(
        str(stage.milestone), f"{words}: {stage.title}" if stage.title else words
    )


def asked_in(data: Mapping[str, Any], /) -> Asked:
    """What a request asks for; what makes no sense is left out."""
    context = data.get("context", "")
    # NUL, which Postgres refuses, is in no id.
    is_id = "\0" not in context and len(context) <= limits.SLUG_LENGTH
    return Asked(
        context=context if is_id else "",
        milestone=number_in(data, "stage"),
    )


def number_in(data: Mapping[str, Any], name: str, /) -> int:
    """A number that a request names, small enough for any database; else 0."""
    text = data.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _NUMBER_DIGITS
    return int(text) if is_number else 0


def version_options(
    rows: Iterable[VersionRow], /, *, labels: Mapping[int, list[str]]
) -> list[Option]:
    """``labels`` maps numbers to the titles of the labels there."""
    return [_version_option(row, labels=labels.get(row[0], [])) for row in rows]


def _version_option(row: VersionRow, *, labels: list[str]) -> Option:
    number, note, author_name, created_at = row
    names = "".join(f"{title}, " for title in labels)
    short = note if len(note) <= _NOTE_LENGTH else f"{note[:_NOTE_LENGTH]}…"
    words = f"version {number}: “{short}” ({author_name}, {created_at:%Y-%m-%d})"
    return Option(str(number), f"{names}{words}")


def character_labels(character: Character) -> dict[int, list[str]]:
    """Version number → titles of the labels there, Live first."""
    rows = character.labels.order_by("name").values_list("name", "version__number")
    found: dict[int, list[str]] = {}
    for name, number in sorted(rows, key=lambda row: row[0] != PRODUCTION):
        found.setdefault(number, []).append(LabelName.of(name).title)
    return found


def character_version_options(
    character: Character, *, labels: Mapping[int, list[str]], but: int = 0
) -> list[Option]:
    """Versions newest first, those with labels before all others."""
    rows = character.versions.exclude(number=but).order_by("-number")
    found = list(rows.values_list(*VERSION_FIELDS)[:OFFERED])
    places = {number: at for at, number in enumerate(labels)}
    found.sort(key=lambda row: places.get(row[0], len(places)))
    return version_options(found, labels=labels)
