"""What happened lately between characters, newest first."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.access import allows
from core.live.changes import current_head
from core.roles import Action
from relationships.models import LedgerRow
from relationships.services.announcing import STREAM
from relationships.views.filters import Filters
from relationships.views.ledger_shown import Cursor, newest
from relationships.views.live import render_live
from relationships.views.shown import Who, characters, load


def context(request: HttpRequest, *, filters: Filters, now: datetime) -> dict[str, Any]:
    """What ``relationships/_timeline.html`` shows."""
    # Read first: what is committed in between is told once more.
    seq = current_head(STREAM)
    before = Cursor.read(request.GET.get("before", ""))
    who = characters()
    page = newest(
        until=filters.at, before=before, keep=_kept(filters, now=now, who=who), who=who
    )
    query = filters.query(view="timeline")
    return {
        "history": page,
        "live_seq": seq,
        "is_live": before is None and filters.at is None,
        "newest_query": query,
        "older_query": f"{query}&before={page.older.text}" if page.older else "",
        "has_newer": before is not None,
    }


def _kept(
    filters: Filters, *, now: datetime, who: Mapping[int, Who]
) -> Callable[[LedgerRow], bool]:
    """Which rows belong to what the filters show: those between two who are shown."""
    if not filters.is_cut:
        return lambda row: (
            row.affinity.source_id in who and row.affinity.target_id in who
        )
    shown = load(filters, now, at=filters.at)
    pks = {each.character_id: each.pk for each in shown.characters}
    ways = {(pks[felt.source], pks[felt.target]) for felt in shown.directions.felt}

    def keep(row: LedgerRow) -> bool:
        one, other = row.affinity.source_id, row.affinity.target_id
        return (one, other) in ways or (other, one) in ways

    return keep


@allows(GET=Action.SEE)
def timeline_rows(request: HttpRequest) -> HttpResponse:
    """The entries alone, as the page loads them again when something happens."""
    now = timezone.now()
    filters, _ = Filters.parse(request.GET, now=now)
    return render_live(
        request,
        "relationships/_timeline_rows.html",
        lambda: {
            **context(request, filters=filters, now=now),
            "filters": filters,
            "now": now,
        },
    )
