"""Rows of the ledger as pages list them: both directions of one event in one entry."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final, Self

from django.db.models import Q, QuerySet

from relationships import policy, reports
from relationships.models import LedgerRow
from relationships.views.ledger_words import Told, title_of, told
from relationships.views.shown import Who

PAGE: Final = 30
"""Entries of one page."""
LOOKED_THROUGH: Final = 3_000
"""Rows that are read at most to find those of one page."""
_WINDOW: Final = 500
_DIGITS: Final = 18
_LAG: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LAST: Final = 253_402_300_799_999_999  # The last microsecond of the year 9999.
_ICONS: Final[Mapping[str, str]] = {
    LedgerRow.Cause.EVENT: "mask",
    LedgerRow.Cause.SET: "edit",
    LedgerRow.Cause.RESET: "undo",
    LedgerRow.Cause.RESTING: "moon",
    LedgerRow.Cause.VOID: "archive",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the ledger: everything older is on the next page."""

    at: datetime
    pk: int

    @property
    def text(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.pk}"

    @classmethod
    def read(cls, text: str, /) -> Self | None:
        """``None`` if the text is no cursor."""
        at, _, pk = text.partition("-")
        if not all(
            part.isascii() and part.isdigit() and len(part) <= _DIGITS
            for part in (at, pk)
        ):
            return None
        if int(at) > _LAST:
            return None
        return cls(at=_EPOCH + int(at) * _MICROSECOND, pk=int(pk))

    @classmethod
    def of(cls, row: LedgerRow, /) -> Self:
        return cls(at=row.at, pk=row.pk)

    def older(self, rows: "QuerySet[LedgerRow]", /) -> "QuerySet[LedgerRow]":
        """The rows behind it."""
        # The first condition is what an index of times can use.
        return rows.filter(at__lte=self.at).exclude(at=self.at, pk__gte=self.pk)


@dataclass(frozen=True, slots=True)
class Side:
    """What an entry did to one direction."""

    source: Who
    target: Who
    told: Told
    seq: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened between two characters, with what it moved.

    ``source`` is who acted, or whose feeling was changed by hand; the side of
    ``source`` comes first. ``folded`` counts older rows of that day that were
    compacted into it; ``is_void`` says that the report was taken back.
    """

    row: LedgerRow
    title: str
    icon: str
    source: Who
    target: Who
    sides: tuple[Side, ...]
    folded: int
    is_void: bool

    @property
    def is_event(self) -> bool:
        return self.row.cause == LedgerRow.Cause.EVENT

    @property
    def at(self) -> datetime:
        return self.row.at

    @property
    def bands(self) -> list[Side]:
        """The sides that entered another band."""
        return [side for side in self.sides if side.told.band]

    def side_of(self, source_id: int) -> Side | None:
        """What it did to what ``source_id``, a primary key, feels."""
        found = (side for side in self.sides if side.source.pk == source_id)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins, if there may be one.

    ``is_cut`` says that so many rows were looked through for these that it stopped.
    """

    entries: list[Entry]
    older: Cursor | None
    is_cut: bool = False

    @property
    def days(self) -> list[tuple[date, list[Entry]]]:
        """The entries by UTC day."""
        grouped = groupby(
            self.entries, key=lambda entry: entry.at.astimezone(UTC).date()
        )
        return [(day, list(entries)) for day, entries in grouped]


# -- Reading ---------------------------------------------------------------------------


def newest(
    *,
    until: datetime | None,
    before: Cursor | None,
    keep: Callable[[LedgerRow], bool],
    who: Mapping[int, Who],
    size: int = PAGE,
) -> Page:
    """What happened between anybody, of the rows that ``keep`` accepts.

    ``until`` is a moment of the past, or ``None`` for now. Few queries, however
    many entries there are.
    """
    rows = LedgerRow.objects.filter(_speaks())
    found: list[LedgerRow] = []
    looked, asked = 0, size + 2
    while True:
        window = _window(rows, until=until, before=before, size=asked)
        looked += len(window)
        found += [row for row in window if keep(row)]
        heads, fits = _happenings(found, size=size)
        if fits < len(found):
            return Page(_entries(heads, who=who), older=Cursor.of(found[fits - 1]))
        if len(window) < asked:
            return Page(_entries(heads, who=who), older=None)
        before = Cursor.of(window[-1])
        if looked >= LOOKED_THROUGH:
            return Page(_entries(heads, who=who), older=before, is_cut=True)
        asked = _WINDOW


def between(
    affinities: Collection[int],
    *,
    until: datetime | None,
    before: Cursor | None,
    who: Mapping[int, Who],
    size: int = PAGE,
) -> Page:
    """What happened between two, by the primary keys of both directions."""
    found: list[LedgerRow] = []
    for affinity_id in affinities:
        # One by one: for each, an index has its newest rows in order.
        rows = LedgerRow.objects.filter(_speaks(), affinity=affinity_id)
        found += _window(rows, until=until, before=before, size=size + 2)
    found.sort(key=lambda row: (row.at, row.pk), reverse=True)
    heads, fits = _happenings(found, size=size)
    older = Cursor.of(found[fits - 1]) if fits < len(found) else None
    return Page(_entries(heads, who=who), older=older)


def _speaks() -> Q:
    """One row of each event, but for what compaction left alone."""
    return Q(event_id__isnull=True) | Q(is_speaker=True) | Q(folded__gt=0)


def _window(
    rows: "QuerySet[LedgerRow]",
    *,
    until: datetime | None,
    before: Cursor | None,
    size: int,
) -> list[LedgerRow]:
    if until is not None:
        rows = rows.filter(at__lte=until)
    if before is not None:
        rows = before.older(rows)
    return list(rows.select_related("affinity").order_by("-at", "-pk")[:size])


def _happenings(
    rows: Sequence[LedgerRow], *, size: int
) -> tuple[list[list[LedgerRow]], int]:
    """Rows of one happening together, at most ``size``; and how many rows fit."""
    together: dict[object, list[LedgerRow]] = {}
    for fits, row in enumerate(rows):
        key = _happening(row)
        if key not in together and len(together) == size:
            return list(together.values()), fits
        together.setdefault(key, []).append(row)
    return list(together.values()), len(rows)


def _happening(row: LedgerRow) -> object:
    """What rows of one happening have in common."""
    if row.event_id is not None:
        return row.event_id
    if row.cause in (LedgerRow.Cause.RESET, LedgerRow.Cause.VOID):
        return (row.at, row.cause, row.affinity.pair_id)
    return ("row", row.pk)


# -- Entries ---------------------------------------------------------------------------


def _entries(
    happenings: Iterable[list[LedgerRow]], *, who: Mapping[int, Who]
) -> list[Entry]:
    """Both directions of each, with the other half of events read now."""
    happenings = list(happenings)
    shown = [row for rows in happenings for row in rows]
    others = _other_halves(shown)
    words = _Words(
        kinds={key: kind.title for key, kind in policy.known_kinds().items()},
        bands={band.band: band.title for band in policy.known_rules().bands},
        void=_void(shown),
    )
    return [
        _entry([*rows, *others.get(rows[0].event_id, [])], who=who, words=words)
        for rows in happenings
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    """Titles of kinds and bands by id, and which events are void."""

    kinds: Mapping[str, str]
    bands: Mapping[str, str]
    void: Collection[int]


def _void(shown: Sequence[LedgerRow]) -> set[int]:
    """The voided ones among the reports of these rows, and others."""
    reported = [row for row in shown if row.event_id is not None]
    if not reported:
        return set()
    # A row is never older than its report, and hardly younger.
    since = min(row.at for row in reported) - _LAG
    return reports.voided(
        {pk for r in reported for pk in (r.affinity.source_id, r.affinity.target_id)},
        since=since,
    )


def _other_halves(shown: Sequence[LedgerRow]) -> dict[int | None, list[LedgerRow]]:
    """By event, the rows of it that are not shown yet."""
    here = {row.pk for row in shown}
    events = {row.event_id for row in shown if row.event_id is not None}
    found: defaultdict[int | None, list[LedgerRow]] = defaultdict(list)
    if events:
        rows = LedgerRow.objects.filter(event_id__in=events)
        for row in rows.select_related("affinity").order_by("pk"):
            if row.pk not in here:
                found[row.event_id].append(row)
    return found


def _entry(
    rows: Iterable[LedgerRow], *, who: Mapping[int, Who], words: _Words
) -> Entry:
    # Who acted first; by number where nobody did, so that it stays so.
    ordered = sorted(rows, key=lambda row: (not row.is_speaker, row.affinity.source_id))
    first = ordered[0]
    is_met = first.cause == LedgerRow.Cause.EVENT and not first.is_speaker
    source, target = who[first.affinity.source_id], who[first.affinity.target_id]
    return Entry(
        row=first,
        title=title_of(first, kinds=words.kinds),
        icon=_ICONS[first.cause],
        # Where only the row of who was met is left, the other one acted.
        source=target if is_met else source,
        target=source if is_met else target,
        sides=tuple(
            Side(
                source=who[row.affinity.source_id],
                target=who[row.affinity.target_id],
                told=told(row, bands=words.bands),
                seq=row.seq,
            )
            for row in ordered
        ),
        folded=max(row.folded for row in ordered),
        is_void=first.event_id in words.void,
    )
