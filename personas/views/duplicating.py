"""Making a character or framework from another one's draft."""

from collections.abc import Callable, Collection
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from personas.forms.duplicating import DuplicateForm
from personas.models import Alias, Character, Framework
from personas.services import copying, drafts

COPY: Final = "-copy"


def free_id(original: str, /, *, taken: Collection[str]) -> str:
    """``pip-copy``, or with the first number that makes it free."""
    start = original[: limits.SLUG_LENGTH - len(COPY) - 5].rstrip("-_") + COPY
    number = 2
    made = start
    while made in taken:
        made = f"{start}-{number}"
        number += 1
    return made


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
def character_duplicate(request: HttpRequest, character_id: str) -> HttpResponse:
    original = get_object_or_404(
        Character.objects.only("character_id", "display_name"),
        character_id=character_id,
    )

    def make(new_id: str, name: str) -> str:
        copying.duplicate(
            character_id=character_id,
            new_id=new_id,
            display_name=name,
            actor=signed_in(request),
            now=timezone.now(),
        )
        return "personas:character-edit"

    ids = Character.objects.values_list("character_id", flat=True)
    aliases = Alias.objects.filter(character=original)
    context = {
        "kind": "character",
        "original": original,
        "original_id": character_id,
        "detail": "personas:character-detail",
        "list": "admin:personas_character_changelist",
        "list_title": "Characters",
        "aliases": list(aliases.values_list("text", flat=True)),
    }
    return _duplicate(request, context, make=make, ids=ids)


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
def framework_duplicate(request: HttpRequest, framework_id: str) -> HttpResponse:
    original = get_object_or_404(Framework, framework_id=framework_id)

    def make(new_id: str, name: str) -> str:
        copying.duplicate_framework(
            framework_id=framework_id,
            new_id=new_id,
            name=name,
            actor=signed_in(request),
            now=timezone.now(),
        )
        return "personas:framework-edit"

    ids = Framework.objects.values_list("framework_id", flat=True)
    context = {
        "kind": "framework",
        "original": original,
        "original_id": framework_id,
        "detail": "personas:framework-detail",
        "list": "admin:personas_framework_changelist",
        "list_title": "Frameworks",
    }
    return _duplicate(request, context, make=make, ids=ids)


def _duplicate(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    make: Callable[[str, str], str],
    ids: Any,
) -> HttpResponse:
    """Ask for name and id; by POST ``make`` it and go on to its editor."""
    original, original_id = context["original"], context["original_id"]
    if request.method == "POST":
        form = DuplicateForm(request.POST)
        if form.is_valid():
            new_id = form.cleaned_data["new_id"]
            try:
                page = make(new_id, form.cleaned_data["name"])
            except drafts.IdTaken as error:
                form.add_error("new_id", str(error))
            except (drafts.UnknownFramework, drafts.UnknownPicture) as error:
                form.add_error(None, str(error))
            else:
                text = f"Made from {original}. Bots do not see it yet."
                messages.success(request, text)
                return redirect(page, new_id)
    else:
        taken = set(ids)
        name = f"{original}"[: limits.NAME_LENGTH - len(" (copy)")] + " (copy)"
        initial = {"name": name, "new_id": free_id(original_id, taken=taken)}
        form = DuplicateForm(initial=initial)
    status = 422 if form.errors else 200
    context = {**context, "form": form}
    return render(request, "personas/duplicate.html", context, status=status)
