"""What the calls of this app share: whose label, and answers that can be cached."""

from typing import Final

from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework.request import Request

from core.access import Needs
from core.keys import BotPrincipal
from core.problems import Problem
from core.roles import Action, Scope
from personas.api import problems
from personas.catalog import Snapshot
from personas.models.labels import PRODUCTION, STAGING

READ: Final = Needs(action=Action.SEE, scope=Scope.PROMPT_READ)
REVALIDATE: Final = "private, no-cache, stale-if-error=86400"


def label_of(request: Request, *, asked: str | None) -> str:
    """The label asked for, else the key's, else production."""
    if asked:
        return asked
    own = request.auth.label if isinstance(request.auth, BotPrincipal) else ""
    return own or PRODUCTION


def check_label(label: str, *, snapshot: Snapshot) -> None:
    """Raises Problem (404) for a label that nothing has, lest a typo look empty."""
    known = {PRODUCTION, STAGING}.union(*snapshot.entries.values())
    if label not in known:
        raise Problem(
            problems.NOT_LABELLED,
            detail=f"No character has a version labelled {label};"
            f" labels are {', '.join(sorted(known))}.",
        )


def is_known(request: Request, *, etag: str) -> bool:
    """Whether the caller has what the tag stands for."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # Weak comparison (RFC 9110, 13.1.2): proxies may have weakened ours.
    return "*" in known or etag in (tag.removeprefix("W/") for tag in known)


def answer(
    request: Request, *, etag: str, body: bytes | None, is_fresh: bool, caching: str
) -> HttpResponse:
    """200 with the body, or 304 if the caller has these very bytes."""
    if body is None or is_known(request, etag=etag):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = caching
    response["Vary"] = "Authorization, Cookie"
    response["X-Freshness"] = "fresh" if is_fresh else "stale"
    return response
