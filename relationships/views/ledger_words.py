"""A row of the ledger in words and numbers: what it was computed from, and the sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from relationships.models import LedgerRow

MINUS: Final = "−"
WHOLE: Final = 1_000
"""Thousandths that leave a product as it is."""
_MOST: Final = 10_000
_CAUSES: Final[Mapping[str, str]] = {
    LedgerRow.Cause.SET: "Set by hand",
    LedgerRow.Cause.RESET: "Reset",
    LedgerRow.Cause.RESTING: "Resting value set",
    LedgerRow.Cause.VOID: "Reports taken back",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one row did to one direction.

    ``sum`` is the product that gave the change, empty where none did; ``cut`` and
    ``held`` what kept it from being the whole change; ``moved`` both values.
    ``band`` is the title of the band that was entered by it, if any.
    """

    sum: str
    cut: str
    moved: str
    held: str
    band: str
    change: int
    after: int
    resting: str = ""

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        first = f"{self.sum}{f' → {self.cut}' if self.cut else ''}"
        parts = [first, self.moved, self.held, self.resting]
        line = "; ".join(part for part in parts if part)
        return f"{line}, now {self.band}" if self.band else line

    @property
    def sign(self) -> str:
        """``up``, ``down`` or nothing, for a glyph."""
        return sign_of(self.change)


def told(row: LedgerRow, /, *, bands: Mapping[str, str]) -> Told:
    """The row in words; ``bands`` are titles by id."""
    by_event = row.cause == LedgerRow.Cause.EVENT
    is_moved = by_event or row.cause != LedgerRow.Cause.RESTING
    return Told(
        sum=_product(row) if by_event else "",
        cut=_cut(row) if by_event else "",
        moved=_moved(row) if is_moved else "",
        held=_held(row) if by_event else "",
        band=bands.get(row.band, row.band),
        change=row.after - row.before,
        after=row.after,
        resting=_resting(row),
    )


def title_of(row: LedgerRow, /, *, kinds: Mapping[str, str]) -> str:
    """What happened, shortly; ``kinds`` are titles by id."""
    if row.cause == LedgerRow.Cause.EVENT:
        # A kind that is no longer in the table is named as it was reported.
        return kinds.get(row.kind, row.kind)
    return _CAUSES[row.cause]


def _product(row: LedgerRow) -> str:
    """``+2.000 × intensity 1.5 × in common 1.1 = +3.300``; factors of 1 left out."""
    if not row.base:
        return "no change"
    factors = [points(row.base)]
    if row.intensity != WHOLE:
        factors.append(f"intensity {factor(row.intensity)}")
    if row.compatibility != WHOLE:
        words = "in common" if row.compatibility > WHOLE else "at odds"
        factors.append(f"{words} {factor(row.compatibility)}")
    if row.base < 0 and row.tension_before:
        factors.append(f"tension {factor(WHOLE + row.tension_before)}")
    if row.factor != WHOLE:
        factors.append(f"answering side {factor(row.factor)}")
    if len(factors) == 1:
        return factors[0]
    return f"{' × '.join(factors)} = {points(row.wanted)}"


def _moved(row: LedgerRow) -> str:
    if row.before == row.after:
        return f"stays at {points(row.after)}"
    return f"{points(row.before)} → {points(row.after)}"


def _cut(row: LedgerRow) -> str:
    if row.change == row.wanted:
        return ""
    return f"cut to {points(row.change)} by the day’s limit"


def _held(row: LedgerRow) -> str:
    """What clamping kept off."""
    if row.before + row.change > _MOST:
        return f"{points(_MOST)} is the most"
    if row.before + row.change < -_MOST:
        return f"{points(-_MOST)} is the least"
    return ""


def _resting(row: LedgerRow) -> str:
    if row.cause != LedgerRow.Cause.RESTING:
        return ""
    return f"it now fades towards {points(row.resting)}"


# -- Numbers ---------------------------------------------------------------------------


def points(milli: int, /, *, places: int = 3) -> str:
    """Thousandths in points with a sign: ``+4.000``, ``−2.500``, ``0.000``."""
    text = f"{abs(milli) / 1_000:.{places}f}"
    if not text.strip("0."):
        return text
    return f"+{text}" if milli > 0 else f"{MINUS}{text}"


def factor(milli: int, /) -> str:
    """Thousandths as a factor, as short as it goes: ``1.5``, ``0.75``."""
    return f"{milli / 1_000:.3f}".rstrip("0").rstrip(".")


def percent(share: float, /) -> str:
    """A share of one, as people read chances."""
    return f"{share * 100:.0f} %"


def sign_of(milli: int, /) -> str:
    """``up``, ``down`` or nothing."""
    if not milli:
        return ""
    return "up" if milli > 0 else "down"
