"""Who could answer, by label: kept in each process, recorded when it changed.

The rosters follow the catalog's snapshot and are patched with it, so that publishing
one character costs the same however many there are. A record names versions, which
never change; so any roster that was ever decided with can be built again.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction

from personas.api.answering import check_label
from personas.catalog import Entry, Snapshot, catalog, routing_facts
from personas.domain.sheets import ReplyMode
from personas.models import CharacterVersion
from personas.models.labels import PRODUCTION, STAGING
from relationships.domain.amounts import milli_of
from routing.domain.messages import Activity
from routing.domain.roster import Member, Roster
from routing.models import Roster as RosterRow

DEEPEST: Final = 64
"""A roster that would have so many below it is recorded whole."""
KEPT_KEYS: Final = 1_000
"""Recorded rosters whose primary keys a process remembers."""
_VERSIONS_AT_ONCE: Final = 500


# -- Following the catalog -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Current:
    """Rosters of one snapshot; those of labels that nobody asked for are not made."""

    snapshot: Snapshot
    by_label: dict[str, Roster] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The roster of a label that was recorded last."""

    pk: int
    depth: int
    roster: Roster


class Rosters:
    """A process's own. Safe to use from any thread."""

    def __init__(self) -> None:
        self._current: _Current | None = None
        self._making = threading.Lock()
        self._keys: dict[str, int] = {}
        self._last: dict[str, _Recorded] = {}

    def follow(self, snapshot: Snapshot, changed: frozenset[str] | None) -> None:
        """For ``Catalog.follow``."""
        with self._making:
            old = self._current
            if changed is None or old is None:
                # It may be another database: what has which key is not known any more.
                self._keys, self._last = {}, {}
                self._current = _Current(snapshot)
                return
            by_label = {
                label: _patched(roster, snapshot, label=label, changed=changed)
                for label, roster in old.by_label.items()
            }
            self._current = _Current(snapshot, by_label)

    def read(self, label: str) -> tuple[Snapshot, Roster, bool]:
        """The snapshot, the roster made of it, and whether they are known to be
        current.

        Raises:
            Problem: not_labelled.
        """
        _, is_fresh = catalog.read()
        current = self._current
        roster = None if current is None else current.by_label.get(label)
        if current is None or roster is None:
            current, roster = self._made(label)
        return current.snapshot, roster, is_fresh

    def _made(self, label: str) -> tuple[_Current, Roster]:
        with self._making:
            current = self._current
            assert current is not None, "The catalog was read."  # noqa: S101
            roster = current.by_label.get(label)
            if roster is None:
                if label not in {PRODUCTION, STAGING}:
                    check_label(label, snapshot=current.snapshot)
                entries = current.snapshot.labelled(label)
                roster = Roster.of(_member_of(e) for e in entries if e.is_active)
                # Replaced, not added to: others may be reading it.
                by_label = {**current.by_label, label: roster}
                current = self._current = _Current(current.snapshot, by_label)
        return current, roster

    # -- Recording -------------------------------------------------------------------

    def key_of(self, roster: Roster, *, label: str, now: datetime) -> int:
        """Within a transaction: the primary key of the record of ``roster``."""
        pk = self._keys.get(roster.digest)
        if pk is not None:
            return pk
        found = RosterRow.objects.filter(digest=roster.digest).values_list(
            "pk", "depth"
        )
        known = found.first()
        if known is None:
            row = self._row(roster, label=label, now=now)
            # Another process may just have recorded the same one.
            RosterRow.objects.bulk_create([row], ignore_conflicts=True)
            known = found.get()
        recorded = _Recorded(*known, roster)
        keys, last = self._keys, self._last
        # Only then it is there for everybody.
        transaction.on_commit(partial(_keep, keys, last, recorded, label))
        return recorded.pk

    def _row(self, roster: Roster, *, label: str, now: datetime) -> RosterRow:
        last = self._last.get(label)
        if last is not None and last.depth + 1 < DEEPEST:
            changes = _difference(last.roster, roster)
            if 2 * (len(changes["set"]) + len(changes["drop"])) <= len(roster.members):
                return RosterRow(
                    digest=roster.digest,
                    base_id=last.pk,
                    depth=last.depth + 1,
                    changes=changes,
                    created_at=now,
                )
        versions = {name: each.version for name, each in roster.members.items()}
        return RosterRow(
            digest=roster.digest,
            changes={"set": dict(sorted(versions.items())), "drop": []},
            created_at=now,
        )


def _keep(
    keys: dict[str, int], last: dict[str, _Recorded], recorded: _Recorded, label: str
) -> None:
    """Remember a key, and forget the oldest if there are too many."""
    keys[recorded.roster.digest] = recorded.pk
    last[label] = recorded
    if len(keys) > KEPT_KEYS:
        keys.pop(next(iter(keys)), None)


def _difference(before: Roster, after: Roster) -> dict[str, Any]:
    old, new = before.members, after.members
    return {
        "set": {
            name: member.version
            for name, member in sorted(new.items())
            if name not in old or old[name].version != member.version
        },
        "drop": sorted(name for name in old if name not in new),
    }


def _patched(
    roster: Roster, snapshot: Snapshot, *, label: str, changed: Iterable[str]
) -> Roster:
    put, drop = [], []
    for name in changed:
        entry = snapshot.entry(name, label=label)
        if entry is not None and entry.is_active:
            put.append(_member_of(entry))
        elif name in roster.members:
            drop.append(name)
    return roster.patched(put=put, drop=drop) if put or drop else roster


def _member_of(entry: Entry) -> Member:
    return _member(entry.character_id, version=entry.version_pk, facts=entry.routing)


def _member(character_id: str, *, version: int, facts: Mapping[str, Any]) -> Member:
    return Member(
        character_id=character_id,
        version=version,
        weight=milli_of(facts["weight"]),
        names=tuple(facts["names"]),
        interests=tuple(facts["interests"]),
        avoidances=tuple(facts["avoidances"]),
        domain=facts["domain"],
        channels=tuple(facts["channels"]),
        activities=tuple(
            Activity(name=each["name"], category=each["category"])
            for each in facts["activities"]
        ),
        # Sheets hold its text.
        reply_mode=ReplyMode(facts["reply_mode"]),
    )


ROSTERS: Final = Rosters()
"""This process's own."""
catalog.follow(ROSTERS.follow)


# -- Building recorded rosters again -------------------------------------------------

_CHAIN: Final = """
    WITH RECURSIVE chain(id, base_id) AS (
        SELECT id, base_id FROM routing_roster WHERE id = %s
        UNION ALL
        SELECT below.id, below.base_id
        FROM routing_roster below JOIN chain ON below.id = chain.base_id
    )
    SELECT routing_roster.* FROM routing_roster JOIN chain
    ON routing_roster.id = chain.id ORDER BY routing_roster.depth
"""


class Rebuilder:
    """Rosters as they were recorded; what it has built, it builds once."""

    def __init__(self) -> None:
        self._rosters: dict[int, Roster] = {}
        self._members: dict[int, Member] = {}

    def rebuilt(self, roster_pk: int) -> Roster:
        """The roster of a record, from the immutable versions alone."""
        roster = self._rosters.get(roster_pk)
        if roster is None:
            versions = _versions_of(roster_pk)
            self._load(versions)
            roster = Roster.of(self._members[pk] for pk in versions.values())
            self._rosters[roster_pk] = roster
        return roster

    def _load(self, versions: Mapping[str, int]) -> None:
        missing = {pk: key for key, pk in versions.items() if pk not in self._members}
        for some in _parts(sorted(missing)):
            rows = CharacterVersion.objects.filter(pk__in=some)
            for version in rows.select_related("growth"):
                facts = routing_facts(version)
                self._members[version.pk] = _member(
                    missing[version.pk], version=version.pk, facts=facts
                )


def _versions_of(roster_pk: int) -> dict[str, int]:
    """Character id → version's primary key, of a recorded roster."""
    versions: dict[str, int] = {}
    for row in RosterRow.objects.raw(_CHAIN, [roster_pk]):
        for name in row.changes["drop"]:
            versions.pop(name, None)
        versions.update(row.changes["set"])
    return versions


def _parts(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), _VERSIONS_AT_ONCE):
        yield pks[start : start + _VERSIONS_AT_ONCE]
