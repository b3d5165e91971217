"""Decisions in the words of pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from routing.models import Decision

STEP_TITLES: Final[Mapping[str, str]] = {
    "mention": "Named",
    "sticky": "Went on",
    "activity": "Activity",
    "content": "Topic",
    "fallback": "Default",
}
REASON_TITLES: Final[Mapping[str, str]] = {
    **STEP_TITLES,
    "nobody": "Nobody",
    "disabled": "Off",
}
SILENT_TITLES: Final[Mapping[str, str]] = {
    "quiet": "Quiet",
    "chain": "Chain",
    "budget": "Budget",
    "probability": "Feelings",
    "channel_mode": "Channel",
    "policy": "Own rules",
    "chance": "Chance",
}
REASON_HELP: Final[Mapping[str, str]] = {
    "mention": "The message names the character.",
    "sticky": "The character answered here last.",
    "activity": "It fits what the user is doing.",
    "content": "The message is about what interests the character.",
    "fallback": "Nobody else fitted.",
    "nobody": "Nobody fitted, and nobody is set for that.",
    "disabled": "Deciding is switched off.",
}
SILENT_HELP: Final[Mapping[str, str]] = {
    "quiet": "A quiet switch was on.",
    "chain": "Too many messages of characters in a row.",
    "budget": "Characters answered each other often enough lately.",
    "probability": "The draw by what the two feel for each other went against it.",
    "channel_mode": "The channel lets characters answer less.",
    "policy": "The character's own rules for replies.",
    "chance": "The draw for every answer went against it.",
}
MODES: Final[Mapping[str, str]] = {
    "never": "never",
    "when_addressed": "when named",
    "in_conversation": "when named or in conversation",
    "freely": "freely",
    "channel": "as the channel says",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A short word with what it means."""

    text: str
    help: str
    look: str = ""


def reason_chip(decision: Decision, /) -> Chip:
    """How somebody was found."""
    reason = decision.reason
    drawn = drawn_from(decision.answer)
    if len(drawn) > 1:
        text = f"Drawn 1 of {len(drawn)}"
        return Chip(text, f"{REASON_HELP[reason]} Several fitted as well.", "accent")
    look = {"nobody": "archived", "disabled": "archived", "fallback": "info"}
    return Chip(
        REASON_TITLES.get(reason, reason),
        REASON_HELP.get(reason, ""),
        look.get(reason, "accent"),
    )


def silent_chip(decision: Decision, /) -> Chip | None:
    """Why it stays silent; nothing if it does not, or if nobody was found."""
    why = decision.respond_reason
    if decision.respond or why in REASON_TITLES:
        return None
    return Chip(f"Silent: {SILENT_TITLES.get(why, why)}", SILENT_HELP.get(why, ""))


def drawn_from(answer: Mapping[str, Any], /) -> list[tuple[str, int]]:
    """Among whom it was drawn, with their weights; empty if nobody drew."""
    for draw in answer.get("draws", ()):
        if draw.get("of") == "close":
            return [(who, weight) for who, weight in draw.get("among", ())]
    return []
