"""Going to a character or framework by a few letters, from any page."""

from dataclasses import dataclass
from typing import Final

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.access import allows
from core.roles import Action
from core.views.requests import search_words
from personas.domain.searching import normalised, words_of
from personas.models import Character, Framework
from personas.services import searching
from personas.views.reading import for_cards
from personas.views.shown import Face, face_of

MOST: Final = 8
MOST_FRAMEWORKS: Final = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One place to go to."""

    title: str
    kind: str
    id: str
    url: str
    is_archived: bool
    face: Face | None = None


@allows(GET=Action.SEE)
def find(request: HttpRequest) -> HttpResponse:
    """A fragment with the best matches for ``q``; without it, what was saved last."""
    words = search_words(request)
    context = {
        "words": words,
        "characters": _characters(words),
        "frameworks": _frameworks(words),
    }
    return render(request, "personas/_found.html", context)


def _characters(words: str) -> list[Found]:
    rows = for_cards(Character.objects.all())
    order = ["-updated_at", "pk"]
    if words_of(words):
        rows = searching.found(rows, query=words)
        order = ["search_rank", "display_name", "pk"]
    # Whoever is in use stands before the archived.
    rows = rows.order_by(F("archived_at").asc(nulls_first=True), *order)
    return [
        Found(
            row.display_name,
            "Character",
            row.character_id,
            reverse("personas:character-detail", args=[row.character_id]),
            row.is_archived,
            face_of(row),
        )
        for row in rows[:MOST]
    ]


def _frameworks(words: str) -> list[Found]:
    """By name and id; there are few."""
    wanted = words_of(words)
    if not wanted:
        return []
    rows = Framework.objects.only("framework_id", "name", "archived_at")
    found = [
        row
        for row in rows.order_by("name", "framework_id")
        if all(w in normalised(f"{row.name} {row.framework_id}") for w in wanted)
    ]
    found.sort(key=lambda row: row.is_archived)
    return [
        Found(
            row.name,
            "Framework",
            row.framework_id,
            reverse("personas:framework-detail", args=[row.framework_id]),
            row.is_archived,
        )
        for row in found[:MOST_FRAMEWORKS]
    ]
