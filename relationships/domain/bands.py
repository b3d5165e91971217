"""Bands of feeling, from nemesis to close, and what prompts say of each.

Source: design, section 5, "Bands".
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from personas.domain.sheets import Name, Sheet, Slug, Text
from relationships.domain.amounts import Amount, milli_of

MOST_BANDS: Final = 20


class Band(Sheet):
    """A range of feelings; ``at`` is its edge nearest to zero, in points.

    ``None`` is the band in the middle, between the edges of the others.
    """

    band: Slug = Field(title="Id", description="What bots read.")
    title: Name = Field(title="Name")
    at: Annotated[Amount, Field(ge=-10, le=10)] | None = Field(
        None,
        title="From",
        description="Above 0: so much or more. Below 0: so much or less.",
    )
    words: Text = Field(
        "",
        title="Words in the prompt",
        description="{{char}} is the character that feels, {{other}} the one met.",
    )

    @property
    def at_milli(self) -> int:
        """The edge in thousandths; 0 for the middle."""
        return 0 if self.at is None else _edge(self.at)


# Asked for once for every feeling shown; there are few edges.
_edge = lru_cache(maxsize=256)(milli_of)
_EDGE: Final = attrgetter("at_milli")


def _checked(table: tuple[Band, ...]) -> tuple[Band, ...]:
    ids: set[str] = set()
    edges: dict[int, str] = {}
    for row in table:
        if row.band in ids:
            raise ValueError(f"“{row.band}” stands twice; each id once.")
        ids.add(row.band)
        if row.at is not None and row.at_milli == 0:
            raise ValueError(
                f"{row.title}: 0 lies in the middle band; choose another number."
            )
        if row.at_milli in edges:
            other = edges[row.at_milli]
            raise ValueError(
                f"{other} and {row.title} both are the one in the middle; have one."
                if row.at is None
                else f"{other} and {row.title} begin at the same number."
            )
        edges[row.at_milli] = row.title
    if 0 not in edges:
        raise ValueError("One band must be the one in the middle, without a number.")
    return tuple(sorted(table, key=lambda row: row.at_milli))


BandTable = Annotated[
    tuple[Band, ...], Field(max_length=MOST_BANDS), AfterValidator(_checked)
]
"""All bands, lowest first: no id or edge twice, one in the middle."""


def band_of(milli: int, *, bands: Sequence[Band]) -> Band:
    """The band that holds ``milli``; ``bands`` are those of a ``BandTable``.

    The edge itself belongs to the band away from the middle.
    """
    # The middle stands among the others at 0, and is never passed from either side.
    if milli < 0:
        return bands[bisect_left(bands, milli, key=_EDGE)]
    return bands[bisect_right(bands, milli, key=_EDGE) - 1]


DEFAULT_BANDS: Final = (
    Band(
        band="nemesis",
        title="Nemesis",
        at=-7.0,
        words="{{other}} is {{char}}’s nemesis. {{char}} expects the worst of"
        " {{other}}, and shows it.",
    ),
    Band(
        band="rival",
        title="Rival",
        at=-3.0,
        words="{{char}} does not like {{other}} and is quick to contradict.",
    ),
    Band(band="neutral", title="Neutral"),
    Band(
        band="friend",
        title="Friend",
        at=3.0,
        words="{{other}} is a friend of {{char}}, who is glad to talk to them.",
    ),
    Band(
        band="close",
        title="Close",
        at=7.0,
        words="{{other}} is one of the closest friends of {{char}}, who takes their"
        " side and teases them as only close friends may.",
    ),
)
"""The installation's table until a manager edits it."""
