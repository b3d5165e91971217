"""Request ids, and the one gate that every page passes."""

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from core.access import PUBLIC, rule_for, rules_of
from core.api import problems
from core.people import may
from core.problems import Problem
from core.request_ids import request_id_from
from core.roles import Action

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id: the caller's, if it is harmless, else a new one."""

    def handle(request: HttpRequest) -> HttpResponse:
        found = request_id_from(request.headers.get("X-Request-ID", ""))
        request.request_id = found  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=found):
            response = get_response(request)
        response["X-Request-ID"] = found
        return response

    return handle


class AccessMiddleware:
    """Deny every page that the table of roles does not open to this person.

    API views are judged by ``core.api.permissions`` once they know who calls;
    the admin judges per model by the same table (``core.admin.SafeAdmin``).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: list[Any],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Let the view run (``None``), or answer in its place."""
        match = request.resolver_match
        rules = rules_of(view, name=match.view_name if match else "")
        if rules is None and match is not None and match.app_name == "admin":
            return None
        if rules is None:
            raise PermissionDenied("This address is not open to anybody.")
        if hasattr(view, "cls"):  # An API view.
            return None
        rule = rule_for(rules, method=request.method or "")
        if rule is None:
            return HttpResponseNotAllowed(sorted(rules))
        if rule == PUBLIC:
            return None
        is_told = getattr(view, "answers_problems", False)
        if not request.user.is_authenticated and is_told:
            return problems.respond(request, problems.signed_out())
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not may(request.user, action=Action(rule)):
            raise PermissionDenied("Your role does not allow this.")
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Tell the problems that pages raise; everything else is Django's to tell."""
        if isinstance(exception, Problem) and problems.is_api(request):
            return problems.respond(request, exception)
        return None
