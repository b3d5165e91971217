"""Names and topics that will be mixed up, or that tell nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core import limits
from core.access import allows
from core.people import may
from core.roles import Action
from personas.domain.sheets import CharacterSheet
from routing.domain.linting_values import Finding, Kind, Severity
from routing.services import linting

_CHARACTERS: Final = 500
KIND_TITLES: Final[Mapping[str, str]] = {
    Kind.COLLISION: "Same name",
    Kind.CONTAINED: "Name within a name",
    Kind.PREFIX: "Similar names",
    Kind.EVERYDAY: "Everyday word",
    Kind.SHORT: "Very short",
    Kind.FREQUENT: "In most messages",
    Kind.CONTRADICTION: "Liked and avoided",
    Kind.EMPTY: "Never found",
    Kind.REPEATED: "Repeated",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a severity is shown."""

    title: str
    badge: str


LOOKS: Final[Mapping[Severity, Look]] = {
    Severity.PROBLEM: Look("Problems", "danger"),
    Severity.WARNING: Look("Warnings", "warning"),
    Severity.INFORMATION: Look("Good to know", "info"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A finding as the page shows it; ``url`` leads to the field in the editor."""

    finding: Finding
    name: str
    kind: str
    field: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that matter alike; ``count`` is how many there are on all pages."""

    look: Look
    count: int
    rows: Sequence[Row]


@allows(GET=Action.SEE)
def names(request: HttpRequest) -> HttpResponse:
    """What is found, the worst first; ``?character=`` and ``?kind=`` choose."""
    subjects = linting.subjects()
    found = linting.findings(subjects)
    called = {each.character_id: each.name for each in subjects}
    character, kind = request.GET.get("character", ""), request.GET.get("kind", "")
    chosen = [
        each
        for each in found
        if character in {"", each.character_id} and kind in {"", each.kind}
    ]
    page = Paginator(chosen, limits.PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "groups": _groups(list(page.object_list), chosen=chosen, called=called),
        "page": page,
        "found": len(found),
        "has_characters": bool(subjects),
        "character": character,
        "kind": kind,
        "characters": _characters(found, called=called, character=character),
        "kinds": _kinds(found, kind=kind),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
    }
    return render(request, "routing/lint.html", context)


def _groups(
    shown: Sequence[Finding], *, chosen: Sequence[Finding], called: Mapping[str, str]
) -> list[Group]:
    counts = Counter(each.severity for each in chosen)
    groups = []
    for severity, look in LOOKS.items():
        rows = [
            _row(each, called=called) for each in shown if each.severity is severity
        ]
        if rows:
            groups.append(Group(look, counts[severity], rows))
    return groups


def _row(finding: Finding, *, called: Mapping[str, str]) -> Row:
    editor = reverse("personas:character-edit", args=[finding.character_id])
    return Row(
        finding=finding,
        name=called[finding.character_id],
        kind=KIND_TITLES[finding.kind],
        field=CharacterSheet.model_fields[finding.field].title or finding.field,
        url=f"{editor}#field-{finding.field}",
    )


def _characters(
    found: Sequence[Finding], *, called: Mapping[str, str], character: str
) -> list[tuple[str, str]]:
    """Who can be chosen: those with findings, and who is chosen in any case."""
    ids = {each.character_id for each in found}
    named = sorted((called[key], key) for key in ids)[:_CHARACTERS]
    choices = {key: name for name, key in named}
    if character:
        choices.setdefault(character, called.get(character, character))
    return list(choices.items())


def _kinds(found: Sequence[Finding], *, kind: str) -> list[tuple[str, str]]:
    there = {each.kind.value for each in found} | {kind}
    return [(key, title) for key, title in KIND_TITLES.items() if key in there]
