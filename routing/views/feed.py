"""Who answers, as it is decided: the newest decisions, and going to one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from core import limits
from core.access import allows
from core.live.changes import current_head
from core.roles import Action
from core.views.requests import absolute_url, search_words
from personas.models import Character
from personas.views.live import SEQ
from personas.views.shown import Face, face_of
from routing.models import Channel, Decision
from routing.services import reading
from routing.services.announcing import STREAM
from routing.services.reading import EXCERPT, MOST_COUNTED, Filters
from routing.views.words import REASON_TITLES, Chip, reason_chip, silent_chip

ROWS: Final = 50
STRIP: Final = 20
_CHANNELS: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One decision of a list."""

    decision: Decision
    time: str
    channel: str
    excerpt: str
    face: Face | None
    reason: Chip
    silent: Chip | None


def rows_of(decisions: Iterable[Decision], /, *, now: datetime) -> list[Row]:
    """As lists show them; one query for the names of channels."""
    found = list(decisions)
    names = reading.channel_names({each.channel_id for each in found})
    return [_row(each, names.get(each.channel_id, ""), now=now) for each in found]


def _row(decision: Decision, channel: str, *, now: datetime) -> Row:
    excerpt: str = decision.excerpt  # type: ignore[attr-defined]
    length: int = decision.length  # type: ignore[attr-defined]
    is_cut = length > EXCERPT or decision.text_kept == Decision.Kept.EXCERPT
    is_today = decision.decided_at.date() == now.date()
    return Row(
        decision=decision,
        time=f"{decision.decided_at:%H:%M:%S}"
        if is_today
        else f"{decision.decided_at:%Y-%m-%d %H:%M}",
        channel=channel or decision.channel_id,
        excerpt=f"{excerpt}…" if excerpt and is_cut else excerpt,
        face=face_of(decision.character) if decision.character else None,
        reason=reason_chip(decision),
        silent=silent_chip(decision),
    )


@allows(GET=Action.SEE)
def feed(request: HttpRequest) -> HttpResponse:
    """The newest that match; ``?q=`` goes to the decision it names."""
    filters = Filters.read(request.GET)
    words = search_words(request)
    if not words:
        return _page(request, filters=filters)
    found = list(reading.for_rows(reading.found(words)).order_by("-pk")[:ROWS])
    if len(found) == 1:
        return redirect("routing:decision", decision_id=found[0].decision_id)
    return _page(request, filters=filters, words=words, found=found)


@allows(GET=Action.SEE)
def feed_rows(request: HttpRequest) -> HttpResponse:
    """The newest rows alone, as the live page reads them again.

    ``?above=`` is the newest that the page shows: how many are newer is counted.
    """
    # First: what is committed in between is then told once more.
    seq = current_head(STREAM.name)
    filters = Filters.read(request.GET)
    context = _rows(filters)
    above = _number(request.GET.get("above", ""))
    if above is not None:
        newer = reading.count_above(filters.rows(), pk=above)
        context["newer"] = f"{newer - 1:,}+" if newer == MOST_COUNTED else str(newer)
    response = render(request, "routing/_feed_rows.html", context)
    response[SEQ] = str(seq)
    response["Cache-Control"] = "no-store"
    return response


def _rows(filters: Filters, *, before: int | None = None) -> dict[str, Any]:
    rows = filters.rows() if before is None else filters.rows().filter(pk__lt=before)
    # One more than is shown tells whether there are older ones.
    found = list(reading.for_rows(rows)[: ROWS + 1])
    shown = found[:ROWS]
    last = {"before": str(shown[-1].pk)} if shown else {}
    older = {**filters.parameters, **last}
    return {
        "rows": rows_of(shown, now=timezone.now()),
        "newest": shown[0].pk if shown else 0,
        "older": urlencode(older) if len(found) > ROWS else "",
        "filters": filters,
    }


def _page(
    request: HttpRequest,
    *,
    filters: Filters,
    words: str = "",
    found: Sequence[Decision] = (),
) -> HttpResponse:
    seq = current_head(STREAM.name)
    before = _number(request.GET.get("before", ""))
    if words:
        listed = {"rows": rows_of(found, now=timezone.now()), "filters": filters}
    else:
        listed = _rows(filters, before=before)
    context = {
        **listed,
        **_choices(filters),
        "words": words,
        "is_live": not words and before is None,
        "is_older": before is not None,
        "query": urlencode(filters.parameters),
        "live_seq": seq,
        "route_url": absolute_url(request, path="/api/v1/route"),
    }
    return render(request, "routing/feed.html", context)


def _choices(filters: Filters) -> dict[str, Any]:
    """What the filters offer; what is asked for is among it in any case."""
    channels = Channel.objects.order_by("name", "channel_id")
    named = {
        channel_id: name or channel_id
        for channel_id, name in channels.values_list("channel_id", "name")[:_CHANNELS]
    }
    if filters.channel:
        named.setdefault(filters.channel, filters.channel)
    rows = Character.objects.active().order_by("display_name", "pk")
    cast = dict(rows.values_list("character_id", "display_name"))
    if filters.character:
        cast.setdefault(filters.character, filters.character)
    return {
        "channels": named.items(),
        "characters": cast.items(),
        "reasons": REASON_TITLES.items(),
    }


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal()
    return int(text) if is_number and len(text) <= limits.INTEGER_DIGITS else None


@allows(GET=Action.SEE)
def home_strip(request: HttpRequest) -> HttpResponse:
    """The last decisions in small, for the home page."""
    seq = current_head(STREAM.name)
    found = list(reading.for_rows(Decision.objects.order_by("-pk"))[:STRIP])
    silent = sum(1 for each in found if each.character is None)
    context = {
        "rows": rows_of(found, now=timezone.now()),
        "nobody": f"{100 * silent // len(found)} %" if found else "",
        "feed_url": reverse("routing:feed"),
        "live_seq": seq,
    }
    response = render(request, "routing/_home_strip.html", context)
    response[SEQ] = str(seq)
    return response
