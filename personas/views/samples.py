"""Sample conversations of a character: kept tries, to read and to try again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas import policy
from personas.forms.trying import SampleForm
from personas.models import Character, SampleConversation
from personas.services import samples, trying
from personas.views.comparing import text_runs
from personas.views.shown import face_of


def _character(character_id: str) -> Character:
    rows = Character.objects.only("character_id", "display_name", "picture_id")
    return get_object_or_404(rows, character_id=character_id)


def _sample(character_id: str, *, pk: int) -> SampleConversation:
    rows = SampleConversation.objects.select_related("character", "author")
    return get_object_or_404(rows, character__character_id=character_id, pk=pk)


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def sample_list(request: HttpRequest, character_id: str) -> HttpResponse:
    """The kept ones, or with ``?archived=yes`` those put away; by POST, keep one."""
    if request.method == "POST":
        return _keep(request, character_id)
    character = _character(character_id)
    is_archive = request.GET.get("archived") == "yes"
    rows = (
        character.samples.filter(archived_at__isnull=not is_archive)
        .select_related("author")
        # Whole prompts, which the list does not show.
        .defer("draft", "live")
        .order_by("-created_at", "-pk")
    )
    context = {
        "character": character,
        "face": face_of(character),
        "page": page_of(request, rows=rows),
        "is_archive": is_archive,
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
    }
    return render(request, "personas/sample_list.html", context)


def _keep(request: HttpRequest, character_id: str) -> HttpResponse:
    """Keep the try that ``token`` names; a pane gets a line that says so."""
    _character(character_id)
    actor = signed_in(request)
    token = request.POST.get("token", "")
    form = SampleForm(request.POST)
    try:
        begun = trying.find(token, character_id=character_id, actor=actor)
    except trying.NoSuchTry as error:
        back = redirect("personas:character-edit-test", character_id)
        return _not_kept(request, problem=str(error), back=back)
    back = redirect("personas:character-edit-test-run", character_id, begun.token)
    if not form.is_valid():
        problem = " ".join(str(error) for error in form.errors["title"])
        return _not_kept(request, problem=problem, back=back)
    title = form.cleaned_data["title"]
    try:
        sample = samples.keep(begun, title=title, actor=actor, now=timezone.now())
    except samples.StillWaiting as error:
        return _not_kept(request, problem=str(error), back=back)
    if _is_fragment(request):
        return render(request, "personas/_test_kept.html", {"sample": sample})
    messages.success(request, "Kept as a sample conversation.")
    return redirect("personas:sample-detail", character_id, sample.pk)


def _is_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _not_kept(
    request: HttpRequest, *, problem: str, back: HttpResponse
) -> HttpResponse:
    if _is_fragment(request):
        context = {"problem": problem}
        return render(request, "personas/_test_kept.html", context, status=422)
    messages.error(request, problem)
    return back


@allows(GET=Action.SEE)
def sample_detail(request: HttpRequest, character_id: str, pk: int) -> HttpResponse:
    """What was said, what both sides sent, and what came back."""
    return _page(request, sample=_sample(character_id, pk=pk), form=None)


def _page(
    request: HttpRequest, *, sample: SampleConversation, form: SampleForm | None
) -> HttpResponse:
    draft, live = sample.draft, sample.live
    titles = {c.context: c.title or c.context for c in policy.contexts()}
    context = {
        "character": sample.character,
        "sample": sample,
        "sides": [
            (name, side) for name, side in (("Draft", draft), ("Live", live)) if side
        ],
        "kind": titles.get(sample.context, sample.context),
        "is_comparable": bool(live and live["prompt"] and draft["prompt"]),
        "runs": text_runs(live["prompt"], after=draft["prompt"]) if live else (),
        "form": form or SampleForm(initial={"title": sample.title}),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
    }
    status = 422 if form is not None else 200
    return render(request, "personas/sample_detail.html", context, status=status)


@allows(POST=Action.EDIT_DRAFTS)
def sample_rename(request: HttpRequest, character_id: str, pk: int) -> HttpResponse:
    sample = _sample(character_id, pk=pk)
    form = SampleForm(request.POST)
    if not form.is_valid():
        return _page(request, sample=sample, form=form)
    title = form.cleaned_data["title"]
    samples.rename(pk, title=title, actor=signed_in(request), now=timezone.now())
    messages.success(request, "Renamed.")
    return redirect("personas:sample-detail", character_id, pk)


@allows(POST=Action.EDIT_DRAFTS)
def sample_archive(request: HttpRequest, character_id: str, pk: int) -> HttpResponse:
    """Put away, or bring back, as ``is_archived`` says."""
    _sample(character_id, pk=pk)
    is_archived = request.POST.get("is_archived") == "yes"
    sample = samples.archive(
        pk, is_archived=is_archived, actor=signed_in(request), now=timezone.now()
    )
    words = "is archived. Restore brings it back." if is_archived else "is back."
    messages.success(request, f"“{sample}” {words}")
    return redirect("personas:sample-detail", character_id, pk)
