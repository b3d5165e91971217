"""What is done to entries in the table: to one, to many chosen, or to all that match.

Without scripts a form is sent and the table comes again, with a message and an
Undo button; scripts ask for JSON and get the same words:
``{"text", "kind", "undo"}``, ``undo`` the address to post to, or empty.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from core.views.toasts import tell_undoable
from personas.models import Lorebook
from personas.services import lore_entries, lore_removing, lore_undoing
from personas.services.drafts import Archived
from personas.services.lore_entries import Changed, NoSuchPlace
from personas.services.lore_undoing import NothingToUndo
from personas.services.lorebooks import TooManyEntries
from personas.views.lorebook_entries import read_id
from personas.views.lorebook_entries_rows import Query, matching, ordered_ids
from personas.views.lorebook_pages import book_or_404

Chosen = dict[uuid.UUID, int]
_DIGITS: Final = 10


class BadChoice(Exception):
    """What was sent cannot be done; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an act, and how it is taken back."""

    text: str
    kind: str = "success"
    audit_id: int | None = None
    status: int = 200


_FLAGS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "on": ({"is_enabled": True}, "switched on"),
    "off": ({"is_enabled": False}, "switched off"),
    "always": ({"is_constant": True}, "always in from now on"),
    "keyed": ({"is_constant": False}, "in when a key is seen from now on"),
}
_NUMBERS: Final = {
    "order": "given the order {}",
    "scan_depth": "told to look through {} messages",
}


@allows(POST=Action.EDIT_DRAFTS)
def lorebook_entries_act(request: HttpRequest, book_id: str) -> HttpResponse:
    """Do ``act`` to the entries chosen: a flag, a number, moving or removing.

    ``one`` is an act and an entry of a single row: ``off:<id>:<revision>``.
    """
    book = book_or_404(book_id)
    data = request.POST
    act, _, mark = data.get("one", "").partition(":")
    try:
        if mark:
            chosen = dict([_read_mark(mark)])
        else:
            act, chosen = data.get("act", ""), _chosen(data, book=book)
        told = _do(request, book=book, act=act, chosen=chosen)
    except (BadChoice, Archived, NoSuchPlace) as error:
        told = Told(str(error), "error", status=422)
    return _answer(request, told, book_id=book_id)


def _chosen(data: QueryDict, *, book: Lorebook) -> Chosen:
    """Entry id → the revision at which the person saw it."""
    if data.get("all") == "yes":
        rows = matching(book, Query.of(data)).values_list("entry_id", "revision")
        found = dict(rows)
    else:
        marks = data.getlist("ids")[: limits.LORE_ENTRIES]
        found = dict(_read_mark(mark) for mark in marks)
    if not found:
        raise BadChoice("Choose at least one entry first.")
    return found


def _read_mark(text: str) -> tuple[uuid.UUID, int]:
    key, _, revision = text.partition(":")
    entry_id = read_id(key)
    is_number = revision.isascii() and revision.isdigit() and len(revision) < _DIGITS
    if entry_id is None or not is_number:
        raise BadChoice("The choice could not be read. Load the page again.")
    return entry_id, int(revision)


def _do(request: HttpRequest, *, book: Lorebook, act: str, chosen: Chosen) -> Told:
    acts: dict[str, Callable[..., Told]] = {
        **dict.fromkeys(_FLAGS, _flag),
        **dict.fromkeys(_NUMBERS, _set_number),
        "move": _move,
        "remove": _remove,
    }
    if act not in acts:
        raise BadChoice("Choose what to do with the entries.")
    who = {"actor": signed_in(request), "now": timezone.now()}
    return acts[act](request.POST, book=book, act=act, chosen=chosen, who=who)


def _flag(
    data: QueryDict, *, book: Lorebook, act: str, chosen: Chosen, who: dict[str, Any]
) -> Told:
    changes, words = _FLAGS[act]
    changed = lore_entries.change_entries(
        book_id=book.book_id, revisions=chosen, changes=changes, **who
    )
    return _told(changed, words=words)


def _set_number(
    data: QueryDict, *, book: Lorebook, act: str, chosen: Chosen, who: dict[str, Any]
) -> Told:
    text = data.get("value", "").strip()
    if act == "scan_depth" and not text:
        value, words = None, "told to look through as many messages as the book says"
    else:
        value = _whole_number(text, name=act)
        words = _NUMBERS[act].replace("{}", f"{value:,}")
    changed = lore_entries.change_entries(
        book_id=book.book_id, revisions=chosen, changes={act: value}, **who
    )
    return _told(changed, words=words)


_BOUNDS: Final = {
    "order": (-1_000_000_000, 1_000_000_000),
    "scan_depth": (0, 1_000_000),
    "move": (1, limits.LORE_ENTRIES),
}
"""As ``EntrySheet`` has them; places in the list begin with 1."""


def _whole_number(text: str, *, name: str) -> int:
    low, high = _BOUNDS[name]
    digits = text.removeprefix("-").removeprefix("−")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
    value = int(digits) * (1 if digits == text else -1) if is_number else None
    if value is None or not low <= value <= high:
        raise BadChoice(f"Write a whole number from {low:,} to {high:,}.")
    return value


def _move(
    data: QueryDict, *, book: Lorebook, act: str, chosen: Chosen, who: dict[str, Any]
) -> Told:
    """Before or after an entry, or to a place in the list that counts from 1."""
    before, after = read_id(data.get("before", "")), read_id(data.get("after", ""))
    if before is None and after is None:
        number = _whole_number(data.get("value", "").strip(), name=act)
        rest = ordered_ids(matching(book, Query()).exclude(entry_id__in=list(chosen)))
        # Among those that stay; whatever is too far is the end.
        after = rest[min(number - 1, len(rest)) - 1] if number > 1 and rest else None
    changed = lore_entries.move_entries(
        book_id=book.book_id,
        entry_ids=list(chosen),
        before=before,
        after=after,
        **who,
    )
    return _told(changed, words="moved", left_because="was removed meanwhile")


def _remove(
    data: QueryDict, *, book: Lorebook, act: str, chosen: Chosen, who: dict[str, Any]
) -> Told:
    removal = lore_removing.remove_entries(
        book_id=book.book_id, revisions=chosen, **who
    )
    removed = Changed(
        tuple(entry.entry_id for entry in removal.entries),
        removal.left,
        removal.audit_id,
    )
    return _told(removed, words="removed")


def _told(
    changed: Changed, *, words: str, left_because: str = "was changed by somebody else"
) -> Told:
    count, left = len(changed.changed), len(changed.left)
    parts = []
    if count:
        parts.append(f"{_entries(count)} {words}.")
    if left:
        parts.append(
            f"{_entries(left)} left as {'it is' if left == 1 else 'they are'}: each"
            f" {left_because}. Look again, then repeat."
        )
    if not parts:
        return Told("Nothing was changed.", "info")
    kind = "warning" if left else "success"
    return Told(" ".join(parts), kind, changed.audit_id)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


@allows(POST=Action.EDIT_DRAFTS)
def lorebook_entries_undo(
    request: HttpRequest, book_id: str, number: int
) -> HttpResponse:
    """Take back what the audit log has under this number."""
    get_object_or_404(Lorebook, book_id=book_id)
    try:
        changed = lore_undoing.undo(
            book_id=book_id,
            audit_id=number,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except (NothingToUndo, Archived, TooManyEntries) as error:
        told = Told(str(error), "error", status=422)
    else:
        told = _undone(changed)
    return _answer(request, told, book_id=book_id)


def _undone(changed: Changed) -> Told:
    if not changed.changed:
        return Told("Nothing was left to undo.", "info")
    told = _told(changed, words="as before")
    return Told(f"Undone: {told.text}", told.kind)


def _answer(request: HttpRequest, told: Told, *, book_id: str) -> HttpResponse:
    undo_url = ""
    if told.audit_id is not None:
        undo_url = reverse(
            "personas:lorebook-entries-undo", args=[book_id, told.audit_id]
        )
    if request.headers.get("Accept") == "application/json":
        body = {"text": told.text, "kind": told.kind, "undo": undo_url}
        return JsonResponse(body, status=told.status)
    if undo_url:
        tell_undoable(request, told.text, undo_url=undo_url)
    else:
        levels = {"error": messages.ERROR, "info": messages.INFO}
        level = levels.get(told.kind, messages.SUCCESS)
        messages.add_message(request, level, told.text)
    back = Query.of(request.POST).parameters
    page = request.POST.get("page", "")
    if page.isascii() and page.isdigit() and len(page) < _DIGITS:
        back["page"] = page
    return redirect(reverse("personas:lorebook-entries", args=[book_id], query=back))
