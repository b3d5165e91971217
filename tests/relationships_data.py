"""Rows of feelings for tests, as reports would have left them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from personas.models import Character, Framework
from relationships.models import Affinity, LedgerRow, Pair
from tests.factories import NOW, make_framework


def make_cast(names: Iterable[str], **fields) -> list[Character]:
    """Characters by id, in three statements however many there are."""
    framework = Framework.objects.filter(framework_id="neuro").first()
    if framework is None:
        framework = make_framework("neuro")
    rows = [
        Character(
            character_id=name,
            framework=framework,
            draft_hash="0" * 64,
            created_at=NOW,
            updated_at=NOW,
            **{"display_name": name.title(), **fields},
        )
        for name in names
    ]
    return Character.objects.bulk_create(rows, batch_size=50)


def make_feelings(
    points: Mapping[tuple[str, str], float],
    *,
    at: datetime = NOW,
    resting: float = 0,
    tension: float = 0,
    events: int = 1,
    has_ledger: bool = True,
    **traits: int,
) -> dict[tuple[str, str], Affinity]:
    """``(source, target)`` → what the one feels, stored at ``at``, in points.

    Characters that are not there yet are made. Each direction has one ledger row,
    of a compliment, or what came before if this is called again.
    """
    names = {name for key in points for name in key}
    known = set(
        Character.objects.filter(character_id__in=names).values_list(
            "character_id", flat=True
        )
    )
    make_cast(sorted(names - known))
    pks = dict(
        Character.objects.filter(character_id__in=names).values_list(
            "character_id", "pk"
        )
    )
    wanted = {
        (pks[source], pks[target]): round(1_000 * value)
        for (source, target), value in points.items()
    }
    pairs = _pairs(wanted, tension=round(1_000 * tension), at=at)
    known_rows = {(row.source_id, row.target_id): row for row in Affinity.objects.all()}
    rows, new, before = {}, [], {}
    for (low, high), pair in pairs.items():
        for key in ((low, high), (high, low)):
            row = known_rows.get(key)
            if row is None:
                row = Affinity(pair=pair, source_id=key[0], target_id=key[1])
                new.append(row)
            rows[key] = row
            before[key] = row.stored
            if key not in wanted:
                continue
            row.stored, row.updated_at = wanted[key], at
            row.resting = round(1_000 * resting)
            row.seq += 1
            row.events += events
            for name, value in traits.items():
                setattr(row, name, value)
    Affinity.objects.bulk_create(new, batch_size=500)
    Affinity.objects.bulk_update(
        [rows[key] for key in wanted if key in known_rows],
        ["stored", "updated_at", "resting", "seq", "events", *traits],
        batch_size=500,
    )
    LedgerRow.objects.bulk_create(
        [
            _ledger_row(rows[key], before=before[key], tension=round(1_000 * tension))
            for key in wanted
            if has_ledger
        ],
        batch_size=500,
    )
    by_pk = {pk: name for name, pk in pks.items()}
    return {(by_pk[s], by_pk[t]): rows[s, t] for s, t in wanted}


def make_circle(
    count: int, *, at: datetime = NOW, has_ledger: bool = True
) -> list[str]:
    """So many characters, each of whom feels something for each other one."""
    names = [f"c{number:03}" for number in range(count)]
    make_feelings(
        {
            (one, other): ((7 * a + 13 * b) % 201 - 100) / 10
            for a, one in enumerate(names)
            for b, other in enumerate(names)
            if a != b
        },
        at=at,
        has_ledger=has_ledger,
    )
    return names


def _pairs(
    wanted: Iterable[tuple[int, int]], *, tension: int, at: datetime
) -> dict[tuple[int, int], Pair]:
    keys = {(min(key), max(key)) for key in wanted}
    Pair.objects.bulk_create(
        [
            Pair(low_id=low, high_id=high, tension=tension, tension_at=at)
            for low, high in sorted(keys)
        ],
        update_conflicts=True,
        unique_fields=["low", "high"],
        update_fields=["tension", "tension_at"],
        batch_size=500,
    )
    return {
        (pair.low_id, pair.high_id): pair
        for pair in Pair.objects.all()
        if (pair.low_id, pair.high_id) in keys
    }


def _ledger_row(row: Affinity, *, before: int, tension: int) -> LedgerRow:
    change = row.stored - before
    return LedgerRow(
        affinity=row,
        seq=row.seq,
        at=row.updated_at,
        cause=LedgerRow.Cause.EVENT,
        kind="compliment",
        is_speaker=row.source_id < row.target_id,
        base=change,
        wanted=change,
        change=change,
        before=before,
        after=row.stored,
        resting=row.resting,
        tension=tension,
        warmth=row.warmth,
        trust=row.trust,
        respect=row.respect,
        rivalry=row.rivalry,
        events=row.events,
    )
