"""Everybody's growth: a track per character, with what waits for a decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.access import allows
from core.live.changes import current_head
from core.people import may
from core.roles import Action
from core.views.requests import search_words
from evolution import policy
from evolution.models import Crossing
from evolution.services.announcing import STREAM
from evolution.views.published import live_of
from evolution.views.tracks import Track, tracks_of
from evolution.views.words import MODE_TITLES, TO_DECIDE
from personas.models import Character
from personas.models.characters import CharacterQuerySet
from personas.services import searching
from personas.services.announcing import STREAM as PERSONAS
from personas.views.filtering import by_tag
from personas.views.live import SEQ

TRACKS: Final = 24
MOST_IDS: Final = TRACKS
_FAR: Final = 10**18

SHOWS: Final = {
    "": "Everybody",
    "waiting": "Something waits",
    "failed": "Could not go live",
    "begun": "With interactions",
}
ORDERS: Final = {
    "": "What waits first",
    "next": "Closest to the next milestone",
    "count": "Most interactions",
    "name": "Name",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what makes no sense is left out."""

    words: str
    show: str
    mode: str
    tag: str
    order: str

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.show or self.mode or self.tag)


def _asked(request: HttpRequest) -> Asked:
    def one_of(name: str, known: Any) -> str:
        value = request.GET.get(name, "")
        return value if value in known else ""

    return Asked(
        words=search_words(request),
        show=one_of("show", SHOWS),
        mode=one_of("mode", MODE_TITLES),
        tag=search_words(request, name="tag"),
        order=one_of("order", ORDERS),
    )


@allows(GET=Action.SEE)
def growth_list(request: HttpRequest) -> HttpResponse:
    """A page of tracks; ``?ids=`` gives those tracks alone, for the live page."""
    # First: what is committed in between is then told once more.
    seq, personas_seq = current_head(STREAM), current_head(PERSONAS)
    if "ids" in request.GET:
        context = _context(request, tracks=_named(request))
        name = "evolution/_tracks.html"
    else:
        context = _page(request)
        name = "evolution/growth_list.html"
    context |= {"live_seq": seq, "personas_seq": personas_seq}
    response = render(request, name, context)
    response[SEQ] = str(seq)
    return response


def _named(request: HttpRequest) -> list[Track]:
    ids = request.GET["ids"].replace("\0", "").split(",")[:MOST_IDS]
    rows = Character.objects.active().filter(character_id__in=ids)
    return tracks_of(list(for_tracks(rows)), now=timezone.now())


def _page(request: HttpRequest) -> dict[str, Any]:
    asked = _asked(request)
    ordered = _ordered(_chosen(asked), order=asked.order)
    paginator = Paginator(ordered, TRACKS)
    page = paginator.get_page(request.GET.get("page"))
    pks = list(page.object_list)
    rows = for_tracks(Character.objects.filter(pk__in=pks))
    found = {row.pk: row for row in rows}
    # Without those that went between the two queries.
    shown = [found[pk] for pk in pks if pk in found]
    tracks = tracks_of(shown, now=timezone.now())
    return {
        **_context(request, tracks=tracks),
        "page": page,
        "has_waiting": any(track.waiting for track in tracks),
        "asked": asked,
        "shows": SHOWS.items(),
        "orders": ORDERS.items(),
        "tags": _tags(),
        "is_enabled": policy.is_enabled(),
        "has_characters": asked.is_filtered or bool(tracks),
    }


def _context(request: HttpRequest, *, tracks: Sequence[Track]) -> dict[str, Any]:
    return {
        "tracks": tracks,
        "modes": MODE_TITLES.items(),
        "may_adjust": may(request.user, action=Action.ADJUST),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
    }


def for_tracks(rows: CharacterQuerySet) -> CharacterQuerySet:
    """What tracks show of a character, without its long texts."""
    return rows.only(
        "character_id", "display_name", "picture", "tags", "is_active", "archived_at"
    )


def _chosen(asked: Asked) -> Any:
    """The characters that the address asks for, with how many decisions wait."""
    rows: Any = Character.objects.active().annotate(
        waiting=Count("crossings", filter=_waits(), distinct=True),
        failed=Count("crossings", filter=_failed(), distinct=True),
        grown=Coalesce(F("progress__count"), 0),
    )
    if asked.words:
        rows = searching.found(rows, query=asked.words)
    if asked.tag:
        rows = by_tag(rows, asked.tag)
    if asked.mode:
        own = Q(progress__mode=asked.mode)
        if asked.mode == policy.default_mode():
            own |= Q(progress=None)
        rows = rows.filter(own)
    if asked.show == "waiting":
        rows = rows.filter(waiting__gt=0)
    elif asked.show == "failed":
        rows = rows.filter(failed__gt=0)
    elif asked.show == "begun":
        rows = rows.filter(grown__gt=0)
    return rows


def _waits() -> Q:
    return Q(crossings__status__in=TO_DECIDE, crossings__wants=Crossing.Wants.NOTHING)


def _failed() -> Q:
    return ~Q(crossings__wants=Crossing.Wants.NOTHING) & ~Q(crossings__failure="")


def _ordered(rows: Any, *, order: str) -> list[int]:
    """Primary keys, in the order of the page."""
    if order == "next":
        return _closest(rows)
    by: Sequence[str] = {
        "name": ("display_name", "pk"),
        "count": ("-grown", "display_name", "pk"),
    }.get(order, ("-failed", "-waiting", "-grown", "display_name", "pk"))
    return list(rows.order_by(*by).values_list("pk", flat=True))


def _closest(rows: Any) -> list[int]:
    """By what is missing to the next milestone; those beyond all of them last."""
    found = list(rows.values_list("pk", "grown", "display_name"))
    live = live_of([pk for pk, _, _ in found])
    marks = policy.milestones()

    def missing(row: tuple[int, int, str]) -> tuple[int, str, int]:
        pk, count, name = row
        own = [stage.milestone for stage in live[pk].stages] if pk in live else []
        ahead = [at - count for at in (*own, *marks) if at > count]
        return min(ahead, default=_FAR), name, pk

    return [row[0] for row in sorted(found, key=missing)]


def _tags() -> list[str]:
    """Every tag that a character in use has."""
    rows = Character.objects.active().exclude(tags=[]).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags}, key=str.casefold)
