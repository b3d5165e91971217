"""Filters that a person keeps: the chips above lists, and what can be done there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from core.views.toasts import tell_undoable
from personas.models import SavedFilter
from personas.services import filters
from personas.views.filtering import QUERY_LENGTH, kept_part

CHARACTERS: Final = str(SavedFilter.List.CHARACTERS)
FRAMEWORKS: Final = str(SavedFilter.List.FRAMEWORKS)
PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "characters": (CHARACTERS, "admin:personas_character_changelist"),
    "frameworks": (FRAMEWORKS, "admin:personas_framework_changelist"),
    "table": (CHARACTERS, "personas:character-table"),
}
"""Page that shows the chips → the list it shows, and its name."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One kept filter on one page."""

    pk: int
    name: str
    url: str
    is_current: bool


def chips(request: HttpRequest, *, page: str) -> dict[str, Any]:
    """``filters_page``, ``chips`` of the person, ``kept_query`` to keep next."""
    of, url_name = PAGES[page]
    query = kept_part(request.META.get("QUERY_STRING", ""), of=of)
    rows = SavedFilter.objects.filter(owner=signed_in(request), list=of)
    start = reverse(url_name)
    return {
        "filters_page": page,
        "kept_query": query,
        "chips": [
            Chip(row.pk, row.name, f"{start}?{row.query}", row.query == query)
            for row in rows.order_by("name", "pk")
        ],
    }


@allows(POST=Action.SEE)
def filter_keep(request: HttpRequest) -> HttpResponse:
    """Keep what a list shows under a name; the page again with it, either way."""
    page = _page(request)
    query = kept_part(_given(request, "query")[:QUERY_LENGTH], of=PAGES[page][0])
    try:
        row = filters.keep(
            owner=signed_in(request),
            of=PAGES[page][0],
            name=_given(request, "name"),
            query=query,
            now=timezone.now(),
        )
    except (filters.BadFilter, filters.NameTaken) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{row.name}” is kept, for you alone.")
    return _back(page, query=query)


@allows(POST=Action.SEE)
def filter_rename(request: HttpRequest, pk: int) -> HttpResponse:
    page = _page(request)
    try:
        row = filters.rename(
            owner=signed_in(request), pk=pk, name=_given(request, "name")
        )
    except SavedFilter.DoesNotExist as error:
        raise Http404("You keep no such filter.") from error
    except (filters.BadFilter, filters.NameTaken) as error:
        messages.error(request, str(error))
        return _back(page, query="")
    messages.success(request, f"It is called “{row.name}” now.")
    return _back(page, query=row.query)


@allows(POST=Action.SEE)
def filter_delete(request: HttpRequest, pk: int) -> HttpResponse:
    page = _page(request)
    try:
        row = filters.delete(owner=signed_in(request), pk=pk)
    except SavedFilter.DoesNotExist as error:
        raise Http404("You keep no such filter.") from error
    again = {"page": page, "name": row.name, "query": row.query}
    tell_undoable(
        request,
        f"“{row.name}” is deleted.",
        undo_url=reverse("personas:filter-keep", query=again),
    )
    return _back(page, query=row.query)


def _given(request: HttpRequest, name: str) -> str:
    """A field of the form, or of the address when it is an undoing."""
    return request.POST.get(name, request.GET.get(name, ""))


def _page(request: HttpRequest) -> str:
    page = _given(request, "page")
    if page not in PAGES:
        raise Http404("There is no such list.")
    return page


def _back(page: str, *, query: str) -> HttpResponse:
    """Always a list of ours: only its known parameters were ever kept."""
    url = reverse(PAGES[page][1])
    return redirect(f"{url}?{query}" if query else url)
