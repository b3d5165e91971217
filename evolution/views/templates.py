"""Stages to begin with, for a character that has none."""

from typing import Final

from personas.domain.sheets import EvolutionStage, StageChanges, StagePersonality


def _stage(
    milestone: int, title: str, description: str, **personality: str
) -> EvolutionStage:
    changes = StageChanges(personality=StagePersonality(**personality))  # type: ignore[arg-type]
    return EvolutionStage(
        milestone=milestone, title=title, description=description, changes=changes
    )


TEMPLATE: Final[tuple[EvolutionStage, ...]] = (
    _stage(
        50,
        "Warms up",
        "Knows the place by now. Perhaps a first habit of their own.",
        tone="a little warmer than at first",
    ),
    _stage(
        100,
        "Feels at home",
        "Speaks more freely. Perhaps an interest that came from conversations.",
        formality="relaxed",
    ),
    _stage(
        500,
        "Trusts people",
        "Says what they think. Perhaps an opinion that has changed.",
        tone="open and familiar",
    ),
    _stage(
        1_000,
        "An old friend",
        "Remembers how things were. Perhaps a quirk that went.",
        verbosity="at ease, with a story where one fits",
    ),
    _stage(
        5_000,
        "Part of the furniture",
        "Nobody can imagine the place without them.",
        tone="fond, and a little teasing",
    ),
)
"""At the milestones that every installation begins with."""
