"""What is in the form as a finished prompt, compiled to look at and saved nowhere."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.access import allows
from core.roles import Action
from personas import checks
from personas.domain.canonical import sheet_hash
from personas.domain.compiling import CompiledPersona, PromptTooLong, traced_prompt
from personas.domain.composing import TextTooLong
from personas.domain.growing import NO_GROWTH, BadStage, grown, growth_up_to
from personas.domain.macros import UnknownMacro, unknown_macros
from personas.domain.pieces import Pieces
from personas.domain.sections import FRAMEWORK
from personas.domain.sheets import CharacterSheet, FrameworkSheet
from personas.forms.drafts import form_class_of
from personas.forms.sheets import SheetForm
from personas.models import Character, Framework, FrameworkVersion, Label
from personas.models.characters import CharacterQuerySet
from personas.models.labels import PRODUCTION
from personas.services import blending, growing
from personas.services.blending import Ingredients
from personas.services.publishing import compile_sheet
from personas.tokens import count_tokens
from personas.views.budget import Budget, budget_of
from personas.views.characters import character_or_404
from personas.views.editing import Draft, Places, why_read_only
from personas.views.frameworks import framework_or_404
from personas.views.side_options import (
    AUTHORED,
    Option,
    asked_in,
    context_titles,
    preview_stage_options,
)
from personas.views.sides import Asked
from personas.views.tracing import Origin, place_words, spans, texts_by_part

PREFIX: Final = "preview-"
"""Before the names of the controls that choose what the preview shows."""
USER_LENGTH: Final = 200


class NoPrompt(Exception):
    """Nothing can be compiled; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the preview can be asked for, besides the form.

    ``characters`` is for frameworks, whose preview needs somebody who uses them.
    """

    contexts: list[Option]
    stages: list[Option]
    frameworks: list[Option] = field(default_factory=list)
    characters: list[Option] = field(default_factory=list)


def options(draft: Draft, /) -> Options:
    """What the controls of the preview offer."""
    contexts = [Option(key, title) for key, title in context_titles().items()]
    if isinstance(draft, Framework):
        rows = _users(draft).values_list("character_id", "display_name")
        return Options(
            contexts=contexts,
            stages=[],
            characters=[Option(key, name) for key, name in rows],
        )
    published = Framework.objects.active().filter(published__isnull=False)
    named = published.order_by("name", "framework_id")
    return Options(
        contexts=contexts,
        stages=preview_stage_options(draft.to_sheet()),
        frameworks=[
            Option(key, name) for key, name in named.values_list("framework_id", "name")
        ],
    )


def _users(framework: Framework) -> CharacterQuerySet:
    """Who uses it; first those whose own it is, whose plain prompt shows it."""
    rows = Character.objects.active().using_framework(framework)
    others_last = Case(When(framework=framework, then=0), default=1)
    return rows.order_by(others_last, "character_id")


@allows(POST=Action.SEE)
def character_edit_preview(request: HttpRequest, character_id: str) -> HttpResponse:
    """The form of a character as a prompt; 422 if something in it is wrong."""
    return _preview(request, draft=character_or_404(character_id))


@allows(POST=Action.SEE)
def framework_edit_preview(request: HttpRequest, framework_id: str) -> HttpResponse:
    """The form of a framework as a prompt of somebody who uses it."""
    return _preview(request, draft=framework_or_404(framework_id))


def _preview(request: HttpRequest, *, draft: Draft) -> HttpResponse:
    # What is read only is sent by no browser; then the draft itself is shown.
    is_read_only = bool(why_read_only(request, draft=draft))
    form = form_class_of(draft)(request.POST, current=draft, is_read_only=is_read_only)
    context: dict[str, Any] = {"draft": draft, "places": Places.of(draft), "form": form}
    status = 200
    if form.is_valid():
        context |= _answer(request, form=form, draft=draft)
        context["state"]["is_as_live"] = _is_as_live(form, draft=draft)
        context["advice"] = _advice(form, draft=draft)
    else:
        context |= {"sections": list(form.sections()), "state": _wrong(form)}
        status = 422
    is_fragment = bool(getattr(request, "htmx", False))
    name = "_editor_preview" if is_fragment else "editor_preview"
    return render(request, f"personas/{name}.html", context, status=status)


def _advice(form: SheetForm, *, draft: Draft) -> list[checks.Advice]:
    """What to look at in which field of a character."""
    if not isinstance(draft, Character) or not isinstance(form.sheet, CharacterSheet):
        return []
    return checks.advice(draft.character_id, sheet=form.sheet)


def _wrong(form: SheetForm) -> dict[str, Any]:
    """Fields and parts in which something needs a change, for the page's script."""
    errors = {name: [str(e) for e in form.errors[name]] for name in form.errors}
    return {
        "errors": errors,
        "wrong": [s.slug for s in form.sections() if s.has_errors],
    }


def _is_as_live(form: SheetForm, *, draft: Draft) -> bool:
    """Whether the form holds just what the live version was made of."""
    if isinstance(draft, Character):
        live = draft.live.version.inputs_hash if draft.live else ""
    else:
        live = draft.published.inputs_hash if draft.published else ""
    return form.sheet is not None and sheet_hash(form.sheet) == live


# -- Compiling -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is compiled with what, and what of them is live now."""

    character_id: str
    sheet: CharacterSheet
    made_of: Ingredients
    live: Label | None
    note: str = ""


def _answer(request: HttpRequest, *, form: SheetForm, draft: Draft) -> dict[str, Any]:
    asked = asked_in(
        {k: request.POST.get(PREFIX + k, "") for k in ("context", "stage")}
    )
    user = request.POST.get(f"{PREFIX}user", "").replace("\0", "")[:USER_LENGTH]
    try:
        if isinstance(draft, Character):
            subject = _of_character(request, form=form, draft=draft)
        else:
            subject = _of_framework(request, form=form, draft=draft)
        return _compiled(
            subject,
            asked=asked,
            is_authored=request.POST.get(f"{PREFIX}stage") == AUTHORED,
            draft=draft,
            form=form,
            user=user,
        )
    except (NoPrompt, PromptTooLong, TextTooLong, BadStage) as error:
        return {"refusals": [str(error)], "state": {"errors": {}, "wrong": []}}


def _of_character(
    request: HttpRequest, *, form: SheetForm, draft: Character
) -> Subject:
    sheet = form.sheet
    assert isinstance(sheet, CharacterSheet)  # noqa: S101  # The form is valid.
    wanted = request.POST.get(f"{PREFIX}framework", "")
    if wanted and "\0" not in wanted:
        sheet = sheet.model_copy(update={"framework_id": wanted})
    rows = Framework.objects.select_related("published")
    framework = rows.filter(framework_id=sheet.framework_id).first()
    if framework is None:
        raise NoPrompt("There is no such framework. Choose another.")
    made_of = blending.ingredients_for(sheet, own=_published(framework))
    return Subject(draft.character_id, sheet, made_of, _live(draft))


def _published(framework: Framework) -> FrameworkVersion:
    if framework.published is None:
        raise NoPrompt(
            f"The framework “{framework}” was never published."
            " Publish the framework first."
        )
    return framework.published


def _of_framework(
    request: HttpRequest, *, form: SheetForm, draft: Framework
) -> Subject:
    """Somebody who uses the framework, made with what is typed of it."""
    assert isinstance(form.sheet, FrameworkSheet)  # noqa: S101
    wanted = request.POST.get(f"{PREFIX}character", "").replace("\0", "")
    users = _users(draft).for_sheets().select_related("framework__published")
    character = users.filter(character_id=wanted).first() or users.first()
    if character is None:
        raise NoPrompt("Nobody uses it yet, so there is no prompt to show.")
    typed = FrameworkVersion(
        framework=draft, number=0, inputs=form.sheet.model_dump(mode="json")
    )
    sheet, note, own = character.to_sheet(), "", typed
    if character.framework.pk != draft.pk:
        own = _published(character.framework)
        note = (
            f"{character} has the framework “{character.framework}” and mixes this"
            " one in. Choose a kind of conversation to see where."
        )
    made_of = blending.ingredients_for(sheet, own=own).replacing(typed)
    return Subject(character.character_id, sheet, made_of, _live(character), note)


def _live(character: Character) -> Label | None:
    rows = Label.objects.select_related("version")
    return rows.filter(character=character, name=PRODUCTION).first()


def _compiled(
    subject: Subject,
    *,
    asked: Asked,
    is_authored: bool,
    draft: Draft,
    form: SheetForm,
    user: str,
) -> dict[str, Any]:
    authored = subject.sheet
    growth = growing.growth_of_id(subject.character_id)
    if is_authored:
        growth = NO_GROWTH
    elif asked.milestone:
        growth = growth_up_to(authored, milestone=asked.milestone, since=growth)
    sheet = grown(authored, stages=growth.stages)
    whole = subject.made_of
    weights = {k: v for k, v in whole.weights.items() if k == asked.context}
    only = Ingredients(own=whole.own, weights=weights, others=whole.others)
    blends = only.blends(own=sheet.framework_id)
    rules = whole.own.to_sheet()
    compiled = compile_sheet(
        authored,
        character_id=subject.character_id,
        framework=rules,
        blends=blends,
        growth=growth,
    )
    blend = blends.get(asked.context)
    used = blend.framework if blend else rules
    pieces = traced_prompt(authored, framework=used, growth=growth)
    body = compiled.prompts[asked.context if blend else ""]
    origin = _origin(draft, subject=subject)
    unknown = [
        *unknown_macros(authored.model_dump(mode="json")),
        *unknown_macros(used.model_dump(mode="json"), prefix=FRAMEWORK),
    ]
    budget = budget_of(body, sheet=sheet, live=subject.live, context=asked.context)
    return {
        "spans": spans(pieces, origin=origin, unknown=unknown, user=user),
        "elsewhere": _owner(
            draft, subject=subject, rules=rules, is_blended=bool(blend)
        ),
        "unknown": [_told(macro, origin=origin) for macro in unknown],
        "budget": budget,
        "is_plain": bool(asked.context) and blend is None,
        "blend": blend,
        "note": "" if blend else subject.note,
        "tools": body["tools_required"],
        **_findings(subject, sheet=sheet, rules=rules, compiled=compiled),
        "state": {
            "errors": {},
            "wrong": [],
            "tokens": _tokens_by_part(pieces, origin=origin, form=form, budget=budget),
            "stages": [
                [o.value, o.words] for o in preview_stage_options(subject.sheet)
            ],
        },
    }


def _origin(draft: Draft, *, subject: Subject) -> Origin:
    if isinstance(draft, Framework):
        url = reverse("personas:character-edit", args=[subject.character_id])
        return Origin(own=FRAMEWORK, elsewhere=url)
    url = reverse("personas:framework-edit", args=[subject.sheet.framework_id])
    return Origin(own="", elsewhere=url)


def _owner(
    draft: Draft, *, subject: Subject, rules: FrameworkSheet, is_blended: bool
) -> str:
    """Whose the text is that the form on the page does not write, in words."""
    if isinstance(draft, Framework):
        return f"the character {subject.sheet.display_name}"
    own = f"the framework {rules.name}"
    return f"{own}, mixed with others here" if is_blended else own


@dataclass(frozen=True, slots=True)
class Told:
    """A macro that means nothing, in words, and the way to it."""

    words: str
    source: str
    url: str


def _told(macro: UnknownMacro, *, origin: Origin) -> Told:
    return Told(
        place_words(macro), origin.source(macro.source), origin.url(macro.source)
    )


def _findings(
    subject: Subject,
    *,
    sheet: CharacterSheet,
    rules: FrameworkSheet,
    compiled: CompiledPersona,
) -> dict[str, list[str]]:
    """What the checks of a publish would say."""
    candidate = checks.Candidate(
        character_id=subject.character_id,
        character=sheet,
        framework=rules,
        compiled=compiled,
    )
    found = checks.findings(candidate)
    return {
        "blocking": [f.message for f in found if f.level == checks.Level.BLOCK],
        "warnings": [f.message for f in found if f.level == checks.Level.WARN],
    }


def _tokens_by_part(
    pieces: Pieces, *, origin: Origin, form: SheetForm, budget: Budget
) -> dict[str, list[int]]:
    """Slug of a part → its tokens, and percent of the whole prompt."""
    parts = {name: part.slug for part in form.parts for name in part.names}
    texts = texts_by_part(pieces, origin=origin, parts=parts)
    counts = {slug: count_tokens(text) for slug, text in texts.items()}
    whole = budget.total or 1
    return {slug: [n, min(100 * n // whole, 100)] for slug, n in counts.items()}
