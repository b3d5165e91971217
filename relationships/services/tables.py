"""The tables that managers edit: kinds, bands, words; one row at a time.

Each table is a setting of dated rows (``core.policy``); each change here is a new
one, so that any earlier table can be put back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from core import policy
from core.models import PolicySetting, User
from core.policy import ChangedMeanwhile, InvalidValue
from personas.domain.canonical import sheet_hash
from personas.domain.sheets import Sheet
from relationships.domain.bands import Band
from relationships.domain.kinds import Kind
from relationships.domain.traits import TraitWord
from relationships.policy import (
    INTERACTION_KINDS,
    RELATIONSHIP_BANDS,
    RELATIONSHIP_TRAIT_WORDS,
)

NEW: Final = ""
"""What an edit started from that began with nothing."""
_TRIES: Final = 5

Rows = tuple[Sheet, ...]


class NotValid(Exception):
    """The table would break a rule, which the message states."""


class EditedMeanwhile(Exception):
    """The row is not any more what the edit started from; nothing was written.

    ``theirs`` is what it is now, ``None`` if somebody removed it.
    """

    def __init__(self, message: str, *, theirs: Sheet | None) -> None:
        super().__init__(message)
        self.theirs = theirs


class NoSuchTable(Exception):
    """There is no such earlier table, or this release no longer allows it."""


@dataclass(frozen=True, slots=True)
class Table:
    """An editable table: its setting, and what tells a row from the others."""

    setting: str
    model: type[Sheet]
    key: Callable[[Any], str]
    name: Callable[[Any], str]


KINDS: Final = Table(
    setting=INTERACTION_KINDS,
    model=Kind,
    key=lambda row: str(row.kind),
    name=lambda row: str(row.title),
)
BANDS: Final = Table(
    setting=RELATIONSHIP_BANDS,
    model=Band,
    key=lambda row: str(row.band),
    name=lambda row: str(row.title),
)
TRAIT_WORDS: Final = Table(
    setting=RELATIONSHIP_TRAIT_WORDS,
    model=TraitWord,
    key=lambda row: str(row.key),
    name=lambda row: f"{row.trait.capitalize()} from {row.at:g}".replace("-", "−"),
)


@dataclass(frozen=True, slots=True)
class Current:
    """The rows in force; ``row_id`` of the setting, 0 for the default."""

    table: Table
    rows: Rows
    row_id: int

    def find(self, key: str) -> Sheet | None:
        return next((row for row in self.rows if self.table.key(row) == key), None)


def current(table: Table) -> Current:
    """From the database, so that an edit starts from what is really there."""
    row = policy.newest_row(table.setting)
    return Current(
        table=table, rows=rows_of(row, table=table), row_id=row.pk if row else 0
    )


def rows_of(row: PolicySetting | None, *, table: Table) -> Rows:
    """The rows that a row of the setting holds; ``None`` is the default.

    The default too if this release no longer allows them.
    """
    spec = policy.spec_of(table.setting)
    rows: Rows = spec.default
    if row is not None:
        try:
            rows = spec.read(row.value)
        except ValidationError:
            return rows
    return rows


def started_from(row: Sheet | None) -> str:
    """What a form keeps, so that saving knows whether the row is still the same."""
    return NEW if row is None else sheet_hash(row)


def save(
    row: Sheet,
    *,
    table: Table,
    replaces: str,
    started: str,
    actor: User | None,
    now: datetime,
) -> None:
    """Put ``row`` in the place of the one with the key ``replaces``, else at the end.

    ``started`` is what ``started_from`` said when the edit began.

    Raises:
        EditedMeanwhile: the row is another by now.
        NotValid: the table would break a rule.
    """

    def change(found: Current) -> Rows:
        theirs = found.find(replaces)
        if started_from(theirs) != started:
            message = _meanwhile(row, theirs=theirs, table=table)
            raise EditedMeanwhile(message, theirs=theirs)
        if theirs is None:
            return (*found.rows, row)
        return tuple(row if each is theirs else each for each in found.rows)

    _write(table, change, actor=actor, now=now)


def remove(
    key: str, *, table: Table, started: str, actor: User | None, now: datetime
) -> None:
    """Take a row out of the table; one that is gone already changes nothing.

    What it once did stays in the ledger.

    Raises:
        EditedMeanwhile: the row is another by now.
        NotValid: the table would break a rule.
    """

    def change(found: Current) -> Rows:
        theirs = found.find(key)
        if theirs is not None and started_from(theirs) != started:
            raise EditedMeanwhile(
                f"Somebody changed {table.name(theirs)} in the meantime; look at it"
                " again.",
                theirs=theirs,
            )
        return tuple(row for row in found.rows if row is not theirs)

    _write(table, change, actor=actor, now=now)


def put_back(
    row_id: int, *, table: Table, instead_of: int, actor: User | None, now: datetime
) -> None:
    """Have an earlier table again; both are primary keys, 0 is the default.

    Raises:
        NoSuchTable: no row of the setting has this key, or it is not valid now.
        ChangedMeanwhile: ``instead_of`` is not in force any more.
    """
    spec = policy.spec_of(table.setting)
    rows: Rows = spec.default
    if row_id:
        row = policy.history(table.setting).filter(pk=row_id).first()
        try:
            rows = spec.read(row.value if row else None)
        except ValidationError as error:
            raise NoSuchTable("There is no such earlier table.") from error
    policy.set_value(
        name=table.setting, value=rows, actor=actor, now=now, based_on=instead_of
    )


def _write(
    table: Table,
    change: Callable[[Current], Rows],
    *,
    actor: User | None,
    now: datetime,
) -> None:
    for _ in range(_TRIES):
        found = current(table)
        try:
            policy.set_value(
                name=table.setting,
                value=change(found),
                actor=actor,
                now=now,
                based_on=found.row_id,
            )
        except ChangedMeanwhile:
            # Perhaps another row of the table: look again.
            continue
        except InvalidValue as error:
            raise NotValid(str(error)) from error
        return
    raise NotValid("Others keep changing the table just now; save again.")


def _meanwhile(mine: Sheet, *, theirs: Sheet | None, table: Table) -> str:
    if theirs is None:
        return f"Somebody removed {table.name(mine)} in the meantime."
    return f"Somebody changed {table.name(theirs)} in the meantime."
