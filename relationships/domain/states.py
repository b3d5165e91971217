"""Two characters, what they feel, and what changes it; amounts in thousandths.

Source: design, section 5, "Affinity".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from personas.domain.matching import comparable
from relationships.domain.amounts import MILLI
from relationships.domain.bands import Band
from relationships.domain.decay import Rates, decayed
from relationships.domain.kinds import Kind
from relationships.domain.traits import TRAITS


class Cause(StrEnum):
    """Why a feeling moved; the values of the ledger's column."""

    EVENT = "event"
    SET = "set"
    RESET = "reset"
    RESTING = "resting"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Feeling:
    """What one feels for the other, as stored at ``updated_at``.

    ``seq`` numbers the newest ledger row; ``events`` counts interactions;
    ``spent`` is the sum of absolute changes by them on the UTC day ``spent_on``.
    """

    stored: int = 0
    updated_at: datetime | None = None
    resting: int = 0
    seq: int = 0
    events: int = 0
    warmth: int = 0
    trust: int = 0
    respect: int = 0
    rivalry: int = 0
    spent: int = 0
    spent_on: date | None = None

    @property
    def traits(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in TRAITS}

    def at(self, now: datetime, *, rates: Rates) -> int:
        """The value at ``now``."""
        return decayed(
            self.stored,
            since=self.updated_at,
            now=now,
            resting=self.resting,
            rates=rates,
        )

    def spent_at(self, now: datetime) -> int:
        """What interactions have moved it by on the day of ``now``."""
        return self.spent if self.spent_on == day_of(now) else 0


@dataclass(frozen=True, slots=True)
class PairState:
    """Two characters. ``low`` is what the lower one feels, ``high`` the other.

    ``tension`` is the value at ``tension_at``; ``triggers`` are topics as
    ``comparable_topics`` gives them.
    """

    tension: int = 0
    tension_at: datetime | None = None
    triggers: frozenset[str] = frozenset()
    low: Feeling = field(default_factory=Feeling)
    high: Feeling = field(default_factory=Feeling)

    def tension_now(self, now: datetime, *, rates: Rates) -> int:
        """The tension at ``now``, whether or not conflicts count."""
        return decayed(
            self.tension, since=self.tension_at, now=now, resting=0, rates=rates
        )

    def feeling(self, *, is_low: bool) -> Feeling:
        return self.low if is_low else self.high


@dataclass(frozen=True, slots=True)
class Rules:
    """The installation's settings; ``escalation`` and ``cap`` in thousandths."""

    rates: Rates
    escalation: int
    conflicts_enabled: bool
    cap: int | None
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """An interaction of the two; ``topics`` as ``comparable_topics`` gives them."""

    is_low_speaker: bool
    kind: Kind
    intensity: int = MILLI
    topics: frozenset[str] = frozenset()
    compatibility: int = MILLI


@dataclass(frozen=True, slots=True)
class Row:
    """A ledger row: all that a change determines, under the ledger's own names.

    ``is_low`` says whose feeling it is. ``at`` is the moment it counts from.
    """

    is_low: bool
    at: datetime
    seq: int
    cause: Cause
    before: int
    after: int
    change: int
    wanted: int
    resting: int
    tension: int
    warmth: int
    trust: int
    respect: int
    rivalry: int
    events: int
    band: str = ""
    tension_before: int = 0
    kind: str = ""
    is_speaker: bool = False
    base: int = 0
    intensity: int = MILLI
    compatibility: int = MILLI
    is_trigger: bool = False
    factor: int = MILLI


def comparable_topics(topics: Iterable[str]) -> frozenset[str]:
    """Topics as they are compared; what compares as nothing is left out."""
    return frozenset(filter(None, map(comparable, topics)))


def day_of(moment: datetime) -> date:
    """Its day in UTC."""
    return moment.astimezone(UTC).date()


def now_after(state: PairState, now: datetime) -> datetime:
    """``now``, or the state's newest moment if the clock lags behind it."""
    known = (state.low.updated_at, state.high.updated_at, state.tension_at)
    return max([now, *(moment for moment in known if moment is not None)])


def with_feeling(state: PairState, feeling: Feeling, *, is_low: bool) -> PairState:
    """``state`` with one of its feelings replaced."""
    return replace(state, low=feeling) if is_low else replace(state, high=feeling)
