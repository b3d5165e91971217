"""Parts of pages that move by themselves when anybody publishes or edits."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.live.changes import current_head
from personas.services.announcing import STREAM

SEQ: Final = "X-Live-Seq"


def render_live(
    request: HttpRequest,
    template: str,
    load: Callable[[], dict[str, Any]],
    *,
    stream: str = STREAM,
) -> HttpResponse:
    """Render with ``load()`` and ``live_seq``, the change that it is as new as.

    The number, of ``stream``, is read first: what is committed in between is told
    once more.
    """
    seq = current_head(stream)
    response = render(request, template, {**load(), "live_seq": seq})
    response[SEQ] = str(seq)
    return response
