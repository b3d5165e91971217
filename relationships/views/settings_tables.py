"""Kinds of interaction, bands of feeling, words for traits: seen and edited.

The same pages for each; ``slug`` says which table.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core import policy
from core.access import allows
from core.models import PolicySetting
from core.people import may
from core.policy import ChangedMeanwhile
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas.domain.sheets import Sheet
from personas.views.comparing import differences
from relationships.forms import RowForm
from relationships.services import tables
from relationships.services.tables import EditedMeanwhile, NotValid
from relationships.views.settings_rows import PAGES, TablePage, table_changes

_ROW_DIGITS: Final = 18


@allows(GET=Action.SEE)
def table_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The table in force."""
    page = PAGES[slug]
    found = tables.current(page.table)
    shown = page.shown(found.rows)
    context = {
        "shown": page,
        "rows": shown,
        "heads": shown[0].cells if shown else (),
        "can_add": len(found.rows) < page.most,
        "last": _last_change(page),
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    return render(request, "relationships/settings_list.html", context)


def _last_change(page: TablePage) -> dict[str, Any] | None:
    """The newest change in words, and which row would take it back."""
    rows = list(policy.history(page.table.setting)[:2])
    if not rows:
        return None
    return _change(rows[0], before=rows[1] if len(rows) > 1 else None, page=page)


def _change(
    row: PolicySetting, *, before: PolicySetting | None, page: TablePage
) -> dict[str, Any]:
    table = page.table
    return {
        "row": row,
        "lines": table_changes(
            tables.rows_of(before, table=table),
            after=tables.rows_of(row, table=table),
            table=table,
        ),
        "before_id": before.pk if before else 0,
    }


# -- Editing -------------------------------------------------------------------------


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def row_create(request: HttpRequest, slug: str) -> HttpResponse:
    """A row that is not there yet."""
    page = PAGES[slug]
    form = RowForm(
        request.POST if request.method == "POST" else None,
        table=page.table,
        row=None,
        fixed={},
        started=tables.NEW,
    )
    new = form.to_row() if request.method == "POST" else None
    if new is not None:
        key = page.table.key(new)
        try:
            return _saved(request, new, page=page, replaces=key, started=tables.NEW)
        except EditedMeanwhile:
            form.add_error(
                form.row_fields[0], f"There is a {page.one} like this already."
            )
        except NotValid as error:
            form.add_error(None, str(error))
    return _form(request, form=form, page=page, row=None, is_new=True)


@allows(GET=Action.EDIT_SETTINGS, POST=Action.EDIT_SETTINGS)
def row_edit(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Change a row; what somebody else did meanwhile is shown beside it first."""
    page = PAGES[slug]
    row = tables.current(page.table).find(key)
    if request.method == "POST":
        return _edit(request, page=page, key=key, row=row)
    if row is None:
        raise Http404(f"There is no such {page.one}.")
    form = _edit_form(None, page=page, key=key, row=row)
    return _form(request, form=form, page=page, row=row)


def _edit_form(data: Any, *, page: TablePage, key: str, row: Sheet | None) -> RowForm:
    return RowForm(
        data,
        table=page.table,
        row=row,
        fixed=dict.fromkeys(page.fixed, key),
        started=tables.started_from(row),
    )


def _edit(
    request: HttpRequest, *, page: TablePage, key: str, row: Sheet | None
) -> HttpResponse:
    form = _edit_form(request.POST, page=page, key=key, row=row)
    mine = form.to_row()
    if mine is None:
        return _form(request, form=form, page=page, row=row)
    started = form.cleaned_data["started"]
    try:
        return _saved(request, mine, page=page, replaces=key, started=started)
    except NotValid as error:
        form.add_error(None, str(error))
    except EditedMeanwhile as error:
        # What they wrote stays in the form, which now starts from what is there.
        data = request.POST.copy()
        data["started"] = tables.started_from(error.theirs)
        form = _edit_form(data, page=page, key=key, row=error.theirs)
        return _form(
            request,
            form=form,
            page=page,
            row=error.theirs,
            mine=mine,
            stale=str(error),
        )
    return _form(request, form=form, page=page, row=row)


def _saved(
    request: HttpRequest, row: Sheet, *, page: TablePage, replaces: str, started: str
) -> HttpResponse:
    tables.save(
        row,
        table=page.table,
        replaces=replaces,
        started=started,
        actor=signed_in(request),
        now=timezone.now(),
    )
    messages.success(request, f"{page.table.name(row)} is saved.")
    return redirect(page.url_names["list"])


def _form(
    request: HttpRequest,
    *,
    form: RowForm,
    page: TablePage,
    row: Sheet | None,
    is_new: bool = False,
    mine: Sheet | None = None,
    stale: str = "",
) -> HttpResponse:
    context = {
        "shown": page,
        "form": form,
        "row_key": page.table.key(row) if row else "",
        "row_name": page.table.name(row) if row else "",
        "is_new": is_new,
        "stale": stale,
        "changes": differences(row, after=mine) if row and mine else [],
        "started": tables.started_from(row),
    }
    status = 412 if stale else 422 if form.is_bound else 200
    return render(request, "relationships/settings_form.html", context, status=status)


@allows(POST=Action.EDIT_SETTINGS)
def row_remove(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Take a row out of the table; undo puts it back."""
    page = PAGES[slug]
    try:
        tables.remove(
            key,
            table=page.table,
            started=request.POST.get("started", ""),
            actor=signed_in(request),
            now=timezone.now(),
        )
    except (EditedMeanwhile, NotValid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The {page.one} is removed. Undo brings it back.")
    return redirect(page.url_names["list"])


# -- What was ------------------------------------------------------------------------


@allows(GET=Action.SEE)
def table_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every change of the table, newest first."""
    shown = PAGES[slug]
    rows = policy.history(shown.table.setting)
    page = page_of(request, rows=rows)
    found = list(page.object_list)
    oldest = rows.filter(pk__lt=found[-1].pk).first() if found else None
    newest = policy.newest_row(shown.table.setting)
    context = {
        "shown": shown,
        "page": page,
        "changes": [
            _change(row, before=before, page=shown)
            for row, before in zip(found, [*found, oldest][1:], strict=True)
        ],
        "current_id": newest.pk if newest else 0,
        "may_edit": may(request.user, action=Action.EDIT_SETTINGS),
    }
    return render(request, "relationships/settings_history.html", context)


@allows(POST=Action.EDIT_SETTINGS)
def table_put_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Have an earlier table again, in place of the one that the page showed."""
    page = PAGES[slug]
    row_id, instead_of = (_row_id(request, name) for name in ("row", "instead_of"))
    if row_id is None or instead_of is None:
        messages.error(request, "Reload the page, then try again.")
        return redirect(page.url_names["list"])
    try:
        tables.put_back(
            row_id,
            table=page.table,
            instead_of=instead_of,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except tables.NoSuchTable as error:
        messages.error(request, str(error))
    except ChangedMeanwhile:
        messages.error(
            request, "Somebody changed the table meanwhile; look at it first."
        )
    else:
        messages.success(request, "The earlier table is back.")
    return redirect(page.url_names["list"])


def _row_id(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    if text.isascii() and text.isdecimal() and len(text) < _ROW_DIGITS:
        return int(text)
    return None
