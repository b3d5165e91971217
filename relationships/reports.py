"""Which reports do not count any more, as only the layer above knows.

The ledger keeps the rows of voided reports; whoever counts or recomputes has to
leave them out. The app that keeps the reports registers how to tell.
"""

from collections.abc import Callable, Collection
from datetime import datetime

Voided = Callable[[Collection[int], datetime | None], set[int]]
"""``(character_pks, since)`` → the ``event_id`` of each voided report between any two
of these characters, counted after ``since`` if that is given; in one query."""

_tellers: list[Voided] = []


def register(voided: Voided, /) -> None:
    """Ask ``voided`` from now on, and nobody else."""
    _tellers[:] = [voided]


def voided(
    character_pks: Collection[int], *, since: datetime | None = None
) -> set[int]:
    """As ``Voided`` says; none while nobody can tell."""
    if not _tellers or not character_pks:
        return set()
    return _tellers[0](character_pks, since)
