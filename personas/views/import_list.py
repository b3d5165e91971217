"""Files come in here: all of them by a form, or one by one from its script."""

import hashlib
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Case, Count, Q, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows, answers_problems
from core.api.problems import invalid
from core.body_limit import PAGE_BYTES
from core.problems import FieldError
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas import tasks
from personas.models import ImportBatch, ImportItem
from personas.services import imports
from personas.services.import_files import safe_name
from personas.views.import_choosing import keys_of

State = ImportItem.State
_TASK_SECONDS: Final = 5


@allows(GET=Action.IMPORT, POST=Action.IMPORT)
def import_list(request: HttpRequest) -> HttpResponse:
    """Where to drop files, and earlier imports; by POST, a form of many files."""
    if request.method == "POST":
        return _post(request)
    return _page(request)


def _page(
    request: HttpRequest, *, problem: str = "", status: int = 200
) -> HttpResponse:
    into = keys_of([request.GET.get("into", "")])
    page = page_of(request, rows=_batches())
    context: dict[str, Any] = {
        "problem": problem,
        "page": page,
        "into": ImportBatch.objects.filter(pk__in=into).first(),
        "most_bytes": limits.UPLOAD_BYTES,
        "most_megabytes": limits.UPLOAD_BYTES // 1_000_000,
        "most_members": limits.ARCHIVE_MEMBERS,
        "most_form_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "most_form_megabytes": PAGE_BYTES // 1_000_000,
        "kept_days": imports.KEPT_FOR.days,
    }
    return render(request, "personas/import_list.html", context, status=status)


def _batches() -> Any:
    """Those that hold anything, with counts; those that wait for a choice first."""
    ready = Q(items__state__in=[State.READY, State.WAITING])
    rows = ImportBatch.objects.select_related("actor").annotate(
        files=Count("items"),
        open_files=Count("items", filter=ready),
        done_files=Count("items", filter=Q(items__state=State.DONE)),
        refused_files=Count("items", filter=Q(items__state=State.REFUSED)),
    )
    is_over = Case(When(closed_at=None, open_files__gt=0, then=0), default=1)
    return rows.filter(files__gt=0).order_by(is_over, "-created_at", "-pk")


def _post(request: HttpRequest) -> HttpResponse:
    files = [f for f in request.FILES.getlist("files") if isinstance(f, UploadedFile)]
    if not files:
        problem = "Choose one file or more, then send them."
        return _page(request, problem=problem, status=422)
    batch = _batch(request, text=request.POST.get("batch", ""))
    for file in files:
        _add(batch, file=file)
    return redirect("personas:import-detail", batch.pk)


def _batch(request: HttpRequest, *, text: str) -> ImportBatch:
    """The one that the form names, or a new one."""
    if text:
        return get_object_or_404(ImportBatch, pk__in=keys_of([text]))
    return imports.begin(actor=signed_in(request), now=timezone.now())


def _add(batch: ImportBatch, *, file: "UploadedFile[Any]") -> list[ImportItem]:
    """Keep a file and have it read."""
    # One byte more, so that what is too large is refused by name and not read.
    raw = file.read(limits.UPLOAD_BYTES + 1)
    items = imports.add_file(batch, name=file.name or "", raw=raw, now=timezone.now())
    # Robust: with the queue away, the clock of the background work finds the files.
    transaction.on_commit(
        lambda: tasks.read_imports.apply_async(expires=_TASK_SECONDS), robust=True
    )
    return items


@answers_problems
@allows(POST=Action.IMPORT)
def import_upload(request: HttpRequest) -> HttpResponse:
    """One file of many, as the page's script sends them.

    The answer has the batch that it went into, ``{"batch", "url", "files"}``; the
    script names that for all further files.
    """
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise invalid([FieldError("/file", "required", "The file is missing.")])
    batch = _batch(request, text=request.POST.get("batch", ""))
    items = _arrived(request, batch, file=file) or _add(batch, file=file)
    url = reverse("personas:import-detail", args=[batch.pk])
    body = {"batch": batch.pk, "url": url, "files": len(items)}
    return JsonResponse(body, status=201)


def _arrived(
    request: HttpRequest, batch: ImportBatch, *, file: "UploadedFile[Any]"
) -> list[ImportItem]:
    """The file that is sent ``again``, if it had arrived and only the answer not."""
    if "again" not in request.POST:
        return []
    digest = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    name = safe_name(file.name or "")
    return list(batch.items.filter(file_id=digest, name=name)[:1])
