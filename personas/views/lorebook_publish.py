"""Publishing a lorebook: what changes, for whom, and taking it back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from core.views.toasts import tell_undoable
from personas.forms import NoteField
from personas.models import Character, Lorebook, LorebookVersion
from personas.services import drafts, lore_binding, lore_publishing, publishing
from personas.services.lorebooks import StaleBook
from personas.views.lorebook_changes import compared, draft_state, version_state
from personas.views.lorebook_pages import book_or_404, head_of, rights


class BookPublishForm(forms.Form):
    """What changes, and the revision of the draft that was looked at."""

    note = NoteField()
    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


@allows(GET=Action.EDIT_DRAFTS, POST=Action.PUBLISH)
def lorebook_publish(request: HttpRequest, book_id: str) -> HttpResponse:
    """What bots would get that they do not get now; by POST, they do."""
    book = book_or_404(book_id)
    if book.is_archived:
        messages.warning(request, f"“{book}” is archived. Restore it first.")
        return redirect("personas:lorebook-settings", book_id)
    if request.method != "POST":
        form = BookPublishForm(initial={"revision": book.revision}, label_suffix="")
        return _page(request, book=book, form=form)
    form = BookPublishForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, book=book, form=form, status=422)
    return _publish(request, book=book, form=form)


def _publish(
    request: HttpRequest, *, book: Lorebook, form: BookPublishForm
) -> HttpResponse:
    before = book.published
    try:
        published = lore_publishing.publish_book(
            book_id=book.book_id,
            note=form.cleaned_data["note"],
            revision=form.cleaned_data["revision"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except publishing.NothingToPublish as error:
        form.add_error("note", str(error))
        return _page(request, book=book, form=form, status=422)
    except StaleBook:
        data = request.POST.copy()
        book = book_or_404(book.book_id)
        data["revision"] = str(book.revision)
        form = BookPublishForm(data, label_suffix="")
        return _page(request, book=book, form=form, is_stale=True, status=412)
    except drafts.Archived as error:
        messages.warning(request, str(error))
        return redirect("personas:lorebook-settings", book.book_id)
    version = published.version
    told = f"Version {version.number} of {book} is live."
    if not published.is_new:
        messages.info(request, f"Nothing has changed: {told}")
    elif before is None:
        messages.success(request, told)
    else:
        tell_undoable(request, told, undo_url=undo_url(book, version, before=before))
    return redirect("personas:lorebook-history", book.book_id)


def undo_url(
    book: Lorebook, version: LorebookVersion, /, *, before: LorebookVersion
) -> str:
    """What takes ``version`` back, as long as it is what bots are served."""
    return reverse(
        "personas:lorebook-publish-undo",
        args=[book.book_id, version.number, before.number],
    )


@allows(POST=Action.PUBLISH)
def lorebook_publish_undo(
    request: HttpRequest, book_id: str, number: int, before: int
) -> HttpResponse:
    """Serve ``before`` again in place of ``number``; what moved on since stays."""
    book = book_or_404(book_id)
    here = redirect("personas:lorebook-history", book_id)
    undone = book.versions.filter(number=number).defer("entries").first()
    if undone is None or book.published is None or book.published.number != number:
        messages.warning(request, "Bots get another version by now; look at it first.")
        return here
    note = f"Undo: {undone.note}"[: limits.NOTE_LENGTH]
    try:
        lore_publishing.roll_back(
            book_id=book_id,
            number=before,
            note=note,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except LorebookVersion.DoesNotExist:
        messages.error(request, "There is no such version.")
    except lore_publishing.AlreadyPublished as error:
        messages.info(request, str(error))
    except drafts.Archived as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"Taken back: bots get version {before} again.")
    return here


def _page(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: BookPublishForm,
    is_stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    live = book.published
    ids = lore_binding.live_ids(book)
    context: dict[str, Any] = {
        **head_of(book, tab=""),
        **rights(request, book=book),
        "form": form,
        "is_stale": is_stale,
        "difference": compared(
            version_state(live) if live else None, after=draft_state(book)
        )
        if book.has_unpublished_changes
        else None,
        "affected": Character.objects.filter(character_id__in=ids).order_by(
            "display_name", "pk"
        ),
        "is_for_all": book.for_everybody
        or bool(live and live.sheet.get("for_everybody")),
        "waiting": [o for o in lore_binding.users(book) if not o.is_live],
    }
    return render(request, "personas/lorebook_publish.html", context, status=status)
