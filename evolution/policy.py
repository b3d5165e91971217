"""Settings of this app that managers edit."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from core import policy
from core.policy import PolicySpec
from evolution.domain.drifting import DEFAULT_TRAITS, TraitSpec, TraitTable

PERSONA_EVOLUTION_ENABLED: Final = "PERSONA_EVOLUTION_ENABLED"
PERSONA_EVOLUTION_MILESTONES: Final = "PERSONA_EVOLUTION_MILESTONES"
PERSONA_EVOLUTION_MODE: Final = "PERSONA_EVOLUTION_MODE"
PERSONA_TRAITS: Final = "PERSONA_TRAITS"

GROUP: Final = "Growth"
DEFAULT_MILESTONES: Final = (50, 100, 500, 1_000, 5_000)
MOST_MILESTONES: Final = 100


def _ascending(milestones: tuple[int, ...]) -> tuple[int, ...]:
    if list(milestones) != sorted(set(milestones)):
        raise ValueError("Write each number once, from the lowest to the highest.")
    return milestones


Milestones = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1_000_000_000)], ...],
    Field(max_length=MOST_MILESTONES),
    AfterValidator(_ascending),
]


def register() -> None:
    """Make the settings known; called once, at start-up."""
    policy.register(
        PolicySpec(
            name=PERSONA_EVOLUTION_ENABLED,
            annotation=bool,
            default=True,
            title="Characters grow",
            help="Off: reports count for nobody, so that no milestone is passed and no"
            " trait drifts. What has been passed stays.",
            group=GROUP,
        )
    )
    policy.register(
        PolicySpec(
            name=PERSONA_EVOLUTION_MODE,
            annotation=Literal["auto", "approve", "frozen"],
            default="approve",
            title="How new characters grow",
            help="“auto” publishes a stage as soon as it is reached, “approve” waits"
            " for a manager, “frozen” only notes it. Each character can be set"
            " differently.",
            group=GROUP,
        )
    )
    policy.register(
        PolicySpec(
            name=PERSONA_EVOLUTION_MILESTONES,
            annotation=Milestones,
            default=DEFAULT_MILESTONES,
            title="Milestones of every character",
            help="Numbers of interactions at which growth is announced, whether or"
            " not a character has a stage there.",
            group=GROUP,
            words=_numbers,
        )
    )
    policy.register(
        PolicySpec(
            name=PERSONA_TRAITS,
            annotation=TraitTable,
            default=DEFAULT_TRAITS,
            title="Traits that drift",
            help="What each kind of interaction does to a character in the long run,"
            " and how the prompt tells of it.",
            group=GROUP,
            page="evolution:trait-list",
            words=_trait_names,
        )
    )


def is_enabled() -> bool:
    """Whether interactions make characters grow."""
    enabled: bool = policy.value(PERSONA_EVOLUTION_ENABLED)
    return enabled


def default_mode() -> str:
    """The mode of a character that nobody has chosen one for."""
    mode: str = policy.value(PERSONA_EVOLUTION_MODE)
    return mode


def milestones() -> tuple[int, ...]:
    """The installation's marks, lowest first."""
    marks: tuple[int, ...] = policy.value(PERSONA_EVOLUTION_MILESTONES)
    return marks


def traits() -> tuple[TraitSpec, ...]:
    """The traits that drift, in the installation's order."""
    table: tuple[TraitSpec, ...] = policy.value(PERSONA_TRAITS)
    return table


def _numbers(marks: tuple[int, ...]) -> str:
    return ", ".join(f"{mark:,}" for mark in marks) or "none"


def _trait_names(table: tuple[TraitSpec, ...]) -> str:
    return ", ".join(spec.name for spec in table) or "none"
