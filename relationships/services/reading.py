"""What characters feel for each other, now or at any moment that has passed.

Amounts are thousandths, decayed to the moment. The number of queries is the same
for two characters and for two hundred, of whom each feels something for every other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from personas.catalog import Snapshot, catalog
from personas.models import Character
from personas.models.labels import PRODUCTION
from relationships import reports
from relationships.domain.amounts import MILLI
from relationships.domain.bands import band_of
from relationships.domain.compatibility import compatibility
from relationships.domain.fading import Fading
from relationships.domain.feelings import Rules
from relationships.domain.probability import Odds, odds
from relationships.models import Affinity, LedgerRow

RECENT: Final = timedelta(hours=24)


class UnknownCharacter(Exception):
    """There is no such character, or it is archived."""

    def __init__(self, character_id: str) -> None:
        super().__init__(f"There is no character {character_id[:80]!r}.")
        self.character_id = character_id


class SameCharacter(Exception):
    """Nobody feels anything for themselves."""


class Known(NamedTuple):
    """A character as lists show it; ``avatar`` is a picture's digest, or empty."""

    pk: int
    character_id: str
    display_name: str
    avatar: str
    is_active: bool


class Felt(NamedTuple):
    """What ``source`` feels for ``target`` at a moment; both are character ids.

    ``affinity`` and ``tension`` are of the moment, ``band`` is of ``affinity``;
    ``stored`` was the value at ``updated_at``, ``tension_stored`` at
    ``tension_at``. ``affinity_pk`` is 0 if they never met.
    """

    source: str
    target: str
    affinity: int = 0
    stored: int = 0
    updated_at: datetime | None = None
    resting: int = 0
    band: str = ""
    events: int = 0
    seq: int = 0
    warmth: int = 0
    trust: int = 0
    respect: int = 0
    rivalry: int = 0
    tension: int = 0
    tension_stored: int = 0
    tension_at: datetime | None = None
    affinity_pk: int = 0


@dataclass(frozen=True, slots=True)
class Both:
    """Two characters: ``forth`` is what the first feels, ``back`` the other."""

    forth: Felt
    back: Felt
    trigger_topics: tuple[str, ...]

    @property
    def tag(self) -> str:
        """What an edit starts from: the newest ledger rows of both directions."""
        return f"{self.forth.seq}-{self.back.seq}"


# -- Characters ----------------------------------------------------------------------


def characters() -> dict[int, Known]:
    """Those that are not archived by primary key, in the order of their ids.

    Whoever is published is called as its production version says.
    """
    snapshot, _ = catalog.read()
    rows = Character.objects.active().order_by("character_id")
    found = {}
    for pk, key, name, picture, is_active in rows.values_list(
        "pk", "character_id", "display_name", "picture_id", "is_active"
    ):
        entry = snapshot.entry(key, label=PRODUCTION)
        found[pk] = Known(
            pk=pk,
            character_id=key,
            display_name=entry.display_name if entry else name,
            avatar=(entry.avatar if entry else picture) or "",
            is_active=is_active,
        )
    return found


def shown(known: Mapping[int, Known], *, directions: Iterable[Felt]) -> list[Known]:
    """Of the ``known``, those that are published or feel, or are felt for."""
    snapshot, _ = catalog.read()
    met = {key for felt in directions for key in (felt.source, felt.target)}
    return [
        each
        for each in known.values()
        if each.character_id in met
        or snapshot.entry(each.character_id, label=PRODUCTION) is not None
    ]


# -- Everybody -----------------------------------------------------------------------


def all_felt(
    *,
    known: Mapping[int, Known],
    moment: datetime,
    rules: Rules,
    is_past: bool = False,
    least: int = 0,
) -> list[Felt]:
    """Every direction in which something ever happened, by the ids of both.

    ``known`` are the characters to tell of; ``least`` is the least absolute
    affinity. With ``is_past``, all is as the ledger has it at ``moment``; where its
    rows were compacted, as the day before ended.
    """
    names = {pk: each.character_id for pk, each in known.items()}
    rows = rows_at(moment) if is_past else _rows_now(rules)
    look = _Look(moment=moment, rules=rules)
    found = [
        look.felt(row, names[source], names[target])
        for source, target, row in rows
        if source in names and target in names
    ]
    if least:
        found = [felt for felt in found if abs(felt.affinity) >= least]
    # The ids of both come first, and no two rows have the same.
    found.sort()
    return found


class Stored(NamedTuple):
    """One direction as it was stored at ``updated_at``."""

    affinity_pk: int
    stored: int
    updated_at: datetime | None
    resting: int
    seq: int
    events: int
    warmth: int
    trust: int
    respect: int
    rivalry: int
    tension: int
    tension_at: datetime | None


_NOW: Final = (
    "pk",
    "stored",
    "updated_at",
    "resting",
    "seq",
    "events",
    "warmth",
    "trust",
    "respect",
    "rivalry",
    "pair__tension",
    "pair__tension_at",
)
_THEN: Final = (
    "affinity_id",
    "after",
    "at",
    "resting",
    "seq",
    "events",
    "warmth",
    "trust",
    "respect",
    "rivalry",
    "tension",
)
"""What of a ledger row says the same as a stored direction, whose times are one."""
_AT: Final = _THEN.index("at")


def _rows_now(rules: Rules) -> Iterator[tuple[int, int, Stored]]:
    # One that nothing ever happened to was made along with its opposite.
    rows = Affinity.objects.filter(seq__gt=0)
    for source, target, *values in rows.values_list("source_id", "target_id", *_NOW):
        yield source, target, _of_now(values, rules=rules)


def _of_now(values: Sequence[Any], *, rules: Rules) -> Stored:
    row = Stored._make(values)
    # Conflicts that are off are not read; rows of the past know it by themselves.
    return row if rules.conflicts_enabled else row._replace(tension=0)


def rows_at(moment: datetime) -> Iterator[tuple[int, int, Stored]]:
    """Source, target and what was stored then, as the ledger has it; not decayed."""
    # A look into the index for each direction costs the same however long the
    # ledger is; sorting the ledger does not.
    older = LedgerRow.objects.filter(affinity=OuterRef("pk"), at__lte=moment)
    newest = Subquery(older.order_by("-at", "-seq").values("pk")[:1])
    ids = Affinity.objects.values_list(newest)
    rows = LedgerRow.objects.filter(pk__in=ids)
    found = {
        (source, target): values
        for source, target, *values in rows.values_list(
            "affinity__source_id", "affinity__target_id", *_THEN
        )
    }
    for (source, target), values in found.items():
        # The tension is of both: the row that was written later knows it.
        other = found.get((target, source), values)
        later = other if other[_AT] > values[_AT] else values
        yield source, target, Stored._make((*values[:-1], later[-1], later[_AT]))


class _Look:
    """How stored feelings are at one moment."""

    def __init__(self, *, moment: datetime, rules: Rules) -> None:
        self._fading = Fading(now=moment, rates=rules.rates)
        self._bands = rules.bands
        self._known: dict[int, str] = {}

    def felt(self, row: Stored, source: str = "", target: str = "") -> Felt:
        """Decayed to the moment; ``source`` and ``target`` are character ids."""
        pk, stored, at, resting, seq, events, *traits, tension, since = row
        value = self._fading.value
        affinity = value(stored, since=at, resting=resting)
        left = value(tension, since=since, resting=0) if tension else 0
        # In the order of the fields, since there are very many.
        return Felt._make(
            (
                source,
                target,
                affinity,
                stored,
                at,
                resting,
                self.band(affinity),
                events,
                seq,
                *traits,
                left,
                tension,
                since,
                pk,
            )
        )

    def band(self, affinity: int) -> str:
        """Remembered: many feelings are the same number."""
        known = self._known.get(affinity)
        if known is None:
            known = band_of(affinity, bands=self._bands).band
            self._known[affinity] = known
        return known


# -- Two -----------------------------------------------------------------------------


def pks_of(*character_ids: str) -> list[int]:
    """Primary keys of characters, in the order asked, in one query.

    Raises:
        UnknownCharacter: one of them does not exist, or is archived.
    """
    # Postgres refuses to look for a NUL.
    wanted = [each for each in character_ids if "\x00" not in each]
    rows = Character.objects.active().filter(character_id__in=wanted)
    pks = dict(rows.values_list("character_id", "pk"))
    for character_id in character_ids:
        if character_id not in pks:
            raise UnknownCharacter(character_id)
    return [pks[character_id] for character_id in character_ids]


def two(source: str, target: str) -> tuple[int, int]:
    """Primary keys of two different characters.

    Raises:
        SameCharacter: they are one.
        UnknownCharacter: one of them does not exist, or is archived.
    """
    if source == target:
        pks_of(source)
        raise SameCharacter(f"{source} cannot feel for itself; name somebody else.")
    source_pk, target_pk = pks_of(source, target)
    return source_pk, target_pk


def between(source: str, target: str, *, moment: datetime, rules: Rules) -> Both:
    """What two feel for each other; zeros if they never met.

    Raises:
        SameCharacter: they are one.
        UnknownCharacter: one of them does not exist, or is archived.
    """
    pks = two(source, target)
    rows = Affinity.objects.filter(source__in=pks, target__in=pks)
    found: dict[int, Stored] = {}
    topics: Sequence[str] = ()
    for pk, triggers, *values in rows.values_list(
        "source_id", "pair__trigger_topics", *_NOW
    ):
        found[pk], topics = _of_now(values, rules=rules), triggers
    look = _Look(moment=moment, rules=rules)
    nothing = Felt("", "", band=look.band(0))
    forth, back = (look.felt(found[pk]) if pk in found else nothing for pk in pks)
    return Both(
        forth=forth._replace(source=source, target=target),
        back=back._replace(source=target, target=source),
        trigger_topics=tuple(topics),
    )


def felt_by(source: str, *, target: str, moment: datetime, rules: Rules) -> Felt:
    """One direction, in one query; zeros if nothing is known of the two."""
    rows = Affinity.objects.filter(
        source__character_id=source, target__character_id=target
    )
    look = _Look(moment=moment, rules=rules)
    for values in rows.values_list(*_NOW):
        felt = look.felt(_of_now(values, rules=rules))
        return felt._replace(source=source, target=target)
    return Felt(source, target, band=look.band(0))


def history(felt: Felt) -> QuerySet[LedgerRow]:
    """The ledger rows of one direction; order them by ``-seq``."""
    return LedgerRow.objects.filter(affinity=felt.affinity_pk)


# -- Chances -------------------------------------------------------------------------


def chances(
    source: str, *, seeds: Mapping[str, int], now: datetime, rules: Rules
) -> dict[str, Odds]:
    """The chance that ``source`` answers each of the keys of ``seeds``.

    Raises:
        SameCharacter: ``source`` is among them.
        UnknownCharacter: one of them does not exist, or is archived.
    """
    if source in seeds:
        pks_of(source)
        raise SameCharacter(f"{source} does not answer itself; name somebody else.")
    source_pk, *pks = pks_of(source, *seeds)
    look = _Look(moment=now, rules=rules)
    rows = Affinity.objects.filter(source=source_pk, target__in=pks)
    felt = {
        pk: look.felt(_of_now(values, rules=rules))
        for pk, *values in rows.values_list("target_id", *_NOW)
    }
    recent = recent_events([each.affinity_pk for each in felt.values()], now=now)
    nothing = Felt("", "")
    snapshot, _ = catalog.read()
    found = {}
    for pk, (target, seed) in zip(pks, seeds.items(), strict=True):
        each = felt.get(pk, nothing)
        found[target] = odds(
            affinity=each.affinity,
            tension=each.tension,
            recent_events=recent[each.affinity_pk],
            compatibility=_compatibility(snapshot, source, target),
            seed=seed,
        )
    return found


def recent_events(affinity_pks: Iterable[int], *, now: datetime) -> Counter[int]:
    """Direction → reports between the two that count, of the last 24 hours."""
    rows = LedgerRow.objects.filter(
        affinity__in=list(affinity_pks),
        event_id__isnull=False,
        at__gt=now - RECENT,
        at__lte=now,
    )
    found = list(
        rows.values_list(
            "affinity_id", "event_id", "affinity__source_id", "affinity__target_id"
        )
    )
    met = {pk for *_, source, target in found for pk in (source, target)}
    # Reports may be a little older than the rows that they led to.
    void = reports.voided(met, since=now - 2 * RECENT)
    return Counter(pk for pk, event_id, *_ in found if event_id not in void)


def compatibility_of(one: str, other: str) -> int:
    """How well two get along by their published sheets, in thousandths."""
    snapshot, _ = catalog.read()
    return _compatibility(snapshot, one, other)


def _compatibility(snapshot: Snapshot, one: str, other: str) -> int:
    entries = [snapshot.entry(key, label=PRODUCTION) for key in (one, other)]
    if None in entries:
        return MILLI
    a, b = (entry.routing for entry in entries if entry is not None)
    return compatibility(
        interests_a=a["interests"],
        avoidances_a=a["avoidances"],
        interests_b=b["interests"],
        avoidances_b=b["avoidances"],
    )
