"""Two characters: what both feel, and what led here.

The same fragment is a page and the drawer that the other views open. Who has
scripts gets it alone (``HX-Request``), also in answer to what was posted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from relationships.services.announcing import key_of
from relationships.views.filters import Filters
from relationships.views.ledger_shown import Cursor
from relationships.views.live import render_live
from relationships.views.moment import moment_query
from relationships.views.pair_forms import WAYS, ResetForm, TopicsForm, ValueForm
from relationships.views.pair_shown import PairShown, shown
from relationships.views.shown import Who, characters

Change = Callable[[dict[str, Any]], None]
"""Puts something else into the page's context."""


@dataclass(frozen=True, slots=True)
class Two:
    """Who the page is about, in the order of its address."""

    one: Who
    other: Who

    @property
    def ids(self) -> list[str]:
        return [self.one.character_id, self.other.character_id]

    def url(self, name: str = "pair") -> str:
        return reverse(f"relationships:{name}", args=self.ids)


@allows(GET=Action.SEE)
def pair(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """Both directions, now or at ``?at=``; older history by ``?before=``."""
    if source == target:
        page = {"who": _known(source)}
        return render(request, "relationships/pair_same.html", page, status=404)
    return show(request, two=two_of(source, target))


@allows(GET=Action.SEE)
def pair_now(request: HttpRequest, source: str, target: str) -> HttpResponse:
    """What moves by itself, as the page loads it again."""
    two = two_of(source, target)
    return render_live(
        request, "relationships/_pair_now.html", lambda: _context(request, two=two)
    )


def two_of(source: str, target: str) -> Two:
    """Those whom an address names; anybody unknown is a page that is not there."""
    if source == target:
        raise Http404("Nobody feels anything for themselves.")
    who = {each.character_id: each for each in characters().values()}
    if source not in who or target not in who:
        raise Http404("There is no such character.")
    return Two(who[source], who[target])


def _known(character_id: str) -> Who:
    for who in characters().values():
        if who.character_id == character_id:
            return who
    raise Http404("There is no such character.")


def show(
    request: HttpRequest, *, two: Two, change: Change | None = None, status: int = 200
) -> HttpResponse:
    """The page, or the fragment alone; ``change`` puts a refused form into it."""

    def load() -> dict[str, Any]:
        page = _context(request, two=two)
        started = page["pair"].standing
        forms = [ValueForm.of(started, which=n) for n in range(len(WAYS))]
        page["values"] = forms
        page["reset"] = ResetForm.of(started)
        page["topics"] = TopicsForm.of(started)
        if change is not None:
            change(page)
        return page

    if is_fragment(request):
        # 200 also for what is wrong: htmx puts no other answer into the page.
        return render_live(request, "relationships/_pair.html", load)
    return render_live(request, "relationships/pair.html", load, status=status)


def is_fragment(request: HttpRequest) -> bool:
    """Whether a script asks, which puts the answer into the page it is on."""
    return "HX-Request" in request.headers


def _context(request: HttpRequest, *, two: Two) -> dict[str, Any]:
    now = timezone.now()
    filters, problems = Filters.parse(request.GET, now=now)
    before = Cursor.read(request.GET.get("before", ""))
    found: PairShown = shown(two.one, two.other, at=filters.at, now=now, before=before)
    ids = two.ids
    query = moment_query(filters.at)
    older = found.history.older
    return {
        "two": two,
        "pair": found,
        "filters": filters,
        "problems": problems,
        "now": now,
        "moment_query": query,
        "older_query": _joined(query, f"before={older.text}") if older else "",
        "has_newer": before is not None,
        "is_past": filters.at is not None,
        "is_live": filters.at is None and before is None,
        "live_keys": f"{key_of(*ids)} {key_of(*ids[::-1])}",
        "may_adjust": filters.at is None and may(request.user, action=Action.ADJUST),
        "may_quiet": may(request.user, action=Action.QUIET),
    }


def _joined(*parts: str) -> str:
    return "&".join(part for part in parts if part)
