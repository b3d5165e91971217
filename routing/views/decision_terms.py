"""What a decision stood on: settings in force, and what the record said then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from routing import policy
from routing.views.record import Record, percent, points, seconds
from routing.views.words import MODES, STEP_TITLES


@dataclass(frozen=True, slots=True)
class Fact:
    """A word and a value; ``url`` leads to where it is set."""

    title: str
    value: str
    url: str = ""


def terms_of(record: Record, /) -> list[Fact]:
    """Settings of the installation and of the channel, as they were."""
    terms, place = record.terms, record.place
    steps = [STEP_TITLES.get(step, step) for step in terms.get("steps") or ()]
    default = terms.get("default_character_id")
    facts = [
        Fact("Steps in order", ", ".join(steps), _setting(policy.ROUTING_STEPS)),
        Fact(
            "Goes on for",
            seconds(terms.get("sticky_seconds", 0)),
            _setting(policy.PERSONA_STICKY_TIMEOUT),
        ),
        Fact(
            "Chance of any answer",
            percent(terms.get("response_chance", 1.0)),
            _setting(policy.GLOBAL_RESPONSE_CHANCE),
        ),
        Fact(
            "Messages in a row",
            f"at most {terms.get('chain_cap')}",
            _setting(policy.PERSONA_CHAIN_CAP),
        ),
        Fact(
            "Answers in a channel",
            f"at most {terms.get('channel_budget')} in 10 minutes",
            _setting(policy.PERSONA_CHANNEL_BUDGET),
        ),
        Fact(
            "Answers between two",
            f"at most {terms.get('pair_budget')} in 10 minutes",
            _setting(policy.PERSONA_PAIR_BUDGET),
        ),
        Fact(
            "If nobody fits",
            record.name(default),
            _setting(policy.DEFAULT_PERSONA),
        ),
    ]
    return [*facts, *_of_place(record, place), *_quiets(record)]


def _setting(name: str) -> str:
    return f"{reverse('core:setting-list')}#{name}"


def _of_place(record: Record, place: Mapping[str, Any]) -> list[Fact]:
    mode = place.get("reply_mode", "")
    facts = [Fact("In this channel", f"Characters answer {MODES.get(mode, mode)}")]
    allow, deny = place.get("allow"), place.get("deny") or ()
    if allow is not None:
        facts.append(Fact("Only these may answer", _names(record, allow)))
    if deny:
        facts.append(Fact("These never answer", _names(record, deny)))
    default = place.get("default_character_id")
    if default is not None:
        facts.append(Fact("If nobody fits here", record.name(default or None)))
    return facts


def _names(record: Record, ids: Any) -> str:
    return ", ".join(record.name(each) for each in ids) or "nobody"


def _quiets(record: Record) -> list[Fact]:
    found = []
    for quiet in record.quiets:
        who, other = quiet.get("character_id"), quiet.get("other_character_id")
        text = record.name(who) if who else "All of it"
        if other:
            text = f"{text} and {record.name(other)}, toward each other"
        found.append(Fact("Quiet", text))
    return found


def facts_of(record: Record, /) -> list[Fact]:
    """What the record said then: who answered last, how much, and the odds."""
    state = record.state
    facts = _asked(record)
    sticky = state.get("sticky")
    if sticky:
        who, ago = sticky
        facts.append(
            Fact("Answered last", f"{record.name(who)}, {seconds(ago)} before")
        )
    else:
        facts.append(Fact("Answered last", "Nobody within the time that counts"))
    facts.append(Fact("Messages of characters in a row", str(state.get("chain", 0))))
    if record.author is not None:
        answers = str(state.get("channel_answers", 0))
        facts.append(Fact("Answers to characters here, in 10 minutes", answers))
    pair = state.get("pair") or {}
    facts += [Fact(t, points(pair[name])) for name, t in _PAIR.items() if name in pair]
    return facts


def _asked(record: Record) -> list[Fact]:
    """What the bot told besides the text."""
    facts = []
    mentions = record.asked.get("mentions")
    if mentions:
        facts.append(Fact("Mentioned outright", _names(record, mentions)))
    activity = record.asked.get("activity")
    if activity:
        words = [activity.get("name"), activity.get("category")]
        facts.append(Fact("Activity", ", ".join(word for word in words if word)))
    if record.asked.get("ignore_sticky"):
        facts.append(Fact("Going on", "Not wanted"))
    return facts


_PAIR: Final[Mapping[str, str]] = {
    "answers": "Answers between the two, in 10 minutes",
    "probability": "Chance that it answers the author",
    "affinity": "Its feeling for the author",
    "base": "Chance by feeling alone",
    "recent_events": "Interactions in 24 hours",
    "history": "Factor of recent interactions",
    "compatibility": "Factor of common interests",
    "tension": "Tension between the two",
    "calm": "Factor of tension",
    "random": "Factor of chance",
}
