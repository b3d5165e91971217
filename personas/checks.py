"""Checks that every publish runs; upper apps add theirs at start-up."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from personas import policy
from personas.domain.budgets import Standing, standing
from personas.domain.compiling import HEADINGS, CompiledPersona
from personas.domain.placeholders import SECTIONS, places_named, unknown_places
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.models import Lorebook


class Level(StrEnum):
    """What a finding means for the publish."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about what is wrong and what to do."""

    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A persona about to be published."""

    character_id: str
    character: CharacterSheet
    framework: FrameworkSheet
    compiled: CompiledPersona


Check = Callable[[Candidate], list[Finding]]
_checks: dict[str, Check] = {}


def register(check: Check, *, name: str) -> None:
    """Run ``check`` on every publish; registering a name again replaces it."""
    _checks[name] = check


def findings(candidate: Candidate) -> list[Finding]:
    """What all registered checks say, in the order of their names."""
    return [f for name in sorted(_checks) for f in _checks[name](candidate)]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to look at in a field, while it is edited; publishing does not ask.

    ``path`` is the field's, as the editor calls it: ``aliases.0``.
    """

    path: str
    message: str

    @property
    def field(self) -> str:
        return self.path.partition(".")[0]


Adviser = Callable[[str, CharacterSheet], list[Advice]]
"""Given a character's id and its sheet as it is typed."""
_advisers: dict[str, Adviser] = {}


def register_adviser(adviser: Adviser, *, name: str) -> None:
    """Ask ``adviser`` whenever the editor shows a preview; a name again replaces it."""
    _advisers[name] = adviser


def advice(character_id: str, *, sheet: CharacterSheet) -> list[Advice]:
    """What all advisers say, in the order of their names."""
    return [
        a for name in sorted(_advisers) for a in _advisers[name](character_id, sheet)
    ]


def template_names_sections(candidate: Candidate) -> list[Finding]:
    """Say where the sections go that the template does not name."""
    return about_template(candidate.framework.prompt_template)


def about_template(template: str, /) -> list[Finding]:
    """What the check says of a framework's template: the same of all who use it."""
    named = places_named(template)
    missing = [section for section in SECTIONS if section not in named]
    found = []
    if template.strip() and missing:
        listed = ", ".join(f"“{HEADINGS[section]}”" for section in missing)
        found.append(
            Finding(
                Level.WARN,
                f"The framework's template leaves no place for {listed}: they are"
                " put after it.",
            )
        )
    found += [
        Finding(
            Level.WARN,
            f"“{{{place.name}}}” in the template (line {place.line}, column"
            f" {place.column}) stands for nothing here, so bots get it as written.",
        )
        for place in unknown_places(template)
    ]
    return found


def prompt_within_cap(candidate: Candidate) -> list[Finding]:
    """Stop a prompt longer than the installation allows, in any conversation."""
    cap = policy.prompt_token_cap()
    found = []
    for context, body in candidate.compiled.prompts.items():
        tokens = body["tokens"]["count"]
        stands = standing(tokens, cap=cap)
        if stands == Standing.WITHIN:
            continue
        where = f" in the kind of conversation “{_name(context)}”" if context else ""
        words = f"The prompt{where} has {tokens:,} tokens; the most allowed is {cap:,}."
        if stands == Standing.OVER:
            found.append(Finding(Level.BLOCK, f"{words} Shorten the longest section."))
        else:
            found.append(Finding(Level.WARN, words))
    return found


def _name(context: str) -> str:
    """The kind of conversation as people know it; its id if the table lost it."""
    names = {each.context: each.name for each in policy.contexts()}
    return names.get(context, context)


def lorebooks_are_served(candidate: Candidate) -> list[Finding]:
    """Say which of its lorebooks bots get nothing of, and why."""
    named = candidate.character.lorebooks
    if not named:
        return []
    rows = Lorebook.objects.filter(book_id__in=named)
    found = {row.book_id: row for row in rows.defer("extensions", "origin")}
    return [
        Finding(Level.WARN, why)
        for book_id in named
        if (why := _unserved(book_id, book=found.get(book_id)))
    ]


def _unserved(book_id: str, *, book: Lorebook | None) -> str:
    if book is None:
        return (
            f"There is no lorebook “{book_id}”. Make it, or take it out of the"
            " character's lorebooks."
        )
    if book.is_archived:
        return (
            f"The lorebook “{book}” is archived, so nothing of it is served. Restore"
            " it, or take it out of the character's lorebooks."
        )
    if book.published_id is None:
        return (
            f"The lorebook “{book}” was never published, so nothing of it is served"
            " yet. Publish it."
        )
    return ""
