"""What this app's calls answer with, as plain values. Numbers are in points."""

from datetime import datetime
from typing import Any

from personas.api.queries import as_text
from relationships.domain.amounts import points_of
from relationships.domain.probability import Odds
from relationships.domain.traits import TRAITS
from relationships.models import LedgerRow
from relationships.services.reading import Both, Felt


def pair_of(felt: Felt) -> dict[str, Any]:
    """One direction as lists have it."""
    return {
        "source": felt.source,
        "target": felt.target,
        "affinity": felt.affinity / 1_000,
        "stored": felt.stored / 1_000,
        "updated_at": _time(felt.updated_at),
        "resting": felt.resting / 1_000,
        "band": felt.band,
        "events": felt.events,
        "seq": felt.seq,
        "tension": felt.tension / 1_000,
        "tension_stored": felt.tension_stored / 1_000,
        "tension_at": _time(felt.tension_at),
    }


def direction_of(felt: Felt) -> dict[str, Any]:
    """One direction by itself."""
    traits = {name: points_of(getattr(felt, name)) for name in TRAITS}
    return {**pair_of(felt), "traits": traits}


def both_of(both: Both, *, moment: datetime) -> dict[str, Any]:
    """Two characters, without the history."""
    return {
        "as_of": as_text(moment),
        **direction_of(both.forth),
        "trigger_topics": list(both.trigger_topics),
        "reverse": direction_of(both.back),
    }


def row_of(row: LedgerRow) -> dict[str, Any]:
    """One row of the ledger, with all that it was computed from."""
    return {
        "seq": row.seq,
        "at": as_text(row.at),
        "cause": row.cause,
        "report": row.event_id,
        "kind": row.kind or None,
        "is_speaker": row.is_speaker,
        "base": points_of(row.base),
        "intensity": points_of(row.intensity),
        "compatibility": points_of(row.compatibility),
        "tension_before": points_of(row.tension_before),
        "is_trigger": row.is_trigger,
        "factor": points_of(row.factor),
        "wanted": points_of(row.wanted),
        "change": points_of(row.change),
        "before": points_of(row.before),
        "after": points_of(row.after),
        "resting": points_of(row.resting),
        "tension": points_of(row.tension),
        "traits": {name: points_of(getattr(row, name)) for name in TRAITS},
        "events": row.events,
        "band": row.band or None,
        "folded": row.folded,
        "reason": row.reason,
        "author": row.author_name or None,
    }


def odds_of(target: str, odds: Odds) -> dict[str, Any]:
    """A chance and all of its factors."""
    return {
        "target": target,
        "probability": odds.probability,
        "affinity": odds.affinity,
        "base": odds.base,
        "recent_events": odds.recent_events,
        "history": odds.history,
        "compatibility": odds.compatibility,
        "tension": odds.tension,
        "calm": odds.calm,
        "random": odds.random,
        "seed": odds.seed,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else as_text(moment)
