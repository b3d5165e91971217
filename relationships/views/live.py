"""Pages and parts of pages that follow what characters feel."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.live.changes import current_head
from relationships.services.announcing import STREAM

SEQ: Final = "X-Live-Seq"


def render_live(
    request: HttpRequest,
    template: str,
    load: Callable[[], dict[str, Any]],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render with ``load()`` and ``live_seq``, the change that it is as new as.

    The number is read first: what is committed in between is told once more.
    """
    seq = current_head(STREAM)
    page = {**load(), "live_seq": seq}
    response = render(request, template, page, status=status)
    response[SEQ] = str(seq)
    response["Cache-Control"] = "no-store"
    return response
