"""A table uploaded as CSV: first what it would change, then saving that."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from core import limits
from core.access import allows
from core.roles import Action
from core.views.requests import signed_in
from personas.domain.cells import LIST_RULE
from personas.domain.spreadsheets import BadFile
from personas.services import tables, tables_csv
from personas.services.tables import Row, Status
from personas.views.comparing import Run, text_runs

CONFIRM_WITHIN: Final = timedelta(hours=12)
_SALT: Final = "personas.table"
_ORDER: Final = (
    Status.WRONG,
    Status.STALE,
    Status.ARCHIVED,
    Status.UNKNOWN,
    Status.CHANGED,
    Status.SAVED,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the answer, with what would change in it."""

    row: Row
    changes: list[tuple[str, tuple[Run, ...]]]


@allows(GET=Action.IMPORT, POST=Action.IMPORT)
def character_table_import(request: HttpRequest) -> HttpResponse:
    """Choose a file; by POST what it would change; by POST of ``kept`` save it.

    The file travels with the page that asks, signed for the person who sent it, so
    that what is saved is what was looked at; rows edited since are left alone.
    """
    if request.method != "POST":
        return _ask(request)
    try:
        if "kept" in request.POST:
            return _save(request, data=_kept(request))
        return _dry_run(request, data=_uploaded(request))
    except BadFile as error:
        return _ask(request, problem=str(error), status=422)


def _ask(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "problem": problem,
        "list_rule": LIST_RULE,
        "most_rows": limits.TABLE_ROWS,
        "most_megabytes": limits.TABLE_BYTES // 1_000_000,
    }
    return render(request, "personas/table_import.html", context, status=status)


def _uploaded(request: HttpRequest) -> bytes:
    """Raises BadFile."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise BadFile("Choose a CSV file.")
    if file.size is not None and file.size > limits.TABLE_BYTES:
        most = limits.TABLE_BYTES // 1000
        raise BadFile(f"Split the file: it has more than {most:,} KB.")
    data: bytes = file.read()
    return data


def _dry_run(request: HttpRequest, *, data: bytes) -> HttpResponse:
    rows = tables.planned(tables_csv.read(data))
    context = {
        **_shown(rows),
        "kept": _signer(request).sign(
            base64.urlsafe_b64encode(zlib.compress(data)).decode()
        ),
    }
    return render(request, "personas/table_dry_run.html", context)


def _save(request: HttpRequest, *, data: bytes) -> HttpResponse:
    rows = tables.save(
        tables.planned(tables_csv.read(data)),
        actor=signed_in(request),
        now=timezone.now(),
    )
    saved = sum(row.status == Status.SAVED for row in rows)
    left = [row for row in rows if row.is_refused]
    if saved:
        noun = "draft" if saved == 1 else "drafts"
        messages.success(request, f"{saved} {noun} saved. Bots do not see that yet.")
    if left:
        context = {**_shown(rows), "is_done": True}
        return render(request, "personas/table_dry_run.html", context)
    if not saved:
        messages.info(request, "Nothing was changed.")
    return redirect("personas:character-table")


def _signer(request: HttpRequest) -> TimestampSigner:
    return TimestampSigner(salt=f"{_SALT}.{signed_in(request).pk}")


def _kept(request: HttpRequest) -> bytes:
    """The file that the dry run was about.

    Raises:
        BadFile: it is too old, or not what was sent out.
    """
    try:
        text = _signer(request).unsign(request.POST["kept"], max_age=CONFIRM_WITHIN)
        return zlib.decompress(base64.urlsafe_b64decode(text))
    except (BadSignature, binascii.Error, zlib.error) as error:
        raise BadFile(
            "What was looked at is too old or was changed on the way; upload the file"
            " again. Nothing was saved."
        ) from error


def _shown(rows: Sequence[Row]) -> dict[str, Any]:
    counts = {status.value: 0 for status in Status}
    for row in rows:
        counts[row.status.value] += 1
    told = [row for row in rows if row.status != Status.UNCHANGED]
    told.sort(key=lambda row: (_ORDER.index(row.status), row.edit.line))
    left = sum(row.is_refused for row in rows)
    return {
        "rows": [_one(row) for row in told],
        "counts": counts,
        "total": len(rows),
        "left": left,
        "cells": sum(len(r.changes) for r in rows if r.status == Status.CHANGED),
    }


def _one(row: Row) -> Shown:
    # What a wrong cell would change is of no use, and it may be of any size.
    changes = [
        (c.title, text_runs(c.before, after=c.after))
        for c in row.changes
        if c.path not in row.problems
    ]
    return Shown(row, changes)
