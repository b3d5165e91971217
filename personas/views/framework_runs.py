"""A publish of a framework as it goes on in the background, and as it ended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.models import Character, FrameworkRun
from personas.services import framework_runs
from personas.services.framework_runs import Status
from personas.views.live import render_live
from personas.views.reading import for_cards
from personas.views.shown import Face, face

NAMED: Final = 5
"""So many names are listed with a note."""
LATE_AFTER: Final = timedelta(seconds=15)
"""A run that nobody began for so long shows that nobody does the work."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The word for how one character stands, and the look of its badge."""

    words: str
    badge: str


_WAITING: Final = Standing("Waiting", "draft")
_NOT_SWITCHED: Final = Standing("As it was", "archived")
_STANDINGS: Final[Mapping[str, Standing]] = {
    Status.READY: Standing("Ready", "info"),
    Status.PUBLISHED: Standing("Live", "live"),
    Status.UNCHANGED: Standing("Unchanged", "archived"),
    Status.EDITED: Standing("Left alone", "warning"),
    Status.REFUSED: Standing("Refused", "danger"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One character of a run; ``version`` is the new one (0: none)."""

    character_id: str
    name: str
    face: Face
    standing: Standing
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the checks say of these, by name, without being in their way."""

    text: str
    names: list[str]

    @property
    def more(self) -> bool:
        """Whether the names are too many to list."""
        return len(self.names) > NAMED


def run_or_404(framework_id: str, pk: int) -> FrameworkRun:
    rows = FrameworkRun.objects.select_related(
        "framework", "author", "publication__undone_by"
    )
    return get_object_or_404(rows, pk=pk, framework__framework_id=framework_id)


@allows(GET=Action.SEE)
def framework_run(request: HttpRequest, framework_id: str, pk: int) -> HttpResponse:
    return render_live(
        request,
        "personas/framework_run.html",
        lambda: _shown(request, run_or_404(framework_id, pk)),
    )


@allows(GET=Action.SEE)
def framework_run_state(
    request: HttpRequest, framework_id: str, pk: int
) -> HttpResponse:
    """The region that tells how far it is, as live pages load it."""
    return render_live(
        request,
        "personas/_framework_run.html",
        lambda: _shown(request, run_or_404(framework_id, pk)),
    )


@allows(POST=Action.PUBLISH)
def framework_run_cancel(
    request: HttpRequest, framework_id: str, pk: int
) -> HttpResponse:
    run_or_404(framework_id, pk)
    run = framework_runs.cancel(run_id=pk, actor=signed_in(request), now=timezone.now())
    if framework_runs.is_cancelled(run):
        messages.success(request, "Cancelled. Nothing was switched.")
    elif run.state == FrameworkRun.State.DONE:
        messages.warning(request, "It was done already; undo it instead.")
    else:
        messages.info(request, "It had failed already. Nothing was switched.")
    return redirect("personas:framework-run", framework_id, pk)


def _shown(request: HttpRequest, run: FrameworkRun) -> dict[str, Any]:
    """How the run stands, who is in it, and what may be done about it."""
    is_open = run.finished_at is None
    publication = run.publication
    is_undone = publication is not None and hasattr(publication, "undone_by")
    may_publish = may(request.user, action=Action.PUBLISH)
    rows = _rows(run)
    counts = Counter(row["status"] for row in run.results.values())
    return {
        "run": run,
        "framework": run.framework,
        "is_open": is_open,
        "is_late": run.state == FrameworkRun.State.QUEUED
        and run.created_at <= timezone.now() - LATE_AFTER,
        "is_cancelled": framework_runs.is_cancelled(run),
        "published_count": counts[Status.PUBLISHED],
        "left_count": counts[Status.EDITED] + counts[Status.REFUSED],
        "is_undone": is_undone,
        "may_undo": may_publish and publication is not None and not is_undone,
        "may_cancel": may_publish and is_open,
        "may_publish": may_publish,
        "rows": rows,
        "notes": _notes(run, rows=rows),
    }


def _rows(run: FrameworkRun) -> list[Row]:
    """All characters of the run by name."""
    characters = for_cards(Character.objects.filter(character_id__in=run.character_ids))
    known = {c.character_id: c for c in characters}
    rows = []
    for character_id in run.character_ids:
        result = run.results.get(character_id, {})
        character = known.get(character_id)
        name = character.display_name if character else character_id
        digest = (character.picture_id or "") if character else ""
        rows.append(
            Row(
                character_id=character_id,
                name=name,
                face=face(character_id, name=name, digest=digest),
                standing=_standing(run, status=result.get("status", "")),
                version=result.get("version", 0),
                reason=result.get("detail", ""),
            )
        )
    return sorted(rows, key=lambda row: (row.name.casefold(), row.character_id))


def _notes(run: FrameworkRun, *, rows: Sequence[Row]) -> list[Note]:
    """Each note once, with those it is about: most are about the framework."""
    names: dict[str, list[str]] = {}
    for row in rows:
        for text in run.results.get(row.character_id, {}).get("notes", []):
            names.setdefault(text, []).append(row.name)
    return [Note(text, found) for text, found in names.items()]


def _standing(run: FrameworkRun, *, status: str) -> Standing:
    if run.state == FrameworkRun.State.FAILED and status in {"", Status.READY}:
        return _NOT_SWITCHED
    return _STANDINGS.get(status, _WAITING)
