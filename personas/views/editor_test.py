"""The test console: one conversation to draft and live version, side by side.

Beside the editor it is a pane, loaded and driven by ``editor-test.js``; without
scripts the same addresses are pages.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas import policy
from personas.forms.trying import ConversationForm, Row, posted_rows
from personas.models import Character, SampleConversation
from personas.services import trying
from personas.services.conversing import Side, Who
from personas.services.trying import Reply, State, Try
from personas.tokens import TOKENIZER
from personas.views.characters import character_or_404
from personas.views.comparing import text_runs

TITLE_LENGTH: Final = 60
"""Of the first message, so much is offered as a sample's title."""

_NAMES: Final = {"draft": "Draft", "live": "Live"}


@dataclass(frozen=True, slots=True)
class ShownSide:
    """The draft or the live version in a try, ready for templates."""

    name: str
    side: Side
    state: State
    reply: Reply
    kind: str  # of conversation, as people call it; empty for the plain prompt

    @property
    def title(self) -> str:
        return _NAMES[self.name]

    @property
    def chat_json(self) -> str:
        """The messages as the call holds them."""
        chat = [message.model_dump() for message in self.side.chat]
        return json.dumps(chat, ensure_ascii=False, indent=2)

    @property
    def is_waiting(self) -> bool:
        return self.state == State.WAITING

    @property
    def is_stopped(self) -> bool:
        return self.state == State.STOPPED

    @property
    def failure(self) -> str:
        """Why there is no reply, though one was asked for."""
        if self.state != State.FAILED:
            return ""
        return self.reply.problem or "The server was restarted meanwhile. Try again."


def _is_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _shown_replies(begun: Try, *, now: datetime) -> dict[str, Any]:
    """What templates show of a try while it goes on."""
    kinds = {row.context: row.name for row in policy.contexts()}
    return {
        "begun": begun,
        "is_waiting": begun.is_waiting(now=now),
        "title": _title(begun),
        "sides": [
            ShownSide(
                name=name,
                side=side,
                state=begun.state(name, now=now),
                reply=begun.replies.get(name, Reply()),
                kind=kinds.get(side.context, side.context),
            )
            for name, side in begun.sides.items()
        ],
    }


def _shown_try(begun: Try, *, now: datetime) -> dict[str, Any]:
    """All that templates show of a try, its prompts compared."""
    draft, live = begun.draft, begun.live
    is_comparable = live is not None and bool(draft.chat and live.chat)
    return {
        **_shown_replies(begun, now=now),
        "is_comparable": is_comparable,
        "runs": text_runs(live.text, after=draft.text) if live and draft.chat else (),
        "token_change": draft.tokens - live.tokens if live else 0,
        "tokenizer": TOKENIZER,
    }


def _title(begun: Try) -> str:
    words = " ".join(begun.asked.messages[0].text.split())
    is_long = len(words) > TITLE_LENGTH
    return f"{words[: TITLE_LENGTH - 1]}…" if is_long else words


def _base(request: HttpRequest, *, character: Character) -> dict[str, Any]:
    """What every answer needs."""
    return {
        "character": character,
        "is_configured": trying.is_configured(),
        "model": settings.LLM_MODEL,
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "samples": character.samples.filter(archived_at=None).count(),
    }


def _answer(
    request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The fragment, or the page around the pane."""
    if not _is_fragment(request):
        name = "character_test"
    return render(request, f"personas/{name}.html", context, status=status)


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def character_edit_test(request: HttpRequest, character_id: str) -> HttpResponse:
    """The form; by POST, what both sides would send, and the asking begins."""
    character = character_or_404(character_id)
    base = _base(request, character=character)
    if request.method != "POST":
        form = _first_form(request, character=character)
        return _answer(request, "_editor_test", {**base, "form": form})
    change = request.POST.get("do", "")
    if change:
        form = _changed_form(request, character=character, change=change)
        return _answer(request, "_editor_test", {**base, "form": form})
    form = _form(request.POST, character=character)
    if form.is_valid():
        try:
            begun = trying.begin(
                character,
                asked=form.asked(),
                actor=signed_in(request),
                now=timezone.now(),
            )
        except trying.TooManyTries as error:
            form.add_error(None, str(error))
        else:
            return _begun(request, begun=begun, base=base)
    return _answer(request, "_editor_test", {**base, "form": form}, status=422)


def _begun(request: HttpRequest, *, begun: Try, base: dict[str, Any]) -> HttpResponse:
    if _is_fragment(request):
        shown = _shown_try(begun, now=timezone.now())
        return render(request, "personas/_test_outcome.html", {**base, **shown})
    return redirect("personas:character-edit-test-run", begun.character_id, begun.token)


def _form(
    data: QueryDict | None = None, *, character: Character, **options: Any
) -> ConversationForm:
    aliases = (alias.text for alias in character.aliases.all())
    return ConversationForm(
        data,
        contexts=policy.contexts(),
        names=(character.display_name, character.nickname, *aliases),
        **options,
    )


def _first_form(request: HttpRequest, *, character: Character) -> ConversationForm:
    """An empty form, or the one of the kept sample that ``?sample=`` names."""
    asked = request.GET.get("sample", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 10:
        rows = SampleConversation.objects.filter(character=character, pk=asked)
        if (sample := rows.first()) is not None:
            initial = {"user_name": sample.user_name, "context": sample.context}
            said = [
                Row(text=m["text"], who=Who(m["who"]), name=m["name"])
                for m in sample.messages
            ]
            return _form(character=character, rows=said, initial=initial)
    initial = {"user_name": str(request.user)}
    return _form(character=character, initial=initial)


def _changed_form(
    request: HttpRequest, *, character: Character, change: str
) -> ConversationForm:
    """The posted form with a message more or less, for those without scripts."""
    rows = posted_rows(request.POST)
    number = change.removeprefix("remove-")
    if change == "add":
        is_own_turn = not rows[-1].is_character
        rows.append(Row(who=Who.CHARACTER if is_own_turn else Who.USER))
    elif number.isdecimal() and number.isascii() and len(rows) > 1:
        rows = [row for at, row in enumerate(rows) if str(at) != number]
    initial = {name: request.POST.get(name, "") for name in ("user_name", "context")}
    return _form(character=character, rows=rows, initial=initial)


def try_or_404(request: HttpRequest, *, character_id: str, token: str) -> Try:
    try:
        return trying.find(token, character_id=character_id, actor=signed_in(request))
    except trying.NoSuchTry as error:
        raise Http404(str(error)) from error


@allows(GET=Action.SEE)
def character_edit_test_run(
    request: HttpRequest, character_id: str, token: str
) -> HttpResponse:
    """How far a try is; without scripts, the page with its form."""
    begun = try_or_404(request, character_id=character_id, token=token)
    if _is_fragment(request):
        return _replies(request, begun=begun)
    character = character_or_404(character_id)
    asked = begun.asked
    rows = [Row(text=m.text, who=m.who, name=m.name) for m in asked.messages]
    initial = {"user_name": asked.user_name, "context": asked.context}
    context = {
        **_base(request, character=character),
        "form": _form(character=character, rows=rows, initial=initial),
        **_shown_try(begun, now=timezone.now()),
    }
    return render(request, "personas/character_test.html", context)


@allows(POST=Action.EDIT_DRAFTS)
def character_edit_test_stop(
    request: HttpRequest, character_id: str, token: str
) -> HttpResponse:
    """Stop waiting for the model."""
    begun = try_or_404(request, character_id=character_id, token=token)
    trying.stop(begun)
    if _is_fragment(request):
        return _replies(request, begun=begun.model_copy(update={"is_stopped": True}))
    return redirect("personas:character-edit-test-run", character_id, token)


def _replies(request: HttpRequest, *, begun: Try) -> HttpResponse:
    context = {
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        **_shown_replies(begun, now=timezone.now()),
    }
    return render(request, "personas/_test_replies.html", context)
