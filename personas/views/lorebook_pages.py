"""What all pages of one lorebook share: its head, and what a person may do."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.people import may
from core.roles import Action
from personas.models import Lorebook

ENTRIES: Final = "entries"
TEST: Final = "test"
SETTINGS: Final = "settings"
HISTORY: Final = "history"

_TABS: Final = (
    (ENTRIES, "Entries", "personas:lorebook-entries"),
    (TEST, "Test", "personas:lorebook-test"),
    (SETTINGS, "Settings", "personas:lorebook-settings"),
    (HISTORY, "History", "personas:lorebook-history"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the lorebook, as its head links to it."""

    name: str
    title: str
    url: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class State:
    """How a lorebook stands, as a badge: its words, and its look."""

    text: str
    badge: str


def book_or_404(book_id: str) -> Lorebook:
    """A lorebook with what its head tells; its published version without entries."""
    rows = Lorebook.objects.select_related("published").defer("published__entries")
    return get_object_or_404(rows, book_id=book_id)


def state_of(book: Lorebook) -> State:
    """Needs ``published`` loaded."""
    if book.published is None:
        return State("Never published", "draft")
    if book.has_unpublished_changes:
        return State("Unpublished changes", "draft")
    return State("Live", "live")


def head_of(book: Lorebook, *, tab: str) -> dict[str, Any]:
    """The context of ``_lorebook_head.html``.

    ``tab`` is one of ``ENTRIES``, ``TEST``, ``SETTINGS``, ``HISTORY``, or empty for
    a page that is none of them. Needs ``published`` loaded; see ``book_or_404``.
    """
    return {
        "book": book,
        "state": state_of(book),
        "tabs": [
            Tab(name, title, reverse(url, args=[book.book_id]), name == tab)
            for name, title, url in _TABS
        ],
    }


def rights(request: HttpRequest, *, book: Lorebook) -> dict[str, bool]:
    """What the person may do with the lorebook; nobody edits one put away."""
    return {
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS)
        and not book.is_archived,
        "may_publish": may(request.user, action=Action.PUBLISH)
        and not book.is_archived,
        "may_archive": may(request.user, action=Action.ARCHIVE),
    }
