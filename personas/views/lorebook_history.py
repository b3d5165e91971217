"""Versions of a lorebook: who, when and why; comparing them, and every way back."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import page_of, signed_in
from core.views.toasts import tell_undoable
from personas.forms import NoteField, RevisionForm
from personas.models import Lorebook, LorebookVersion
from personas.services import drafts, lore_publishing, publishing
from personas.services.lorebooks import StaleBook
from personas.views.lorebook_changes import compared, draft_state, version_state
from personas.views.lorebook_pages import HISTORY, book_or_404, head_of, rights
from personas.views.lorebook_publish import undo_url

DRAFT: Final = "draft"
MOST_CHOICES: Final = 200


class RollBackForm(forms.Form):
    """Why bots get an older version again."""

    note = NoteField()


@allows(GET=Action.SEE)
def lorebook_history(request: HttpRequest, book_id: str) -> HttpResponse:
    """All versions, newest first."""
    book = book_or_404(book_id)
    rows = book.versions.defer("entries", "sheet").order_by("-number")
    context = {
        **head_of(book, tab=HISTORY),
        **rights(request, book=book),
        "page": page_of(request, rows=rows),
        "live_number": book.published.number if book.published else 0,
    }
    return render(request, "personas/lorebook_history.html", context)


def _version_or_404(book: Lorebook, *, number: int) -> LorebookVersion:
    return get_object_or_404(LorebookVersion, lorebook=book, number=number)


@allows(GET=Action.SEE)
def lorebook_version(request: HttpRequest, book_id: str, number: int) -> HttpResponse:
    """One version beside the draft, or beside another."""
    return _version_page(request, book_id=book_id, number=number, form=RollBackForm())


def _version_page(
    request: HttpRequest,
    *,
    book_id: str,
    number: int,
    form: RollBackForm,
    against: str = "",
    status: int = 200,
) -> HttpResponse:
    book = book_or_404(book_id)
    version = _version_or_404(book, number=number)
    asked = against or request.GET.get("against", DRAFT)
    context: dict[str, Any] = {
        **head_of(book, tab=HISTORY),
        **rights(request, book=book),
        "version": version,
        "live_number": book.published.number if book.published else 0,
        "form": form,
        "choices": _choices(book, but=number),
        **_compared(book, version=version, against=asked),
    }
    return render(request, "personas/lorebook_version.html", context, status=status)


def _choices(book: Lorebook, *, but: int) -> list[tuple[str, str]]:
    """What a version can be compared with: values and words."""
    rows = book.versions.exclude(number=but).order_by("-number")
    numbers = rows.values_list("number", flat=True)[:MOST_CHOICES]
    return [
        (DRAFT, "the draft"),
        *((str(number), f"version {number}") for number in numbers),
    ]


def _compared(
    book: Lorebook, *, version: LorebookVersion, against: str
) -> dict[str, Any]:
    """The two in the order of time; beside the draft if there is no such version."""
    one = version_state(version)
    is_number = against.isascii() and against.isdecimal() and len(against) < 10
    rows = book.versions.filter(number=int(against)) if is_number else None
    other = rows.first() if rows is not None else None
    if other is None:
        two, against = draft_state(book), DRAFT
    else:
        two = version_state(other)
        if other.number < version.number:
            one, two = two, one
    return {
        "against": against,
        "title": f"From {one.title} to {two.title}",
        "difference": compared(one, after=two),
    }


@allows(POST=Action.PUBLISH)
def lorebook_roll_back(request: HttpRequest, book_id: str, number: int) -> HttpResponse:
    """Let bots have an older version again."""
    book = book_or_404(book_id)
    _version_or_404(book, number=number)
    before = book.published
    form = RollBackForm(request.POST)
    if not form.is_valid():
        return _version_page(
            request, book_id=book_id, number=number, form=form, status=422
        )
    try:
        version = lore_publishing.roll_back(
            book_id=book_id,
            number=number,
            note=form.cleaned_data["note"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except publishing.NothingToPublish as error:
        form.add_error("note", str(error))
        return _version_page(
            request, book_id=book_id, number=number, form=form, status=422
        )
    except lore_publishing.AlreadyPublished as error:
        messages.info(request, str(error))
    except drafts.Archived as error:
        messages.warning(request, str(error))
    else:
        told = f"Bots get version {number} of {book} again."
        if before is None:
            messages.success(request, told)
        else:
            url = undo_url(book, version, before=before)
            tell_undoable(request, told, undo_url=url)
    return redirect("personas:lorebook-history", book_id)


@allows(POST=Action.EDIT_DRAFTS)
def lorebook_restore(request: HttpRequest, book_id: str, number: int) -> HttpResponse:
    """Copy a version into the draft that the page showed; nothing goes live."""
    book = book_or_404(book_id)
    _version_or_404(book, number=number)
    form = RevisionForm(request.POST)
    here = redirect("personas:lorebook-version", book_id, number)
    if not form.is_valid():
        messages.error(request, "Reload this page, then restore again.")
        return here
    try:
        restored = lore_publishing.restore_into_draft(
            book_id=book_id,
            number=number,
            revision=form.cleaned_data["revision"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except StaleBook:
        messages.error(
            request,
            f"“{book}” was edited meanwhile. Look at the draft again; restoring would"
            " replace what was written there.",
        )
        return _version_page(
            request,
            book_id=book_id,
            number=number,
            form=RollBackForm(),
            against=DRAFT,
            status=412,
        )
    except drafts.Archived as error:
        messages.error(request, str(error))
        return here
    if restored.revision == form.cleaned_data["revision"]:
        messages.info(request, f"The draft is as version {number} already.")
    else:
        messages.success(
            request, f"Version {number} is in the draft. Publish it to make it live."
        )
    return redirect("personas:lorebook-entries", book_id)
