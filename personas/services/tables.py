"""Many drafts changed cell by cell: what would change, then saving row by row.

Each row is saved by itself and with its revision, so that one that was edited
meanwhile, or is wrong, stops no other.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from pydantic import ValidationError as SheetError

from core import limits
from core.models import User
from core.sheet_forms.blueprint import Blueprint
from core.sheet_forms.words import explain
from personas.domain import cells
from personas.domain.canonical import is_same
from personas.domain.cells import COLUMNS, Kind, Unreadable
from personas.domain.sheets import CharacterSheet
from personas.models import Character, Framework
from personas.services import drafts

_ATTEMPTS: Final = 3
_ROW: Final = ""
"""The place of what is wrong with a row as a whole."""


class Status(StrEnum):
    """What a row would become, or became."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    SAVED = "saved"
    STALE = "stale"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Edit:
    """A row as somebody wrote it.

    ``texts`` maps paths to the text of cells. ``started_from`` maps paths to the
    ``mark`` of what the cell held when it was shown; without it only the revision
    tells whether somebody else edited the row. ``line`` is that of a file.
    """

    character_id: str
    revision: int | None
    texts: Mapping[str, str]
    started_from: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs from the draft."""

    path: str
    before: str
    after: str

    @property
    def title(self) -> str:
        return COLUMNS[self.path].title


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one edit.

    ``revision`` and ``current`` are those of the draft as it is now; ``texts`` are
    the cells as they should be shown again. ``problems`` maps paths to what is
    wrong; the empty path stands for the row.
    """

    edit: Edit
    status: Status
    name: str = ""
    revision: int = 0
    current: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    sheet: CharacterSheet | None = None

    @property
    def is_refused(self) -> bool:
        """Whether it was written, and cannot be saved as it is."""
        return self.status not in {Status.UNCHANGED, Status.CHANGED, Status.SAVED}

    def problem_lines(self) -> list[tuple[str, str]]:
        """(title of the column, what is wrong), the row's own first."""
        return [
            (COLUMNS[path].title if path else "", text)
            for path, text in sorted(self.problems.items())
        ]


def mark(text: str, /) -> str:
    """A short digest of a cell's text, whichever way its lines end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def texts_of(sheet: CharacterSheet, /, *, paths: Iterable[str]) -> dict[str, str]:
    """Path → the text of its cell."""
    values = sheet.model_dump(mode="json")
    return {
        path: cells.shown(cells.value_at(values, path=path), kind=COLUMNS[path].kind)
        for path in paths
    }


def planned(edits: Sequence[Edit], /) -> list[Row]:
    """What saving the edits would do, in their order; nothing is written."""
    found = {
        character.character_id: character
        for character in Character.objects.for_sheets().filter(
            character_id__in=[edit.character_id for edit in edits]
        )
    }
    frameworks = set(Framework.objects.active().values_list("framework_id", flat=True))
    return [
        _planned(edit, found.get(edit.character_id), frameworks=frameworks)
        for edit in edits
    ]


def _planned(edit: Edit, character: Character | None, *, frameworks: set[str]) -> Row:
    if character is None:
        return Row(edit, Status.UNKNOWN, texts=edit.texts)
    sheet = character.to_sheet()
    current = texts_of(sheet, paths=edit.texts)
    wanted = {p: t for p, t in edit.texts.items() if _is_written(edit, p, current[p])}
    row = Row(
        edit,
        Status.UNCHANGED,
        name=character.display_name,
        revision=character.revision,
        current=current,
        texts={**current, **wanted},
        changes=tuple(Change(p, current[p], t) for p, t in wanted.items()),
    )
    if not wanted:
        return row
    if character.is_archived:
        return replace(row, status=Status.ARCHIVED)
    if edit.revision != character.revision and _overlaps(edit, wanted, current):
        return replace(row, status=Status.STALE)
    return _judged(row, sheet=sheet, frameworks=frameworks)


def _is_written(edit: Edit, path: str, current: str) -> bool:
    """Whether somebody wrote something else than the draft has, on purpose."""
    text = edit.texts[path]
    if cells.is_same_text(text, current):
        return False
    return edit.started_from.get(path) != mark(text)


def _overlaps(
    edit: Edit, wanted: Mapping[str, str], current: Mapping[str, str]
) -> bool:
    """Whether a cell that was written here was also changed by somebody else.

    Where it is not known what a cell held before, any other edit may have.
    """
    return any(edit.started_from.get(path) != mark(current[path]) for path in wanted)


def _judged(row: Row, *, sheet: CharacterSheet, frameworks: set[str]) -> Row:
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for change in row.changes:
        try:
            values[change.path] = _value(change, frameworks=frameworks)
        except Unreadable as error:
            problems[change.path] = str(error)
    made = None
    if not problems:
        dumped = sheet.model_dump(mode="json")
        try:
            made = CharacterSheet.model_validate(
                cells.with_values(dumped, changes=values)
            )
        except SheetError as error:
            problems = _placed(error, paths=values)
    if made is None:
        return replace(row, status=Status.WRONG, problems=problems)
    if is_same(made, sheet):
        return replace(row, status=Status.UNCHANGED, texts=row.current, changes=())
    return replace(row, status=Status.CHANGED, sheet=made)


def _value(change: Change, *, frameworks: set[str]) -> Any:
    """The value of a cell, within the limits of its field.

    Raises:
        Unreadable: it is none.
    """
    kind = COLUMNS[change.path].kind
    value = cells.read(change.after, kind=kind)
    if kind == Kind.FRAMEWORK and value not in frameworks:
        raise Unreadable(f"There is no framework “{value}” in use. Choose another.")
    if kind == Kind.TERMS and len(value) > limits.LIST_ITEMS:
        # To find and tell what is wrong with each would take long.
        raise Unreadable(
            f"Keep at most {limits.LIST_ITEMS:,} items; here are {len(value):,}."
        )
    judgement = _blueprint(change.path).judge_value(value)
    if judgement.problems:
        told = [
            f"{p.where}: {p.message}" if p.where else p.message
            for p in judgement.problems[:3]
        ]
        raise Unreadable(" ".join(told))
    return judgement.value


@cache
def _blueprint(path: str) -> Blueprint:
    """Who judges the values of one field, in words."""
    model: Any = CharacterSheet
    *parents, last = path.split(".")
    for key in parents:
        model = model.model_fields[key].annotation
    info = model.model_fields[last]
    return Blueprint.of(info.annotation, info=info, config=model.model_config)


def _placed(error: SheetError, *, paths: Iterable[str]) -> dict[str, str]:
    """The problems of a whole sheet, at the cells that they belong to."""
    problems: dict[str, str] = {}
    for item in error.errors(include_url=False):
        at = ".".join(str(key) for key in item["loc"])
        path = next((p for p in paths if at == p or at.startswith(f"{p}.")), _ROW)
        problems.setdefault(path, explain(item))
    return problems


def save(rows: Sequence[Row], /, *, actor: User, now: datetime) -> list[Row]:
    """Save what ``planned`` found changed; the others come back as they are."""
    return [_saved(row, actor=actor, now=now) for row in rows]


def _saved(row: Row, *, actor: User, now: datetime) -> Row:
    for _ in range(_ATTEMPTS):
        if row.status != Status.CHANGED or row.sheet is None:
            return row
        sheet = row.sheet
        try:
            saved = drafts.save_character(
                character_id=row.edit.character_id,
                sheet=sheet,
                revision=row.revision,
                actor=actor,
                now=now,
            )
        except drafts.StaleRevision:
            # Somebody was faster: their cells may be others than these.
            [row] = planned([row.edit])
        except drafts.Archived:
            return replace(row, status=Status.ARCHIVED)
        except drafts.UnknownFramework as error:
            return _wrong(row, path="framework_id", error=error)
        except drafts.UnknownPicture as error:
            return _wrong(row, path=_ROW, error=error)
        else:
            texts = texts_of(sheet, paths=row.texts)
            return replace(
                row,
                status=Status.SAVED,
                revision=saved.revision,
                current=texts,
                texts=texts,
            )
    return replace(row, status=Status.STALE)


def _wrong(row: Row, *, path: str, error: Exception) -> Row:
    return replace(row, status=Status.WRONG, problems={path: str(error)})
