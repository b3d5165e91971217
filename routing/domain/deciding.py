"""Who answers a message, and why.

Source: design, section 4. The requirement looked for parts of words, let stickiness
come before a mention and an avoidance silence whom somebody addressed, and drew
without weights.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from routing.domain.messages import (
    Candidate,
    Decision,
    Draw,
    Message,
    PairFacts,
    Skipped,
    State,
    Step,
    Terms,
)
from routing.domain.responding import NOBODY, response
from routing.domain.roster import Member, Roster
from routing.domain.tallying import MILLI, Cut, Tallies, Tally, tallied

# Scores are whole thousandths; 4/5 of the best score still counts as close.
CLOSE_NUMERATOR, CLOSE_DENOMINATOR = 4, 5
DISABLED: Final = "disabled"


Scored = tuple[int, Member]


class _Found(NamedTuple):
    """Whom a step found, with their scores, in the order in which they are drawn from.

    ``floor`` is the least score that is close; ``None`` if the step knows no scores.
    """

    close: Sequence[Scored] = ()
    floor: int | None = None


class _Asked(NamedTuple):
    """All that a step looks at; ``ranked`` are the tallies by score and id."""

    message: Message
    state: State
    terms: Terms
    cut: Cut
    tallies: Tallies
    ranked: list[tuple[int, str, Tally]]


def decide(
    roster: Roster,
    message: Message,
    *,
    state: State,
    terms: Terms,
    pair_facts: Callable[[str], PairFacts],
    rng: Callable[[], float],
) -> Decision:
    """Choose who answers, and whether.

    ``rng`` gives numbers from 0 to below 1, one for each draw, in the order close,
    probability, chance. ``pair_facts`` is asked, at most once, by the id of whoever
    was chosen, and only if a persona wrote the message.
    """
    if not terms.is_enabled:
        return Decision(None, DISABLED, respond=False, respond_reason=DISABLED)
    cut = Cut.of(
        roster,
        author=message.author_character_id,
        place=terms.place,
        quiets=terms.quiets,
    )
    tallies = tallied(cut, message, names=terms.place.names)
    ranked = sorted([(-tally.score, id_, tally) for id_, tally in tallies.items()])
    reason, found, skipped = _by_steps(
        _Asked(message, state, terms, cut, tallies, ranked)
    )
    draws: list[Draw] = []
    winner = _drawn(found.close, rng=rng, draws=draws)
    answer = response(
        winner,
        step=reason,
        message=message,
        state=state,
        terms=terms,
        pair_facts=pair_facts,
        rng=rng,
    )
    return Decision(
        character_id=None if winner is None else winner.character_id,
        reason=reason,
        respond=answer.respond,
        respond_reason=answer.reason,
        close_floor=found.floor if draws else None,
        candidates=_candidates(ranked, found=found),
        skipped=skipped,
        draws=(*draws, *answer.draws),
        pair=answer.pair,
    )


def _by_steps(asked: _Asked) -> tuple[str, _Found, tuple[Skipped, ...]]:
    """The step that decides, whom it found, and what those after it would have."""
    steps = iter(asked.terms.steps)
    for step in steps:
        found = _found_by(step, asked)
        if found.close:
            skipped = [_skipped(later, _found_by(later, asked)) for later in steps]
            return str(step), found, tuple(skipped)
    return NOBODY, _NOBODY, ()


def _found_by(step: Step, asked: _Asked) -> _Found:
    if step == Step.MENTION:
        return _mentioned(asked)
    if step == Step.STICKY:
        return _sticky(asked)
    if step == Step.ACTIVITY:
        return _active(asked)
    if step == Step.CONTENT:
        return _fitting(asked)
    return _fallback(asked)


def _mentioned(asked: _Asked) -> _Found:
    """Scores leave avoidances out: who is addressed is never silenced by them."""
    named = [tally for _, _, tally in asked.ranked if tally.is_named]
    if not named:
        return _NOBODY
    mentions = asked.message.mentions
    explicit = [tally for tally in named if tally.member.character_id in mentions]
    scores = [(tally.for_it, tally.member) for tally in explicit or named]
    scores.sort(key=lambda one: (-one[0], one[1].character_id))
    return _close(scores)


def _sticky(asked: _Asked) -> _Found:
    if asked.state.sticky is None or asked.message.ignore_sticky:
        return _NOBODY
    character_id, seconds = asked.state.sticky
    tally = asked.tallies.get(character_id)
    if seconds >= asked.terms.sticky_seconds or (tally and tally.avoidances):
        return _NOBODY
    return _only(asked.cut.member(character_id))


def _active(asked: _Asked) -> _Found:
    if asked.message.activity is None:
        return _NOBODY
    best = max((tally.activity for _, _, tally in asked.ranked), default=0)
    scores = [
        (best * MILLI, tally.member)
        for tally in asked.tallies.values()
        if tally.activity == best > 0
    ]
    scores.sort(key=lambda one: one[1].character_id)
    return _Found(scores, best * MILLI)


def _fitting(asked: _Asked) -> _Found:
    best = -asked.ranked[0][0] if asked.ranked else 0
    if best <= 0:
        return _NOBODY
    return _close([(-minus, tally.member) for minus, _, tally in asked.ranked])


def _fallback(asked: _Asked) -> _Found:
    of_place = asked.terms.place.default_character_id
    default = asked.terms.default_character_id if of_place is None else of_place
    return _only(asked.cut.member(default))


_NOBODY: Final = _Found()


def _only(member: Member | None) -> _Found:
    return _NOBODY if member is None else _Found([(0, member)])


def _close(scores: list[Scored]) -> _Found:
    """Those near enough to the best, which comes first and is not negative."""
    least = CLOSE_NUMERATOR * scores[0][0]
    close = [one for one in scores if CLOSE_DENOMINATOR * one[0] >= least]
    return _Found(close, -(-least // CLOSE_DENOMINATOR))


def _skipped(step: Step, found: _Found) -> Skipped:
    """With the likeliest; of those as likely, the first."""
    if not found.close:
        return Skipped(str(step), None)
    _, member = max(found.close, key=lambda one: one[1].weight)
    return Skipped(str(step), member.character_id)


def _drawn(
    close: Sequence[Scored], *, rng: Callable[[], float], draws: list[Draw]
) -> Member | None:
    """The only one, or one drawn with a chance proportional to weight."""
    if len(close) < 2:
        return close[0][1] if close else None
    among = tuple([(member.character_id, member.weight) for _, member in close])
    drawn = rng()
    draws.append(Draw("close", drawn, among=among))
    weights = [weight for _, weight in among]
    if not any(weights):
        weights = [1] * len(close)
    # In whole numbers, so that every machine draws alike.
    part, whole = drawn.as_integer_ratio()
    left = part * sum(weights)
    for (_, member), weight in zip(close, weights, strict=True):
        left -= weight * whole
        if left < 0:
            return member
    raise ValueError(f"{drawn} was drawn; it must be from 0 to below 1.")


def _candidates(
    ranked: list[tuple[int, str, Tally]], *, found: _Found
) -> tuple[Candidate, ...]:
    close: set[str] = set()
    if found.floor is not None:
        close = {member.character_id for _, member in found.close}
    return tuple(
        [
            Candidate(id_, -negative, t.member.weight, id_ in close, tuple(t.signals))
            for negative, id_, t in ranked
        ]
    )
