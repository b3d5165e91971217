"""Telling live pages how far characters have come."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import Count

from core.live.changes import announce_all
from evolution.models import Crossing, Progress

STREAM: Final = "evolution"


def progress_changed(
    rows: Iterable[Progress], *, names: Mapping[int, str], now: datetime
) -> None:
    """Announce characters' counts, traits and how many stages wait, as stored now.

    ``names`` maps primary keys of characters to their ids. Two queries beside those
    of announcing, however many rows. Call it after all else was written.
    """
    rows = list(rows)
    if not rows:
        return
    waiting = _waiting([row.character_id for row in rows])
    announce_all(
        stream=STREAM,
        changes=[
            (names[row.character_id], _op(row, names=names, waiting=waiting))
            for row in rows
        ],
        now=now,
    )


def _waiting(character_pks: list[int]) -> dict[int, int]:
    """Character → how many stages a manager has to decide on."""
    found = (
        Crossing.objects.awaiting_approval()
        .filter(character__in=character_pks)
        .order_by()
        .values_list("character_id")
        .annotate(waiting=Count("pk"))
    )
    return dict(found)


def _op(
    row: Progress, *, names: Mapping[int, str], waiting: Mapping[int, int]
) -> dict[str, Any]:
    return {
        "kind": "progress",
        "character_id": names[row.character_id],
        "count": row.count,
        "mode": row.mode,
        "traits": row.traits,
        "waiting": waiting.get(row.character_id, 0),
        "updated_at": row.updated_at,
    }
