"""Trying who would answer, by the very rules that decide; nothing is written.

The roster is that of a label, or all drafts as they are. What is left to chance is run
as often as wished, each time with another seed made from one that is told, so that the
same seed gives the same again.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final, Literal

from core.problems import FieldError, Problem
from personas import serving
from personas.models import Character
from relationships.domain.amounts import milli_of
from relationships.domain.probability import odds
from routing.domain import explaining
from routing.domain.deciding import decide
from routing.domain.messages import Decision, PairFacts, State
from routing.domain.rerunning import rerun
from routing.models import Decision as Row
from routing.models import RoutingTerms
from routing.services import composing, recording, remembering
from routing.services.deciding import (
    Asked,
    Decided,
    Known,
    author_of,
    known_of,
    resolved_context,
)
from routing.services.draft_rosters import DRAFT_ROSTERS, Drafts

RosterName = Literal["production", "draft"]
PRODUCTION: Final[RosterName] = "production"
DRAFT: Final[RosterName] = "draft"
MOST_RUNS: Final = 1_000
FARTHEST: Final = timedelta(days=366)
"""How far from now a moment may be."""
_BITS_OF_DIGEST: Final = 256


@dataclass(frozen=True, slots=True)
class Sticky:
    """Who answered here last, in place of what the record says; ``None``: nobody."""

    character_id: str | None = None
    seconds_ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How to try.

    ``at`` is the moment at which quiet switches and the record are looked at, the
    record not before the channel's newest decision; ``None``: now. ``sticky`` ``None``
    leaves that to the record. Without ``seed`` each time is another.
    """

    roster: RosterName = PRODUCTION
    at: datetime | None = None
    sticky: Sticky | None = None
    seed: int | None = None
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the runs ended like this."""

    character_id: str | None
    respond: bool
    count: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the first run came to, and how all of them ended, the most frequent first.

    ``row`` is the record that it would be; it is not saved, and has no key. ``answer``
    is what a bot would be told. ``left_out`` maps ids to why they are not among the
    drafts that were tried. ``prompt`` is the body of ``compose``, if one was wished and
    somebody responds; drafts have none.
    """

    decision: Decision
    row: Row
    answer: Mapping[str, Any]
    distribution: tuple[Share, ...]
    runs: int
    left_out: Mapping[str, str]
    prompt: bytes | None
    is_fresh: bool


def simulate(asked: Asked, *, trial: Trial, now: datetime) -> Simulated:
    """Try it.

    Raises:
        Problem: not_labelled, unknown_context, or invalid for an author, or somebody
            sticky, who is no character, and for a moment that is too far away.
    """
    if trial.at is not None and abs(trial.at - now) > FARTHEST:
        raise _too_far()
    known = known_of(asked, now=trial.at or now)
    author = author_of(asked.message)
    drafts = DRAFT_ROSTERS.read() if trial.roster == DRAFT else None
    if drafts is not None:
        known = replace(known, roster=drafts.roster)
    recent = remembering.recent(
        asked.channel_id,
        terms=known.terms,
        is_persona=author is not None,
        now=trial.at or now,
    )
    state, at = _state(recent.state, sticky=trial.sticky), recent.now
    seed = secrets.randbits(serving.SEED_BITS) if trial.seed is None else trial.seed
    runs = _Runs(asked, known=known, state=state, at=at)
    decision, pair = runs.first(seed)
    told = _told(asked, decision, known=known, drafts=drafts, state=state)
    told["seed"] = seed
    row = _row(asked, decision, told, known=known, at=at)
    row.seed, row.author_id = seed, author
    row.state = recording.state_told(state, pair=pair)
    return Simulated(
        decision=decision,
        row=row,
        answer=told,
        distribution=runs.distribution(decision, seed=seed, runs=trial.runs),
        runs=trial.runs,
        left_out={} if drafts is None else drafts.left_out,
        prompt=_prompt(asked, row, known=known, seed=seed, now=at)
        if drafts is None
        else None,
        is_fresh=known.is_fresh,
    )


def _state(state: State, *, sticky: Sticky | None) -> State:
    """With what was given in place of what the record says."""
    if sticky is None:
        return state
    if sticky.character_id is None:
        return replace(state, sticky=None)
    rows = Character.objects.active().filter(character_id=sticky.character_id)
    if not rows.exists():
        raise _unknown_sticky(sticky.character_id)
    return replace(state, sticky=(sticky.character_id, sticky.seconds_ago))


def _too_far() -> Problem:
    detail = "Choose a moment within a year of now."
    return Problem(
        "invalid",
        detail=detail,
        errors=[FieldError("/at", "out_of_range", detail)],
    )


def _unknown_sticky(character_id: str) -> Problem:
    detail = f"There is no character {character_id[:80]!r}; GET personas lists them."
    return Problem(
        "invalid",
        detail=detail,
        errors=[FieldError("/sticky/character_id", "not_a_choice", detail)],
    )


# -- Runs ----------------------------------------------------------------------------


def seed_of_run(seed: int, *, run: int) -> int:
    """The seed of one of the runs; the first one's is ``seed`` itself."""
    if run == 0:
        return seed
    digest = hashlib.sha256(f"{seed}:{run}".encode()).digest()
    return int.from_bytes(digest) >> (_BITS_OF_DIGEST - serving.SEED_BITS)


class _Runs:
    """The same message again and again; what the database says is read once."""

    def __init__(
        self, asked: Asked, *, known: Known, state: State, at: datetime
    ) -> None:
        self._asked, self._known, self._state, self._at = asked, known, state, at
        # By who would answer, what counts between them and the author.
        self._pairs: dict[str, Mapping[str, Any]] = {}

    def first(self, seed: int) -> tuple[Decision, Mapping[str, Any] | None]:
        """The decision, and what it was told of the two, if they are personas."""
        decision = self._decided(seed)
        if decision.pair is None or decision.character_id is None:
            return decision, None
        return decision, self._pair(decision.character_id, seed=seed)

    def distribution(
        self, first: Decision, *, seed: int, runs: int
    ) -> tuple[Share, ...]:
        """How ``runs`` runs end, of which ``first`` is one."""
        ends = Counter({(first.character_id, first.respond): 1})
        if not first.draws:
            # Nothing was left to chance, and never is.
            ends[first.character_id, first.respond] = runs
        else:
            ends.update(self._ended(first, seed=seed, runs=runs))
        shares = [Share(who, respond, n) for (who, respond), n in ends.items()]
        shares.sort(key=lambda s: (-s.count, s.character_id or "", not s.respond))
        return tuple(shares)

    def _decided(self, seed: int) -> Decision:
        return decide(
            self._known.roster,
            self._asked.message,
            state=self._state,
            terms=self._known.terms,
            pair_facts=partial(self._facts, seed=seed),
            rng=Random(seed).random,  # noqa: S311 - the same seed, the same draws
        )

    def _ended(
        self, first: Decision, *, seed: int, runs: int
    ) -> Iterator[tuple[str | None, bool]]:
        """How the runs after the first one end."""
        for run in range(1, runs):
            own = seed_of_run(seed, run=run)
            yield rerun(
                first,
                roster=self._known.roster,
                message=self._asked.message,
                state=self._state,
                terms=self._known.terms,
                pair_facts=partial(self._facts, seed=own),
                rng=Random(own).random,  # noqa: S311 - the same seed, the same draws
            )

    def _facts(self, character_id: str, *, seed: int) -> PairFacts:
        """For ``decide``."""
        told = self._pair(character_id, seed=seed)
        return PairFacts(told["answers"], told["probability"])

    def _pair(self, character_id: str, *, seed: int) -> Mapping[str, Any]:
        told = self._pairs.get(character_id)
        if told is None:
            told = self._pairs[character_id] = remembering.between(
                character_id,
                author=self._asked.message.author_character_id or "",
                seed=seed,
                rules=self._known.rules,
                most=self._known.terms.pair_budget,
                now=self._at,
            )
        if told.get("seed", seed) == seed:
            return told
        # Of all that the chance is made of, only one factor hangs on the seed.
        again = odds(
            affinity=milli_of(told["affinity"]),
            tension=milli_of(told["tension"]),
            recent_events=told["recent_events"],
            compatibility=milli_of(told["compatibility"]),
            seed=seed,
        )
        changed = {
            "probability": again.probability,
            "random": again.random,
            "seed": seed,
        }
        return {**told, **changed}


# -- What is told --------------------------------------------------------------------


def _told(
    asked: Asked,
    decision: Decision,
    *,
    known: Known,
    drafts: Drafts | None,
    state: State,
) -> dict[str, Any]:
    """As ``deciding`` tells it; a draft has no number, and no prompt to be found in."""
    winner = decision.character_id or ""
    names: Mapping[str, str]
    ids = recording.ids_in(decision, message=asked.message, state=state)
    if drafts is None:
        entry = known.snapshot.entry(winner, label=asked.label)
        persona_id = None if entry is None else entry.persona_id
        version = None if entry is None else entry.version
        entries = {one: known.snapshot.entry(one, label=asked.label) for one in ids}
        names = {one: each.display_name for one, each in entries.items() if each}
        published = known.snapshot.entries
        ignored = [one for one in asked.message.mentions if one not in published]
    else:
        entry, version, persona_id = None, None, drafts.personas.get(winner)
        names = drafts.names
        ignored = [one for one in asked.message.mentions if one not in names]
    sentence = explaining.sentence(
        decision, message=asked.message, state=state, names=names
    )
    return {
        "decision_id": None,
        "character_id": decision.character_id,
        "persona_id": persona_id,
        "version": version,
        "explanation": sentence,
        **recording.decision_told(decision),
        "roster_version": known.roster.digest[: recording.VERSION_LENGTH],
        "context": resolved_context(known.context, entry, known=known),
        **({"ignored_mentions": ignored} if ignored else {}),
    }


def _row(
    asked: Asked,
    decision: Decision,
    told: Mapping[str, Any],
    *,
    known: Known,
    at: datetime,
) -> Row:
    return Row(
        channel_id=asked.channel_id,
        label=asked.label,
        text=asked.message.text,
        text_kept=Row.Kept.WHOLE,
        decided_at=at,
        reason=decision.reason,
        respond=decision.respond,
        respond_reason=decision.respond_reason,
        terms=RoutingTerms(body=recording.terms_told(known.terms), created_at=at),
        asked=recording.asked_told(
            asked.message,
            context=asked.context,
            is_composed=asked.compose is not None,
        ),
        answer=dict(told),
    )


def _prompt(
    asked: Asked, row: Row, *, known: Known, seed: int, now: datetime
) -> bytes | None:
    if asked.compose is None:
        return None
    wanted = asked.compose
    if wanted.seed is None:
        # No decision's id decides here what else is left to chance.
        asked = replace(asked, compose=replace(wanted, seed=seed))
    decided = Decided(
        answer=row.answer, row=row, snapshot=known.snapshot, is_fresh=known.is_fresh
    )
    return composing.compose(decided, asked=asked, is_test=True, now=now)
