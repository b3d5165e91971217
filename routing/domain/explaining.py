"""A decision in one sentence, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from routing.domain.deciding import DISABLED
from routing.domain.messages import Candidate, Decision, Draw, Message, State, Step
from routing.domain.responding import NOBODY
from routing.domain.tallying import ACTIVITY, CHANNEL, MENTION, MILLI

MOST_TOLD: Final = 3
_TOPICS: Final = ("interest", "domain")
_SILENT: Final = {
    "quiet": "a quiet switch is on here",
    "channel_mode": "the channel lets nobody answer such a message unaddressed",
    "policy": "by their own rules they do not answer such a message unaddressed",
}


def sentence(
    decision: Decision, *, message: Message, state: State, names: Mapping[str, str]
) -> str:
    """Who answers or stays silent, and why.

    ``names`` maps ids of characters to what they are called; those it lacks are
    called by their ids.
    """
    if decision.reason == DISABLED:
        return "Nobody answers: routing is switched off."
    told = _Told(decision, message, state, names)
    if decision.character_id is None:
        return _of_nobody(told)
    name, basis = told.name(decision.character_id), _basis(told)
    if not decision.respond:
        return f"{name} stays silent ({basis}): {_silence(told)}."
    drawn = [_lucky(draw) for draw in decision.draws if draw.against is not None]
    return f"{name}: {'; '.join([basis, *drawn])}."


@dataclass(frozen=True, slots=True)
class _Told:
    """All that the sentence is made from."""

    decision: Decision
    message: Message
    state: State
    names: Mapping[str, str]

    def name(self, character_id: str) -> str:
        return self.names.get(character_id, character_id)

    @property
    def winner(self) -> Candidate | None:
        """The chosen one's own reasons, if there are any."""
        id_ = self.decision.character_id
        return next(
            (c for c in self.decision.candidates if c.character_id == id_), None
        )

    def phrases(self, *kinds: str) -> list[str]:
        """What of the winner's sheet was matched, as it writes it, each once."""
        signals = () if self.winner is None else self.winner.signals
        return list(dict.fromkeys(s.phrase for s in signals if s.kind in kinds))


def _of_nobody(told: _Told) -> str:
    if told.decision.respond_reason != NOBODY:
        return f"Nobody fits, and {_silence(told)}."
    if not told.decision.candidates:
        return "Nobody fits: nobody is named, and no character's topics are met."
    best = told.decision.candidates[0]
    if best.score > 0:
        return "Nobody fits: of the steps that are switched on, none found anybody."
    score = f"{_points(best.score)} of {told.name(best.character_id)}"
    return f"Nobody fits: no score is above 0, and the best is {score}."


def _basis(told: _Told) -> str:
    decision = told.decision
    if decision.reason == Step.STICKY:
        return _of_sticky(told)
    if decision.reason == Step.FALLBACK:
        return "the one who answers here if nobody else fits"
    among = next((draw.among for draw in decision.draws if draw.of == "close"), ())
    if among:
        others = _listed([told.name(character_id) for character_id, _ in among])
        return f"drawn from {len(among)} {_alike(decision.reason)} ({others})"
    if decision.reason == Step.MENTION:
        is_explicit = decision.character_id in told.message.mentions
        return f"{'mentioned' if is_explicit else 'named'} in the message"
    if decision.reason == Step.ACTIVITY:
        return f"the best fit for the activity {_quoted(told.phrases(ACTIVITY))}"
    if topics := told.phrases(*_TOPICS):
        return f"the best fit for {_quoted(topics)}"
    if told.phrases(MENTION):
        return "named in the message and the best fit"
    return f"the best fit for the channel {_quoted(told.phrases(CHANNEL))}"


def _of_sticky(told: _Told) -> str:
    seconds = 0.0 if told.state.sticky is None else told.state.sticky[1]
    others = [c for c in told.decision.candidates if c is not told.winner]
    is_named = any(s.kind == MENTION for other in others for s in other.signals)
    alone = "" if is_named else " and nobody else is named"
    return f"answered here {_ago(seconds)}{alone}"


def _alike(step: str) -> str:
    if step == Step.MENTION:
        return "who are addressed"
    if step == Step.ACTIVITY:
        return "who fit the activity alike"
    return "whose scores are close"


def _silence(told: _Told) -> str:
    decision, state = told.decision, told.state
    if decision.respond_reason == "chain":
        return f"the last {state.chain} messages here are all by characters"
    if decision.respond_reason == "budget":
        between = 0 if decision.pair is None else decision.pair.answers
        return (
            f"within 10 minutes characters have answered each other {_times(between)}"
            f" in this pair and {_times(state.channel_answers)} here, which is enough"
        )
    if decision.respond_reason == "probability":
        return _unlucky(decision, of="probability", chance="that these two talk")
    if decision.respond_reason == "chance":
        return _unlucky(decision, of="chance", chance="of any answer")
    return _SILENT[decision.respond_reason]


def _unlucky(decision: Decision, *, of: str, chance: str) -> str:
    for draw in decision.draws:
        if draw.of == of and draw.against is not None:
            return (
                f"{_number(draw.drawn)} was drawn, which is not below the chance"
                f" {chance}, {_number(draw.against)}"
            )
    return f"the chance {chance} is 0"


def _lucky(draw: Draw) -> str:
    against = 0.0 if draw.against is None else draw.against
    return f"{_number(draw.drawn)} was drawn, below the chance of {_number(against)}"


def _ago(seconds: float) -> str:
    count, unit = int(seconds), "second"
    if count >= 120:
        count, unit = count // 60, "minute"
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _number(number: float) -> str:
    return f"{number:.3g}"


def _points(milli: int) -> str:
    return f"{milli / MILLI:g}".replace("-", "−")


def _quoted(phrases: Sequence[str]) -> str:
    return _listed([f"“{phrase}”" for phrase in phrases])


def _listed(items: Sequence[str]) -> str:
    told = list(items[:MOST_TOLD])
    if len(items) > MOST_TOLD:
        told.append(f"{len(items) - MOST_TOLD} more")
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))
