"""Moving feelings: pairs are locked, moved in memory, and written at once.

Every change of a feeling goes through here, be it a report, one of a batch, or a
manager's: ``lock`` the pairs, ``move`` or ``put`` each change in memory, then ``save``.
The number of queries does not depend on how many changes that were.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from core.models import User
from relationships.domain.bands import Band
from relationships.domain.feelings import Event, Feeling, PairState, Row, Rules, apply
from relationships.models import Affinity, LedgerRow, Pair
from relationships.services.announcing import feelings_changed, op_of

FEELING_FIELDS: Final = tuple(f.name for f in fields(Feeling))
"""What a direction's row and a ``Feeling`` have under the same names."""
ROW_FIELDS: Final = tuple(f.name for f in fields(Row) if f.name != "is_low")
"""What a ledger row and a ``Row`` have under the same names."""
ASKED_AT_ONCE: Final = 400
"""Pairs that one query names; SQLite takes conditions up to a depth of 1,000."""


def state_of(pair: Pair, low: Affinity, high: Affinity) -> PairState:
    """The stored rows of a pair as a value."""
    return PairState(
        tension=pair.tension,
        tension_at=pair.tension_at,
        triggers=frozenset(pair.trigger_topics),
        low=feeling_of(low),
        high=feeling_of(high),
    )


def feeling_of(row: Affinity) -> Feeling:
    """One direction as a value."""
    return Feeling(**{name: getattr(row, name) for name in FEELING_FIELDS})


@dataclass(slots=True)
class HeldPair:
    """One pair while it is locked.

    ``low`` is what the lower character feels for the higher; ``names`` are the ids
    of the lower and the higher character.
    """

    pair: Pair
    low: Affinity
    high: Affinity
    names: tuple[str, str]
    state: PairState
    rows: list[tuple[int | None, LedgerRow]] = field(default_factory=list)

    def put(
        self,
        state: PairState,
        rows: Iterable[Row],
        *,
        report: int | None = None,
        reason: str = "",
        author: User | None = None,
    ) -> None:
        """Have ``save`` write ``state`` and the ``rows`` that lead to it.

        ``report`` is what ``save`` will be told the number of; ``reason`` and
        ``author`` are of changes that people make.
        """
        self.state = state
        for row in rows:
            values = {name: getattr(row, name) for name in ROW_FIELDS}
            kept = LedgerRow(
                affinity=self.low if row.is_low else self.high,
                reason=reason,
                author=author,
                author_name=str(author) if author is not None else "",
                **values,
            )
            self.rows.append((report, kept))

    def store(self) -> None:
        """Put the state onto the rows."""
        self.pair.tension = self.state.tension
        self.pair.tension_at = self.state.tension_at
        for row, feeling in ((self.low, self.state.low), (self.high, self.state.high)):
            for name in FEELING_FIELDS:
                setattr(row, name, getattr(feeling, name))

    def ops(self, *, bands: Sequence[Band]) -> list[dict[str, Any]]:
        """Both directions as they are announced."""
        low, high = self.names
        return [
            op_of(self.low, pair=self.pair, source=low, target=high, bands=bands),
            op_of(self.high, pair=self.pair, source=high, target=low, bands=bands),
        ]


class PairBook:
    """Pairs that are locked until the transaction ends, by (lower, higher) key."""

    def __init__(self, held: Mapping[tuple[int, int], HeldPair]) -> None:
        self._held = held

    @property
    def latest(self) -> datetime | None:
        """When the newest of them was written."""
        times = [
            at
            for held in self._held.values()
            for at in (
                held.state.low.updated_at,
                held.state.high.updated_at,
                held.state.tension_at,
            )
            if at is not None
        ]
        return max(times, default=None)

    def held(self, one_pk: int, other_pk: int) -> HeldPair:
        """The pair of these two characters, whichever comes first."""
        return self._held[ordered(one_pk, other_pk)]

    def all(self) -> list[HeldPair]:
        """Every pair, in the order in which they were locked."""
        return list(self._held.values())

    def move(
        self,
        source_pk: int,
        target_pk: int,
        *,
        event: Event,
        rules: Rules,
        now: datetime,
        report: int,
    ) -> tuple[Row, Row]:
        """What ``event`` does to both, in memory; the speaker's row comes first.

        ``event.is_low_speaker`` must say whether ``source_pk`` is the smaller.
        """
        held = self.held(source_pk, target_pk)
        state, spoken, met = apply(held.state, event, rules=rules, now=now)
        held.put(state, (spoken, met), report=report)
        return spoken, met


def ordered(one_pk: int, other_pk: int) -> tuple[int, int]:
    """The key of a pair."""
    return (one_pk, other_pk) if one_pk < other_pk else (other_pk, one_pk)


def lock(pairs: Collection[tuple[int, int]]) -> PairBook:
    """These pairs of characters, in whichever order each is given, locked.

    Rows are locked by (lower, higher) primary key. Missing ones are made first, and
    before any pair is locked: whoever holds one row and makes another could wait for
    somebody who does it the other way round. Who holds a pair alone touches its two
    directions, so they need no lock of their own.
    """
    wanted = sorted({ordered(one, other) for one, other in pairs})
    if not wanted:
        return PairBook({})
    there = {
        key for rows in _among(wanted) for key in rows.values_list("low_id", "high_id")
    }
    missing = [key for key in wanted if key not in there]
    if missing:
        _make(missing)
    held: dict[tuple[int, int], HeldPair] = {}
    # The keys are sorted, so one slice after the other keeps the order of locks.
    for rows in _among(wanted):
        held |= _hold(rows)
    return PairBook({key: held[key] for key in wanted})


def _hold(rows: "QuerySet[Pair]") -> dict[tuple[int, int], HeldPair]:
    """These pairs, locked by (lower, higher), with both directions."""
    locked = rows.select_for_update(no_key=True, of=("self",)).annotate(
        low_name=F("low__character_id"), high_name=F("high__character_id")
    )
    found = {row.pk: row for row in locked.order_by("low", "high")}
    directions: dict[int, dict[int, Affinity]] = {}
    for feeling in Affinity.objects.filter(pair__in=found):
        directions.setdefault(feeling.pair_id, {})[feeling.source_id] = feeling
    held = {}
    for row in found.values():
        low = directions[row.pk][row.low_id]
        high = directions[row.pk][row.high_id]
        held[row.low_id, row.high_id] = HeldPair(
            pair=row,
            low=low,
            high=high,
            names=(row.low_name, row.high_name),
            state=state_of(row, low, high),
        )
    return held


def save(
    book: PairBook,
    *,
    event_ids: Mapping[int, int],
    bands: Sequence[Band],
    now: datetime,
) -> None:
    """Write what was moved, and tell about it.

    ``event_ids`` maps the ``report`` of each ``move`` to the primary key of its row;
    ``bands`` are those in force, for the announcement.
    """
    held = [each for each in book.all() if each.rows]
    if not held:
        return
    ledger = []
    for each in held:
        for report, row in each.rows:
            row.event_id = None if report is None else event_ids[report]
            ledger.append(row)
        each.rows = []
        each.store()
    Pair.objects.bulk_create(
        [each.pair for each in held],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["tension", "tension_at"],
    )
    Affinity.objects.bulk_create(
        [row for each in held for row in (each.low, each.high)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=FEELING_FIELDS,
    )
    LedgerRow.objects.bulk_create(ledger)
    feelings_changed((op for each in held for op in each.ops(bands=bands)), now=now)


def _among(keys: Sequence[tuple[int, int]]) -> "Iterator[QuerySet[Pair]]":
    """The rows of these pairs, in slices: one condition for each lower character."""
    for start in range(0, len(keys), ASKED_AT_ONCE):
        higher: dict[int, list[int]] = {}
        for low, high in keys[start : start + ASKED_AT_ONCE]:
            higher.setdefault(low, []).append(high)
        wanted = Q()
        for low, highs in higher.items():
            wanted |= Q(low=low, high__in=highs)
        yield Pair.objects.filter(wanted)


def _make(keys: Sequence[tuple[int, int]]) -> None:
    """Make the rows of pairs that have none; somebody else may be about to as well."""
    Pair.objects.bulk_create(
        [Pair(low_id=low, high_id=high) for low, high in keys], ignore_conflicts=True
    )
    Affinity.objects.bulk_create(
        [
            Affinity(pair_id=pk, source_id=source, target_id=target)
            for rows in _among(keys)
            for pk, low, high in rows.order_by("low", "high").values_list(
                "pk", "low_id", "high_id"
            )
            for source, target in ((low, high), (high, low))
        ],
        ignore_conflicts=True,
    )
