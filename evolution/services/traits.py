"""The traits that drift: changed one at a time, never lost.

The table is a setting of dated rows (``core.policy``); each change here is a new
one, so that any earlier table can be put back. Later drifts follow the new table;
what has drifted so far stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from core import policy
from core.models import PolicySetting, User
from core.policy import ChangedMeanwhile, InvalidValue
from evolution.domain.drifting import TraitSpec
from evolution.policy import PERSONA_TRAITS
from personas.domain.canonical import sheet_hash

NEW: Final = ""
"""What an edit started from that began with nothing."""
_TRIES: Final = 5

Table = tuple[TraitSpec, ...]


class NotValid(Exception):
    """The table would break a rule, which the message states."""


class EditedMeanwhile(Exception):
    """The trait is not any more what the edit started from; nothing was written.

    ``theirs`` is what it is now, ``None`` if somebody removed it.
    """

    def __init__(self, message: str, *, theirs: TraitSpec | None) -> None:
        super().__init__(message)
        self.theirs = theirs


class NoSuchTable(Exception):
    """There is no such earlier table, or this release no longer allows it."""


@dataclass(frozen=True, slots=True)
class Current:
    """The table in force; ``row_id`` of the setting, 0 for the default."""

    table: Table
    row_id: int

    def find(self, trait: str) -> TraitSpec | None:
        return next((spec for spec in self.table if spec.trait == trait), None)


def current() -> Current:
    """From the database, so that an edit starts from what is really there."""
    row = policy.newest_row(PERSONA_TRAITS)
    return Current(table=table_of(row), row_id=row.pk if row else 0)


def table_of(row: PolicySetting | None) -> Table:
    """The table that a row of the setting holds; ``None`` is the default.

    The default too if this release no longer allows it.
    """
    spec = policy.spec_of(PERSONA_TRAITS)
    table: Table = spec.default
    if row is not None:
        try:
            table = spec.read(row.value)
        except ValidationError:
            return table
    return table


def started_from(spec: TraitSpec | None) -> str:
    """What a form keeps, so that saving knows whether the trait is still the same."""
    return NEW if spec is None else sheet_hash(spec)


def save(spec: TraitSpec, *, started: str, actor: User | None, now: datetime) -> None:
    """Put a trait in the place of the one with its id, or at the end of the table.

    ``started`` is what ``started_from`` said when the edit began.

    Raises:
        EditedMeanwhile: the trait is another by now.
        NotValid: the table would break a rule.
    """

    def change(now_there: Current) -> Table:
        theirs = now_there.find(spec.trait)
        if started_from(theirs) != started:
            raise EditedMeanwhile(_meanwhile(spec, theirs=theirs), theirs=theirs)
        if theirs is None:
            return (*now_there.table, spec)
        return tuple(spec if row is theirs else row for row in now_there.table)

    _write(change, actor=actor, now=now)


def remove(trait: str, *, started: str, actor: User | None, now: datetime) -> None:
    """Take a trait out of the table; one that is gone already changes nothing.

    Raises:
        EditedMeanwhile: the trait is another by now.
    """

    def change(now_there: Current) -> Table:
        theirs = now_there.find(trait)
        if theirs is not None and started_from(theirs) != started:
            raise EditedMeanwhile(
                f"Somebody changed {theirs.name} in the meantime; look at it again.",
                theirs=theirs,
            )
        return tuple(row for row in now_there.table if row is not theirs)

    _write(change, actor=actor, now=now)


def put_back(
    row_id: int, *, instead_of: int, actor: User | None, now: datetime
) -> None:
    """Have an earlier table again; both are primary keys, 0 is the default.

    Raises:
        NoSuchTable: no row of the setting has this key, or it is not valid now.
        ChangedMeanwhile: ``instead_of`` is not in force any more.
    """
    spec = policy.spec_of(PERSONA_TRAITS)
    table: Table = spec.default
    if row_id:
        row = policy.history(PERSONA_TRAITS).filter(pk=row_id).first()
        try:
            table = spec.read(row.value if row else None)
        except ValidationError as error:
            raise NoSuchTable("There is no such earlier table.") from error
    policy.set_value(
        name=PERSONA_TRAITS, value=table, actor=actor, now=now, based_on=instead_of
    )


def _write(
    change: Callable[[Current], Table], *, actor: User | None, now: datetime
) -> None:
    for _ in range(_TRIES):
        found = current()
        try:
            policy.set_value(
                name=PERSONA_TRAITS,
                value=change(found),
                actor=actor,
                now=now,
                based_on=found.row_id,
            )
        except ChangedMeanwhile:
            # Perhaps another trait of the table: look again.
            continue
        except InvalidValue as error:
            raise NotValid(str(error)) from error
        return
    raise NotValid("Others keep changing the table just now; save again.")


def _meanwhile(mine: TraitSpec, *, theirs: TraitSpec | None) -> str:
    if theirs is None:
        return f"Somebody removed {mine.name} in the meantime."
    return f"Somebody changed {theirs.name} in the meantime."
