"""Where characters stand in the graph: the same for everybody, until moved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from core import audit
from core.models import User
from personas.models import Character
from relationships.models import GraphPlace

ACTION: Final = "graph.arranged"

Place = tuple[float, float]


class UnknownCharacter(Exception):
    """One of the characters is not there, or is archived."""


def places() -> dict[int, Place]:
    """Primary key of a character → its place, of those that have one."""
    rows = GraphPlace.objects.values_list("character_id", "x", "y")
    return {pk: (x, y) for pk, x, y in rows}


@transaction.atomic
def place(
    wanted: Mapping[str, Place], *, only_new: bool, actor: User, now: datetime
) -> dict[str, Place]:
    """Put characters, by id, to places; those that they have now.

    With ``only_new``, whoever stands somewhere stays: of several pages that
    arrange the same newcomers at once, the first decides.

    Raises:
        UnknownCharacter: nothing was moved.
    """
    pks = dict(
        Character.objects.active()
        .filter(character_id__in=wanted)
        .order_by("pk")
        .values_list("character_id", "pk")
    )
    unknown = [name for name in wanted if name not in pks]
    if unknown:
        raise UnknownCharacter(f"There is no character “{unknown[0]}”.")
    before = _by_id(pks)
    rows = [
        GraphPlace(character_id=pk, x=wanted[name][0], y=wanted[name][1])
        for name, pk in pks.items()
    ]
    if only_new:
        GraphPlace.objects.bulk_create(rows, ignore_conflicts=True)
    else:
        GraphPlace.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["character"],
            update_fields=["x", "y"],
        )
    after = _by_id(pks)
    if after != before:
        audit.record(
            actor=actor,
            action=ACTION,
            obj=("relationships.graphplace", "graph", "Graph of relationships"),
            before=before,
            after=after,
            now=now,
        )
    return after


def _by_id(pks: Mapping[str, int]) -> dict[str, Place]:
    found = places()
    return {name: found[pk] for name, pk in pks.items() if pk in found}
