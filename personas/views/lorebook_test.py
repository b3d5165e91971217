"""The tester of a lorebook: which entries a conversation brings, and why not others.

Driven by htmx with every word that somebody types; without scripts the same address
is a page with a button. Nothing is written but by ``lorebook_test_save``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from core.access import allows
from core.roles import Action
from core.views.requests import SEARCH_LENGTH, signed_in
from personas.domain.composing import Message
from personas.forms.lore_trying import (
    DRAFT,
    EDIT,
    LIVE,
    EntryForm,
    TrialForm,
    write_conversation,
)
from personas.models import Character, Lorebook, LoreEntry, SampleConversation
from personas.services import lore_entries, lore_trying, lorebooks
from personas.services.drafts import Archived
from personas.services.lore_entries import StaleEntry
from personas.services.lore_trying import Change, NeverPublished
from personas.views.characters import character_or_404
from personas.views.comparing import FieldDifference, differences
from personas.views.lore_traced import FIRED, Outcome
from personas.views.lorebook_pages import TEST, book_or_404, head_of, rights

MOST_CHARACTERS: Final = 500
MOST_SAMPLES: Final = 100
FIRST: Final = (
    Message("Robin", "Hello! Is anybody here?"),
    Message("Robin", "Tell me about this place."),
)
"""What stands in the form when it is opened."""
_MORE: Final = "more:"
_CHANGE: Final = "change:"


@dataclass(slots=True)
class Panel:
    """The entry that is changed in place; ``stale`` says who was faster.

    ``theirs`` is how the form differs from what they saved.
    """

    form: EntryForm
    stale: str = ""
    theirs: list[FieldDifference] | None = None


# -- The page --------------------------------------------------------------------------


@allows(GET=Action.SEE, POST=Action.SEE)
def lorebook_test(request: HttpRequest, book_id: str) -> HttpResponse:
    """The tester; by POST, what the conversation brings."""
    book = book_or_404(book_id)
    characters = _characters(book)
    if request.method != "POST":
        data = _first(request, book=book, characters=characters)
        return _answer(request, book=book, form=TrialForm(data, characters=characters))
    data = request.POST
    do = data.get("do", "")
    if do == "add":
        data = _with_message(data)
    form = TrialForm(data, characters=characters)
    panel, has_new_panel = _panel(data, book=book), False
    if do.startswith(_CHANGE):
        entry = _entry(book, text=do.removeprefix(_CHANGE))
        panel, has_new_panel = Panel(EntryForm(entry=entry)) if entry else None, True
    elif do == "discard":
        panel, has_new_panel = None, True
    if do.startswith(_MORE) and _is_htmx(request):
        return _more(request, book=book, form=form, panel=panel, of=do)
    return _answer(
        request, book=book, form=form, panel=panel, has_new_panel=has_new_panel
    )


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _characters(book: Lorebook) -> list[Character]:
    """Who can be tried: the characters that have the book; of one for all, all."""
    rows = Character.objects.active().only("character_id", "display_name")
    if not book.for_everybody:
        rows = rows.filter(character_id__in=lorebooks.users_of(book.book_id))
    return list(rows.order_by("display_name", "pk")[:MOST_CHARACTERS])


def _samples(characters: list[Character]) -> list[SampleConversation]:
    rows = SampleConversation.objects.select_related("character").filter(
        character__in=[c.pk for c in characters], archived_at=None
    )
    return list(rows.defer("draft", "live").order_by("-pk")[:MOST_SAMPLES])


def _first(
    request: HttpRequest, *, book: Lorebook, characters: list[Character]
) -> dict[str, Any]:
    """What the form holds at first: the kept conversation that is named, or ours."""
    data = {"conversation": write_conversation(FIRST), "side": DRAFT}
    if book.is_archived and book.published is not None:
        data["side"] = LIVE
    asked = request.GET.get("sample", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 10:
        found = next((s for s in _samples(characters) if str(s.pk) == asked), None)
        if found is not None:
            said = (Message(m["name"], m["text"]) for m in found.messages)
            data["conversation"] = write_conversation(said)
            data["character"] = found.character.character_id
    asked_character = request.GET.get("character", "")
    if any(asked_character == c.character_id for c in characters):
        data["character"] = asked_character
    return data


def _with_message(data: QueryDict) -> QueryDict:
    """The form with one more message, for those without scripts."""
    changed = data.copy()
    said = Message(data.get("say_name", ""), data.get("say_text", ""))
    if said.text.strip():
        lines = [data.get("conversation", "").replace("\r\n", "\n").rstrip("\n")]
        changed["conversation"] = "\n".join(
            [*filter(None, lines), write_conversation([said])]
        )
        changed["say_text"] = ""
    return changed


# -- The entry that is changed in place ------------------------------------------------


def _entry(book: Lorebook, *, text: str) -> LoreEntry | None:
    try:
        entry_id = UUID(text)
    except ValueError:
        return None
    return book.entries.filter(entry_id=entry_id).first()


def _panel(data: Mapping[str, Any], *, book: Lorebook) -> Panel | None:
    """The posted change of an entry, if there is one and the entry is still there."""
    entry = _entry(book, text=str(data.get(f"{EDIT}-entry_id", "")))
    return None if entry is None else Panel(EntryForm(data, entry=entry))


@allows(POST=Action.EDIT_DRAFTS)
def lorebook_test_save(request: HttpRequest, book_id: str) -> HttpResponse:
    """Save the change that was tried, unless somebody was faster."""
    book = book_or_404(book_id)
    form = TrialForm(request.POST, characters=_characters(book))
    panel = _panel(request.POST, book=book)
    if panel is None:
        told = "This entry is not there any more; nothing was saved."
        return _saved(request, book=book, form=form, panel=None, error=told)
    edited = panel.form
    if not edited.is_valid() or edited.sheet is None:
        return _answer(
            request, book=book, form=form, panel=panel, has_new_panel=True, status=422
        )
    try:
        lore_entries.save_entry(
            book_id=book_id,
            entry_id=edited.entry.entry_id,
            sheet=edited.sheet,
            revision=edited.cleaned_data["revision"],
            actor=signed_in(request),
            now=timezone.now(),
        )
    except StaleEntry as error:
        return _stale(request, book=book, form=form, error=error)
    except Archived as error:
        return _saved(request, book=book, form=form, panel=panel, error=str(error))
    # What the head tells has changed.
    return _saved(request, book=book_or_404(book_id), form=form, panel=None)


def _stale(
    request: HttpRequest, *, book: Lorebook, form: TrialForm, error: StaleEntry
) -> HttpResponse:
    """The form with what was typed, and what they saved beside it."""
    if error.current is None:
        return _saved(request, book=book, form=form, panel=None, error=str(error))
    data = request.POST.copy()
    data[f"{EDIT}-revision"] = str(error.current.revision)
    edited = EntryForm(data, entry=error.current)
    edited.is_valid()
    theirs = differences(error.current.to_sheet(), after=edited.sheet or edited.stored)
    panel = Panel(edited, stale=str(error), theirs=theirs)
    return _answer(
        request, book=book, form=form, panel=panel, has_new_panel=True, status=412
    )


def _saved(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: TrialForm,
    panel: Panel | None,
    error: str = "",
) -> HttpResponse:
    told = error or "The entry is saved in the draft. Bots get it once it is published."
    if not _is_htmx(request):
        (messages.error if error else messages.success)(request, told)
        return _answer(request, book=book, form=form, panel=panel, has_new_panel=True)
    response = _answer(request, book=book, form=form, panel=panel, has_new_panel=True)
    toast = {"text": told, "kind": "error" if error else "success"}
    response["HX-Trigger"] = json.dumps({"toast": toast})
    return response


# -- Answers ---------------------------------------------------------------------------


def _outcome(
    book: Lorebook, *, form: TrialForm, panel: Panel | None
) -> tuple[Outcome | None, str]:
    """What came of it, or why nothing did."""
    if not form.is_valid():
        return None, "Look at the marked fields; the answer follows them."
    if panel is not None and panel.form.is_bound and not panel.form.is_valid():
        return None, "The change cannot be tried yet; look at its marked fields."
    chosen = form.cleaned_data["character"]
    character = character_or_404(chosen) if chosen else None
    trial = form.trial(character=character)
    try:
        tried = lore_trying.run(
            book, trial=trial, change=_change(panel, is_live=trial.is_live)
        )
    except NeverPublished as error:
        return None, str(error)
    return Outcome(tried, book_id=book.book_id, messages=trial.messages), ""


def _change(panel: Panel | None, *, is_live: bool) -> Change | None:
    """What is changed; what bots are served never is."""
    if panel is None or panel.form.sheet is None or is_live:
        return None
    return Change(panel.form.entry.entry_id, panel.form.sheet)


def _answer(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: TrialForm,
    panel: Panel | None = None,
    has_new_panel: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page; for its script only what came of it, and a panel that is new.

    To the script every answer is 200: htmx puts no other into the page.
    """
    outcome, problem = _outcome(book, form=form, panel=panel)
    context = {
        **head_of(book, tab=TEST),
        **rights(request, book=book),
        "form": form,
        "outcome": outcome,
        "problem": problem,
        "panel": panel,
        "has_new_panel": has_new_panel,
        "query": (query := _query(request)),
        "found": outcome.found(query) if outcome and query else None,
        "is_live": form["side"].value() == LIVE,
    }
    if _is_htmx(request):
        return render(request, "personas/_lore_test_answer.html", context)
    if not form.is_valid():
        status = 422
    context |= {
        "samples": _samples(list(form.characters.values())),
        "say_name": form.data.get("say_name", "Robin"),
        "open_group": _open_group(request, outcome=outcome),
    }
    return render(request, "personas/lorebook_test.html", context, status=status)


def _query(request: HttpRequest) -> str:
    return request.POST.get("q", "").replace("\0", "").strip()[:SEARCH_LENGTH]


def _window(text: str) -> tuple[str, int]:
    """Of ``more:key:25`` the group and where its rows begin."""
    name, _, start = text.removeprefix(_MORE).partition(":")
    is_number = start.isascii() and start.isdecimal() and len(start) < 7
    return name, int(start) if is_number else 0


def _open_group(request: HttpRequest, *, outcome: Outcome | None) -> Any:
    """Without scripts: the rows of a group that were asked for."""
    do = request.POST.get("do", "")
    if outcome is None or not do.startswith(_MORE):
        return None
    name, start = _window(do)
    if name != FIRED and name not in {group.name for group in outcome.stopped}:
        return None
    return outcome.group(name, start=start)


def _more(
    request: HttpRequest,
    *,
    book: Lorebook,
    form: TrialForm,
    panel: Panel | None,
    of: str,
) -> HttpResponse:
    """More rows of one group."""
    outcome, _ = _outcome(book, form=form, panel=panel)
    name, start = _window(of)
    context = {
        **rights(request, book=book),
        "group": None,
        "outcome": outcome,
        "is_live": form["side"].value() == LIVE,
    }
    known = {FIRED, *(g.name for g in outcome.stopped)} if outcome else set()
    if outcome is not None and name in known:
        context["group"] = outcome.group(name, start=start)
    return render(request, "personas/_lore_test_rows.html", context)
