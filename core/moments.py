"""Moments as callers write them: RFC 3339 with an offset; UTC from then on."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Strict
from pydantic_core import PydanticCustomError


def _written_out(value: Any) -> Any:
    """Seconds since 1970 would be taken too, and are mostly a slip."""
    text = value if isinstance(value, str) else ""
    digits = text.strip().lstrip("+-").replace(".", "")
    if isinstance(value, int | float) or digits.isdecimal():
        raise PydanticCustomError(
            "bad_format", "Write the moment like 2026-01-31T18:30:00Z."
        )
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError(
            "out_of_range", "Choose a moment within the years 1 to 9999."
        ) from error


Moment = Annotated[
    AwareDatetime,
    # A strict model takes text for a moment from JSON only, which is lost on the way.
    Strict(strict=False),
    BeforeValidator(_written_out),
    AfterValidator(_in_utc),
]
