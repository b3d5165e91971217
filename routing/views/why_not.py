"""Why somebody else was not chosen, from the record alone."""

from dataclasses import dataclass
from typing import Any

from routing.services import reading
from routing.views.decision_score import floor_of
from routing.views.record import Record, percent, points


@dataclass(frozen=True, slots=True)
class Answer:
    """One sentence, and the step at which the way ended."""

    sentence: str
    name: str
    character_id: str


def why_not(record: Record, /, *, character_id: str) -> Answer:
    """Why ``character_id`` does not answer; also if it does."""
    name = record.name(character_id)
    text = (
        _chosen(record, character_id)
        or _not_on_roster(record, character_id)
        or _by_step(record, character_id)
    )
    return Answer(f"{name} {text}", name, character_id)


def _chosen(record: Record, character_id: str) -> str:
    if record.reason == "disabled":
        return "could not be chosen: deciding was switched off."
    if record.winner != character_id:
        return ""
    if record.decision.respond:
        return "was chosen, and responds."
    return "was chosen, but stays silent."


def _not_on_roster(record: Record, character_id: str) -> str:
    """Why it could not be chosen whatever the message said; empty if it could."""
    if record.author == character_id:
        return "wrote the message. Nobody answers themselves."
    allow = record.place.get("allow")
    if allow is not None and character_id not in allow:
        return "may not answer in this channel: only others are let in."
    if character_id in (record.place.get("deny") or ()):
        return "may not answer in this channel."
    quiet = _quieted(record, character_id)
    if quiet:
        return quiet
    roster = record.decision.roster
    if reading.version_on(roster, character_id=character_id) is None:
        return "was not live then, or was switched off."
    return ""


def _quieted(record: Record, character_id: str) -> str:
    for quiet in record.quiets:
        who, other = quiet.get("character_id"), quiet.get("other_character_id")
        if who == character_id and other is None:
            return "was quiet."
        if other is not None and {who, other} == {character_id, record.author}:
            return f"was to be quiet toward {record.name(record.author)}."
    return ""


def _by_step(record: Record, character_id: str) -> str:
    found = record.candidate(character_id)
    winner = record.name(record.winner)
    lost = _lost_draw(record, character_id)
    if lost:
        return lost
    match record.reason:
        case "mention":
            return _not_named(record, found)
        case "sticky":
            return f"had to wait: {winner} answered here last, and goes on." + _else(
                record, character_id
            )
        case "activity":
            return (
                f"fits less what the user is doing than {winner}, and that counts"
                " before the topic." + _else(record, character_id)
            )
        case "content":
            return _scored(record, found)
        case _:
            return _without_score(record, found)


def _else(record: Record, character_id: str) -> str:
    """What a later step would have said of it."""
    steps = [step for step, who in record.skipped.items() if who == character_id]
    return " Otherwise it would have been the one." if steps else ""


def _lost_draw(record: Record, character_id: str) -> str:
    draw = record.draw("close")
    among = dict(draw["among"]) if draw else {}
    if character_id not in among:
        return ""
    whole = sum(among.values())
    chance = among[character_id] / whole if whole else 1 / len(among)
    winner = record.name(record.winner)
    share = percent(chance)
    return f"lost the draw: it had a chance of {share}, and {winner} was drawn."


def _not_named(record: Record, found: Any) -> str:
    winner = record.name(record.winner)
    signals = found["signals"] if found else ()
    if not any(s["kind"] == "mention" for s in signals):
        return f"is not named in the message, and {winner} is."
    if record.asked.get("mentions"):
        return f"is only named by a word; {winner} was mentioned outright."
    return f"is named too, but more in the message speaks for {winner}."


def _scored(record: Record, found: Any) -> str:
    if found is None:
        return _unmatched(record)
    score, floor = found["score"], floor_of(record)
    if score <= 0:
        return _without_score(record, found)
    winner = record.name(record.winner)
    line = points(floor) if floor is not None else ""
    return (
        f"scored {points(score)}. That is below the line of {line}, from which on"
        f" others were close to the best; {winner} was not."
    )


def _without_score(record: Record, found: Any) -> str:
    if found is None:
        return _unmatched(record)
    avoided = [s["phrase"] for s in found["signals"] if s["kind"] == "avoidance"]
    if avoided:
        words = ", ".join(f"“{phrase}”" for phrase in dict.fromkeys(avoided))
        return (
            f"avoids {words}, which the message names."
            f" Its score is {points(found['score'])}."
        )
    if found["score"] > 0:
        return (
            f"scored {points(found['score'])}, but topics did not count: that step was"
            " switched off."
        )
    return "has a score of 0: its routing weight takes everything away."


def _unmatched(record: Record) -> str:
    if record.answer.get("candidates_omitted"):
        return (
            "is not among the best that were recorded: its score was lower than all"
            " of theirs, or there was none."
        )
    return "has nothing to do with the message: no name, interest or topic fits."
