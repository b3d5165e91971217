"""Kinds of conversation: what each mixes, and the words that tell of it."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core import limits, policy
from core.access import allows
from core.models import PolicySetting
from core.people import may
from core.policy import ChangedMeanwhile
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas.domain.contexts import (
    LATEST_MESSAGES,
    MOST_CONTEXTS,
    ConversationContext,
    detect,
)
from personas.forms.contexts import ContextForm
from personas.policy import CONVERSATION_CONTEXTS, is_blending_enabled
from personas.services import contexts
from personas.services.contexts import EditedMeanwhile, NotValid
from personas.views import context_rows
from personas.views.comparing import differences
from personas.views.publish import MOST

_ROW_DIGITS: Final = 18


# -- The table -----------------------------------------------------------------------


@allows(GET=Action.SEE)
def context_list(request: HttpRequest) -> HttpResponse:
    """The table, the test box, and whose live prompts another table made."""
    return _list(request, test=MessageForm())


def _list(
    request: HttpRequest,
    *,
    test: "MessageForm",
    tested: context_rows.Tested | None = None,
    status: int = 200,
) -> HttpResponse:
    frameworks = context_rows.published_frameworks()
    found = contexts.current()
    behind = context_rows.behind(found.table, known=frameworks.keys())
    context = {
        "kinds": context_rows.kinds(found.table, frameworks=frameworks),
        "can_add": len(found.table) < MOST_CONTEXTS,
        "cut_off": context_rows.CUT_OFF_PERCENT,
        "is_blending": is_blending_enabled(),
        "behind": behind,
        "behind_ids": ",".join(each.character_id for each in behind[:MOST]),
        "last": _last_change(),
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
        "may_publish": may(request.user, action=Action.EDIT_DRAFTS),
        "test": test,
        "tested": tested,
        "latest_messages": LATEST_MESSAGES,
    }
    return render(request, "personas/context_list.html", context, status=status)


def _last_change() -> dict[str, Any] | None:
    """The newest change in words, and which row would take it back."""
    rows = list(policy.history(CONVERSATION_CONTEXTS)[:2])
    if not rows:
        return None
    row, before = rows[0], rows[1] if len(rows) > 1 else None
    return _change(row, before=before)


def _change(row: PolicySetting, *, before: PolicySetting | None) -> dict[str, Any]:
    table = contexts.table_of(row)
    return {
        "row": row,
        "lines": context_rows.table_changes(contexts.table_of(before), after=table),
        "before_id": before.pk if before else 0,
    }


# -- The test box --------------------------------------------------------------------


class MessageForm(forms.Form):
    """A message to try; nothing of it is kept."""

    message = forms.CharField(
        label="A message",
        strip=False,
        widget=forms.Textarea({"rows": 4}),
        error_messages={"required": "Write or paste a message."},
    )

    def clean_message(self) -> str:
        text: str = self.cleaned_data["message"].replace("\r\n", "\n")
        if len(text.encode()) > limits.MESSAGE_BYTES:
            raise forms.ValidationError(
                f"A message has at most {limits.MESSAGE_BYTES // 1024} KiB."
            )
        return text


@allows(POST=Action.SEE)
def context_test(request: HttpRequest) -> HttpResponse:
    """Which words of a message tell of which kind; a fragment where htmx asks."""
    form = MessageForm(request.POST)
    tested = None
    if form.is_valid():
        text = form.cleaned_data["message"]
        table = contexts.current().table
        detection = detect([text], contexts=table)
        tested = context_rows.tested(text, detection=detection, table=table)
    if request.headers.get("HX-Request"):
        # 200 also for what is wrong: htmx puts no other answer into the page.
        context = {"test": form, "tested": tested}
        return render(request, "personas/_context_test.html", context)
    status = 200 if form.is_valid() else 422
    return _list(request, test=form, tested=tested, status=status)


# -- Editing -------------------------------------------------------------------------


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def context_create(request: HttpRequest) -> HttpResponse:
    """A kind that is not there yet."""
    frameworks = context_rows.published_frameworks()
    form = ContextForm(
        request.POST if request.method == "POST" else None,
        row=None,
        context_id=None,
        frameworks=frameworks,
        started=contexts.NEW,
    )
    if request.method == "POST":
        new = form.to_context()
        if new is not None:
            try:
                return _saved(request, new, started=contexts.NEW)
            except EditedMeanwhile:
                form.add_error("context", "There is a kind with this id already.")
            except NotValid as error:
                form.add_error(None, str(error))
    return _form(request, form=form, row=None)


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def context_edit(request: HttpRequest, context_id: str) -> HttpResponse:
    """Change a kind; what somebody else did meanwhile is shown beside it first."""
    row = contexts.current().find(context_id)
    if request.method == "POST":
        return _edit(request, context_id=context_id, row=row)
    if row is None:
        raise Http404("There is no such kind of conversation.")
    form = _edit_form(None, row=row, context_id=context_id)
    return _form(request, form=form, row=row)


def _edit_form(
    data: Any, *, row: ConversationContext | None, context_id: str
) -> ContextForm:
    frameworks = context_rows.published_frameworks()
    asked = dict.fromkeys(row.asked) if row else {}
    unknown = {
        key: f"{key} (no such framework)" for key in asked if key not in frameworks
    }
    return ContextForm(
        data,
        row=row,
        context_id=context_id,
        frameworks={**frameworks, **unknown},
        started=contexts.started_from(row),
    )


def _edit(
    request: HttpRequest, *, context_id: str, row: ConversationContext | None
) -> HttpResponse:
    form = _edit_form(request.POST, row=row, context_id=context_id)
    mine = form.to_context()
    if mine is None:
        return _form(request, form=form, row=row)
    try:
        return _saved(request, mine, started=form.cleaned_data["started"])
    except NotValid as error:
        form.add_error(None, str(error))
    except EditedMeanwhile as error:
        # What they wrote stays in the form, which now starts from what is there.
        data = request.POST.copy()
        data["started"] = contexts.started_from(error.theirs)
        form = _edit_form(data, row=error.theirs, context_id=context_id)
        return _form(request, form=form, row=error.theirs, mine=mine, stale=str(error))
    return _form(request, form=form, row=row)


def _saved(
    request: HttpRequest, context: ConversationContext, *, started: str
) -> HttpResponse:
    contexts.save(
        context, started=started, actor=signed_in(request), now=timezone.now()
    )
    messages.success(request, f"{context.name} is saved.")
    return redirect("personas:context-list")


def _form(
    request: HttpRequest,
    *,
    form: ContextForm,
    row: ConversationContext | None,
    mine: ConversationContext | None = None,
    stale: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "is_new": "context" in form.fields,
        "stale": stale,
        "changes": differences(row, after=mine) if row and mine else [],
        "cut_off": context_rows.CUT_OFF_PERCENT,
        "started": contexts.started_from(row),
    }
    status = 412 if stale else 422 if form.is_bound else 200
    return render(request, "personas/context_form.html", context, status=status)


@allows(POST=Action.EDIT_SETTINGS)
def context_remove(request: HttpRequest, context_id: str) -> HttpResponse:
    """Take a kind out of the table; undo puts it back."""
    try:
        contexts.remove(
            context_id,
            started=request.POST.get("started", ""),
            actor=signed_in(request),
            now=timezone.now(),
        )
    except EditedMeanwhile as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The kind is removed. Undo brings it back.")
    return redirect("personas:context-list")


# -- What was ------------------------------------------------------------------------


@allows(GET=Action.SEE)
def context_history(request: HttpRequest) -> HttpResponse:
    """Every change of the table, newest first."""
    rows = policy.history(CONVERSATION_CONTEXTS)
    page = page_of(request, rows=rows)
    shown = list(page.object_list)
    oldest = rows.filter(pk__lt=shown[-1].pk).first() if shown else None
    newest = policy.newest_row(CONVERSATION_CONTEXTS)
    context = {
        "page": page,
        "changes": [
            _change(row, before=before)
            for row, before in zip(shown, [*shown, oldest][1:], strict=True)
        ],
        "current_id": newest.pk if newest else 0,
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    return render(request, "personas/context_history.html", context)


@allows(POST=Action.EDIT_SETTINGS)
def context_put_back(request: HttpRequest) -> HttpResponse:
    """Have an earlier table again, in place of the one that the page showed."""
    row_id, instead_of = (_row_id(request, name) for name in ("row", "instead_of"))
    if row_id is None or instead_of is None:
        messages.error(request, "Reload the page, then try again.")
        return redirect("personas:context-list")
    try:
        contexts.put_back(
            row_id,
            instead_of=instead_of,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except contexts.NoSuchTable as error:
        messages.error(request, str(error))
    except ChangedMeanwhile:
        messages.error(
            request, "Somebody changed the kinds meanwhile; look at them first."
        )
    else:
        messages.success(request, "The earlier table is back.")
    return redirect("personas:context-list")


def _row_id(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    if text.isascii() and text.isdecimal() and len(text) < _ROW_DIGITS:
        return int(text)
    return None
