"""Kinds of interaction and what each does to a feeling.

Source: design, section 5, "Kinds" and "Traits".
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from personas.domain.sheets import Line, Name, Sheet, Slug
from relationships.domain.amounts import Amount, milli_of
from relationships.domain.traits import TRAITS

MOST_KINDS: Final = 100
_Step = Annotated[Amount, Field(ge=-1, le=1)]


class Kind(Sheet):
    """One kind: ``base`` is in points; the steps of traits are within -1 to 1."""

    kind: Slug = Field(title="Id", description="What bots report.")
    title: Name = Field(title="Name")
    base: Annotated[Amount, Field(ge=-10, le=10)] = Field(
        title="Change",
        description="Points that the speaker’s feeling moves by, before all factors.",
    )
    warmth: _Step = Field(0.0, title="Warmth")
    trust: _Step = Field(0.0, title="Trust")
    respect: _Step = Field(0.0, title="Respect")
    rivalry: _Step = Field(0.0, title="Rivalry")
    description: Line = Field(
        "", title="Description", description="When a message is of this kind."
    )

    @cached_property
    def base_milli(self) -> int:
        return milli_of(self.base)

    @cached_property
    def steps(self) -> Mapping[str, int]:
        """Trait → step in thousandths, of those that move."""
        found = {name: milli_of(getattr(self, name)) for name in TRAITS}
        return {name: step for name, step in found.items() if step}


def _checked(table: tuple[Kind, ...]) -> tuple[Kind, ...]:
    seen: set[str] = set()
    for row in table:
        if row.kind in seen:
            raise ValueError(f"“{row.kind}” stands twice; each id once.")
        seen.add(row.kind)
    return table


KindTable = Annotated[
    tuple[Kind, ...], Field(max_length=MOST_KINDS), AfterValidator(_checked)
]
"""All kinds of an installation: no id twice."""

DEFAULT_KINDS: Final = (
    Kind(
        kind="agreement",
        title="Agreement",
        base=2.0,
        warmth=0.02,
        respect=0.02,
        description="Takes the other’s side or says that they are right.",
    ),
    Kind(
        kind="disagreement",
        title="Disagreement",
        base=-1.0,
        respect=-0.01,
        description="Holds another view, without getting personal.",
    ),
    Kind(
        kind="compliment",
        title="Compliment",
        base=3.0,
        warmth=0.05,
        description="Praises the other or what they did.",
    ),
    Kind(
        kind="insult",
        title="Insult",
        base=-3.0,
        warmth=-0.05,
        respect=-0.05,
        description="Puts the other down, and means it.",
    ),
    Kind(
        kind="question",
        title="Question",
        base=0.5,
        description="Asks the other something.",
    ),
    Kind(
        kind="answer",
        title="Answer",
        base=1.0,
        trust=0.02,
        description="Answers what the other asked.",
    ),
    Kind(
        kind="banter",
        title="Banter",
        base=1.5,
        warmth=0.03,
        description="Teases or jokes along; both can laugh about it.",
    ),
    Kind(
        kind="argument",
        title="Argument",
        base=-2.0,
        trust=-0.03,
        rivalry=0.03,
        description="A heated quarrel over several turns.",
    ),
    Kind(
        kind="collaboration",
        title="Collaboration",
        base=2.5,
        trust=0.05,
        respect=0.03,
        rivalry=-0.02,
        description="Works on something together.",
    ),
    Kind(
        kind="competition",
        title="Competition",
        base=-0.5,
        rivalry=0.05,
        description="Tries to beat the other at something.",
    ),
    Kind(
        kind="message",
        title="Message",
        base=0.0,
        description="Anything else; counts, and moves nothing.",
    ),
)
"""The installation's table until a manager edits it."""
