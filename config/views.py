"""Pages for those who develop the site."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.access import PUBLIC, allows


@allows(GET=PUBLIC)
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component once; only while developing."""
    page = Paginator(range(60), 10).page(2)
    return render(
        request, "core/styleguide.html", {"page": page, "page_title": "Style guide"}
    )
