"""One character: what is live, what the draft changes, what was before."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from core.views.toasts import tell_undoable
from personas.models import Character, CharacterVersion
from personas.models.labels import PRODUCTION
from personas.services import drafts
from personas.views import prompts
from personas.views.comparing import differences, inputs
from personas.views.live import render_live
from personas.views.reading import labels_without_inputs
from personas.views.reviewing import review_of
from personas.views.shown import LabelName, face_of


def character_or_404(character_id: str) -> Character:
    """A character with all that its sheet and its live label need."""
    live = labels_without_inputs().filter(name=PRODUCTION)
    rows = (
        Character.objects.for_sheets()
        .select_related("framework__published")
        .defer("framework__published__inputs")
        .prefetch_related(Prefetch("labels", live, to_attr="live_labels"))
    )
    return get_object_or_404(rows, character_id=character_id)


def rights(request: HttpRequest) -> dict[str, bool]:
    """What the person may do with a character or framework, for templates."""
    return {
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "may_publish": may(request.user, action=Action.PUBLISH),
        "may_archive": may(request.user, action=Action.ARCHIVE),
        "may_import": may(request.user, action=Action.IMPORT),
        "may_quiet": may(request.user, action=Action.QUIET),
    }


def wants_archived(request: HttpRequest) -> bool:
    """What the form asks for, or the address when an act is taken back."""
    asked = request.POST.get("is_archived", request.GET.get("is_archived"))
    return asked == "yes"


@allows(GET=Action.SEE)
def character_detail(request: HttpRequest, character_id: str) -> HttpResponse:
    return render_live(
        request,
        "personas/character_detail.html",
        lambda: _detail(request, character_or_404(character_id)),
    )


def _detail(request: HttpRequest, character: Character) -> dict[str, Any]:
    return {
        **_state(request, character),
        **_live_prompt(character),
        "versions": versions_page(request, character=character),
        "aliases": [alias.text for alias in character.aliases.all()],
        **_lineage(character),
    }


@allows(GET=Action.SEE)
def character_state(request: HttpRequest, character_id: str) -> HttpResponse:
    """The region that tells how the character stands, as live pages load it."""
    return render_live(
        request,
        "personas/_character_state.html",
        lambda: _state(request, character_or_404(character_id)),
    )


def _state(request: HttpRequest, character: Character) -> dict[str, Any]:
    return {
        **state(character),
        **rights(request),
        "review": review_of(character, viewer=signed_in(request)),
    }


def state(character: Character) -> dict[str, Any]:
    """Labels, scheduled moves, and how the draft differs from what is live."""
    labels = labels_without_inputs().filter(character=character).order_by("name")
    live = character.live
    changes = []
    if live is not None and character.has_unpublished_changes:
        before = CharacterVersion.objects.get(pk=live.version_id).to_sheet()
        changes = differences(before, after=character.to_sheet())
    moves = character.scheduled_moves.open().select_related("version")
    return {
        "character": character,
        "face": face_of(character),
        "live": live,
        "labels": [(LabelName.of(label.name), label) for label in labels],
        "changes": changes,
        "has_changes": character.has_unpublished_changes,
        "moves": [
            (LabelName.of(move.label), move)
            for move in moves.defer("version__inputs").order_by("move_at", "pk")
        ],
    }


def _lineage(character: Character) -> dict[str, Any]:
    """What it was made from, and what was made from it."""
    # Names only: whole rows are long.
    names = Character.objects.only("character_id", "display_name")
    return {
        "copied_from": (
            names.filter(copies=character).first() if character.copied_from_id else None
        ),
        "copies": list(
            names.filter(copied_from=character).order_by("display_name", "pk")
        ),
    }


def _live_prompt(character: Character) -> dict[str, Any]:
    live = character.live
    return {"prompt": prompts.stored_prompt(live.version) if live else None}


def versions_page(request: HttpRequest, *, character: Character) -> dict[str, Any]:
    """One page of the versions, newest first, each with the labels on it."""
    rows = (
        character.versions.for_history()
        .defer("inputs", "framework_version__inputs")
        .prefetch_related("labels")
    )
    page = page_of(request, rows=rows)
    return {
        "page": page,
        "rows": [
            (version, [LabelName.of(label.name) for label in version.labels.all()])
            for version in page.object_list
        ],
    }


@allows(GET=Action.SEE)
def character_preview(request: HttpRequest, character_id: str) -> HttpResponse:
    """The draft as it would be served, beside what is live.

    Compiled because a person asks; bots are never served from here. Without
    htmx it is a page of its own.
    """
    character = character_or_404(character_id)
    preview = prompts.preview_of(
        character.to_sheet(),
        character_id=character_id,
        framework=character.framework,
    )
    shown = prompts.beside_live(preview, live=character.live)
    context = {"character": character, **shown}
    is_fragment = bool(getattr(request, "htmx", False))
    name = "_character_preview" if is_fragment else "character_preview"
    return render(request, f"personas/{name}.html", context)


@allows(GET=Action.SEE)
def character_draft(request: HttpRequest, character_id: str) -> HttpResponse:
    """Every field of the draft, to read."""
    character = character_or_404(character_id)
    context = {
        "character": character,
        "face": face_of(character),
        "inputs": inputs(character.to_sheet()),
        **rights(request),
    }
    return render(request, "personas/character_draft.html", context)


@allows(POST=Action.PUBLISH)
def character_switch(request: HttpRequest, character_id: str) -> HttpResponse:
    """Switch on or off, as ``is_active`` says; acts at once."""
    get_object_or_404(Character, character_id=character_id)
    is_active = request.POST.get("is_active") == "yes"
    character = drafts.set_active(
        character_id=character_id,
        is_active=is_active,
        actor=signed_in(request),
        now=timezone.now(),
    )
    words = "is switched on." if is_active else "is switched off; it answers nobody."
    messages.success(request, f"{character} {words}")
    return redirect("personas:character-detail", character_id)


@allows(POST=Action.ARCHIVE)
def character_archive(request: HttpRequest, character_id: str) -> HttpResponse:
    """Put away, or bring back, as ``is_archived`` of form or address says."""
    get_object_or_404(Character, character_id=character_id)
    is_archived = wants_archived(request)
    character = drafts.archive_character(
        character_id=character_id,
        is_archived=is_archived,
        actor=signed_in(request),
        now=timezone.now(),
    )
    told = "is archived" if is_archived else "is back"
    back = {"is_archived": "no" if is_archived else "yes"}
    tell_undoable(
        request,
        f"{character} {told}.",
        undo_url=reverse("personas:character-archive", args=[character_id], query=back),
    )
    return redirect("personas:character-detail", character_id)
