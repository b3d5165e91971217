"""Views that are about the installation, not about what is in it."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from core import health, metrics
from core.access import PUBLIC, Needs, Rule, allows
from core.api import problems
from core.api.parameters import Query, read_query
from core.api.renderers import to_json
from core.api.schema import describe, schema_json
from core.roles import Action, Scope

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_RETRY_SECONDS: Final = "2"


def reading_rule(*, is_debug: bool) -> Rule:
    """Who reads the API's description: anybody while developing, else people."""
    return PUBLIC if is_debug else Action.SEE


_READING: Final = reading_rule(is_debug=settings.DEBUG)


@allows(GET=PUBLIC)
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return _health({"status": "ok"}, status=200)


@allows(GET=PUBLIC)
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests can be served, and how each dependency is doing."""
    found = health.examine()
    return _health(
        {"status": found.summary, "parts": dict(found.parts)},
        status=200 if found.is_ready else 503,
    )


def _health(body: dict[str, Any], *, status: int) -> HttpResponse:
    response = HttpResponse(
        to_json(body), status=status, content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = _RETRY_SECONDS
    return response


class MetricsView(APIView):
    """Figures of this process for Prometheus."""

    access = {"GET": Needs(action=Action.OPERATE, scope=Scope.METRICS_READ)}

    @describe(
        name="metrics",
        summary="Figures for Prometheus",
        answers={(200, "text/plain"): str},
        tag="operation",
    )
    def get(self, request: Request) -> HttpResponse:
        """Counts and times of this process, and how its dependencies are doing."""
        read_query(request, Query)
        return HttpResponse(metrics.report(), content_type=metrics.CONTENT_TYPE)


class SchemaView(APIView):
    """This description."""

    access = {
        "GET": PUBLIC if _READING == PUBLIC else Needs(action=Action.SEE, scope=None)
    }

    @describe(
        name="schema",
        summary="The API's description",
        answers={200: dict[str, Any]},
        tag="operation",
    )
    def get(self, request: Request) -> HttpResponse:
        """OpenAPI 3.1; its page is at ``/api/v1/docs``."""
        read_query(request, Query)
        return HttpResponse(schema_json(), content_type="application/json")


@allows(GET=_READING)
def docs(request: HttpRequest) -> HttpResponse:
    """A page that shows the description; works offline."""
    return render(
        request,
        "core/api_docs.html",
        {
            "page_title": "API",
            "page_subtitle": "What bots can ask of Dramatis, and what they get.",
        },
    )


@extend_schema(exclude=True)
class NoSuchAddress(APIView):
    """Whatever no other address of the API matches."""

    access = dict.fromkeys(METHODS, PUBLIC)
    authentication_classes = ()
    throttle_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Every method alike, known or not."""
        return problems.not_found(request)
