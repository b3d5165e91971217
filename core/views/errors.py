"""Answers to what went wrong outside of the views."""

from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from core import audit
from core.api import problems
from core.models import AuditEntry, User
from core.people import role_of
from core.problems import Problem

DENIAL_PAUSE: Final = timedelta(minutes=1)
"""A page denied to one person is recorded once in this time."""


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_api(request):
        detail = "The request cannot be understood."
        return problems.respond(request, Problem("bad_request", detail=detail))
    return render(request, "400.html", status=400)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Says what is missing, and records what was denied to somebody signed in."""
    _record_denial(request)
    if problems.is_api(request):
        problem = Problem("forbidden", detail="This is not allowed.")
        return problems.respond(request, problem)
    text = str(exception)
    if request.user.is_authenticated and role_of(request.user) is None:
        text = "You have no role yet. Ask an admin of your community for one."
    return render(request, "403.html", {"exception": text}, status=403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_api(request):
        return problems.not_found(request)
    return render(request, "404.html", status=404)


def handler429(request: HttpRequest) -> HttpResponse:
    """For too many tries to sign in, sign up or reset a password."""
    return render(request, "429.html", status=429)


def handler500(request: HttpRequest) -> HttpResponse:
    if problems.is_api(request):
        return problems.server_error(request)
    # Without the request nothing asks the database, which may be the trouble.
    context = {"request_id": getattr(request, "request_id", "")}
    return HttpResponse(render_to_string("500.html", context), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For forms that come from elsewhere, or were open while somebody signed in."""
    if problems.is_api(request):
        detail = "Send the CSRF token of your session."
        return problems.respond(request, Problem("csrf_failed", detail=detail))
    return render(request, "403_csrf.html", status=403)


def _record_denial(request: HttpRequest) -> None:
    if not isinstance(request.user, User):
        return
    now = timezone.now()
    path = request.path.replace("\0", "")
    denied = AuditEntry.objects.filter(
        object_type="page",
        object_id=path[:100],
        actor=request.user,
        action="page.denied",
        at__gt=now - DENIAL_PAUSE,
    )
    if not denied.exists():
        audit.record(
            actor=request.user,
            action="page.denied",
            obj=("page", path, path),
            note=request.method or "",
            now=now,
        )
