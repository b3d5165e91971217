"""The prompt of whoever was chosen, made at once if the bot wishes it.

It is made after the decision is committed, so that the channel is not locked meanwhile.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson
from django.db import transaction

from core.problems import FieldError, Problem
from core.turns import writing
from personas import feelings, lore_firings, serving
from personas.api.problems import UNKNOWN_CONTEXT
from routing.models import Decision
from routing.services.deciding import Asked, Decided
from routing.services.reporting import tried

_OF_LORE: Final = ("entry_id", "title", "position", "tokens")


def compose(
    decided: Decided, *, asked: Asked, is_test: bool, now: datetime
) -> bytes | None:
    """The body of ``compose``; ``None`` if nobody responds, or none was asked for.

    A repeated decision is composed anew, with the same seed. What entered the prompt
    becomes part of the record.

    Raises:
        Problem: as ``serving.compose``, with pointers into the body of the route.
    """
    row, told = decided.row, decided.answer
    if asked.compose is None or not told["respond"]:
        return None
    snapshot, character_id = decided.snapshot, told["character_id"]
    if snapshot.entry(character_id, label=row.label) is None:
        # Archived since it was decided.
        return None
    other = asked.compose.other_character_id or asked.message.author_character_id
    if other == character_id or other not in snapshot.entries:
        other = None
    felt, _ = feelings.toward(
        character_id, other, is_reachable=decided.is_fresh, now=now
    )
    wanted = replace(
        asked.compose,
        context=asked.context,
        other_character_id=other,
        decision_id=told["decision_id"],
    )
    try:
        prompt = serving.compose(
            snapshot,
            character_id=character_id,
            label=row.label,
            asked=wanted,
            note_fired=None if is_test else lore_firings.note,
            feelings=felt,
            quiet=snapshot.quiets.quiet(character_id, now=now),
        )
    except Problem as problem:
        if decided.is_repeated and problem.code == UNKNOWN_CONTEXT:
            # A version that was live then had a prompt for it.
            return None
        raise _placed(problem) from problem
    if not is_test and row.composed is None:
        _record(row, orjson.loads(prompt))
    return prompt


def _placed(problem: Problem) -> Problem:
    """The same with pointers into the body that was sent."""
    errors = [
        FieldError(f"/compose{error.pointer}", error.code, error.detail)
        for error in problem.errors
    ]
    where = ", ".join(error.pointer for error in errors)
    return Problem(
        problem.code,
        detail=f"Correct this, then send it again: {where}." if where else str(problem),
        errors=errors,
    )


def _record(row: Decision, prompt: Mapping[str, Any]) -> None:
    row.composed = {
        "context": prompt["context"],
        "content_hash": prompt["content_hash"],
        "tokens": prompt["tokens"],
        "lore": [{name: entry[name] for name in _OF_LORE} for entry in prompt["lore"]],
    }

    def work() -> None:
        with writing(), transaction.atomic(durable=True):
            row.save(update_fields=["composed"])

    tried(work)
