"""The table of a lorebook's entries, and the windows in which scripts load it."""

import uuid
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.access import allows
from core.roles import Action
from personas.models import Lorebook
from personas.views.live import render_live
from personas.views.lorebook_entries_rows import (
    LIST_ORDER,
    SHOWS,
    SORTS,
    WINDOW,
    Query,
    matching,
    ordered_ids,
    totals,
    window,
)
from personas.views.lorebook_pages import ENTRIES, book_or_404, head_of, rights

_DIGITS: Final = 9


@allows(GET=Action.SEE)
def lorebook_entries(request: HttpRequest, book_id: str) -> HttpResponse:
    """One page of the table; scripts make one long table of it."""
    return render_live(
        request,
        "personas/lorebook_entries.html",
        lambda: page_context(request, book=book_or_404(book_id)),
    )


def page_context(request: HttpRequest, *, book: Lorebook) -> dict[str, Any]:
    query = Query.of(request.GET)
    rows = matching(book, query)
    counted = totals(book)
    pages = Paginator(rows, WINDOW)
    if not query.is_filtered:
        # What is counted already is not counted again.
        pages.count = counted.entries
    page = pages.get_page(request.GET.get("page"))
    return {
        **head_of(book, tab=ENTRIES),
        **rights(request, book=book),
        "query": query,
        "sorts": [
            ("", LIST_ORDER),
            *((key, words) for key, (words, _) in SORTS.items()),
        ],
        "shows": SHOWS.items(),
        "page": page,
        "at": page.start_index() - 1 if pages.count else 0,
        "rows": window(rows, at=(page.number - 1) * WINDOW),
        "total": pages.count,
        "totals": counted,
    }


@allows(GET=Action.SEE)
def lorebook_entries_rows(request: HttpRequest, book_id: str) -> HttpResponse:
    """A window of the table from row ``at`` on; ``around`` an entry, if it is there.

    The answer is made by the same template as the page's rows.
    """
    return render_live(
        request,
        "personas/_lorebook_entries_window.html",
        lambda: _window(request, book=book_or_404(book_id)),
    )


def _window(request: HttpRequest, *, book: Lorebook) -> dict[str, Any]:
    query = Query.of(request.GET)
    rows = matching(book, query)
    counted = totals(book)
    found = _place_of(request.GET.get("around", ""), rows=rows)
    at = _number(request.GET.get("at", "")) if found is None else found
    at = at // WINDOW * WINDOW
    return {
        **rights(request, book=book),
        "book": book,
        "query": query,
        "at": at,
        "found": found,
        "rows": window(rows, at=at),
        "total": rows.count() if query.is_filtered else counted.entries,
        "totals": counted,
    }


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if is_number else 0


def _place_of(text: str, *, rows: Any) -> int | None:
    """Where an entry stands in the rows; ``None`` if it is not among them."""
    entry_id = read_id(text)
    if entry_id is None:
        return None
    ids = ordered_ids(rows)
    return ids.index(entry_id) if entry_id in ids else None


def read_id(text: str) -> uuid.UUID | None:
    """An id as pages write it; ``None`` if it is none."""
    try:
        return uuid.UUID(hex=text) if text.isascii() else None
    except ValueError:
        return None


@allows(GET=Action.SEE)
def lorebook_entries_ids(request: HttpRequest, book_id: str) -> JsonResponse:
    """All entries that the query asks for, in order: ``{"ids": [[id, revision]]}``.

    For choosing all of them, or all between two.
    """
    rows = matching(book_or_404(book_id), Query.of(request.GET))
    pairs = rows.values_list("entry_id", "revision")
    response = JsonResponse({"ids": [[key.hex, revision] for key, revision in pairs]})
    response["Cache-Control"] = "no-store"
    return response
