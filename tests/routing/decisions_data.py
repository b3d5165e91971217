"""Decisions as they are recorded, for tests of what reads them."""

import hashlib
import itertools
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.live.changes import announce
from core.models import BotKey
from personas.models import Character, CharacterVersion, Label
from routing.models import Decision, Roster, RoutingTerms
from routing.services import announcing
from tests.core.api_client import make_key

_numbers = itertools.count(1)
TEA = "Does anybody know about tea?"

TERMS: dict[str, Any] = {
    "is_enabled": True,
    "steps": ["mention", "sticky", "activity", "content", "fallback"],
    "sticky_seconds": 300,
    "response_chance": 1.0,
    "default_character_id": "",
    "chain_cap": 4,
    "channel_budget": 12,
    "pair_budget": 6,
    "place": {
        "names": ["c1"],
        "reply_mode": "in_conversation",
        "allow": None,
        "deny": [],
        "default_character_id": None,
    },
    "quiets": [],
}


def make_bot() -> BotKey:
    """The bot of these decisions."""
    found = BotKey.objects.filter(name="decider").first()
    return found or make_key(name="decider")[0]


def terms_row(**changed: Any) -> Any:
    """Settings, all as they come except what is ``changed``."""
    place = {**TERMS["place"], **changed.pop("place", {})}
    return _kept(RoutingTerms, "body", {**TERMS, **changed, "place": place})


def roster_row(members: dict[str, int] | None = None) -> Any:
    """A roster; of everybody who is live unless told otherwise."""
    if members is None:
        labels = Label.objects.filter(name="production")
        members = dict(labels.values_list("character__character_id", "version_id"))
    return _kept(Roster, "changes", {"set": members, "drop": []})


def _kept(model: Any, field: str, value: Any) -> Any:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
    defaults = {field: value, "created_at": timezone.now()}
    return model.objects.get_or_create(digest=digest, defaults=defaults)[0]


def candidate(
    character_id: str,
    score: float,
    *signals: dict[str, Any],
    weight: float = 1.0,
    close: bool = False,
) -> dict[str, Any]:
    return {
        "character_id": character_id,
        "score": score,
        "weight": weight,
        "close": close,
        "signals": list(signals),
    }


def signal(
    kind: str, phrase: str, points: int, start: int | None = None
) -> dict[str, Any]:
    end = None if start is None else start + len(phrase)
    return {
        "kind": kind,
        "phrase": phrase,
        "points": points,
        "start": start,
        "end": end,
    }


def make_decision(
    winner: str | None = None,
    *,
    text: str = TEA,
    reason: str = "content",
    respond: bool | None = None,
    respond_reason: str = "chance",
    channel_id: str = "c1",
    message_id: str | None = None,
    candidates: list[dict[str, Any]] | None = None,
    draws: list[dict[str, Any]] | None = None,
    skipped: list[dict[str, Any]] | None = None,
    asked: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    terms: dict[str, Any] | None = None,
    now: datetime | None = None,
    close_floor: float | None = None,
    **fields: Any,
) -> Decision:
    """A record of the shape that deciding writes; announced as deciding does."""
    character = winner and Character.objects.get(character_id=winner)
    version = (
        CharacterVersion.objects.filter(character=character).order_by("-number").first()
        if character
        else None
    )
    number = next(_numbers)
    now = now or timezone.now()
    if character is None and reason not in {"nobody", "disabled"}:
        reason = "nobody"
    respond = bool(character) if respond is None else respond
    respond_reason = respond_reason if character else reason
    decision = Decision(
        bot=make_bot(),
        message_id=f"m-{number}" if message_id is None else message_id,
        channel_id=channel_id,
        label="production",
        text=text,
        decided_at=now,
        character=character or None,
        version=version,
        reason=reason,
        respond=respond,
        respond_reason=respond_reason,
        seed=number,
        roster=fields.pop("roster", None) or roster_row(),
        terms=terms_row(**(terms or {})),
        asked={
            "mentions": [],
            "activity": None,
            "ignore_sticky": False,
            "context": "",
            "compose": False,
            **(asked or {}),
        },
        state={
            "sticky": None,
            "chain": 0,
            "channel_answers": 0,
            "pair": None,
            **(state or {}),
        },
        **{"text_kept": Decision.Kept.WHOLE, **fields},
    )
    decision.answer = {
        "decision_id": str(decision.decision_id),
        "character_id": winner,
        "persona_id": f"{winner}@neuro" if winner else None,
        "version": version.number if version else None,
        "respond": respond,
        "respond_reason": respond_reason,
        "reason": reason,
        "explanation": f"{character or 'Nobody'}: as this test says.",
        "seed": number,
        "close_floor": close_floor,
        "candidates": candidates or [],
        "skipped": skipped or [],
        "roster_version": decision.roster.digest[:16],
        "context": "",
        "draws": draws or [],
        **(answer or {}),
    }
    with transaction.atomic():
        decision.save()
        announce(
            stream=announcing.STREAM.name,
            key=f"decision:{decision.decision_id}",
            op={
                "kind": announcing.DECISION,
                "decision_id": str(decision.decision_id),
                "channel_id": channel_id,
                "character_id": winner,
                "reason": reason,
                "respond": respond,
                "respond_reason": respond_reason,
                "at": now.isoformat(),
            },
            now=now,
        )
    return decision


def by_topic(**fields: Any) -> Decision:
    """About ``TEA``: Ada by her interest; Bob is close, Cyd is not."""
    lines = [
        candidate("ada", 100, signal("interest", "tea", 50, 24), close=True),
        candidate("bob", 80, signal("domain", "tea", 30, 24), close=True),
        candidate("cyd", 50, signal("interest", "know", 50, 13)),
    ]
    draw = {"of": "close", "drawn": 0.25, "against": None}
    return make_decision(
        "ada",
        text=TEA,
        candidates=lines,
        draws=[{**draw, "among": [["ada", 1.0], ["bob", 3.0]]}],
        close_floor=80,
        skipped=[{"step": "fallback", "would_have_been": "cyd"}],
        **fields,
    )


def page_of(client: Client, decision: Decision, **query: str) -> Any:
    """The decision's page."""
    url = reverse("routing:decision", args=[decision.decision_id])
    response = client.get(url, query)
    assert response.status_code == 200
    return response
