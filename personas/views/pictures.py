"""Stored pictures, open to everybody: chats show them."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from core.access import PUBLIC, allows
from personas.models import Picture

YEAR: Final = 365 * 24 * 3600  # seconds


@allows(GET=PUBLIC)
def picture(request: HttpRequest, digest: str) -> HttpResponse:
    """One picture by what it is, so that it may be kept for ever."""
    etag = f'"{digest}"'
    response: HttpResponse
    if _has(request, etag=etag):
        # Asking whether it exists reads no bytes of it.
        if not Picture.objects.filter(pk=digest).exists():
            raise Http404("There is no such picture.")
        response = HttpResponseNotModified()
    else:
        found = get_object_or_404(Picture, pk=digest)
        response = HttpResponse(bytes(found.content), content_type="image/png")
    response["ETag"] = etag
    # Opened by itself it can neither run nor load anything.
    response["Content-Security-Policy"] = "sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    # Chats and other sites embed it.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_cache_control(response, public=True, max_age=YEAR, immutable=True)
    return response


def _has(request: HttpRequest, *, etag: str) -> bool:
    """Whether the caller holds the picture already."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return any(tag.removeprefix("W/") == etag for tag in given)
