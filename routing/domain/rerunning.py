"""A decision once more, with other luck.

Only draws differ between two runs of one message: who was close, and by which step,
stays. So what costs time, looking through the text, is done once for any number of
runs. What comes of it is what ``decide`` would come to with the same numbers.
"""

from collections.abc import Callable

from routing.domain.messages import Decision, Message, PairFacts, State, Terms
from routing.domain.responding import response
from routing.domain.roster import Member, Roster


def rerun(
    first: Decision,
    *,
    roster: Roster,
    message: Message,
    state: State,
    terms: Terms,
    pair_facts: Callable[[str], PairFacts],
    rng: Callable[[], float],
) -> tuple[str | None, bool]:
    """Who would be chosen, and whether they would respond.

    ``first`` was decided from the same roster, message, state and terms; ``pair_facts``
    and ``rng`` are as for ``decide``.
    """
    if not first.draws:
        return first.character_id, first.respond
    winner = _winner(first, roster=roster, rng=rng)
    answer = response(
        winner,
        step=first.reason,
        message=message,
        state=state,
        terms=terms,
        pair_facts=pair_facts,
        rng=rng,
    )
    return None if winner is None else winner.character_id, answer.respond


def _winner(
    first: Decision, *, roster: Roster, rng: Callable[[], float]
) -> Member | None:
    """Drawn among the same, or the only one there was."""
    among = first.draws[0].among
    if not among:
        return roster.members.get(first.character_id or "")
    weights = [weight for _, weight in among]
    if not any(weights):
        weights = [1] * len(among)
    # As ``decide`` draws: in whole numbers, up to the first that it falls below.
    part, whole = rng().as_integer_ratio()
    left, at = part * sum(weights) - weights[0] * whole, 0
    while left >= 0:
        at += 1
        left -= weights[at] * whole
    return roster.members[among[at][0]]
