"""Whether the one who was chosen answers at all.

Source: design, section 4, "Whether to respond", in its order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from personas.domain.sheets import ReplyMode
from routing.domain.messages import Draw, Message, PairFacts, State, Step, Terms
from routing.domain.roster import Member

NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Response:
    """Whether, why, and what was drawn and asked for it."""

    respond: bool
    reason: str
    draws: tuple[Draw, ...] = ()
    pair: PairFacts | None = None


def response(
    member: Member | None,
    *,
    step: str,
    message: Message,
    state: State,
    terms: Terms,
    pair_facts: Callable[[str], PairFacts],
    rng: Callable[[], float],
) -> Response:
    """Whether the member, chosen by this step, answers; ``None`` is nobody."""
    if any(quiet.character_id is None for quiet in terms.quiets):
        return Response(respond=False, reason="quiet")
    if state.chain > terms.chain_cap:
        return Response(respond=False, reason="chain")
    if member is None:
        return Response(respond=False, reason=NOBODY)
    draws: list[Draw] = []
    pair: PairFacts | None = None
    if message.author_character_id is not None:
        pair = pair_facts(member.character_id)
    respond, reason = _answer(
        member, step=step, state=state, terms=terms, pair=pair, rng=rng, draws=draws
    )
    return Response(respond, reason, tuple(draws), pair)


def _answer(
    member: Member,
    *,
    step: str,
    state: State,
    terms: Terms,
    pair: PairFacts | None,
    rng: Callable[[], float],
    draws: list[Draw],
) -> tuple[bool, str]:
    if pair is not None and _is_spent(pair, state=state, terms=terms):
        return False, "budget"
    if step == Step.MENTION:
        # Between personas too: who is named is asked, whatever they feel.
        return True, "mention"
    if pair is not None:
        draws.append(Draw("probability", rng(), against=pair.probability))
        if draws[-1].drawn >= pair.probability:
            return False, "probability"
    if not _lets(terms.place.reply_mode, step=step):
        return False, "channel_mode"
    if not _lets(member.reply_mode, step=step):
        return False, "policy"
    if 0 < terms.response_chance < 1:
        draws.append(Draw("chance", rng(), against=terms.response_chance))
        return draws[-1].drawn < terms.response_chance, "chance"
    return terms.response_chance >= 1, "chance"


def _is_spent(pair: PairFacts, *, state: State, terms: Terms) -> bool:
    of_channel = state.channel_answers >= terms.channel_budget
    return of_channel or pair.answers >= terms.pair_budget


def _lets(mode: ReplyMode, *, step: str) -> bool:
    """Whether somebody may answer whom this step found without a mention."""
    # Equal, not identical: sheets hold their values as plain text.
    if mode == ReplyMode.IN_CONVERSATION:
        return step == Step.STICKY
    return mode in {ReplyMode.FREELY, ReplyMode.CHANNEL}
