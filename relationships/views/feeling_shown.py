"""One feeling as pages show it: a signed number, a bar, and the band's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from relationships.domain.amounts import MOST
from relationships.domain.bands import Band, band_of
from relationships.domain.traits import TRAITS
from relationships.views.ledger_words import points, sign_of

PLACES: Final = 2
"""Of numbers in lists; sums have all three."""
_HALF: Final = 50  # Hundredths of the bar, whose middle is zero.


@dataclass(frozen=True, slots=True)
class Feeling:
    """``x`` and ``width`` place the bar in hundredths, its zero in the middle."""

    milli: int
    text: str
    sign: str
    band: str
    title: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait of a direction; ``text`` has a sign."""

    name: str
    title: str
    milli: int
    text: str
    sign: str


def feeling_of(milli: int, /, *, bands: Sequence[Band]) -> Feeling:
    """``milli`` thousandths; ``bands`` are those of a ``BandTable``."""
    band = band_of(milli, bands=bands)
    width = _HALF * abs(milli) / MOST
    return Feeling(
        milli=milli,
        text=points(milli, places=PLACES),
        sign=sign_of(milli),
        band=band.band,
        title=band.title,
        x=f"{_HALF if milli > 0 else _HALF - width:.2f}",
        width=f"{width:.2f}",
    )


def traits_of(state: Any, /) -> list[Trait]:
    """All four; ``state`` has them as attributes, in thousandths."""
    return [
        Trait(
            name=name,
            title=name.capitalize(),
            milli=getattr(state, name),
            text=points(getattr(state, name), places=PLACES),
            sign=sign_of(getattr(state, name)),
        )
        for name in TRAITS
    ]
