"""The chance that one character answers another.

Source: design, section 5, "Probability"; the requirement's formula.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from relationships.domain.amounts import MILLI, MOST, points_of

LEAST_HISTORY: Final = 0.3
LEAST_RANDOM, RANDOM_WIDTH = 0.8, 0.4


@dataclass(frozen=True, slots=True)
class Odds:
    """The chance and all that it was made of.

    ``probability`` = ``base`` × ``history`` × ``compatibility`` × ``calm`` ×
    ``random``, within 0 to 1. ``affinity`` is in points and gives ``base``;
    ``recent_events``, those between the two in 24 hours, give ``history``;
    ``tension``, 0 to 1, gives ``calm``; ``seed`` gives ``random``.
    """

    probability: float
    affinity: float
    base: float
    recent_events: int
    history: float
    compatibility: float
    tension: float
    calm: float
    random: float
    seed: int


def odds(
    *, affinity: int, tension: int, recent_events: int, compatibility: int, seed: int
) -> Odds:
    """The chance that who feels ``affinity`` answers; amounts in thousandths."""
    base = (affinity + MOST) / (2 * MOST)
    history = max(LEAST_HISTORY, (10 - recent_events) / 10)
    liking = points_of(compatibility)
    # Integers first: 1 - 0.8 × 0.5 in floats is not 0.6.
    calm = (10 * MILLI - 8 * tension) / (10 * MILLI)
    chance = LEAST_RANDOM + RANDOM_WIDTH * Random(seed).random()  # noqa: S311
    return Odds(
        probability=max(0.0, min(1.0, base * history * liking * calm * chance)),
        affinity=points_of(affinity),
        base=base,
        recent_events=recent_events,
        history=history,
        compatibility=liking,
        tension=points_of(tension),
        calm=calm,
        random=chance,
        seed=seed,
    )
