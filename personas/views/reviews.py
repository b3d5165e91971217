"""Asking whether a draft may go live: asking, taking back, sending back."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.forms.reviews import AskForm, SendBackForm
from personas.models import Character, ReviewRequest
from personas.services import drafts, reviews
from personas.views.characters import character_or_404
from personas.views.reviewing import review_of
from personas.views.shown import face_of
from personas.views.versions import back_to

HOME: Final = "home"
"""What the form field ``then`` holds on the home page: go back there."""


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
def character_review(request: HttpRequest, character_id: str) -> HttpResponse:
    """The open request, or the form to ask; by POST, asking."""
    character = character_or_404(character_id)
    if request.method != "POST":
        return _page(request, character=character)
    form = AskForm(request.POST)
    if not form.is_valid():
        return _page(request, character=character, ask_form=form, status=422)
    try:
        reviews.ask(
            character_id=character_id,
            note=form.cleaned_data["note"],
            author=signed_in(request),
            now=timezone.now(),
        )
    except (
        reviews.AlreadyAsked,
        reviews.NothingToReview,
        drafts.Archived,
        reviews.NoNote,
    ) as error:
        form.add_error(None, str(error))
        is_asked = isinstance(error, reviews.AlreadyAsked)
        return _page(
            request,
            character=character,
            ask_form=form,
            status=409 if is_asked else 422,
        )
    messages.success(request, "The managers see it on their home page now.")
    return redirect(back_to(request, kind="character"), character_id)


def _page(
    request: HttpRequest,
    *,
    character: Character,
    ask_form: AskForm | None = None,
    send_back_form: SendBackForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "character": character,
        "face": face_of(character),
        "review": review_of(character, viewer=signed_in(request)),
        "ask_form": ask_form or AskForm(),
        "send_back_form": send_back_form or SendBackForm(),
        "has_changes": character.has_unpublished_changes,
        "may_publish": may(request.user, action=Action.PUBLISH),
    }
    return render(request, "personas/review.html", context, status=status)


@allows(POST=Action.EDIT_DRAFTS)
def review_withdraw(request: HttpRequest, character_id: str, pk: int) -> HttpResponse:
    """Take one's own question back; one that was sent back is done with."""
    _known(character_id, pk=pk)
    try:
        done = reviews.withdraw(
            request_id=pk, actor=signed_in(request), now=timezone.now()
        )
    except reviews.NotYours as error:
        raise PermissionDenied(str(error)) from error
    except reviews.AlreadyAnswered as error:
        messages.info(request, str(error))
    else:
        what = "Dismissed" if done.answer_note else "Taken back"
        messages.success(request, f"{what}. The draft stays as it is.")
    if request.POST.get("then") == HOME:
        return redirect("home")
    return redirect(back_to(request, kind="character"), character_id)


@allows(POST=Action.PUBLISH)
def review_send_back(request: HttpRequest, character_id: str, pk: int) -> HttpResponse:
    """Answer a request with what should be changed; nothing goes live."""
    _known(character_id, pk=pk)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        character = character_or_404(character_id)
        return _page(request, character=character, send_back_form=form, status=422)
    try:
        sent = reviews.decline(
            request_id=pk,
            note=form.cleaned_data["note"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except reviews.AlreadyAnswered as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"Sent back to {sent.asked_by}, with your note.")
    return redirect("personas:character-detail", character_id)


def _known(character_id: str, *, pk: int) -> None:
    rows = ReviewRequest.objects.filter(pk=pk, character__character_id=character_id)
    if not rows.exists():
        raise Http404("There is no such request.")
