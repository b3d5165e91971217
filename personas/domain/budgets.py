"""How near a prompt is to the most tokens that its owner allows."""

from enum import StrEnum
from typing import Final

# Tenths of the cap from which on the editor and the publish warn.
WARN_TENTHS: Final = 8


class Standing(StrEnum):
    """Where a count of tokens stands against the cap."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"


def standing(tokens: int, *, cap: int | None) -> Standing:
    """Judge ``tokens`` of a whole prompt; without a cap everything is within.

    The cap itself is still allowed. Source: ``reference/ui.md`` section 1.2 (b),
    "warn 80 %, stop at 100 %".
    """
    if cap is None or 10 * tokens < WARN_TENTHS * cap:
        return Standing.WITHIN
    return Standing.OVER if tokens > cap else Standing.NEAR
