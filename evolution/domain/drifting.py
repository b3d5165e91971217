"""Character traits that drift a little with every interaction.

Values are whole thousandths, within −1000 … 1000; a trait that nothing has moved
is 0 and needs no entry. Source: design, section 5, "Growth": small bounded steps
per kind, which enter the next version in words.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from personas.domain.sheets import Line, Sheet, Slug

MOST: Final = 1_000
"""The furthest that a trait drifts, either way, in thousandths."""
MOST_TRAITS: Final = 20


def milli(points: float) -> int:
    """Points as whole thousandths."""
    return round(points * 1_000)


def _in_thousandths(points: float) -> float:
    if abs(points * 1_000 - milli(points)) > 1e-6:  # float noise
        raise ValueError("Write at most three decimals.")
    return points


def _not_zero(points: float) -> float:
    if not points:
        raise ValueError("Write a number other than 0: at 0 nothing has changed.")
    return points


class TraitStep(Sheet):
    """How far one interaction of a kind moves a trait."""

    kind: Slug = Field(title="Kind", description="The id of a kind of interaction.")
    step: Annotated[float, Field(ge=-0.1, le=0.1), AfterValidator(_in_thousandths)] = (
        Field(title="Step", description="From −0.1 to 0.1; 0.005 is usual.")
    )


class TraitWords(Sheet):
    """What the prompt says of a trait that has drifted so far."""

    at: Annotated[
        float,
        Field(ge=-1, le=1),
        AfterValidator(_in_thousandths),
        AfterValidator(_not_zero),
    ] = Field(
        title="From",
        description="Above 0: from there up. Below 0: from there down.",
    )
    words: Annotated[Line, Field(min_length=1)] = Field(
        title="Words", description="A sentence; {{char}} becomes the name."
    )


class TraitSpec(Sheet):
    """One trait: what moves it, and how it is told."""

    trait: Slug = Field(title="Id")
    title: Line = Field("", title="Name")
    steps: Annotated[list[TraitStep], Field(max_length=100)] = Field(
        [], title="What moves it"
    )
    words: Annotated[list[TraitWords], Field(max_length=20)] = Field(
        [], title="How it is told"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        kinds = [row.kind for row in self.steps]
        if len(kinds) != len(set(kinds)):
            raise ValueError("Give each kind one step.")
        if len(self.words) != len({milli(row.at) for row in self.words}):
            raise ValueError("Give each number one sentence.")
        return self

    @property
    def name(self) -> str:
        """What people read."""
        return self.title or self.trait

    @property
    def step_of(self) -> dict[str, int]:
        """Kind → thousandths."""
        return {row.kind: milli(row.step) for row in self.steps}


def _checked(table: tuple[TraitSpec, ...]) -> tuple[TraitSpec, ...]:
    seen = set()
    for spec in table:
        if spec.trait in seen:
            raise ValueError(f"“{spec.trait}” stands twice; each id once.")
        seen.add(spec.trait)
    return table


TraitTable = Annotated[
    tuple[TraitSpec, ...], Field(max_length=MOST_TRAITS), AfterValidator(_checked)
]
"""All traits of an installation, none twice."""


def drifted(
    traits: Mapping[str, int], *, kind: str, times: int, specs: Iterable[TraitSpec]
) -> dict[str, int]:
    """The traits after ``times`` interactions of ``kind``, in thousandths.

    A negative ``times`` takes so many back. Traits that the table no longer names
    stay as they are, in case it names them again.
    """
    found = dict(traits)
    for spec in specs:
        step = spec.step_of.get(kind, 0) * times
        if step:
            found[spec.trait] = _within(found.get(spec.trait, 0) + step)
    return found


def _within(value: int) -> int:
    return max(-MOST, min(MOST, value))


def words_of(traits: Mapping[str, int], specs: Iterable[TraitSpec]) -> list[str]:
    """What to say of how somebody has drifted: one sentence per trait, or none.

    Of several that hold, the one for the furthest drift.
    """
    found = (_word(spec, value=traits.get(spec.trait, 0)) for spec in specs)
    return [words for words in found if words]


def _word(spec: TraitSpec, *, value: int) -> str:
    said = [row for row in spec.words if _reaches(value, at=milli(row.at))]
    return max(said, key=lambda row: abs(row.at)).words if said else ""


def _reaches(value: int, *, at: int) -> bool:
    return value >= at if at > 0 else value <= at


def _spec(
    trait: str, title: str, *, steps: Mapping[str, float], words: Mapping[float, str]
) -> TraitSpec:
    return TraitSpec(
        trait=trait,
        title=title,
        steps=[TraitStep(kind=kind, step=step) for kind, step in steps.items()],
        words=[TraitWords(at=at, words=text) for at, text in words.items()],
    )


# No source gives numbers: at these a trait shows after about forty interactions of
# one kind, and strongly after a hundred.
DEFAULT_TRAITS: Final[tuple[TraitSpec, ...]] = (
    _spec(
        "warmth",
        "Warmth",
        steps={
            "agreement": 0.003,
            "compliment": 0.006,
            "banter": 0.003,
            "insult": -0.006,
            "argument": -0.003,
        },
        words={
            0.2: "{{char}} has grown a little warmer toward people.",
            0.5: "{{char}} has grown openly warm and affectionate.",
            -0.2: "{{char}} has grown a little cooler toward people.",
            -0.5: "{{char}} has grown cold and keeps people at a distance.",
        },
    ),
    _spec(
        "confidence",
        "Confidence",
        steps={
            "answer": 0.004,
            "compliment": 0.003,
            "competition": 0.003,
            "disagreement": -0.002,
            "insult": -0.005,
        },
        words={
            0.2: "{{char}} speaks with a little more confidence than before.",
            0.5: "{{char}} is sure of every word and seldom hesitates.",
            -0.2: "{{char}} has become a little unsure and hedges at times.",
            -0.5: "{{char}} doubts nearly everything they say.",
        },
    ),
    _spec(
        "playfulness",
        "Playfulness",
        steps={
            "banter": 0.006,
            "competition": 0.002,
            "question": 0.001,
            "argument": -0.004,
        },
        words={
            0.2: "{{char}} jokes a little more than they used to.",
            0.5: "{{char}} turns nearly everything into play.",
            -0.2: "{{char}} jokes a little less than they used to.",
            -0.5: "{{char}} has become serious and hardly ever jokes.",
        },
    ),
    _spec(
        "patience",
        "Patience",
        steps={
            "answer": 0.002,
            "collaboration": 0.005,
            "question": 0.002,
            "argument": -0.005,
            "insult": -0.004,
        },
        words={
            0.2: "{{char}} has become a little more patient.",
            0.5: "{{char}} is patient with everyone and takes time to explain.",
            -0.2: "{{char}} has become a little impatient.",
            -0.5: "{{char}} is short with people and easily annoyed.",
        },
    ),
)
