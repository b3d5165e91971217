"""The table of characters as a CSV file, and back."""

from collections.abc import Iterable, Sequence
from typing import Final

from core import limits
from personas.domain import spreadsheets
from personas.domain.cells import COLUMNS, Kind
from personas.domain.spreadsheets import BadFile, Line
from personas.models import Character
from personas.services.tables import Edit, texts_of

ID: Final = "character_id"
REVISION: Final = "revision"
_KEYS: Final = (ID, REVISION)
_PLAIN: Final = {Kind.NUMBER, Kind.WHOLE}
_NAMED: Final = 5


def written(characters: Iterable[Character], /, *, paths: Sequence[str]) -> bytes:
    """Ids, revisions and the columns ``paths``; load the rows with ``for_sheets``.

    Raises:
        BadFile: it would be larger than what can be uploaded again.
    """
    header = [*_KEYS, *paths]
    plain = frozenset(
        at for at, name in enumerate(header) if name in _KEYS or _is_number(name)
    )
    rows = (
        [c.character_id, str(c.revision), *texts_of(c.to_sheet(), paths=paths).values()]
        for c in characters
    )
    data = spreadsheets.written(header, rows=rows, plain=plain)
    if len(data) > limits.TABLE_BYTES:
        raise BadFile(
            f"This table would have {len(data) // 1000:,} KB, more than the"
            f" {limits.TABLE_BYTES // 1000:,} KB that can be uploaded again. Choose"
            " fewer columns or characters."
        )
    return data


def _is_number(path: str) -> bool:
    return COLUMNS[path].kind in _PLAIN


def read(data: bytes, /) -> list[Edit]:
    """The rows of an uploaded file.

    Raises:
        BadFile: what is wrong with the file as a whole, and what to do.
    """
    if len(data) > limits.TABLE_BYTES:
        most = limits.TABLE_BYTES // 1000
        raise BadFile(f"Split the file: it has more than {most:,} KB.")
    table = spreadsheets.read(data, most_rows=limits.TABLE_ROWS)
    header = _paths(table.header)
    edits = [_edit(line, header=header) for line in table.lines]
    if not edits:
        raise BadFile("The file has a header and no rows. Add rows below it.")
    first: dict[str, int] = {}
    for edit in edits:
        if edit.character_id in first:
            raise BadFile(
                f"Lines {first[edit.character_id]} and {edit.line} are both about"
                f" “{edit.character_id}”. Keep one of them."
            )
        first[edit.character_id] = edit.line
    return edits


def _paths(header: Sequence[str]) -> list[str]:
    """What each column holds; titles are taken for names.

    Raises:
        BadFile: a column is missing, unknown or there twice.
    """
    by_title = {column.title.casefold(): path for path, column in COLUMNS.items()}
    names = [
        name if name in {*_KEYS, *COLUMNS} else by_title.get(name.casefold(), name)
        for name in header
    ]
    # Spreadsheets may leave empty columns at the end.
    while names and not names[-1]:
        names.pop()
    for key in _KEYS:
        if key not in names:
            raise BadFile(
                f"The first line has no column “{key}”. Download the table and change"
                " that file, so that its first line names the columns."
            )
    unknown = [n for n in names if n not in {*_KEYS, *COLUMNS}]
    if unknown:
        listed = ", ".join(f"“{name[:60]}”" for name in unknown[:_NAMED])
        raise BadFile(f"Remove or rename columns that are not known: {listed}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"Keep one column of each name; twice there: {', '.join(twice)}.")
    if len(names) == len(_KEYS):
        raise BadFile("There is nothing to change: add columns beside id and revision.")
    return names


def _edit(line: Line, *, header: Sequence[str]) -> Edit:
    """Raises BadFile."""
    cells = list(line.cells)
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        raise BadFile(
            f"Line {line.number} has {len(cells)} cells, and the first line has"
            f" {len(header)}. Put cells that hold a separator into quotation marks."
        )
    found = dict(zip(header, cells, strict=True))
    character_id, revision = found.pop(ID).strip(), found.pop(REVISION).strip()
    if not character_id:
        raise BadFile(f"Line {line.number} has no {ID}. Add it or remove the line.")
    is_number = revision.isascii() and revision.isdigit() and len(revision) < 10
    if not is_number:
        raise BadFile(
            f"Line {line.number}: the revision is no number. Leave it as it was"
            " downloaded; it tells what you started from."
        )
    return Edit(character_id, int(revision), found, line=line.number)
