"""Home: what needs somebody, the cast, and what changed lately."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.access import allows
from core.roles import Action
from personas.views import home_regions as regions
from personas.views.live import render_live


@allows(GET=Action.SEE)
def home(request: HttpRequest) -> HttpResponse:
    return render_live(
        request,
        "personas/home.html",
        lambda: {
            **_waiting(request),
            **regions.cast(request),
            **regions.recent(request),
        },
    )


def _waiting(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    return {**regions.start(request), **regions.needs(request, now=now)}


@allows(GET=Action.SEE)
def home_needs(request: HttpRequest) -> HttpResponse:
    """The region “Needs you” alone, as the live page loads it again."""
    return render_live(request, "personas/_home_needs.html", lambda: _waiting(request))


@allows(GET=Action.SEE)
def home_cast(request: HttpRequest) -> HttpResponse:
    """The cast alone; obeys the search and page of its address."""
    return render_live(
        request, "personas/_home_cast.html", lambda: regions.cast(request)
    )


@allows(GET=Action.SEE)
def home_recent(request: HttpRequest) -> HttpResponse:
    """Recent changes alone."""
    return render_live(
        request, "personas/_home_recent.html", lambda: regions.recent(request)
    )
