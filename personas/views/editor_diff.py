"""What is typed, or saved, beside any version: by field, and by words of the prompt.

A pane of the editor, and a page of its own for those without scripts. Nothing is
saved by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from pydantic import ValidationError as SheetError

from core.access import allows
from core.people import may
from core.roles import Action
from personas.domain.sheets import CharacterSheet, FrameworkSheet, Sheet
from personas.forms.drafts import form_class_of
from personas.models import Character, CharacterVersion, Framework, FrameworkVersion
from personas.models.labels import PRODUCTION
from personas.services import growing
from personas.views.characters import character_or_404
from personas.views.frameworks import framework_or_404
from personas.views.side_options import (
    OFFERED,
    VERSION_FIELDS,
    Option,
    asked_in,
    blended_contexts,
    character_labels,
    character_version_options,
    context_options,
    context_titles,
    number_in,
    stage_options,
    stored_contexts,
    version_options,
)
from personas.views.sides import (
    compared,
    draft_side,
    framework_side,
    version_side,
)

Draft = Character | Framework
PROMPT: Final = "prompt"


@dataclass(frozen=True, slots=True)
class Typed:
    """A draft as it is in the form; fields in ``wrong`` count as they were saved."""

    sheet: Sheet
    title: str
    wrong: tuple[str, ...] = ()


def typed(request: HttpRequest, *, draft: Draft) -> Typed:
    """What was posted; the saved draft, if nobody could type into the form."""
    saved = draft.to_sheet()
    may_type = may(request.user, action=Action.EDIT_DRAFTS) and not draft.is_archived
    if not (may_type and "revision" in request.POST):
        return Typed(saved, "the draft")
    form = form_class_of(draft)(request.POST, current=draft)
    title = "what is typed"
    if form.is_valid() and form.sheet is not None:
        return Typed(form.sheet, title)
    values = saved.model_dump(mode="json") | {
        name: form.cleaned_data[name]
        for name in form.sheet_names
        if name in form.cleaned_data
    }
    wrong = tuple(
        str(form[name].label) for name in form.sheet_names if form[name].errors
    )
    try:
        return Typed(type(saved).model_validate(values), title, wrong)
    except SheetError:
        # Right by themselves, but not together with what was saved of the others.
        return Typed(saved, "the saved draft", wrong)


def is_fragment(request: HttpRequest) -> bool:
    """Whether a pane asks, not somebody who opened the address."""
    return request.method == "POST" or bool(getattr(request, "htmx", False))


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The pane or the page; of the pane only the prompts, if ``part`` says so."""
    name = "_editor_diff" if context["is_fragment"] else "editor_diff"
    if (
        context["is_fragment"]
        and request.GET.get("part") == PROMPT
        and "comparison" in context
    ):
        name = "_comparison_prompt"
    return render(request, f"personas/{name}.html", context)


# -- Characters ----------------------------------------------------------------------


@allows(GET=Action.SEE, POST=Action.SEE)
def character_edit_diff(request: HttpRequest, character_id: str) -> HttpResponse:
    """The draft against a version: as ``against`` says, else the live one.

    ``context`` and ``stage`` choose the prompts. By POST of the whole form, what
    is typed counts; saving needs other rights, looking does not.
    """
    character = character_or_404(character_id)
    data = request.POST if request.method == "POST" else request.GET
    now = typed(request, draft=character)
    context: dict[str, Any] = {
        "draft": character,
        "url": reverse("personas:character-edit-diff", args=[character_id]),
        "page_url": reverse("personas:character-detail", args=[character_id]),
        "wrong": now.wrong,
        "is_fragment": is_fragment(request),
        **_character(character, now=now, data=data),
    }
    return _answer(request, context)


def _character(
    character: Character, *, now: Typed, data: Mapping[str, Any]
) -> dict[str, Any]:
    assert isinstance(now.sheet, CharacterSheet)  # noqa: S101  # A character's own.
    labels = character_labels(character)
    options = character_version_options(character, labels=labels)
    live = next((n for n, titles in labels.items() if titles[0] == "Live"), 0)
    newest = int(options[0].value) if options else 0
    number = number_in(data, "against") or live or newest
    version = (
        CharacterVersion.objects.select_related("framework_version__framework")
        .filter(character=character, number=number)
        .first()
    )
    found: dict[str, Any] = {"versions": options, "against": str(number)}
    if version is None:
        return found
    asked = asked_in(data)
    titles = context_titles()
    kinds = stored_contexts([version]) | blended_contexts(now.sheet)
    return {
        **found,
        "comparison": compared(
            version_side(version, character_id=character.character_id, asked=asked),
            draft_side(
                now.sheet,
                character_id=character.character_id,
                asked=asked,
                title=now.title,
            ),
            asked=asked,
        ),
        "context_title": titles.get(asked.context, asked.context),
        "contexts": context_options(kinds, titles=titles),
        "stages": stage_options([version.to_sheet(), now.sheet]),
    }


# -- Frameworks ----------------------------------------------------------------------


@allows(GET=Action.SEE, POST=Action.SEE)
def framework_edit_diff(request: HttpRequest, framework_id: str) -> HttpResponse:
    """As for characters; ``character`` names one whose prompt is compared too."""
    framework = framework_or_404(framework_id)
    data = request.POST if request.method == "POST" else request.GET
    now = typed(request, draft=framework)
    context: dict[str, Any] = {
        "draft": framework,
        "url": reverse("personas:framework-edit-diff", args=[framework_id]),
        "page_url": reverse("personas:framework-detail", args=[framework_id]),
        "wrong": now.wrong,
        "is_fragment": is_fragment(request),
        **_framework(framework, now=now, data=data),
    }
    return _answer(request, context)


def _framework(
    framework: Framework, *, now: Typed, data: Mapping[str, Any]
) -> dict[str, Any]:
    assert isinstance(now.sheet, FrameworkSheet)  # noqa: S101  # A framework's own.
    published = framework.published.number if framework.published else 0
    rows = framework.versions.order_by("-number").values_list(*VERSION_FIELDS)[:OFFERED]
    number = number_in(data, "against") or published
    version = FrameworkVersion.objects.filter(
        framework=framework, number=number
    ).first()
    found: dict[str, Any] = {
        "versions": version_options(rows, labels={published: ["Live"]}),
        "against": str(number),
    }
    if version is None:
        return found
    users = Character.objects.active().using_framework(framework)
    names = list(users.values_list("character_id", "display_name")[:OFFERED])
    wanted = data.get("character", "")
    chosen = wanted if wanted in dict(names) else (names[0][0] if names else "")
    sheet = _sheet_of(chosen) if chosen else None
    growth = growing.growth_of_id(chosen)
    asked = asked_in({})
    return {
        **found,
        "comparison": compared(
            framework_side(
                f"version {version.number}",
                version.to_sheet(),
                character=sheet,
                character_id=chosen,
                growth=growth,
            ),
            framework_side(
                now.title,
                now.sheet,
                character=sheet,
                character_id=chosen,
                growth=growth,
            ),
            asked=asked,
        ),
        "context_title": f"Prompt of {dict(names)[chosen]}" if chosen else "",
        "characters": [Option(key, name) for key, name in names],
        "character": chosen,
    }


def _sheet_of(character_id: str) -> CharacterSheet:
    """What is live of a character; its draft, if nothing is."""
    live = CharacterVersion.objects.filter(
        character__character_id=character_id, labels__name=PRODUCTION
    ).first()
    if live is not None:
        return live.to_sheet()
    return Character.objects.for_sheets().get(character_id=character_id).to_sheet()
