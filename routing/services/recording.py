"""Decisions as records: what is stored of them, and values made of it again.

Of the message only ``Decision.text`` holds anything; all else names characters,
phrases of their sheets, places and numbers.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from django.db import transaction

from personas.catalog import Snapshot, catalog
from personas.domain.sheets import ReplyMode
from relationships.domain.amounts import points_of
from routing.domain.messages import (
    Activity,
    Candidate,
    Decision,
    Draw,
    Message,
    PairFacts,
    Place,
    Quieted,
    Signal,
    State,
    Step,
    Terms,
)
from routing.models import RoutingTerms
from routing.policy import EXCERPT_LENGTH

MOST_CANDIDATES: Final = 50
"""Candidates that are told and recorded; whoever won is always among them."""
VERSION_LENGTH: Final = 16
"""Digits of a roster's digest that bots are told."""
_KEPT_KEYS: Final = 5_000


# -- Terms ---------------------------------------------------------------------------

_keys: dict[str, int] = {}
"""Primary keys of recorded terms by their digests."""


def forget() -> None:
    """Forget which record has which key; for another database."""
    global _keys  # noqa: PLW0603 - one per process, replaced as a whole
    _keys = {}


def _follow(snapshot: Snapshot, changed: frozenset[str] | None) -> None:
    if changed is None:
        forget()


catalog.follow(_follow)


def key_of_terms(terms: Terms, *, now: datetime) -> int:
    """Within a transaction: the primary key of the record of ``terms``."""
    body = terms_told(terms)
    digest = hashlib.sha256(orjson.dumps(body)).hexdigest()
    pk = _keys.get(digest)
    if pk is not None:
        return pk
    found = RoutingTerms.objects.filter(digest=digest).values_list("pk", flat=True)
    pk = found.first()
    if pk is None:
        row = RoutingTerms(digest=digest, body=body, created_at=now)
        # Another process may just have recorded the same ones.
        RoutingTerms.objects.bulk_create([row], ignore_conflicts=True)
        pk = found.get()
    # Only then it is there for everybody.
    transaction.on_commit(partial(_keep, _keys, digest, pk))
    return pk


def _keep(keys: dict[str, int], digest: str, pk: int) -> None:
    keys[digest] = pk
    if len(keys) > _KEPT_KEYS:
        keys.pop(next(iter(keys)), None)


def terms_told(terms: Terms) -> dict[str, Any]:
    """``RoutingTerms.body``."""
    place = terms.place
    return {
        "is_enabled": terms.is_enabled,
        "steps": [step.value for step in terms.steps],
        "sticky_seconds": terms.sticky_seconds,
        "response_chance": terms.response_chance,
        "default_character_id": terms.default_character_id,
        "chain_cap": terms.chain_cap,
        "channel_budget": terms.channel_budget,
        "pair_budget": terms.pair_budget,
        "place": {
            "names": list(place.names),
            "reply_mode": place.reply_mode.value,
            "allow": None if place.allow is None else sorted(place.allow),
            "deny": sorted(place.deny),
            "default_character_id": place.default_character_id,
        },
        "quiets": [
            {
                "quiet_id": each.quiet_id,
                "character_id": each.character_id,
                "other_character_id": each.other_character_id,
            }
            for each in terms.quiets
        ],
    }


def terms_of(body: Mapping[str, Any]) -> Terms:
    """The terms that a record holds."""
    place = body["place"]
    allow = place["allow"]
    plain = {name: body[name] for name in _PLAIN}
    return Terms(
        **plain,
        steps=tuple(Step(step) for step in body["steps"]),
        place=Place(
            names=tuple(place["names"]),
            reply_mode=ReplyMode(place["reply_mode"]),
            allow=None if allow is None else frozenset(allow),
            deny=frozenset(place["deny"]),
            default_character_id=place["default_character_id"],
        ),
        quiets=tuple(Quieted(**each) for each in body["quiets"]),
    )


_PLAIN: Final = (
    "is_enabled",
    "sticky_seconds",
    "response_chance",
    "default_character_id",
    "chain_cap",
    "channel_budget",
    "pair_budget",
)


# -- Message and state ---------------------------------------------------------------


def asked_told(
    message: Message, *, context: str | None, is_composed: bool
) -> dict[str, Any]:
    """``Decision.asked``: what was asked besides the text and who wrote it."""
    activity = message.activity
    return {
        "mentions": list(message.mentions),
        "activity": None
        if activity is None
        else {"category": activity.category, "name": activity.name},
        "ignore_sticky": message.ignore_sticky,
        "context": context,
        "compose": is_composed,
    }


def message_of(asked: Mapping[str, Any], *, text: str, author: str | None) -> Message:
    """The message that a record tells of."""
    activity = asked["activity"]
    return Message(
        text=text,
        author_character_id=author,
        mentions=tuple(asked["mentions"]),
        activity=None if activity is None else Activity(**activity),
        ignore_sticky=asked["ignore_sticky"],
    )


def state_told(state: State, *, pair: Mapping[str, Any] | None) -> dict[str, Any]:
    """``Decision.state``; ``pair`` is ``PairFacts`` and what they were made of."""
    return {
        "sticky": None if state.sticky is None else list(state.sticky),
        "chain": state.chain,
        "channel_answers": state.channel_answers,
        "pair": None if pair is None else dict(pair),
    }


def state_of(told: Mapping[str, Any]) -> State:
    """What the record said then."""
    sticky = told["sticky"]
    return State(
        sticky=None if sticky is None else (sticky[0], sticky[1]),
        chain=told["chain"],
        channel_answers=told["channel_answers"],
    )


def pair_of(told: Mapping[str, Any]) -> PairFacts | None:
    """What counted between two personas; ``None`` if it was not asked for."""
    pair = told["pair"]
    return None if pair is None else PairFacts(pair["answers"], pair["probability"])


def kept_text(text: str, *, kept: str) -> tuple[str, str]:
    """What is stored of a message under the setting, and how much that is."""
    if kept == "whole" or (kept == "excerpt" and len(text) <= EXCERPT_LENGTH):
        return text, "whole"
    return (text[:EXCERPT_LENGTH], kept) if kept == "excerpt" else ("", kept)


# -- The decision --------------------------------------------------------------------


def decision_told(decision: Decision) -> dict[str, Any]:
    """What follows from the roster, the message, the state and the terms alone."""
    shown, omitted = _shown(decision)
    floor = decision.close_floor
    told: dict[str, Any] = {
        "respond": decision.respond,
        "respond_reason": decision.respond_reason,
        "reason": decision.reason,
        "close_floor": None if floor is None else points_of(floor),
        "candidates": [_candidate(each) for each in shown],
        "skipped": [
            {"step": each.step, "would_have_been": each.would_have_been}
            for each in decision.skipped
        ],
        "draws": [_draw(each) for each in decision.draws],
    }
    if omitted:
        told["candidates_omitted"] = omitted
    return told


def _shown(decision: Decision) -> tuple[list[Candidate], int]:
    candidates = decision.candidates
    shown = list(candidates[:MOST_CANDIDATES])
    winner = decision.character_id
    late = [c for c in candidates[MOST_CANDIDATES:] if c.character_id == winner]
    if late:
        shown[-1:] = late
    return shown, len(candidates) - len(shown)


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "character_id": candidate.character_id,
        "score": points_of(candidate.score),
        "weight": points_of(candidate.weight),
        "close": candidate.is_close,
        "signals": [_signal(each) for each in candidate.signals],
    }


def _signal(signal: Signal) -> dict[str, Any]:
    return {
        "kind": str(signal.kind),
        "phrase": signal.phrase,
        "points": signal.points,
        "start": signal.start,
        "end": signal.end,
    }


def _draw(draw: Draw) -> dict[str, Any]:
    return {
        "of": draw.of,
        "drawn": draw.drawn,
        "against": draw.against,
        "among": [[name, points_of(weight)] for name, weight in draw.among],
    }


def ids_in(decision: Decision, *, message: Message, state: State) -> set[str]:
    """Everybody whom a sentence about the decision may name."""
    found = {decision.character_id, message.author_character_id}
    found.update(each.character_id for each in decision.candidates)
    found.update(each.would_have_been for each in decision.skipped)
    found.update(name for draw in decision.draws for name, _ in draw.among)
    if state.sticky is not None:
        found.add(state.sticky[0])
    return {each for each in found if each is not None}
