"""How somebody was found and whether to respond: step by step, check by check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from routing.domain.messages import DEFAULT_STEPS
from routing.views.record import Record, percent, points, seconds
from routing.views.words import MODES, STEP_TITLES

CHECKS: Final[Mapping[str, str]] = {
    "quiet": "Quiet switches",
    "chain": "Messages of characters in a row",
    "budget": "Answers of characters to characters",
    "probability": "What the two feel for each other",
    "mention": "Is it named?",
    "channel_mode": "The channel's rule",
    "policy": "The character's own rule",
    "chance": "Chance of any answer",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step or check; ``state`` is decided, passed, skipped or off."""

    name: str
    title: str
    state: str
    text: str

    @property
    def icon(self) -> str:
        return {"decided": "check", "passed": "arrow-right"}.get(self.state, "minus")


# -- Who --------------------------------------------------------------------------


def steps_of(record: Record, /) -> list[Stage]:
    """The steps in their order; after the one that decided, whom they would name."""
    if record.reason == "disabled":
        return []
    used = list(record.terms.get("steps") or ())
    at = used.index(record.reason) if record.reason in used else len(used)
    shown = [_passed(step, record) for step in used[:at]]
    if at < len(used):
        shown.append(_stage(record.reason, "decided", _decided(record)))
    for step in used[at + 1 :]:
        who = record.name(record.skipped.get(step))
        shown.append(_stage(step, "skipped", f"It would have been {who}."))
    unused = [step for step in DEFAULT_STEPS if step not in used]
    return [*shown, *(_stage(step, "off", "Switched off then.") for step in unused)]


def _stage(step: str, state: str, text: str) -> Stage:
    return Stage(step, STEP_TITLES.get(step, step), state, text)


def _decided(record: Record) -> str:
    name = record.name(record.winner)
    drawn = record.draw("close")
    if drawn is not None:
        count = len(drawn["among"])
        return f"{name} was drawn from {count} that fitted about as well."
    match record.reason:
        case "mention":
            return f"{name} is named."
        case "sticky":
            ago = seconds(record.state["sticky"][1]) if record.state["sticky"] else ""
            return f"{name} answered here {ago} ago." if ago else f"{name} goes on."
        case "activity":
            return f"{name} fits best what the user is doing."
        case "fallback":
            return f"{name} answers when nobody else fits."
        case _:
            return f"{name} has the best score."


def _passed(step: str, record: Record) -> Stage:
    find = _WHY_PASSED.get(step)
    return _stage(step, "passed", find(record) if find else "Nobody.")


def _no_mention(record: Record) -> str:
    if record.asked.get("mentions"):
        return "Nobody who is mentioned could answer here."
    return "Nobody who could answer here is named."


def _no_sticky(record: Record) -> str:
    if record.asked.get("ignore_sticky"):
        return "The bot asked not to go on with whoever answered last."
    sticky = record.state.get("sticky")
    limit = record.terms.get("sticky_seconds", 0)
    if not sticky:
        return f"Nobody answered here within {seconds(limit)}."
    who, ago = sticky
    name = record.name(who)
    if ago >= limit:
        return f"{name} answered {seconds(ago)} ago, which is too long ago."
    avoided = [s["phrase"] for s in _signals(record, who) if s["kind"] == "avoidance"]
    if avoided:
        return f"{name} answered last, but avoids “{avoided[0]}”."
    return f"{name} answered last, but could not answer this message."


def _signals(record: Record, who: str) -> list[Mapping[str, Any]]:
    found = record.candidate(who)
    return list(found["signals"]) if found else []


def _no_activity(record: Record) -> str:
    activity = record.asked.get("activity")
    if not activity:
        return "The bot told no activity."
    what = activity.get("name") or activity.get("category")
    return f"“{what}” is nobody's activity here."


def _no_content(record: Record) -> str:
    if not record.candidates:
        return "The message has nothing to do with anybody."
    return "Nobody's score is above zero."


def _no_fallback(record: Record) -> str:
    default = record.place.get("default_character_id")
    if default is None:
        default = record.terms.get("default_character_id")
    if not default:
        return "Nobody is set to answer when nobody fits."
    return f"{record.name(default)} is set for that, but could not answer here."


_WHY_PASSED: Final[Mapping[str, Callable[[Record], str]]] = {
    "mention": _no_mention,
    "sticky": _no_sticky,
    "activity": _no_activity,
    "content": _no_content,
    "fallback": _no_fallback,
}


# -- Whether ------------------------------------------------------------------------


def checks_of(record: Record, /) -> list[Stage]:
    """Whether to respond: each check, the one that ended it, those not reached."""
    if record.winner is None and record.respond_reason not in {"quiet", "chain"}:
        return []
    ended = record.respond_reason
    names = list(CHECKS)
    at = names.index(ended) if ended in names else len(names)
    verdict = "It responds" if record.decision.respond else "It stays silent"
    shown = []
    for number, name in enumerate(names):
        if number > at:
            shown.append(Stage(name, CHECKS[name], "skipped", "Not asked any more."))
            continue
        text = _CHECKED[name](record)
        if number == at:
            shown.append(Stage(name, CHECKS[name], "decided", f"{text} {verdict}."))
        else:
            shown.append(Stage(name, CHECKS[name], "passed", text))
    return shown


def _quiet(record: Record) -> str:
    if record.respond_reason != "quiet":
        return "None was on for this answer."
    return "All of this channel was quiet."


def _chain(record: Record) -> str:
    chain, cap = record.state.get("chain", 0), record.terms.get("chain_cap")
    return f"{chain} since a user spoke; at most {cap}."


def _budget(record: Record) -> str:
    if record.author is None:
        return "A user wrote the message."
    answers = record.state.get("channel_answers", 0)
    channel_budget = record.terms.get("channel_budget")
    pair = (record.state.get("pair") or {}).get("answers", 0)
    pair_budget = record.terms.get("pair_budget")
    return (
        f"{answers} of {channel_budget} in this channel, {pair} of {pair_budget}"
        " between the two, within 10 minutes."
    )


def _probability(record: Record) -> str:
    if record.author is None:
        return "A user wrote the message."
    drawn = record.draw("probability")
    if drawn is None:
        return "It does not count for whoever is named."
    return _drawn(drawn)


def _drawn(drawn: Mapping[str, Any]) -> str:
    chance = percent(drawn["against"])
    return f"Chance {chance}; {points(drawn['drawn'])} was drawn."


def _mention(record: Record) -> str:
    is_named = record.respond_reason == "mention"
    return "It is named." if is_named else "It is not named."


def _channel_mode(record: Record) -> str:
    mode = record.place.get("reply_mode", "")
    return f"Characters answer here {MODES.get(mode, mode)}."


def _policy(record: Record) -> str:
    if record.respond_reason == "policy":
        return "It answers more seldom than the channel would let it."
    return "Its own rule lets it answer."


def _chance(record: Record) -> str:
    drawn = record.draw("chance")
    if drawn is not None:
        return _drawn(drawn)
    return (
        f"Chance {percent(record.terms.get('response_chance', 1.0))}; nothing is drawn."
    )


_CHECKED: Final[Mapping[str, Callable[[Record], str]]] = {
    "quiet": _quiet,
    "chain": _chain,
    "budget": _budget,
    "probability": _probability,
    "mention": _mention,
    "channel_mode": _channel_mode,
    "policy": _policy,
    "chance": _chance,
}
