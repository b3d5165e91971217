"""What pages read from a request, and say in answer to it."""

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from core import limits
from core.models import User

SEARCH_LENGTH: Final = 200
SHOWN_ONCE_SECONDS: Final = 300
_COOKIE: Final = "shown_once"


def signed_in(request: HttpRequest) -> User:
    """The person; only for pages that ``@allows`` keeps from everybody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def search_words(request: HttpRequest, *, name: str = "q") -> str:
    """A query parameter to search for; NUL, which Postgres refuses, is dropped."""
    text = request.GET.get(name, "").replace("\0", "")
    return text.strip()[:SEARCH_LENGTH]


def page_of(request: HttpRequest, *, rows: "QuerySet[Any]") -> "Page[Any]":
    """The page that ``?page=`` names; the nearest one if there is no such page."""
    return Paginator(rows, limits.PAGE_SIZE).get_page(request.GET.get("page"))


def absolute_url(request: HttpRequest, *, path: str) -> str:
    """An address to hand on to others."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    return request.build_absolute_uri(path)


def show_once(response: HttpResponse, *, secret: str) -> None:
    """Let the page that ``response`` redirects to show ``secret``, one time.

    It travels in a cookie of that page alone, so that the server, which keeps
    only a digest, stores it nowhere.
    """
    response.set_signed_cookie(
        _COOKIE,
        secret,
        salt=_COOKIE,
        max_age=SHOWN_ONCE_SECONDS,
        path=response["Location"],
        secure=settings.IS_SECURE,
        httponly=True,
        samesite="Strict",
    )


def shown_once(request: HttpRequest) -> str:
    """The secret for this page; empty if it was shown already."""
    secret = request.get_signed_cookie(
        _COOKIE, default="", salt=_COOKIE, max_age=SHOWN_ONCE_SECONDS
    )
    return secret or ""


def forget_shown(request: HttpRequest, *, response: HttpResponse) -> None:
    """Call it with the answer that shows the secret."""
    response.delete_cookie(_COOKIE, path=request.path, samesite="Strict")
    response["Cache-Control"] = "no-store"
