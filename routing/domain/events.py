"""What a bot may report, and when two reports say the same.

Source: design, section 5; ``api.md``, "Event".
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Final

import orjson
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core import limits
from core.moments import Moment
from core.problems import FieldError
from personas.domain.sheets import Sheet, Term
from relationships.domain.amounts import milli_of

ID_LENGTH: Final = 100
OTHER_ID_LENGTH: Final = 64
MOST_COUNT: Final = 100
MOST_TOPICS: Final = 20
OLDEST: Final = timedelta(days=90)
"""How long ago something may have happened that is reported only now."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError(
            "bad_format", "Use printable characters only, without line breaks."
        )
    return text


def _without_repeats(topics: list[str]) -> list[str]:
    return list(dict.fromkeys(topics))


EventId = Annotated[
    str, Field(min_length=1, max_length=ID_LENGTH), AfterValidator(_printable)
]
OtherId = Annotated[
    str, Field(min_length=1, max_length=OTHER_ID_LENGTH), AfterValidator(_printable)
]
"""An id of the platform: a user, a channel, a server."""
CharacterId = Annotated[str, Field(min_length=1, max_length=limits.SLUG_LENGTH)]
"""Any text, since an id that nobody has is told as such, whatever its form."""


class Reported(Sheet):
    """One interaction of a character with a user or with another character."""

    id: EventId = Field(
        description="The bot's own id of it; the same id is counted only once."
    )
    character_id: CharacterId = Field(description="Who acted.")
    kind: Annotated[str, Field(min_length=1, max_length=limits.SLUG_LENGTH)] = Field(
        description="What happened, by the installation's kinds."
    )
    other_character_id: CharacterId | None = Field(
        None, description="The character that was met; left out: a user was."
    )
    user_id: OtherId | None = None
    channel_id: OtherId | None = None
    server_id: OtherId | None = None
    occurred_at: Moment | None = Field(
        None,
        description="When it happened, for statistics; now, if left out. Not in the"
        " future, and at most 90 days ago.",
    )
    intensity: Annotated[float, Field(ge=0, le=2)] = Field(
        1.0, description="How strong it was; counted in thousandths."
    )
    count: Annotated[int, Field(ge=1, le=MOST_COUNT)] = Field(
        1, description="How many interactions it stands for in growth."
    )
    topics: Annotated[
        list[Term], Field(max_length=MOST_TOPICS), AfterValidator(_without_repeats)
    ] = Field([], description="What it was about.")

    @property
    def milli_intensity(self) -> int:
        """``intensity`` in thousandths, halves away from zero."""
        return milli_of(self.intensity)

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, in hex.

        Equal for all ways of writing the same: another order of fields or topics,
        defaults left out or written, one moment in two time zones.
        """
        moment = self.occurred_at
        content = {
            "character_id": self.character_id,
            "kind": self.kind,
            "other_character_id": self.other_character_id,
            "user_id": self.user_id,
            "channel_id": self.channel_id,
            "server_id": self.server_id,
            "occurred_at": None if moment is None else moment.isoformat(),
            "intensity": self.milli_intensity,
            "count": self.count,
            "topics": sorted(self.topics),
        }
        return hashlib.sha256(orjson.dumps(content)).hexdigest()


def fault_in_time(occurred_at: datetime | None, *, now: datetime) -> FieldError | None:
    """Why something cannot have happened then; ``None`` if it can.

    There is no allowance for clocks that run ahead: leave the time out, or send it
    once it has come.
    """
    if occurred_at is None or now - OLDEST <= occurred_at <= now:
        return None
    detail = (
        "This lies in the future by the server's clock; leave it out for “now”."
        if occurred_at > now
        else f"This is over {OLDEST.days} days ago; nothing so old is counted."
    )
    return FieldError("/occurred_at", "out_of_range", detail)
