"""What is said of a lorebook, which characters have it, and its files."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from pydantic import ValidationError

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.forms.conflicts import Conflict
from personas.forms.lore_settings import BookForm
from personas.models import Character, Lorebook
from personas.services import drafts, exporting, lore_binding
from personas.services.lorebooks import StaleBook
from personas.views.lorebook_pages import SETTINGS, book_or_404, head_of, rights

MOST_OPTIONS: Final = 1_000
_FORMS: Final = (
    (exporting.BookForm.WORLD_INFO, "World info", "For SillyTavern."),
    (exporting.BookForm.LOREBOOK_V3, "Lorebook", "Character Card V3, a file alone."),
    (
        exporting.BookForm.CHARACTER_BOOK,
        "Character book",
        "As it stands inside a card.",
    ),
)
_DIGITS: Final = 9


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def lorebook_settings(request: HttpRequest, book_id: str) -> HttpResponse:
    book = book_or_404(book_id)
    if request.method != "POST":
        return _page(request, book=book)
    form = BookForm(request.POST, book=book)
    if not form.is_valid():
        return _page(request, book=book, form=form, status=422)
    try:
        found = form.save(actor=signed_in(request), now=timezone.now())
    except drafts.Archived as error:
        messages.error(request, str(error))
        return redirect("personas:lorebook-settings", book_id)
    except StaleBook:
        return _conflict(request, book_id=book_id, found=[])
    if found:
        return _conflict(request, book_id=book_id, found=found)
    messages.success(
        request, "The settings are saved in the draft. Bots get them once published."
    )
    return redirect("personas:lorebook-settings", book_id)


def _conflict(
    request: HttpRequest, *, book_id: str, found: list[Conflict]
) -> HttpResponse:
    """What was typed, with what others saved beside it; saving again replaces that."""
    book = book_or_404(book_id)
    data = request.POST.copy()
    current = BookForm(book=book).initial
    data["revision"] = str(current["revision"])
    data["started_from"] = current["started_from"]
    form = BookForm(data, book=book)
    return _page(
        request, book=book, form=form, conflicts=found, is_stale=True, status=412
    )


def _page(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: BookForm | None = None,
    conflicts: list[Conflict] | None = None,
    is_stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    allowed = rights(request, book=book)
    owners = lore_binding.users(book)
    bound = {o.character.character_id for o in owners if o.is_in_draft}
    context: dict[str, Any] = {
        **head_of(book, tab=SETTINGS),
        **allowed,
        "form": form or BookForm(book=book, is_read_only=not allowed["may_edit"]),
        "conflicts": conflicts or [],
        "is_stale": is_stale,
        "owners": owners,
        "others": _others(bound) if allowed["may_edit"] else [],
        "may_export": may(request.user, action=Action.IMPORT),
        "export_forms": _FORMS,
    }
    return render(request, "personas/lorebook_settings.html", context, status=status)


def _others(bound: set[str]) -> list[Character]:
    """Who can be given the book."""
    rows = Character.objects.active().only("character_id", "display_name", "revision")
    rows = rows.exclude(character_id__in=bound).order_by("display_name", "pk")
    return list(rows[:MOST_OPTIONS])


@allows(POST=Action.EDIT_DRAFTS)
def lorebook_characters(request: HttpRequest, book_id: str) -> HttpResponse:
    """Add the book to a character's draft, or take it out of it."""
    book = book_or_404(book_id)
    here = redirect("personas:lorebook-settings", book_id)
    # Id and revision in one value: a list of choices sends no more.
    character_id, _, number = request.POST.get("character", "").partition(":")
    is_number = number.isascii() and number.isdecimal() and len(number) <= _DIGITS
    # No id holds NUL, and Postgres refuses to look for it.
    if not is_number or "\0" in character_id:
        messages.error(request, "Choose a character first.")
        return here
    is_bound = request.POST.get("do") != "remove"
    try:
        character = lore_binding.bind(
            book_id=book_id,
            character_id=character_id,
            is_bound=is_bound,
            revision=int(number),
            actor=signed_in(request),
            now=timezone.now(),
        )
    except Character.DoesNotExist:
        messages.error(request, "There is no such character; choose another.")
    except drafts.StaleRevision as error:
        messages.error(
            request, f"“{error.current}” was edited meanwhile; look, then try again."
        )
    except (drafts.Archived, drafts.UnknownFramework, drafts.UnknownPicture) as error:
        messages.error(request, f"Nothing was changed. {error}")
    except ValidationError:
        messages.error(request, "This character has as many lorebooks as it may have.")
    else:
        told = "has" if is_bound else "no longer has"
        messages.success(
            request,
            f"The draft of {character} {told} {book}. It goes live when the character"
            " is published.",
        )
    return here


@allows(GET=Action.IMPORT)
def lorebook_export(request: HttpRequest, book_id: str, form: str) -> HttpResponse:
    """The draft as a file for other programs."""
    book = book_or_404(book_id)
    try:
        file = exporting.export_lorebook(book, form=form)
    except ValueError as error:
        raise Http404("There is no such form of file.") from error
    return HttpResponse(
        file.content,
        content_type=file.content_type,
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )
