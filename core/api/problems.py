"""Problems as answers: whatever a view raises, in one form.

``handle`` is REST framework's exception handler. ``respond`` serves those who
answer outside a view, such as the handlers of 404 and 500.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from pydantic import ValidationError
from rest_framework import exceptions

from core.api.validation import field_errors
from core.parsing import BadJSON, pointer_to
from core.problems import MEDIA_TYPE, FieldError, Problem

API_PREFIX: Final = "/api/"
DATABASE_RETRY_SECONDS: Final = 2
_NAMED: Final = 3
"""Places that the words for several errors name."""
_log = structlog.get_logger(__name__)


def handle(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The answer to what a view raised; ``None`` for bugs, which Django reports.

    ``context`` is REST framework's: ``view`` and ``request`` are read.
    """
    problem = _problem_of(exc, context)
    if problem is None:
        return None
    return respond(context["request"], problem)


def respond(request: Any, problem: Problem) -> HttpResponse:
    """``application/problem+json``; takes Django's or REST framework's request."""
    body = problem.to_json(request_id=getattr(request, "request_id", ""))
    response = HttpResponse(
        body, status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers
    )
    response.setdefault("Cache-Control", "no-store")
    return response


def is_api(request: HttpRequest) -> bool:
    """Whether this address answers in problems rather than in pages.

    Outside of the API that is known once the address was resolved: see
    ``core.access.answers_problems``.
    """
    match = request.resolver_match
    return request.path.startswith(API_PREFIX) or (
        match is not None and getattr(match.func, "answers_problems", False)
    )


def invalid(
    errors: Iterable[FieldError],
    *,
    general: str = "invalid",
    unknown: str = "unknown_field",
) -> Problem:
    """One problem for refused fields; ``unknown`` if that is all that is wrong."""
    errors = list(errors)
    code = unknown if errors and all(e.code == unknown for e in errors) else general
    named = [e.pointer for e in errors if e.pointer][:_NAMED]
    where = ", ".join(named)[:200]
    if named and len(errors) > len(named):
        where += f" and {len(errors) - len(named)} more"
    count = "1 value" if len(errors) == 1 else f"{len(errors)} values"
    detail = f"Correct {count}, then send this again"
    return Problem(
        code,
        detail=f"{detail}: {where}." if where else f"{detail}.",
        errors=errors,
    )


def not_found(request: HttpRequest) -> HttpResponse:
    """For Django's handler of 404, at addresses that answer in problems."""
    detail = "There is no such address; see /api/v1/docs."
    if not request.path.startswith(API_PREFIX):
        detail = "There is nothing with this id any more."
    return respond(request, Problem("not_found", detail=detail))


def server_error(request: HttpRequest) -> HttpResponse:
    """For Django's handler of 500, at addresses of the API."""
    return respond(
        request,
        Problem(
            "internal_error",
            detail="Try again; if it stays, tell the operator the request id.",
        ),
    )


def _problem_of(exc: Exception, context: Mapping[str, Any]) -> Problem | None:
    match exc:
        case Problem():
            return exc
        case BadJSON():
            return _from_bad_json(exc)
        case ValidationError():
            return invalid(field_errors(exc))
        case Http404():
            return Problem(
                "not_found", detail="There is nothing with this id; check it."
            )
        case PermissionDenied():
            return Problem("forbidden", detail="This is not allowed.")
        case SuspiciousOperation():
            return Problem("bad_request", detail="The request cannot be understood.")
        case OperationalError() | InterfaceError():
            _log.error("api.database_unavailable", exc_info=exc)
            return Problem(
                "database_unavailable",
                detail="The database cannot be reached just now; try again.",
                headers={"Retry-After": str(DATABASE_RETRY_SECONDS)},
            )
        case exceptions.APIException():
            return _from_framework(exc, context)
    return None


def _from_bad_json(exc: BadJSON) -> Problem:
    errors = [FieldError(exc.pointer, exc.code, exc.detail)] if exc.pointer else []
    return Problem(exc.code, detail=exc.detail, errors=errors)


def _from_framework(
    exc: exceptions.APIException, context: Mapping[str, Any]
) -> Problem | None:
    match exc:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return not_authenticated()
        case exceptions.ValidationError():
            return invalid(_framework_errors(exc.get_full_details(), ()))
        case exceptions.MethodNotAllowed():
            return _method_not_allowed(context)
        case exceptions.UnsupportedMediaType():
            types = " or ".join(p.media_type for p in context["view"].parser_classes)
            return Problem(
                "unsupported_media_type",
                detail=f"Send the body with Content-Type: {types}.",
            )
        case exceptions.Throttled():
            return rate_limited(retry_after=getattr(exc, "wait", None) or 1)
        case exceptions.NotFound():
            return Problem("not_found", detail=str(exc.detail))
        case exceptions.PermissionDenied():
            return Problem("forbidden", detail=str(exc.detail))
        case exceptions.ParseError():
            return Problem("bad_request", detail=str(exc.detail))
    return None


def not_authenticated() -> Problem:
    """The same for keys that are missing, malformed, unknown, revoked or expired."""
    return Problem(
        "not_authenticated",
        detail="Send a valid key as “Authorization: Bearer KEY”, or sign in.",
        headers={"WWW-Authenticate": "Bearer", "Vary": "Authorization, Cookie"},
    )


def signed_out() -> Problem:
    """For people whose session has ended, at addresses that scripts ask."""
    return Problem(
        "not_authenticated",
        detail="Sign in again.",
        headers={"Vary": "Cookie"},
    )


def rate_limited(
    *, retry_after: float, headers: Mapping[str, str] | None = None
) -> Problem:
    """``retry_after`` in seconds; the header rounds it up."""
    seconds = max(1, -int(-retry_after // 1))
    return Problem(
        "rate_limited",
        detail=f"Wait {seconds} s, then send this again, and send less often.",
        headers={**(headers or {}), "Retry-After": str(seconds)},
    )


def _method_not_allowed(context: Mapping[str, Any]) -> Problem:
    view, request = context["view"], context["request"]
    declared = getattr(view, "access", {})
    methods = sorted({*declared, *(["HEAD"] if "GET" in declared else [])})
    # The view would overwrite our header with its own list of handlers.
    view.headers["Allow"] = ", ".join(methods)
    return Problem(
        "method_not_allowed",
        detail=f"Use {' or '.join(methods)} instead of {request.method[:20]}.",
    )


def _framework_errors(
    details: Any, path: tuple[str | int, ...]
) -> Iterable[FieldError]:
    """Errors of REST framework's serializers, for views that use one."""
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield FieldError(pointer_to(path), details["code"], details["message"])
    elif isinstance(details, dict):
        for name, inner in details.items():
            step = () if name == "non_field_errors" else (name,)
            yield from _framework_errors(inner, (*path, *step))
    elif all(isinstance(inner, dict) and "code" in inner for inner in details):
        for inner in details:
            yield from _framework_errors(inner, path)
    else:
        for index, inner in enumerate(details):
            yield from _framework_errors(inner, (*path, index))
