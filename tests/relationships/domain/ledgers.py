"""A pair's history as tests write it: acts in, ledger rows out."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from relationships.domain.bands import DEFAULT_BANDS
from relationships.domain.feelings import (
    Cause,
    Event,
    PairState,
    Row,
    Rules,
    apply,
    reset,
    set_value,
    void,
)
from relationships.domain.kinds import DEFAULT_KINDS
from relationships.domain.replaying import replay
from relationships.domain.steps import Step, steps_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = {kind.kind: kind for kind in DEFAULT_KINDS}
RULES = Rules(
    rates=((None, Decimal("0.1")),),
    escalation=200,
    conflicts_enabled=True,
    cap=None,
    bands=DEFAULT_BANDS,
)


@dataclass(frozen=True)
class Entry:
    """A stored ledger row."""

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
    band: str
    tension_before: int
    kind: str
    is_speaker: bool
    base: int
    intensity: int
    compatibility: int
    is_trigger: bool
    factor: int
    event_id: int | None = None
    folded: int = 0


def entry(row: Row, *, event_id: int | None = None) -> Entry:
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "is_low"}
    return Entry(**values, event_id=event_id)


class Ledger:
    """Two characters to whom things happen, one after the other."""

    def __init__(self, *, rules: Rules = RULES, **start: Any) -> None:
        self.rules = rules
        self.start = PairState(**start)
        self.state = self.start
        self.low: list[Entry] = []
        self.high: list[Entry] = []
        self.next_id = 1
        self.gone: set[int] = set()

    def event(
        self,
        kind: str = "banter",
        *,
        at: datetime = NOON,
        low: bool = True,
        **more: Any,
    ) -> tuple[Row, Row]:
        event = Event(is_low_speaker=low, kind=KINDS[kind], **more)
        self.state, mine, theirs = apply(self.state, event, rules=self.rules, now=at)
        self._keep(mine, theirs, event_id=self.next_id)
        self.next_id += 1
        return mine, theirs

    def set(
        self,
        affinity: int | None = None,
        *,
        resting: int | None = None,
        low: bool = True,
        at: datetime = NOON,
    ) -> Row:
        self.state, row = set_value(
            self.state,
            is_low=low,
            affinity=affinity,
            resting=resting,
            rules=self.rules,
            now=at,
        )
        self._keep(row)
        return row

    def reset(self, *, at: datetime = NOON) -> tuple[Row, Row]:
        self.state, *rows = reset(self.state, rules=self.rules, now=at)
        self._keep(*rows)
        return rows[0], rows[1]

    def void(self, ids: Collection[int], *, at: datetime = NOON) -> tuple[Row, Row]:
        self.gone |= set(ids)
        replayed = self.replayed(without=self.gone)
        self.state, *rows = void(
            self.state, replayed=replayed, rules=self.rules, now=at
        )
        self._keep(*rows)
        return rows[0], rows[1]

    def replayed(self, *, without: Collection[int] = ()) -> PairState:
        return replay(self.steps, start=self.start, rules=self.rules, without=without)

    @property
    def steps(self) -> list[Step]:
        return steps_of(self.low, self.high)

    def change(self, number: int, *, low: bool = True, **values: Any) -> None:
        """Tamper with the row of this number."""
        rows = self.low if low else self.high
        rows[number - 1] = replace(rows[number - 1], **values)

    def _keep(self, *rows: Row, event_id: int | None = None) -> None:
        for row in rows:
            side = self.low if row.is_low else self.high
            side.append(entry(row, event_id=event_id))
