"""Deciding once more what was decided, from what was in force then.

The roster is built from immutable versions, settings and the channel's state come from
the record; who won is not looked at until both are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from routing.domain import explaining
from routing.domain.deciding import decide
from routing.domain.messages import PairFacts
from routing.models import Decision
from routing.services import recording
from routing.services.rosters import Rebuilder

COMPARED: Final = (
    "character_id",
    "version_pk",
    "respond",
    "respond_reason",
    "reason",
    "close_floor",
    "candidates",
    "candidates_omitted",
    "skipped",
    "draws",
)
"""What must be the same; the sentence may be worded differently by a later release."""


class TextNotKept(Exception):
    """The message is not kept, or only a part of it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What is decided now; ``differing`` names what is not as it was."""

    answer: dict[str, Any]
    differing: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return not self.differing


def replay(row: Decision, *, rebuilder: Rebuilder | None = None) -> Replayed:
    """Decide again; ``rebuilder`` remembers rosters for whoever replays many.

    Load ``author``, ``character``, ``terms`` and ``version`` with the row.

    Raises:
        TextNotKept: without the whole text nobody can tell.
    """
    if row.text_kept != Decision.Kept.WHOLE:
        raise TextNotKept("The message is not kept any more, or only its beginning.")
    roster = (rebuilder or Rebuilder()).rebuilt(row.roster_id)
    author = None if row.author is None else row.author.character_id
    message = recording.message_of(row.asked, text=row.text, author=author)
    state = recording.state_of(row.state)
    facts = recording.pair_of(row.state)

    def pair_facts(_: str) -> PairFacts:
        # If it was not asked for then, what follows differs, and is told so.
        return facts or PairFacts(0, 0.0)

    decision = decide(
        roster,
        message,
        state=state,
        terms=recording.terms_of(row.terms.body),
        pair_facts=pair_facts,
        rng=Random(row.seed).random,  # noqa: S311 - the same as then
    )
    winner = decision.character_id
    version = None if winner is None else roster.members[winner].version
    ids = recording.ids_in(decision, message=message, state=state)
    names = {
        name: roster.members[name].names[0] if name in roster.members else name
        for name in ids
    }
    answer = {
        "decision_id": str(row.decision_id),
        "character_id": winner,
        "explanation": explaining.sentence(
            decision, message=message, state=state, names=names
        ),
        "seed": row.seed,
        **recording.decision_told(decision),
        "roster_version": roster.digest[: recording.VERSION_LENGTH],
    }
    then = {**row.answer, "version_pk": row.version_id}
    now = {**answer, "version_pk": version}
    differing = tuple(name for name in COMPARED if _differs(name, then, now))
    if version == row.version_id:
        told = {name: row.answer[name] for name in ("persona_id", "version")}
        answer = {**answer, **told}
    return Replayed(answer=answer, differing=differing)


def _differs(name: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return bool(then.get(name) != now.get(name))
