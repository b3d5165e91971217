"""Telling live pages what characters feel for each other."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from core.live.changes import KEY_LENGTH, announce, announce_all
from relationships.domain.bands import Band, band_of
from relationships.models import Affinity, Pair

STREAM: Final = "relationships"
RULES: Final = "rules"
"""Key and kind of the change that tells of new settings."""
_DIGEST_LENGTH: Final = 32


def key_of(source: str, target: str) -> str:
    """What changes of one direction are known by; ids that are too long, by a hash."""
    key = f"{source}>{target}"
    if len(key) <= KEY_LENGTH:
        return key
    return hashlib.sha256(key.encode()).hexdigest()[:_DIGEST_LENGTH]


def op_of(
    feeling: Affinity, *, pair: Pair, source: str, target: str, bands: Sequence[Band]
) -> dict[str, Any]:
    """One direction as it is stored, in thousandths; pages decay it themselves."""
    return {
        "kind": "affinity",
        "source": source,
        "target": target,
        "stored": feeling.stored,
        "updated_at": feeling.updated_at,
        "resting": feeling.resting,
        "band": band_of(feeling.stored, bands=bands).band,
        "events": feeling.events,
        "seq": feeling.seq,
        "warmth": feeling.warmth,
        "trust": feeling.trust,
        "respect": feeling.respect,
        "rivalry": feeling.rivalry,
        "tension": pair.tension,
        "tension_at": pair.tension_at,
    }


def feelings_changed(ops: Iterable[dict[str, Any]], *, now: datetime) -> None:
    """Announce directions as ``op_of`` tells them; after they were written."""
    changes = [(key_of(op["source"], op["target"]), op) for op in ops]
    if changes:
        announce_all(stream=STREAM, changes=changes, now=now)


def rules_changed(before: Any, after: Any, now: datetime) -> None:
    """Announce that settings changed by which pages show feelings.

    It names no values: pages read everything again, and so do those who had it.
    """
    announce(stream=STREAM, key=RULES, op={"kind": RULES}, now=now)
