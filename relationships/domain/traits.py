"""How one character sees another, beside how much: four slow traits, -1 to 1.

Source: design, section 5, "Traits".
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from personas.domain.sheets import Sheet, Text
from relationships.domain.amounts import MILLI, Amount, clamped, milli_of

TRAITS: Final = ("warmth", "trust", "respect", "rivalry")
MOST_WORDS: Final = 100
_CHAR: Final = "{{char}}"
_OTHER: Final = "{{other}}"


class PairTrait(StrEnum):
    """The traits, as forms offer them."""

    WARMTH = "warmth"
    TRUST = "trust"
    RESPECT = "respect"
    RIVALRY = "rivalry"


def stepped(
    traits: Mapping[str, int], *, steps: Mapping[str, int], times: int = 1
) -> dict[str, int]:
    """All traits after ``steps``, in thousandths, each within -1000 to 1000."""
    return {
        name: clamped(traits.get(name, 0) + steps.get(name, 0) * times, most=MILLI)
        for name in TRAITS
    }


def filled(words: str, *, char: str, other: str) -> str:
    """``words`` with ``{{char}}`` and ``{{other}}`` replaced, once.

    Names that look like another of the two are not replaced again.
    """
    return char.join(piece.replace(_OTHER, other) for piece in words.split(_CHAR))


class TraitWord(Sheet):
    """What a prompt says of a trait that has come so far."""

    trait: PairTrait = Field(title="Trait", strict=False)
    at: Annotated[Amount, Field(ge=-1, le=1)] = Field(
        title="From",
        description="Above 0: so much or more. Below 0: so much or less.",
    )
    words: Text = Field(
        title="Words in the prompt",
        description="{{char}} is the character that feels, {{other}} the one met.",
        min_length=1,
    )

    @property
    def at_milli(self) -> int:
        return milli_of(self.at)

    @property
    def key(self) -> str:
        """What tells a row from the others, fit for an address."""
        side = "above" if self.at_milli > 0 else "below"
        return f"{self.trait}-{side}-{abs(self.at_milli)}"


def _checked(table: tuple[TraitWord, ...]) -> tuple[TraitWord, ...]:
    seen: set[str] = set()
    for row in table:
        if row.at_milli == 0:
            raise ValueError(f"{row.trait}: 0 is where everybody begins; choose more.")
        if row.key in seen:
            raise ValueError(f"{row.trait} has words for {row.at:g} twice; once each.")
        seen.add(row.key)
    return tuple(sorted(table, key=lambda r: (TRAITS.index(r.trait), r.at_milli)))


TraitWords = Annotated[
    tuple[TraitWord, ...], Field(max_length=MOST_WORDS), AfterValidator(_checked)
]
"""Words for pair traits, sorted by trait and value."""


def word_of(trait: str, *, milli: int, words: Iterable[TraitWord]) -> TraitWord | None:
    """The row furthest from zero that ``milli`` has reached."""
    reached = [
        row
        for row in words
        if row.trait == trait
        and (milli >= row.at_milli > 0 or milli <= row.at_milli < 0)
    ]
    return max(reached, key=lambda row: abs(row.at_milli), default=None)


def trait_words(traits: Mapping[str, int], *, words: Sequence[TraitWord]) -> list[str]:
    """What there is to say of ``traits`` (thousandths), in the order of ``TRAITS``."""
    found = (word_of(name, milli=traits.get(name, 0), words=words) for name in TRAITS)
    return [row.words for row in found if row is not None]


def _words(trait: PairTrait, at: float, text: str, /) -> TraitWord:
    return TraitWord(trait=trait, at=at, words=text)


DEFAULT_TRAIT_WORDS: Final = (
    _words(
        PairTrait.WARMTH,
        -0.6,
        "{{char}} is cold to {{other}} and does not hide it.",
    ),
    _words(PairTrait.WARMTH, -0.2, "{{char}} keeps some distance from {{other}}."),
    _words(PairTrait.WARMTH, 0.2, "{{char}} is warm towards {{other}}."),
    _words(PairTrait.WARMTH, 0.6, "{{char}} is openly fond of {{other}}."),
    _words(
        PairTrait.TRUST,
        -0.6,
        "{{char}} believes nothing that {{other}} says without proof.",
    ),
    _words(PairTrait.TRUST, -0.2, "{{char}} is wary of what {{other}} says."),
    _words(PairTrait.TRUST, 0.2, "{{char}} tends to trust {{other}}."),
    _words(PairTrait.TRUST, 0.6, "{{char}} relies on {{other}} without a thought."),
    _words(PairTrait.RESPECT, -0.6, "{{char}} looks down on {{other}}."),
    _words(PairTrait.RESPECT, -0.2, "{{char}} thinks little of {{other}}."),
    _words(PairTrait.RESPECT, 0.2, "{{char}} respects {{other}}."),
    _words(PairTrait.RESPECT, 0.6, "{{char}} looks up to {{other}}."),
    _words(
        PairTrait.RIVALRY, -0.2, "{{char}} feels no need to compete with {{other}}."
    ),
    _words(PairTrait.RIVALRY, 0.2, "{{char}} likes to compete with {{other}}."),
    _words(PairTrait.RIVALRY, 0.6, "{{char}} has to outdo {{other}} at everything."),
)
"""The installation's table until a manager edits it."""
