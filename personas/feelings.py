"""Whom to ask how a character feels about another one.

The app that knows registers a provider at start-up; without one, prompts are
composed without feelings.
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import Error

from personas.domain.feelings import Feelings

log = structlog.get_logger(__name__)

Provider = Callable[[str, str, datetime], Feelings | None]
"""``(character_id, other_character_id, now)`` → feelings, ``None`` if unknown.

It may raise ``django.db.Error``: then a prompt is composed without feelings.
"""

_providers: list[Provider] = []


def register(provider: Provider, /) -> None:
    """Ask ``provider`` from now on, and nobody else."""
    _providers[:] = [provider]


def toward(
    character_id: str,
    other_character_id: str | None,
    *,
    is_reachable: bool,
    now: datetime,
) -> tuple[Feelings | None, bool]:
    """Feelings with their places for names, and whether they could be read.

    ``is_reachable`` says whether the database is known to answer; while it does
    not, nobody waits for it here.
    """
    if other_character_id is None or not _providers:
        return None, True
    if not is_reachable:
        return None, False
    try:
        return _providers[0](character_id, other_character_id, now), True
    except Error as error:
        log.warning("feelings_not_read", error=type(error).__name__)
        return None, False
