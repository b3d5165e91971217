"""What was published, and taking it back."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas.models import Publication, ScheduledMove
from personas.services import labels
from personas.views import changes
from personas.views.shown import LabelName, face_of

LEFT_ALONE: Final = "left_alone"
"""Session key: ``{"publication": pk, "edited": [...], ...}`` of the last publish."""


@allows(GET=Action.SEE)
def publication_list(request: HttpRequest) -> HttpResponse:
    page = page_of(request, rows=changes.publications())
    context = {
        "page": page,
        "changes": changes.changes(page.object_list, viewer=signed_in(request)),
        **_tabs(),
    }
    return render(request, "personas/publication_list.html", context)


def _tabs() -> dict[str, Any]:
    return {"scheduled_count": ScheduledMove.objects.open().count()}


@allows(GET=Action.SEE)
def publication_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """All moves of a publication; after a publish also what was left alone."""
    publication = get_object_or_404(
        Publication.objects.select_related(
            "framework_version__framework",
            "framework_before",
            "undoes",
            "undone_by",
        ).defer("framework_version__inputs", "framework_before__inputs"),
        pk=pk,
    )
    page = page_of(request, rows=changes.moves_of(publication.moves.all()))
    left = request.session.get(LEFT_ALONE, {})
    context = {
        "change": changes.change(
            publication,
            moves=page.object_list,
            more=0,
            may_publish=may(request.user, action=Action.PUBLISH),
        ),
        "page": page,
        "left": left if left.get("publication") == pk else None,
    }
    return render(request, "personas/publication_detail.html", context)


@allows(POST=Action.PUBLISH)
def publication_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take all moves of a publication back; what moved on since stays."""
    get_object_or_404(Publication, pk=pk)
    try:
        result = labels.undo(
            publication_id=pk, author=signed_in(request), now=timezone.now()
        )
    except labels.AlreadyUndone as error:
        messages.warning(request, str(error))
        return redirect("personas:publication-detail", pk)
    request.session[LEFT_ALONE] = {
        "publication": result.publication.pk,
        "moved_since": sorted(set(result.moved_since)),
    }
    if result.framework_stays:
        messages.warning(
            request,
            "The characters are taken back. The framework stays published: it has"
            " moved on since, or this was its first version.",
        )
    elif result.moved_since:
        messages.warning(request, "Taken back, but for what has moved on since.")
    else:
        messages.success(request, "Taken back.")
    return redirect("personas:publication-detail", result.publication.pk)


@allows(GET=Action.SEE)
def schedule_list(request: HttpRequest) -> HttpResponse:
    """Label moves that are still to come, soonest first."""
    rows = (
        ScheduledMove.objects.open()
        .select_related("character", "version")
        .defer("version__inputs")
        .order_by("move_at", "pk")
    )
    page = page_of(request, rows=rows)
    context = {
        "page": page,
        "moves": [
            (LabelName.of(move.label), move, face_of(move.character))
            for move in page.object_list
        ],
        "may_publish": may(request.user, action=Action.PUBLISH),
        **_tabs(),
    }
    return render(request, "personas/schedule_list.html", context)


@allows(POST=Action.PUBLISH)
def schedule_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(ScheduledMove, pk=pk)
    move = labels.cancel(move_id=pk, actor=signed_in(request), now=timezone.now())
    if move.cancelled_at is None:
        messages.warning(request, "That change is done already; roll it back instead.")
    elif move.started_at is not None:
        messages.success(request, "It will not go back by itself any more.")
    else:
        messages.success(request, "Called off. Nothing will change.")
    return redirect("personas:schedule-list")
