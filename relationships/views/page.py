"""Relationships: one page, four views, one set of filters in the address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from core.access import allows
from core.people import may
from core.roles import Action
from relationships.models import Affinity
from relationships.views import moment, table, timeline
from relationships.views.filters import (
    CHANGED,
    DEPTHS,
    SIGNS,
    VIEWS,
    Filters,
    points,
)
from relationships.views.shown import Who, characters

MOST_IN_GRAPH: Final = 20
"""Above so many characters a matrix is easier to read than a graph."""
_LIVE: Final = frozenset({"graph", "matrix"})
"""Views that the page's script draws from the snapshot."""
_ASIDE: Final = ("sign", "apart", "events", "changed", "tag")
"""Filters that stand folded below the others."""

Context = Callable[..., dict[str, Any]]
_CONTEXTS: Final[Mapping[str, Context]] = {
    "table": table.context,
    "timeline": timeline.context,
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One view, with the filters that all share."""

    name: str
    title: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values of a filter."""

    value: str
    title: str
    is_chosen: bool


@allows(GET=Action.SEE)
def page(request: HttpRequest) -> HttpResponse:
    """The view that ``?view=`` names; else the graph of a few, the matrix of many."""
    now = timezone.now()
    filters, problems = Filters.parse(request.GET, now=now)
    who = list(characters().values())
    usual = "graph" if len(who) <= MOST_IN_GRAPH else "matrix"
    filters = replace(filters, view=filters.view or usual)
    context = {
        "filters": filters,
        "now": now,
        "view": filters.view,
        "is_past": filters.at is not None,
        "is_live_view": filters.view in _LIVE,
        "tabs": _tabs(filters),
        "problems": problems,
        "clear_query": Filters(view=filters.view, at=filters.at).query(),
        "is_empty": not Affinity.objects.filter(seq__gt=0).exists(),
        "may_adjust": may(request.user, action=Action.ADJUST),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "script": _script(request, filters=filters),
        **_bar(filters, who=who, problems=problems),
        **moment.context(filters=filters, now=now),
        **_of_view(request, filters=filters, now=now),
    }
    return render(request, "relationships/page.html", context)


def _of_view(
    request: HttpRequest, *, filters: Filters, now: datetime
) -> dict[str, Any]:
    context = _CONTEXTS.get(filters.view)
    return {} if context is None else context(request, filters=filters, now=now)


def _tabs(filters: Filters) -> list[Tab]:
    return [
        Tab(name, title, filters.query(view=name), filters.view == name)
        for name, title in VIEWS.items()
    ]


def _bar(
    filters: Filters, *, who: list[Who], problems: Mapping[str, str]
) -> dict[str, Any]:
    """What the bar of filters offers.

    What an address names and nobody has any more is offered too, so that it is
    seen and can be taken off.
    """
    tags = sorted({tag for each in who for tag in each.tags}, key=str.casefold)
    names = {each.character_id: each.name for each in who}
    around = {"": "Everybody", **names}
    usual = {each.name: each.default for each in fields(Filters)}
    aside = [
        name
        for name in _ASIDE
        if getattr(filters, name) != usual[name] or name in problems
    ]
    return {
        "signs": _choices(SIGNS, filters.sign),
        "changes": _choices(
            {k: title for k, (title, _) in CHANGED.items()}, filters.changed
        ),
        "tags": _choices({"": "Any", **{tag: tag for tag in tags}}, filters.tag),
        "arounds": _choices(around, filters.around),
        "depths": _choices({str(k): v for k, v in DEPTHS.items()}, str(filters.depth)),
        "min_text": points(filters.min) if filters.min else "",
        "apart_text": points(filters.apart) if filters.apart else "",
        "aside": len(aside),
    }


def _choices(titles: Mapping[str, str], chosen: str) -> list[Choice]:
    known = titles if chosen in titles else {**titles, chosen: f"{chosen} (not there)"}
    return [Choice(value, title, value == chosen) for value, title in known.items()]


def _script(request: HttpRequest, *, filters: Filters) -> dict[str, Any]:
    """What the page's script starts with; ids go into the pair's address."""
    return {
        "filters": filters.for_script(),
        "snapshot": reverse("relationships:snapshot"),
        "pair": reverse("relationships:pair", args=["-source-", "-target-"]),
        "character": reverse("personas:character-detail", args=["-character-"]),
        "places": reverse("relationships:places"),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
    }
