"""One entry as a form: on a page of its own, or in a drawer over the table.

Scripts ask with ``HX-Request`` and get the form alone; when it is saved, they get
``{"text", "entry_id", "next"}`` instead of a redirect.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from personas.domain.lore.decorators import Decorations, decorated
from personas.domain.lore.keys import unsupported_pattern
from personas.forms.lorebooks import KEPT, POSITIONS, ROLES, EntryForm
from personas.models import Lorebook, LoreEntry
from personas.services.lore_entries import NoSuchPlace, StaleEntry, find_entry
from personas.tokens import count_tokens
from personas.views.lorebook_entries import read_id
from personas.views.lorebook_entries_rows import Query, matching, ordered_ids
from personas.views.lorebook_pages import ENTRIES, book_or_404, head_of, rights

NEXT: Final = "_next"


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def lore_entry(request: HttpRequest, book_id: str, entry_id: uuid.UUID) -> HttpResponse:
    """An entry to read or to edit; by POST, saving it."""
    book = book_or_404(book_id)
    try:
        entry = find_entry(book_id=book_id, entry_id=entry_id)
    except LoreEntry.DoesNotExist as error:
        if request.method == "POST":
            return _removed(request, book=book)
        raise Http404("There is no such entry; it may have been removed.") from error
    if request.method == "POST":
        return _save(request, book=book, entry=entry)
    is_read_only = not rights(request, book=book)["may_edit"]
    form = EntryForm(book_id=book_id, current=entry, is_read_only=is_read_only)
    return _show(request, book=book, form=form, entry=entry)


@allows(GET=Action.EDIT_DRAFTS, POST=Action.EDIT_DRAFTS)
def lore_entry_create(request: HttpRequest, book_id: str) -> HttpResponse:
    """A new entry: after the one that the address names, or at the end."""
    book = book_or_404(book_id)
    if request.method == "POST":
        return _save(request, book=book, entry=None)
    form = EntryForm(
        book_id=book_id,
        current=None,
        is_read_only=not rights(request, book=book)["may_edit"],
    )
    return _show(request, book=book, form=form, entry=None)


# -- Saving ----------------------------------------------------------------------------


def _save(
    request: HttpRequest, *, book: Lorebook, entry: LoreEntry | None
) -> HttpResponse:
    form = EntryForm(request.POST, book_id=book.book_id, current=entry)
    if not form.is_valid():
        return _show(request, book=book, form=form, entry=entry, status=422)
    # Before it is saved: the entry may not match the search any more afterwards.
    following = _beside(request, book=book, entry=entry).following
    try:
        saved = form.store(
            after=read_id(request.GET.get("after", "")),
            actor=signed_in(request),
            now=timezone.now(),
        )
    except StaleEntry as error:
        if error.current is None:
            return _removed(request, book=book)
        return _stale(request, book=book, entry=error.current)
    except NoSuchPlace as error:
        form.add_error(None, f"{error} Open a new entry again to add it at the end.")
        saved = None
    if saved is None:
        return _show(request, book=book, form=form, entry=entry, status=422)
    return _saved(request, form=form, book=book, saved=saved, following=following)


def _saved(
    request: HttpRequest,
    *,
    form: EntryForm,
    book: Lorebook,
    saved: LoreEntry,
    following: str,
) -> HttpResponse:
    is_same = saved.revision == form.cleaned_data["revision"]
    text = (
        "Nothing was changed."
        if is_same
        else f"“{saved}” is saved. Bots see it once the lorebook is published."
    )
    wants_next = NEXT in request.POST
    if wants_next and not following:
        text += " It was the last of the list."
    if _is_script(request):
        return JsonResponse(
            {
                "text": text,
                "entry_id": saved.entry_id.hex,
                "next": following if wants_next else "",
            }
        )
    level = messages.INFO if is_same else messages.SUCCESS
    messages.add_message(request, level, text)
    if wants_next and following:
        return redirect(following)
    back = Query.of(request.GET).parameters
    return redirect(
        reverse("personas:lorebook-entries", args=[book.book_id], query=back)
    )


def _stale(request: HttpRequest, *, book: Lorebook, entry: LoreEntry) -> HttpResponse:
    """The same form once more, now for what somebody else saved meanwhile."""
    data = request.POST.copy()
    data["revision"] = str(entry.revision)
    form = EntryForm(data, book_id=book.book_id, current=entry, is_stale=True)
    return _show(request, book=book, form=form, entry=entry, status=412)


def _removed(request: HttpRequest, *, book: Lorebook) -> HttpResponse:
    """What was written, as a new entry: the old one is gone."""
    data = request.POST.copy()
    data["revision"] = ""
    form = EntryForm(data, book_id=book.book_id, current=None)
    form.is_valid()
    return _show(request, book=book, form=form, entry=None, status=412, is_removed=True)


# -- Showing ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beside:
    """Addresses of the entries before and after one in the list; or empty."""

    number: int = 0
    total: int = 0
    previous: str = ""
    following: str = ""


def _beside(request: HttpRequest, *, book: Lorebook, entry: LoreEntry | None) -> Beside:
    if entry is None:
        return Beside()
    query = Query.of(request.GET)
    ids = ordered_ids(matching(book, query))
    if entry.entry_id not in ids:
        return Beside()
    at = ids.index(entry.entry_id)

    def address(to: int) -> str:
        if not 0 <= to < len(ids):
            return ""
        arguments = [book.book_id, ids[to]]
        return reverse(
            "personas:lore-entry", args=arguments, query=query.parameters or None
        )

    return Beside(at + 1, len(ids), address(at - 1), address(at + 1))


def _is_script(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _action(request: HttpRequest, *, book: Lorebook, entry: LoreEntry | None) -> str:
    """Where the form is sent, with the list that it was opened from."""
    query = dict(Query.of(request.GET).parameters)
    if entry is not None:
        arguments: list[Any] = [book.book_id, entry.entry_id]
        name = "personas:lore-entry"
    else:
        arguments, name = [book.book_id], "personas:lore-entry-create"
        after = read_id(request.GET.get("after", ""))
        if after is not None:
            query["after"] = after.hex
    return reverse(name, args=arguments, query=query or None)


def _show(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: EntryForm,
    entry: LoreEntry | None,
    status: int = 200,
    is_removed: bool = False,
) -> HttpResponse:
    right = rights(request, book=book)
    query = Query.of(request.GET)
    context = {
        **head_of(book, tab=ENTRIES),
        **right,
        "entry": entry,
        "form": form,
        "media": form.media,
        "sections": list(form.sections()),
        "folded": form.folded,
        "kept": KEPT,
        "conflicts": form.conflicts(),
        "is_removed": is_removed,
        "action": _action(request, book=book, entry=entry),
        "back": reverse(
            "personas:lorebook-entries",
            args=[book.book_id],
            query=query.parameters or None,
        ),
        "beside": _beside(request, book=book, entry=entry),
        "read_only_reason": _why_read_only(book, may_edit=right["may_edit"]),
        **_checked(form),
    }
    name = "_lore_entry_form" if _is_script(request) else "lorebook_entry"
    response = render(request, f"personas/{name}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _why_read_only(book: Lorebook, *, may_edit: bool) -> str:
    if book.is_archived:
        return "This lorebook is archived. Restore it to edit its entries."
    if not may_edit:
        return "You can read this. Curators edit; ask an admin for that role."
    return ""


# -- Checking --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BadKey:
    """A key that can never match; ``at`` is its place in ``field``, from 0."""

    field: str
    at: int
    text: str
    problem: str


@allows(POST=Action.SEE)
def lore_entry_check(request: HttpRequest, book_id: str) -> HttpResponse:
    """What is to be said of an entry as it stands in the form; saves nothing."""
    book = book_or_404(book_id)
    form = EntryForm(request.POST, book_id=book.book_id, current=None)
    form.is_valid()
    context = {"book": book, **_checked(form)}
    return render(request, "personas/_lore_entry_check.html", context)


def _checked(form: EntryForm) -> dict[str, Any]:
    """Tokens of the text, keys that cannot be used, and the decorators in words."""
    values = form.shown()
    use_regex = values.get("use_regex")
    bad_keys = [
        BadKey(name, at, key[:200], problem)
        for name in ("keys", "secondary_keys")
        for at, key in enumerate(values.get(name) or ())
        if (problem := unsupported_pattern(key, use_regex=use_regex))
    ]
    # As typed, where it is too long to be saved.
    content = str(values.get("content", form.data.get("content", "")))
    decorations, text = decorated(content)
    return {
        "tokens": count_tokens(content),
        "size": len(content.encode()),
        "most_size": limits.LORE_ENTRY_BYTES,
        "text_tokens": count_tokens(text) if text != content else None,
        "bad_keys": bad_keys,
        "decorators": _in_words(decorations),
        "unobeyed": decorations.unobeyed,
    }


def _in_words(asked: Decorations) -> list[str]:
    """What the decorators of a text do, one sentence each."""
    said = []
    if asked.is_activated:
        said.append("Enters always, whether or not a key is seen.")
    if asked.is_deactivated:
        said.append("Never enters.")
    if asked.position is not None:
        said.append(f"Place: {POSITIONS[asked.position].lower()}.")
    if asked.depth is not None:
        said.append(f"At a depth of {asked.depth:,} messages before the end.")
    if asked.role is not None:
        said.append(f"As whose message: {ROLES[asked.role].lower()}.")
    if asked.scan_depth is not None:
        said.append(f"Looks through {asked.scan_depth:,} messages.")
    if asked.additional_keys:
        said.append(f"Further keys: {_listed(asked.additional_keys)}.")
    if asked.exclude_keys:
        said.append(f"Not when one of these is seen: {_listed(asked.exclude_keys)}.")
    return said


def _listed(keys: tuple[str, ...]) -> str:
    more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
    return ", ".join(keys[:20]) + more
