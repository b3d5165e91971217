"""What can be done with several characters at once.

Each row is saved by itself, from its own draft and revision, so that one that
was edited meanwhile, or is archived, stops no other. Nothing of it goes live.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import ValidationError as SheetError

from core.models import User
from personas.domain.canonical import is_same
from personas.domain.sheets import CharacterSheet
from personas.models import Character
from personas.services import drafts

NAMED: Final = 5
"""Refusals told one by one."""

Change = Callable[[CharacterSheet], CharacterSheet]


@dataclass(slots=True)
class Report:
    """How many rows changed, stayed, and were refused (name and reason)."""

    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def refusals(self) -> list[str]:
        told = [f"{name}: {why}" for name, why in self.refused[:NAMED]]
        if len(self.refused) > NAMED:
            told.append(f"{len(self.refused) - NAMED} more were refused.")
        return told


def with_tag(tag: str, /) -> Change:
    return lambda sheet: _revalidated(sheet, tags=[*sheet.tags, tag])


def without_tag(tag: str, /) -> Change:
    def change(sheet: CharacterSheet) -> CharacterSheet:
        kept = [t for t in sheet.tags if t.casefold() != tag.casefold()]
        return _revalidated(sheet, tags=kept)

    return change


def with_framework(framework_id: str, /) -> Change:
    return lambda sheet: _revalidated(sheet, framework_id=framework_id)


def _revalidated(sheet: CharacterSheet, **changes: object) -> CharacterSheet:
    return CharacterSheet.model_validate({**sheet.model_dump(mode="json"), **changes})


def edit(
    characters: Iterable[Character], *, change: Change, actor: User, now: datetime
) -> Report:
    """Save each draft as ``change`` makes it; load them with ``for_sheets``."""
    report = Report()
    for character in characters:
        sheet = character.to_sheet()
        try:
            wanted = change(sheet)
            if is_same(wanted, sheet):
                report.unchanged += 1
                continue
            drafts.save_character(
                character_id=character.character_id,
                sheet=wanted,
                revision=character.revision,
                actor=actor,
                now=now,
            )
        except SheetError as error:
            reason = error.errors()[0]["msg"]
            report.refused.append((character.display_name, f"{reason}."))
        except (
            drafts.Archived,
            drafts.StaleRevision,
            drafts.UnknownFramework,
            drafts.UnknownPicture,
        ) as error:
            report.refused.append((character.display_name, str(error)))
        else:
            report.changed += 1
    return report


def switch(
    characters: Iterable[Character], *, is_active: bool, actor: User, now: datetime
) -> Report:
    report = Report()
    for character in characters:
        if character.is_active == is_active:
            report.unchanged += 1
            continue
        drafts.set_active(
            character_id=character.character_id,
            is_active=is_active,
            actor=actor,
            now=now,
        )
        report.changed += 1
    return report


def archive(
    characters: Iterable[Character], *, is_archived: bool, actor: User, now: datetime
) -> Report:
    report = Report()
    for character in characters:
        if character.is_archived == is_archived:
            report.unchanged += 1
            continue
        drafts.archive_character(
            character_id=character.character_id,
            is_archived=is_archived,
            actor=actor,
            now=now,
        )
        report.changed += 1
    return report
