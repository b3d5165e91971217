"""One version of a character: what it holds, how it differs, where it can go."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from personas.forms import LabelForm, RevisionForm
from personas.models import Character, CharacterVersion
from personas.services import drafts, labels, publishing
from personas.views import prompts
from personas.views.characters import character_or_404, rights
from personas.views.comparing import inputs
from personas.views.shown import LabelName, face_of
from personas.views.side_options import (
    Option,
    asked_in,
    blended_contexts,
    character_labels,
    character_version_options,
    context_options,
    context_titles,
    stage_options,
    stored_contexts,
)
from personas.views.sides import Asked, compared, draft_side, version_side

DRAFT: Final = "draft"
EDITOR: Final = "editor"
"""What the form field ``then`` holds in the editor: go back there."""


def version_or_404(character_id: str, *, number: int) -> CharacterVersion:
    rows = CharacterVersion.objects.select_related("framework_version__framework")
    return get_object_or_404(
        rows.defer("framework_version__inputs"),
        character__character_id=character_id,
        number=number,
    )


@allows(GET=Action.SEE)
def version_detail(
    request: HttpRequest, character_id: str, number: int
) -> HttpResponse:
    return _page(request, character_id, number, form=LabelForm())


def _page(
    request: HttpRequest,
    character_id: str,
    number: int,
    *,
    form: LabelForm,
    against: str = "",
    status: int = 200,
) -> HttpResponse:
    """``against`` is what to compare with, whatever the request asks for."""
    version = version_or_404(character_id, number=number)
    character = character_or_404(character_id)
    against = against or _against(request, character=character, number=number)
    comparison = _compare(
        character, version=version, against=against, asked=asked_in(request.GET)
    )
    context = {
        "character": character,
        "face": face_of(character),
        "version": version,
        "labels": [
            LabelName.of(name)
            for name in version.labels.order_by("name").values_list("name", flat=True)
        ],
        "inputs": inputs(version.to_sheet()),
        "prompt": prompts.stored_prompt(version),
        "against": against,
        "choices": [
            Option(DRAFT, "the draft"),
            *character_version_options(
                character, labels=character_labels(character), but=number
            ),
        ],
        **comparison,
        "form": form,
        **rights(request),
    }
    return render(request, "personas/version_detail.html", context, status=status)


def _against(request: HttpRequest, *, character: Character, number: int) -> str:
    """What to compare with: as asked, else the version before, else the draft."""
    asked = request.GET.get("against", "")
    if asked == DRAFT or (asked.isascii() and asked.isdecimal() and len(asked) < 10):
        return asked
    before = character.versions.filter(number__lt=number).order_by("-number")
    number_before = before.values_list("number", flat=True).first()
    return str(number_before) if number_before else DRAFT


def _compare(
    character: Character, *, version: CharacterVersion, against: str, asked: Asked
) -> dict[str, Any]:
    """The version and the other in the order of time; nothing if there is none."""
    character_id = character.character_id
    one = version_side(version, character_id=character_id, asked=asked)
    titles = context_titles()
    shown: dict[str, Any] = {"context_title": titles.get(asked.context, asked.context)}
    if against == DRAFT:
        draft = character.to_sheet()
        two = draft_side(draft, character_id=character_id, asked=asked)
        kinds = stored_contexts([version]) | blended_contexts(draft)
        sheets = [version.to_sheet(), draft]
    else:
        rows = CharacterVersion.objects.select_related("framework_version__framework")
        other = rows.filter(character=character, number=against).first()
        if other is None:
            return shown
        two = version_side(other, character_id=character_id, asked=asked)
        kinds = stored_contexts([version, other])
        sheets = [version.to_sheet(), other.to_sheet()]
        if other.number < version.number:
            one, two = two, one
    return {
        **shown,
        "comparison": compared(one, two, asked=asked),
        "contexts": context_options(kinds, titles=titles),
        "stages": stage_options(sheets),
    }


def edited_meanwhile(error: drafts.StaleRevision) -> str:
    return (
        f"“{error.current}” was edited meanwhile. Look at the draft again; restoring"
        " would replace what was written there."
    )


@allows(POST=Action.EDIT_DRAFTS)
def version_restore(
    request: HttpRequest, character_id: str, number: int
) -> HttpResponse:
    """Copy a version's inputs into the draft that the page showed.

    A draft that was edited since is shown beside the version, with 412, so that
    whoever restores sees first what they would replace.
    """
    version_or_404(character_id, number=number)
    form = RevisionForm(request.POST)
    here = redirect("personas:version-detail", character_id, number)
    if not form.is_valid():
        messages.error(request, "Reload this page, then restore again.")
        return here
    try:
        character = labels.restore_into_draft(
            character_id=character_id,
            number=number,
            revision=form.cleaned_data["revision"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except drafts.StaleRevision as error:
        messages.error(request, edited_meanwhile(error))
        return _page(
            request,
            character_id,
            number,
            form=LabelForm(),
            against=DRAFT,
            status=412,
        )
    except (drafts.Archived, drafts.UnknownFramework, drafts.UnknownPicture) as error:
        messages.error(request, str(error))
        return here
    if character.revision == form.cleaned_data["revision"]:
        messages.info(request, f"The draft is as version {number} already.")
    else:
        messages.success(
            request,
            f"Version {number} is in the draft of {character}. Publish it to make it"
            " live.",
        )
    return redirect(back_to(request, kind="character"), character_id)


def back_to(request: HttpRequest, *, kind: str) -> str:
    """Where the person came from: the editor, or the page."""
    came_from_editor = request.POST.get("then") == EDITOR
    return f"personas:{kind}-{'edit' if came_from_editor else 'detail'}"


@allows(POST=Action.PUBLISH)
def version_label(request: HttpRequest, character_id: str, number: int) -> HttpResponse:
    """Point a label at this version: Live, Trial, or another."""
    version_or_404(character_id, number=number)
    form = LabelForm(request.POST)
    if not form.is_valid():
        return _page(request, character_id, number, form=form, status=422)
    label = form.cleaned_data["label"]
    try:
        publication = labels.move_label(
            character_id=character_id,
            label=label,
            number=number,
            note=form.cleaned_data["note"],
            author=signed_in(request),
            now=timezone.now(),
        )
    except labels.AlreadyThere:
        form.add_error(
            "label", f"{LabelName.of(label).title} is at version {number} already."
        )
        return _page(request, character_id, number, form=form, status=422)
    except publishing.NothingToPublish as error:
        form.add_error("note", str(error))
        return _page(request, character_id, number, form=form, status=422)
    messages.success(request, f"Version {number} is {LabelName.of(label).title} now.")
    if request.POST.get("then") == EDITOR:
        return redirect("personas:character-edit", character_id)
    return redirect("personas:publication-detail", publication.pk)
