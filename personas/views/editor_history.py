"""Who published which version, when and why, and every way back.

A pane of the editor, and a page of its own for those without scripts.
"""

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.access import allows
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas.models import LabelMove, Publication
from personas.views import changes
from personas.views.characters import character_or_404, rights, versions_page
from personas.views.editor_diff import is_fragment
from personas.views.frameworks import framework_or_404
from personas.views.versions import EDITOR

LATELY: Final = 3
"""Publications that can be taken back from here; all are on their own page."""


@allows(GET=Action.SEE)
def character_edit_history(request: HttpRequest, character_id: str) -> HttpResponse:
    """Versions, newest first, and what was last published."""
    character = character_or_404(character_id)
    moves = LabelMove.objects.filter(character=character)
    publications = changes.publications().filter(pk__in=moves.values("publication"))
    context = {
        "draft": character,
        "character": character,
        "live_number": character.live.version.number if character.live else 0,
        "versions": versions_page(request, character=character),
        **_shown(request, publications=publications, kind="character"),
        **_places("character", key=character_id),
    }
    return _answer(request, context)


@allows(GET=Action.SEE)
def framework_edit_history(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Versions, newest first, and when each was last published."""
    framework = framework_or_404(framework_id)
    rows = framework.versions.defer("inputs").order_by("-number")
    page = page_of(request, rows=rows)
    publications = changes.publications().filter(
        framework_version__in=framework.versions.values("pk")
    )
    context = {
        "draft": framework,
        "framework": framework,
        "live_number": framework.published.number if framework.published else 0,
        "versions": {"page": page, "rows": [(row, []) for row in page.object_list]},
        **_shown(request, publications=publications, kind="framework"),
        **_places("framework", key=framework_id),
    }
    return _answer(request, context)


def _shown(
    request: HttpRequest, *, publications: QuerySet[Publication], kind: str
) -> dict[str, Any]:
    return {
        "lately": changes.changes(publications[:LATELY], viewer=signed_in(request)),
        "kind": kind,
        "then": EDITOR if is_fragment(request) else "",
        "is_fragment": is_fragment(request),
        **rights(request),
    }


def _places(kind: str, *, key: str) -> dict[str, str]:
    return {
        "url": reverse(f"personas:{kind}-edit-history", args=[key]),
        "page_url": reverse(f"personas:{kind}-detail", args=[key]),
    }


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    name = "_editor_history" if context["is_fragment"] else "editor_history"
    return render(request, f"personas/{name}.html", context)
