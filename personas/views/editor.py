"""The page that edits a draft: the whole form, and what is seen beside it.

It saves by plain POST, so that it works without scripts; scripts save parts of
it meanwhile (``editor_saving``), and load the panes beside the form.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from personas.forms.drafts import form_class_of
from personas.forms.merging import texts_of
from personas.forms.sheets import PICTURE, SheetForm
from personas.forms.uploads import take_upload
from personas.models import Character
from personas.services import drafts
from personas.views import editor_preview
from personas.views.characters import character_or_404, rights
from personas.views.editing import Draft, Places, why_read_only
from personas.views.frameworks import framework_or_404, template_of, used_by
from personas.views.reviewing import review_of
from personas.views.shown import face_of


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def character_edit(request: HttpRequest, character_id: str) -> HttpResponse:
    """The editor of a character; by POST, saving the draft."""
    return _edit(request, draft=character_or_404(character_id))


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def framework_edit(request: HttpRequest, framework_id: str) -> HttpResponse:
    """The editor of a framework; by POST, saving the draft."""
    return _edit(request, draft=framework_or_404(framework_id))


def _edit(request: HttpRequest, *, draft: Draft) -> HttpResponse:
    if request.method == "POST":
        return _save(request, draft=draft)
    is_read_only = bool(why_read_only(request, draft=draft))
    form = form_class_of(draft)(current=draft, is_read_only=is_read_only)
    return _show(request, form=form, draft=draft)


def _save(request: HttpRequest, *, draft: Draft) -> HttpResponse:
    now = timezone.now()
    data, problem = take_upload(request.POST, request.FILES, name=PICTURE, now=now)
    form = form_class_of(draft)(data, current=draft, picture_error=problem)
    if not form.is_valid():
        return _show(request, form=form, draft=draft, status=422)
    try:
        saved = form.save(actor=signed_in(request), now=now)
    except drafts.StaleRevision as error:
        return _stale(request, data=data, current=error.current)
    if saved is None:
        return _show(request, form=form, draft=draft, status=422)
    if "_publish" in request.POST:
        return redirect(Places.of(saved).publish)
    if saved.revision == form.cleaned_data["revision"]:
        messages.info(request, "Nothing was changed.")
    else:
        messages.success(request, f"Draft of {saved} saved. Bots do not see it yet.")
    return redirect(Places.of(saved).editor)


def _stale(request: HttpRequest, *, data: Any, current: Draft) -> HttpResponse:
    """The same form once more, now for what somebody else saved meanwhile."""
    places = Places.of(current)
    if isinstance(current, Character):
        current = character_or_404(places.key)
    else:
        current = framework_or_404(places.key)
    data = data.copy()
    data["revision"] = str(current.revision)
    form = form_class_of(current)(data, current=current, is_stale=True)
    return _show(request, form=form, draft=current, status=412)


_LISTS: Final = {
    "character": ("Characters", "admin:personas_character_changelist"),
    "framework": ("Frameworks", "admin:personas_framework_changelist"),
}


def _show(
    request: HttpRequest, *, form: SheetForm, draft: Draft, status: int = 200
) -> HttpResponse:
    places = Places.of(draft)
    list_title, list_name = _LISTS[places.kind]
    context = {
        "draft": draft,
        "places": places,
        "panes": list(places.panes()),
        "list_title": list_title,
        "list_url": reverse(list_name),
        "form": form,
        "base": texts_of(draft.to_sheet().model_dump(mode="json")),
        "media": form.media,
        "sections": list(form.sections()),
        "conflicts": form.conflicts(),
        "read_only_reason": why_read_only(request, draft=draft),
        "options": editor_preview.options(draft),
        **rights(request),
        **_beside(request, draft=draft),
    }
    return render(request, "personas/editor.html", context, status=status)


def _beside(request: HttpRequest, *, draft: Draft) -> dict[str, Any]:
    """What only one of the two kinds of drafts shows."""
    if isinstance(draft, Character):
        return {
            "character": draft,
            "face": face_of(draft),
            "review": review_of(draft, viewer=signed_in(request)),
            "mixer_url": reverse("personas:character-mixer", args=[draft.character_id]),
        }
    return {
        "framework": draft,
        "used_by": used_by(draft),
        "template": template_of(draft.prompt_template),
    }
