"""What of growth waits for somebody, as the home page tells it."""

from datetime import datetime

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse

from core.needs import Need
from core.people import may
from core.roles import Action
from evolution.models import Crossing
from evolution.views.words import TO_DECIDE, counted


def growth_needs(request: HttpRequest, now: datetime) -> list[Need]:
    """Stages to decide on, and such as could not go live; in one query."""
    waits = Q(status__in=TO_DECIDE, wants=Crossing.Wants.NOTHING)
    failed = ~Q(wants=Crossing.Wants.NOTHING) & ~Q(failure="")
    rows = Crossing.objects.filter(waits | failed, character__archived_at=None)
    row = rows.aggregate(
        waiting=Count("character", filter=waits, distinct=True),
        waiting_at=Min("reached_at", filter=waits),
        failed=Count("character", filter=failed, distinct=True),
        failed_at=Min("decided_at", filter=failed),
    )
    found = []
    if row["failed"]:
        found.append(
            Need(
                f"Growth of {counted(row['failed'], 'character')} could not go live.",
                _url("failed"),
                "See why",
                count=row["failed"],
                since=row["failed_at"],
                is_urgent=True,
            )
        )
    if row["waiting"]:
        has = "has" if row["waiting"] == 1 else "have"
        may_adjust = may(request.user, action=Action.ADJUST)
        found.append(
            Need(
                f"{counted(row['waiting'], 'character')} {has} growth waiting.",
                _url("waiting"),
                "Decide" if may_adjust else "See it",
                count=row["waiting"],
                since=row["waiting_at"],
            )
        )
    return found


def _url(show: str) -> str:
    return reverse("evolution:growth-list", query={"show": show})
