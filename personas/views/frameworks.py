"""One framework: who uses it, how the draft differs, what was before."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import page_of, signed_in
from core.views.toasts import tell_undoable
from personas import policy
from personas.domain.placeholders import (
    SECTIONS,
    UnknownPlace,
    places_named,
    unknown_places,
)
from personas.forms import RevisionForm
from personas.models import (
    BlendFramework,
    Character,
    Framework,
    FrameworkRun,
    FrameworkVersion,
    Label,
)
from personas.models.labels import PRODUCTION
from personas.services import drafts, framework_runs, frameworks
from personas.views.characters import rights, wants_archived
from personas.views.comparing import FieldDifference, differences, inputs
from personas.views.live import render_live
from personas.views.reading import for_cards
from personas.views.shown import Face, face_of
from personas.views.side_options import OFFERED
from personas.views.versions import DRAFT, back_to, edited_meanwhile


@dataclass(frozen=True, slots=True)
class UsedBy:
    """A character whose draft or live version is made with the framework.

    ``is_blended_live`` and ``is_blended_in_draft`` say that it is only a part of
    what they mix, and their own framework is another.
    """

    character: Character
    face: Face
    in_draft: bool
    live_number: int  # version of the framework; 0: not live with it
    is_behind: bool
    is_blended_live: bool
    is_blended_in_draft: bool


@dataclass(frozen=True, slots=True)
class Template:
    """What a prompt template names, and what that means for the rest."""

    is_empty: bool
    named: list[str]
    following: list[str]
    unknown: list[UnknownPlace]


def framework_or_404(framework_id: str) -> Framework:
    rows = Framework.objects.select_related("published")
    return get_object_or_404(rows, framework_id=framework_id)


def template_of(text: str) -> Template:
    named = places_named(text)
    return Template(
        is_empty=not text.strip(),
        named=sorted(named),
        following=[section for section in SECTIONS if section not in named],
        unknown=list(unknown_places(text)),
    )


def used_by(framework: Framework) -> list[UsedBy]:
    """Who uses the framework, in the draft or live, by id."""
    own, blended = _live_numbers(framework)
    live = {**blended, **own}
    published = framework.published.number if framework.published else 0
    mixed_in = policy.contexts_mixing(framework.framework_id)
    users = Character.objects.active().using_framework(framework, mixed_in=mixed_in)
    rows = for_cards(users)
    found = []
    for character in rows:
        is_own = character.framework.pk == framework.pk
        mixes: bool = character.mixes_in_draft  # type: ignore[attr-defined]
        numbers = {n[character.pk] for n in (own, blended) if character.pk in n}
        found.append(
            UsedBy(
                character=character,
                face=face_of(character),
                in_draft=is_own or mixes,
                live_number=live.get(character.pk, 0),
                is_behind=any(number < published for number in numbers),
                is_blended_live=character.pk in blended and character.pk not in own,
                is_blended_in_draft=mixes and not is_own,
            )
        )
    return found


def _live_numbers(framework: Framework) -> tuple[dict[int, int], dict[int, int]]:
    """Character pk → the framework's version live as its own; and in its blends."""
    own = Label.objects.filter(
        name=PRODUCTION, version__framework_version__framework=framework
    ).values_list("character_id", "version__framework_version__number")
    blended = BlendFramework.objects.filter(
        framework_version__framework=framework, blend__version__labels__name=PRODUCTION
    ).values_list("blend__version__character_id", "framework_version__number")
    return dict(own), dict(blended)


@allows(GET=Action.SEE)
def framework_detail(request: HttpRequest, framework_id: str) -> HttpResponse:
    return render_live(
        request,
        "personas/framework_detail.html",
        lambda: _detail(request, framework_or_404(framework_id)),
    )


def _detail(request: HttpRequest, framework: Framework) -> dict[str, Any]:
    rows = framework.versions.defer("inputs").order_by("-number")
    page = page_of(request, rows=rows)
    return {
        **state(framework),
        **rights(request),
        "used_by": used_by(framework),
        "inputs": inputs(framework.to_sheet()),
        "page": page,
        "versions": page.object_list,
    }


@allows(GET=Action.SEE)
def framework_state(request: HttpRequest, framework_id: str) -> HttpResponse:
    """The region that tells how the framework stands, as live pages load it."""
    return render_live(
        request,
        "personas/_framework_state.html",
        lambda: {**state(framework_or_404(framework_id)), **rights(request)},
    )


def state(framework: Framework) -> dict[str, Any]:
    """How the draft differs from what is published, and what its template names.

    ``run`` is a publish under way, or the last one if it failed.
    """
    sheet = framework.to_sheet()
    published = framework.published
    return {
        "framework": framework,
        "has_changes": framework.has_unpublished_changes,
        "changes": differences(published.to_sheet(), after=sheet) if published else [],
        "template": template_of(sheet.prompt_template),
        "run": _run_to_tell(framework),
    }


def _run_to_tell(framework: Framework) -> FrameworkRun | None:
    run = framework_runs.latest(framework)
    if run is None or run.finished_at is None:
        return run
    published = framework.published
    is_newest = published is None or published.created_at < run.finished_at
    has_failed = bool(run.problem) and not framework_runs.is_cancelled(run)
    return run if has_failed and is_newest else None


@allows(POST=Action.ARCHIVE)
def framework_archive(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Put away, or bring back, as ``is_archived`` says; 409 while it is used."""
    framework = framework_or_404(framework_id)
    is_archived = wants_archived(request)
    try:
        drafts.archive_framework(
            framework_id=framework_id,
            is_archived=is_archived,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except drafts.FrameworkInUse:
        context = {"framework": framework, "used_by": used_by(framework)}
        return render(request, "personas/framework_in_use.html", context, status=409)
    told = "is archived" if is_archived else "is back"
    back = {"is_archived": "no" if is_archived else "yes"}
    tell_undoable(
        request,
        f"Framework {framework} {told}.",
        undo_url=reverse("personas:framework-archive", args=[framework_id], query=back),
    )
    return redirect("personas:framework-detail", framework_id)


# -- Versions ------------------------------------------------------------------------


@allows(GET=Action.SEE)
def framework_version(
    request: HttpRequest, framework_id: str, number: int
) -> HttpResponse:
    """What a version holds, and how it differs from another or from the draft."""
    framework = framework_or_404(framework_id)
    version = get_object_or_404(FrameworkVersion, framework=framework, number=number)
    others = framework.versions.exclude(number=number).order_by("-number")
    numbers = list(others.values_list("number", flat=True)[:OFFERED])
    against = request.GET.get("against", "")
    if against not in {DRAFT, *map(str, numbers)}:
        before = [n for n in numbers if n < number]
        against = str(before[0]) if before else DRAFT
    title, changes = _compare(framework, version=version, against=against)
    context = {
        "framework": framework,
        "version": version,
        "inputs": inputs(version.to_sheet()),
        "title": title,
        "changes": changes,
        "against": against,
        "choices": [(DRAFT, "the draft"), *((str(n), f"version {n}") for n in numbers)],
        **rights(request),
    }
    return render(request, "personas/framework_version.html", context)


def _compare(
    framework: Framework, *, version: FrameworkVersion, against: str
) -> tuple[str, list[FieldDifference]]:
    if against == DRAFT:
        changes = differences(version.to_sheet(), after=framework.to_sheet())
        return f"From version {version.number} to the draft", changes
    other = framework.versions.get(number=int(against))
    first, last = sorted((version, other), key=lambda each: each.number)
    changes = differences(first.to_sheet(), after=last.to_sheet())
    return f"From version {first.number} to version {last.number}", changes


@allows(POST=Action.EDIT_DRAFTS)
def framework_restore(
    request: HttpRequest, framework_id: str, number: int
) -> HttpResponse:
    """Copy a version's inputs into the draft that the page showed."""
    framework = framework_or_404(framework_id)
    get_object_or_404(FrameworkVersion, framework=framework, number=number)
    form = RevisionForm(request.POST)
    here = redirect("personas:framework-version", framework_id, number)
    if not form.is_valid():
        messages.error(request, "Reload this page, then restore again.")
        return here
    try:
        frameworks.restore_into_draft(
            framework_id=framework_id,
            number=number,
            revision=form.cleaned_data["revision"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except drafts.StaleRevision as error:
        messages.error(request, edited_meanwhile(error))
        return here
    except drafts.Archived as error:
        messages.error(request, str(error))
        return here
    messages.success(
        request, f"Version {number} is in the draft. Publish it to make it live."
    )
    return redirect(back_to(request, kind="framework"), framework_id)
