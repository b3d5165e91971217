"""The list of lorebooks; making one, putting one away."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, search_words, signed_in
from core.views.toasts import tell_undoable
from personas.domain.lore.sheets import BookSheet
from personas.forms.lorebooks import NewBookForm
from personas.models import Character, Lorebook
from personas.models.lorebooks import unpublished_books
from personas.services import lorebooks
from personas.services.lorebooks import BookInUse
from personas.views.characters import wants_archived
from personas.views.live import render_live
from personas.views.lorebook_pages import State, state_of

_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One lorebook in the list; ``users`` are the first characters with it."""

    book: Lorebook
    state: State
    entries: int
    tokens: int
    users: list[tuple[str, str]]
    more_users: int


SHOWS: Final = {"": "In use", "changes": "Not live yet", "archived": "Archived"}


@allows(GET=Action.SEE)
def lorebook_list(request: HttpRequest) -> HttpResponse:
    """Lorebooks by name, with what is in them and who uses them."""
    return render_live(request, "personas/lorebook_list.html", lambda: _list(request))


@allows(GET=Action.SEE)
def lorebook_list_rows(request: HttpRequest) -> HttpResponse:
    """The list alone, as live pages load it."""
    return render_live(request, "personas/_lorebook_rows.html", lambda: _list(request))


def _list(request: HttpRequest) -> dict[str, Any]:
    words = search_words(request)
    show = request.GET.get("show", "")
    show = show if show in SHOWS else ""
    page = page_of(request, rows=_rows(words, show=show))
    books = list(page.object_list)
    return {
        "page": page,
        "lines": _lines(books),
        "words": words,
        "show": show,
        "shows": SHOWS.items(),
        "is_filtered": bool(words or show),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "may_import": may(request.user, action=Action.IMPORT),
        "may_archive": may(request.user, action=Action.ARCHIVE),
    }


def _rows(words: str, *, show: str) -> QuerySet[Lorebook]:
    rows = Lorebook.objects.select_related("published").defer("published__entries")
    rows = rows.filter(archived_at__isnull=show != "archived")
    if show == "changes":
        rows = rows.filter(unpublished_books())
    for word in words.split():
        named = Q(name__icontains=word) | Q(description__icontains=word)
        rows = rows.filter(named | Q(book_id__icontains=word))
    return rows.order_by("name", "pk")


def _lines(books: list[Lorebook]) -> list[Line]:
    """Three queries, however many books."""
    counted = {
        pk: (entries, tokens or 0)
        for pk, entries, tokens in Lorebook.objects.filter(
            pk__in=[book.pk for book in books]
        )
        .annotate(count=Count("entries"), total=Sum("entries__tokens"))
        .values_list("pk", "count", "total")
    }
    users = _users()
    return [
        Line(
            book,
            state_of(book),
            *counted[book.pk],
            users=users.get(book.book_id, [])[:_MOST_NAMES],
            more_users=max(0, len(users.get(book.book_id, [])) - _MOST_NAMES),
        )
        for book in books
    ]


def _users() -> dict[str, list[tuple[str, str]]]:
    """Book id → (id, name) of active characters whose draft names it, by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = Character.objects.active().exclude(lorebooks=[]).order_by("display_name")
    for character_id, name, books in rows.values_list(
        "character_id", "display_name", "lorebooks"
    ):
        for book_id in books:
            found.setdefault(book_id, []).append((character_id, name))
    return found


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
def lorebook_create(request: HttpRequest) -> HttpResponse:
    """A new lorebook, which begins with its name."""
    form = NewBookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        book = lorebooks.create_book(
            sheet=BookSheet(name=form.cleaned_data["name"]),
            actor=signed_in(request),
            now=timezone.now(),
        )
        messages.success(request, f"{book} is made. Add its first entry.")
        return redirect("personas:lorebook-entries", book.book_id)
    status = 422 if form.is_bound else 200
    return render(request, "personas/lorebook_new.html", {"form": form}, status=status)


@allows(POST=Action.ARCHIVE)
def lorebook_archive(request: HttpRequest, book_id: str) -> HttpResponse:
    """Put away, or bring back, as ``is_archived`` of form or address says."""
    get_object_or_404(Lorebook, book_id=book_id)
    is_archived = wants_archived(request)
    try:
        book = lorebooks.archive_book(
            book_id=book_id,
            is_archived=is_archived,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except BookInUse as error:
        messages.error(request, f"Not archived. {error}")
        return redirect("personas:lorebook-entries", book_id)
    back = {"is_archived": "no" if is_archived else "yes"}
    tell_undoable(
        request,
        f"{book} {'is archived' if is_archived else 'is back'}.",
        undo_url=reverse("personas:lorebook-archive", args=[book_id], query=back),
    )
    if is_archived:
        return redirect("personas:lorebook-list")
    return redirect("personas:lorebook-entries", book_id)
