"""One import: its files as they are read, what to do with each, and its reports."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import orjson
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone

from core.access import allows, answers_problems
from core.people import may
from core.roles import Action
from core.views.requests import signed_in
from personas.models import ImportBatch, ImportItem
from personas.services import imports
from personas.views.import_choosing import (
    MOST_AT_ONCE,
    Outcome,
    asked_for,
    do,
    keys_of,
)
from personas.views.import_shown import filtered, filters_of, items_of, rows_of

State = ImportItem.State

ROWS: Final = 100
"""Files of one page."""
LATE_AFTER: Final = timedelta(seconds=20)
"""Files that nobody began to read for so long show that nobody does the work."""
PUBLISHED_AT_ONCE: Final = 100
"""Ids that the link to the publish page names."""
_KINDS: Final = {
    "": "Everything",
    "character": "Characters",
    "lorebook": "Lorebooks",
    "framework": "Frameworks",
}


def batch_or_404(pk: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.select_related("actor"), pk=pk)


@allows(GET=Action.IMPORT, POST=Action.IMPORT)
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The files of an import; by POST, import some of them as the form says."""
    batch = batch_or_404(pk)
    if request.method != "POST":
        return _page(request, batch=batch)
    rows, _ = asked_for(batch, data=request.POST)
    if not rows.exists():
        messages.warning(request, "No file was chosen; tick some first.")
        return redirect(request.get_full_path())
    outcome = do(batch, data=request.POST, actor=signed_in(request))
    _tell(request, outcome)
    if outcome.problems:
        return _page(request, batch=batch, outcome=outcome, status=422)
    return redirect(request.get_full_path())


def _tell(request: HttpRequest, outcome: Outcome) -> None:
    parts = []
    if outcome.done:
        parts.append(f"{len(outcome.done)} imported as drafts")
    if outcome.skipped:
        parts.append(f"{len(outcome.skipped)} left out")
    if parts:
        messages.success(request, f"{', '.join(parts)}.")
    if outcome.problems:
        count = len(outcome.problems)
        messages.warning(request, f"{count} not imported; each file says why.")
    if outcome.left:
        text = (
            f"{outcome.left} more were asked for; at most {MOST_AT_ONCE} are imported"
            " at a time. Send the form again."
        )
        messages.warning(request, text)


def _page(
    request: HttpRequest,
    *,
    batch: ImportBatch,
    outcome: Outcome | None = None,
    status: int = 200,
) -> HttpResponse:
    here, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    rows = filtered(batch, name=here, kind=kind)
    if outcome is not None and outcome.problems:
        # What just failed is shown, whatever page or filter it was on.
        rows = items_of(batch).filter(pk__in=outcome.problems)
    page = Paginator(rows.defer("file"), ROWS).get_page(request.GET.get("page"))
    shown = rows_of(
        page.object_list,
        problems=outcome.problems if outcome else None,
        chosen=outcome.chosen if outcome else None,
    )
    progress = _progress(request, batch=batch)
    done = {each.name: each.count for each in progress["filters"]}.get("done", 0)
    context = {
        **progress,
        "page": page,
        "rows": shown,
        "kind": kind if kind in _KINDS else "",
        "kinds": _KINDS.items(),
        "may_choose": any(row.may_choose for row in shown),
        "may_discard": not done,
        "most_at_once": MOST_AT_ONCE,
        "waiting_keys": _joined(r.item.pk for r in shown if r.is_waiting),
    }
    return render(request, "personas/import_detail.html", context, status=status)


def _joined(keys: Iterable[int]) -> str:
    return ",".join(map(str, keys))


# -- How far it is -----------------------------------------------------------------


@allows(GET=Action.IMPORT)
def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the reading is, with those rows of ``waiting`` that are read by now."""
    batch = batch_or_404(pk)
    asked = keys_of(request.GET.get("waiting", "").split(",")[:ROWS])
    items = list(ImportItem.objects.filter(batch=batch, pk__in=asked).order_by("pk"))
    read = [item for item in items if item.state != State.WAITING]
    context = {
        **_progress(request, batch=batch),
        "fresh_rows": rows_of(read),
        "waiting_keys": _joined(i.pk for i in items if i.state == State.WAITING),
    }
    return render(request, "personas/_import_progress.html", context)


def _progress(request: HttpRequest, *, batch: ImportBatch) -> dict[str, Any]:
    """Counts of the batch, and what became of it so far; three queries."""
    filters = filters_of(batch, here=request.GET.get("state", ""))
    counts = {each.name: each.count for each in filters}
    waiting, total = counts.get("waiting", 0), counts[""]
    return {
        "batch": batch,
        "filters": filters,
        "state": next((f.name for f in filters if f.is_here), ""),
        "total": total,
        "waiting": waiting,
        "read": total - waiting,
        "done": counts.get("done", 0),
        "is_late": _is_late(batch, waiting=waiting),
        **_published(request, batch=batch, done=counts.get("done", 0)),
    }


def _is_late(batch: ImportBatch, *, waiting: int) -> bool:
    """Whether nobody reads, though there was time to begin."""
    since = timezone.now() - LATE_AFTER
    if not waiting or batch.created_at > since:
        return False
    return not batch.items.filter(read_at__gt=since).exists()


def _published(
    request: HttpRequest, *, batch: ImportBatch, done: int
) -> dict[str, Any]:
    """Characters that were imported, for the link to the publish page."""
    ids: list[str] = []
    if done and may(request.user, action=Action.EDIT_DRAFTS):
        rows = batch.items.filter(state=State.DONE, character__archived_at=None)
        found = rows.exclude(character=None).order_by("pk")
        ids = list(
            found.values_list("character__character_id", flat=True)[:PUBLISHED_AT_ONCE]
        )
    return {"publish_ids": ",".join(dict.fromkeys(ids))}


# -- A few at a time, by script ----------------------------------------------------


@answers_problems
@allows(POST=Action.IMPORT)
def import_commit(request: HttpRequest, pk: int) -> HttpResponse:
    """As the POST of ``import_detail``, for its script.

    The answer has ``rows``, HTML by the key of the file; ``done``, ``skipped``,
    ``failed`` and ``left``, how many; and ``last``, to send as ``after``.
    """
    batch = batch_or_404(pk)
    outcome = do(batch, data=request.POST, actor=signed_in(request))
    items = ImportItem.objects.filter(pk__in=outcome.seen)
    rows = rows_of(items, problems=outcome.problems, chosen=outcome.chosen)
    html = {
        row.item.pk: render_to_string(
            "personas/_import_item.html", {"row": row, "batch": batch}, request
        )
        for row in rows
    }
    body = {
        "rows": html,
        "done": len(outcome.done),
        "skipped": len(outcome.skipped),
        "failed": len(outcome.problems),
        "left": outcome.left,
        "last": outcome.last,
    }
    return JsonResponse(body)


# -- Reports, and being done with it -----------------------------------------------


@allows(GET=Action.IMPORT)
def import_report(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """What became of each field of each file, as CSV or JSON."""
    batch = batch_or_404(pk)
    if form == "csv":
        content, content_type = imports.report_csv(batch), "text/csv; charset=utf-8"
    else:
        options = orjson.OPT_INDENT_2
        content = orjson.dumps(imports.report_of(batch), option=options)
        content_type = "application/json"
    response = HttpResponse(content, content_type=content_type)
    name = f"import-{batch.pk}-report.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@allows(POST=Action.IMPORT)
def import_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Nothing more is to be chosen; the import stays in the list."""
    imports.close(batch_or_404(pk), now=timezone.now())
    messages.success(request, "Closed. It stays in the list of earlier imports.")
    return redirect("personas:import-list")


@allows(POST=Action.IMPORT)
def import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the files; only while nothing of them was imported."""
    batch = batch_or_404(pk)
    imports.discard(batch)
    if ImportBatch.objects.filter(pk=pk).exists():
        messages.warning(
            request, "Something of it was imported meanwhile, so it stays."
        )
        return redirect("personas:import-detail", pk)
    messages.success(request, "Forgotten, with its files.")
    return redirect("personas:import-list")
