"""How well two characters get along by what they like to talk about.

Source: design, section 5, "Compatibility".
"""

from collections.abc import Iterable
from typing import Final

from personas.domain.matching import comparable
from relationships.domain.amounts import MILLI, clamped

STEP: Final = 100
LEAST, GREATEST = 500, 1_500


def compatibility(
    *,
    interests_a: Iterable[str],
    avoidances_a: Iterable[str],
    interests_b: Iterable[str],
    avoidances_b: Iterable[str],
) -> int:
    """The factor on changes between the two, in thousandths; the same either way.

    1 + 0.1 for each interest in common - 0.1 for each interest of one that the
    other avoids, within 0.5 to 1.5. Spellings that compare equal are one topic.
    """
    likes_a, likes_b = _topics(interests_a), _topics(interests_b)
    common = len(likes_a & likes_b)
    clashes = len(likes_a & _topics(avoidances_b)) + len(
        likes_b & _topics(avoidances_a)
    )
    return clamped(MILLI + STEP * (common - clashes), least=LEAST, most=GREATEST)


def _topics(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(comparable, phrases)))
