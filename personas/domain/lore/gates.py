"""What stops an entry before chance and budgets: its switches and its keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from personas.domain.lore.indexing import Ready
from personas.domain.lore.scanning import Hit, KeyTable
from personas.domain.lore.sheets import Logic, Position
from personas.domain.lore.tracing import Cause, Gate


class Told(NamedTuple):
    """A key in another entry's text: the entry's number, and in which round."""

    parent: int
    round_number: int


class Verdict(NamedTuple):
    """The gate that stopped an entry, if one did; what brought it there; its key."""

    gate: Gate | None = None
    cause: Cause | None = None
    key: int | None = None


@dataclass(slots=True)
class Sight:
    """Everything seen so far, and for whom.

    In ``said``, a passage counts messages from the newest, which is 0. ``level`` is
    the highest ``delay_until_recursion`` that may enter by now.
    """

    tables: tuple[KeyTable, ...]
    names: frozenset[str]
    tags: frozenset[str]
    said: dict[int, Hit] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)
    level: int = 0

    def hit(self, key: int, *, one: Ready) -> Hit | None:
        """Where the entry sees the key in a message."""
        found = self.said.get(key)
        return None if found is None or found.passage >= one.scan_depth else found

    def place(self, found: Verdict, *, one: Ready) -> Hit | None:
        """Where in a message the verdict's key is; ``None`` if an entry told it."""
        if found.key is None:
            return None
        if found.gate is Gate.TOO_FAR_BACK:
            return self.said[found.key]
        return self.hit(found.key, one=one)

    def sees(self, key: int, *, one: Ready) -> bool:
        """Whether the entry sees the key anywhere."""
        is_told = one.may_be_woken and key in self.told
        return is_told or self.hit(key, one=one) is not None

    def first(self, keys: Iterable[int], *, one: Ready) -> int | None:
        """The first of these keys that the entry sees."""
        return next((key for key in keys if self.sees(key, one=one)), None)

    def written(self, key: int) -> str | None:
        """The key with names put in; ``None`` if those leave nothing of it."""
        found = (table.keys[key].text for table in self.tables if key in table.keys)
        return next(found, None)

    def unsupported(self, key: int) -> str:
        """Why the key can never match; empty if it can."""
        found = (
            table.unsupported[key] for table in self.tables if key in table.unsupported
        )
        return next(found, "")


def verdict(one: Ready, *, sight: Sight) -> Verdict:
    """How far the entry comes by what was seen so far."""
    gate = _barred(one, sight=sight)
    if gate is not None:
        return Verdict(gate)
    if one.decorations.is_activated:
        return Verdict(cause=Cause.DECORATOR)
    if one.sheet.is_constant:
        gate = _too_early(one, sight=sight)
        if gate is not None:
            return Verdict(gate)
        return Verdict(_conditioned(one, sight=sight), Cause.CONSTANT)
    gate = _too_early(one, sight=sight) if one.keys else Gate.NO_KEYS
    if gate is not None:
        return Verdict(gate)
    key = sight.first(one.keys, one=one)
    if key is None:
        return _unseen(one, sight=sight)
    if one.secondary and not _agrees(one, sight=sight):
        return Verdict(Gate.SECONDARY_KEYS, Cause.KEY, key)
    return Verdict(_conditioned(one, sight=sight), Cause.KEY, key)


def _barred(one: Ready, *, sight: Sight) -> Gate | None:
    if not one.sheet.is_enabled:
        return Gate.DISABLED
    if not _is_for(one, sight=sight):
        return Gate.CHARACTER
    if one.position is Position.OUTLET:
        return Gate.OUTLET
    return Gate.DONT_ACTIVATE if one.decorations.is_deactivated else None


def _is_for(one: Ready, *, sight: Sight) -> bool:
    """Where both names and tags are given, both must agree."""
    wants = not one.sheet.character_filter.is_exclude
    if one.for_names and bool(one.for_names & sight.names) is not wants:
        return False
    return not one.for_tags or bool(one.for_tags & sight.tags) is wants


def _unseen(one: Ready, *, sight: Sight) -> Verdict:
    if all(map(sight.unsupported, one.keys)):
        return Verdict(Gate.UNSUPPORTED)
    said = (key for key in one.keys if key in sight.said)
    nearest = min(said, key=lambda key: sight.said[key].passage, default=None)
    if nearest is not None:
        return Verdict(Gate.TOO_FAR_BACK, None, nearest)
    hidden = next((key for key in one.keys if key in sight.told), None)
    return Verdict(Gate.KEY if hidden is None else Gate.NOT_BY_ENTRIES, None, hidden)


def _too_early(one: Ready, *, sight: Sight) -> Gate | None:
    delay = one.sheet.delay_until_recursion
    is_early = delay > sight.level or (delay > 0 and not one.may_be_woken)
    return Gate.ONLY_BY_ENTRIES if is_early else None


def _agrees(one: Ready, *, sight: Sight) -> bool:
    seen = [sight.sees(key, one=one) for key in one.secondary]
    match one.sheet.logic:
        case Logic.AND_ALL:
            return all(seen)
        case Logic.NOT_ALL:
            return not all(seen)
        case Logic.NOT_ANY:
            return not any(seen)
    return any(seen)


def _conditioned(one: Ready, *, sight: Sight) -> Gate | None:
    if not (one.additional or one.excluded):
        return None
    if one.additional and sight.first(one.additional, one=one) is None:
        return Gate.ADDITIONAL_KEYS
    is_excluded = sight.first(one.excluded, one=one) is not None
    return Gate.EXCLUDED_KEY if is_excluded else None
