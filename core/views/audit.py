"""The audit log: looking things up in it, and taking it along as CSV."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import urlencode

from core import audit, limits
from core.access import allows
from core.audit_titles import title_of
from core.models import AuditEntry
from core.roles import Action
from core.views.requests import signed_in

EXPORT_ROWS: Final = 10_000
SHOWN_CHARACTERS: Final = 400
"""Of each value in the list; the entry's own page shows all."""
EDITED: Final = ".edited"
"""What actions of whoever edits a draft end in."""
ONE_WORK: Final = timedelta(minutes=10)
"""Edits of one person within so long stand in one row; the log keeps each."""
CELL_CHARACTERS: Final = 32_000
"""Of each value in an export; spreadsheets cut cells at 32,767."""

COLUMNS: Final = (
    "at",
    "actor_name",
    "role",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "before",
    "after",
    "note",
    "ip_address",
    "request_id",
)


class Text(forms.CharField):
    """A filter's text; longer than anything it could find is no error."""

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False, max_length=limits.LINE_LENGTH)


class AuditFilter(forms.Form):
    """What to look for; everything is optional."""

    q = Text("Text")
    person = Text("Person")
    action = Text("Action")
    type = Text("Kind of thing")
    id = Text("Id of the thing")
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"})
    )

    def rows(self) -> QuerySet[AuditEntry]:
        """Entries that match, newest first; none if the filter is invalid."""
        rows = AuditEntry.objects.order_by("-id")
        if not self.is_valid():
            return rows.none()
        given = self.cleaned_data
        if given["q"]:
            rows = rows.annotate(
                old=Cast("before", TextField()), new=Cast("after", TextField())
            ).filter(
                Q(object_name__icontains=given["q"])
                | Q(note__icontains=given["q"])
                | Q(old__icontains=given["q"])
                | Q(new__icontains=given["q"])
            )
        if given["person"]:
            rows = rows.filter(actor_name__icontains=given["person"])
        if given["action"]:
            rows = rows.filter(action__startswith=given["action"])
        if given["type"]:
            rows = rows.filter(object_type=given["type"])
        if given["id"]:
            rows = rows.filter(object_id=given["id"])
        if given["since"]:
            rows = rows.filter(at__gte=datetime.combine(given["since"], time(), UTC))
        if given["until"]:
            # The whole day counts; the last of all days has none after it.
            end = datetime.combine(given["until"], time.max, UTC)
            rows = rows.filter(at__lte=end)
        return rows

    @property
    def words(self) -> list[forms.BoundField]:
        return [self["q"], self["person"]]

    @property
    def dates(self) -> list[forms.BoundField]:
        return [self["since"], self["until"]]

    @property
    def parameters(self) -> dict[str, str]:
        """What was asked for, for links that keep it."""
        return {n: self.data[n] for n in self.fields if self.data.get(n)}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry; texts as people read them, ``None`` if not there."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry and what it changed; ``is_cut`` if not all of that is shown.

    ``earlier`` are edits just before it, newest first, which the line tells too.
    """

    entry: AuditEntry
    changes: list[Change]
    is_cut: bool
    earlier: tuple[AuditEntry, ...] = ()

    @property
    def oldest(self) -> AuditEntry:
        return self.entries[-1]

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        return (self.entry, *self.earlier)

    @property
    def title(self) -> str:
        """What was done, in words."""
        return title_of(self.entry.action)


@allows(GET=Action.READ_AUDIT)
def audit_list(request: HttpRequest) -> HttpResponse:
    filters = AuditFilter(request.GET)
    rows = filters.rows()
    below = request.GET.get("below", "")
    is_id = below.isascii() and below.isdecimal()
    if is_id and len(below) <= limits.INTEGER_DIGITS:
        rows = rows.filter(id__lt=int(below))
    # One more than is shown tells whether there are older ones.
    found = list(rows[: limits.PAGE_SIZE + 1])
    shown = found[: limits.PAGE_SIZE]
    parameters = filters.parameters
    has_older = len(found) > len(shown)
    actions = AuditEntry.objects.order_by("action").values_list("action", flat=True)
    titles = [(action, title_of(action)) for action in actions.distinct()]
    context = {
        "page_title": "Audit",
        "page_subtitle": "What people did, newest first. Nobody can change this log.",
        "filter": filters,
        "is_filtered": bool(parameters),
        "actions": sorted(titles, key=lambda each: each[1]),
        "lines": [_line(*run, limit=SHOWN_CHARACTERS) for run in _runs(shown)],
        "older": urlencode({**parameters, "below": str(shown[-1].pk)})
        if has_older
        else "",
        "newest": urlencode(parameters) if below else None,
        "export": urlencode(parameters),
        "export_rows": EXPORT_ROWS,
    }
    status = 200 if filters.is_valid() else 422
    return render(request, "core/audit_list.html", context, status=status)


@allows(GET=Action.READ_AUDIT)
def audit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry, pk=pk)
    context = {
        "page_title": f"{entry.actor_name}: {title_of(entry.action)}",
        "line": _line(entry, limit=limits.TEXT_BYTES),
    }
    return render(request, "core/audit_detail.html", context)


@allows(GET=Action.READ_AUDIT)
def audit_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The newest matching entries as CSV; that somebody took them is recorded."""
    filters = AuditFilter(request.GET)
    if not filters.is_valid():
        return audit_list(request)
    audit.record(
        actor=signed_in(request),
        action="audit.exported",
        obj=("core.auditentry", "", "Audit"),
        note=urlencode(filters.parameters),
        now=timezone.now(),
    )
    rows = filters.rows()[:EXPORT_ROWS].iterator(chunk_size=200)
    response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    name = f"audit-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _runs(entries: Iterable[AuditEntry]) -> list[list[AuditEntry]]:
    """Entries, newest first; edits that follow one another closely are together.

    An editor that saves by itself makes an entry with each pause of whoever types.
    """
    runs: list[list[AuditEntry]] = []
    for entry in entries:
        if runs and _is_same_work(runs[-1][0], entry):
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return runs


def _is_same_work(newest: AuditEntry, entry: AuditEntry) -> bool:
    is_edit = entry.action.endswith(EDITED) and not (entry.note or newest.note)
    is_close = newest.at - entry.at <= ONE_WORK
    return is_edit and is_close and _what(newest) == _what(entry)


def _what(entry: AuditEntry) -> tuple[Any, ...]:
    """Who did what to what, and from where."""
    who = (entry.actor_id, entry.actor_name, entry.ip_address)
    return (*who, entry.action, entry.object_type, entry.object_id)


def _line(entry: AuditEntry, *earlier: AuditEntry, limit: int) -> Line:
    """``earlier`` edits of the same thing, newest first, count as one with it."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for each in (*reversed(earlier), entry):
        before = {**(each.before or {}), **before}
        after |= each.after or {}
    # What was changed and changed back is no change of the whole.
    same = {n for n in before.keys() & after.keys() if before[n] == after[n]}
    for name in same if earlier else ():
        del before[name], after[name]
    changes = [
        Change(
            field=name.replace("_", " "),
            before=_text(before[name]) if name in before else None,
            after=_text(after[name]) if name in after else None,
        )
        for name in {**before, **after}
    ]
    longest = max(
        (len(t or "") for c in changes for t in (c.before, c.after)), default=0
    )
    cut = [
        Change(c.field, _cut(c.before, limit=limit), _cut(c.after, limit=limit))
        for c in changes
    ]
    return Line(entry, cut, is_cut=longest > limit, earlier=earlier)


def _text(value: Any) -> str:
    """A JSON value as text; nothing and switches as words."""
    match value:
        case str():
            return value
        case None:
            return "nothing"
        case bool():
            return "on" if value else "off"
        case _:
            return json.dumps(value, ensure_ascii=False, indent=2)


def _cut(text: str | None, *, limit: int) -> str | None:
    return text if text is None or len(text) <= limit else f"{text[:limit]}…"


class _Echo:
    """A file whose ``write`` hands back the line, for streaming."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterator[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in rows:
        yield writer.writerow([_cell(getattr(entry, name)) for name in COLUMNS])


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        text = value.isoformat()
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value or "")
    text = text[:CELL_CHARACTERS]
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
