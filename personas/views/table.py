"""The table: plain fields of many characters, changed cell by cell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import limits
from core.access import allows
from core.people import may
from core.roles import Action
from core.views.requests import page_of, signed_in
from personas.domain.cells import COLUMNS, LIST_RULE, SHOWN_FIRST, Column, Kind
from personas.domain.spreadsheets import BadFile
from personas.models import Character, Framework
from personas.services import tables, tables_csv
from personas.services.tables import Edit, Row, Status
from personas.views import filtering, saved_filters
from personas.views.shown import Face, face_of

COLUMN: Final = "column"
_ID: Final = re.compile(rf"[a-z0-9_-]{{1,{limits.SLUG_LENGTH}}}")
_MARK_LENGTH: Final = 12

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as a control; ``theirs`` is what somebody else saved meanwhile."""

    name: str
    column: Column
    text: str
    options: Options = ()
    problem: str = ""
    theirs: str | None = None
    saved: str | None = None

    @property
    def lines(self) -> int:
        """How many lines its box shows before it is entered."""
        return min(3, 1 + max(self.text.count("\n"), len(self.text) // 60))

    @property
    def is_text(self) -> bool:
        return self.column.kind in {Kind.TEXT, Kind.TERMS}

    @property
    def is_number(self) -> bool:
        return self.column.kind in {Kind.NUMBER, Kind.WHOLE}


@dataclass(frozen=True, slots=True)
class Line:
    """One character in the table."""

    character: Character
    face: Face
    revision: int
    marks: str
    cells: list[Cell]
    message: str = ""
    status: str = ""

    @property
    def is_locked(self) -> bool:
        return self.character.is_archived


def columns_of(data: QueryDict, /) -> list[Column]:
    """The columns that were chosen, in their own order; the usual ones if none."""
    wanted = set(data.getlist(COLUMN)) & set(COLUMNS)
    return [COLUMNS[path] for path in COLUMNS if path in (wanted or SHOWN_FIRST)]


def parameters(data: QueryDict, /) -> dict[str, str]:
    """The part of an address that the list of characters knows too."""
    kept = filtering.kept_part(data.urlencode(), of=saved_filters.CHARACTERS)
    return dict(parse_qsl(kept))


@allows(GET=Action.SEE, POST=Action.EDIT_DRAFTS)
def character_table(request: HttpRequest) -> HttpResponse:
    """The table; by POST, saving what was changed in it."""
    if request.method == "POST":
        return _save(request)
    rows = filtering.chosen(parameters(request.GET)).for_sheets()
    page = page_of(request, rows=rows)
    columns = columns_of(request.GET)
    lines = [_line(character, columns=columns) for character in page.object_list]
    return _show(request, data=request.GET, columns=columns, lines=lines, page=page)


@allows(GET=Action.IMPORT)
def character_table_csv(request: HttpRequest) -> HttpResponse:
    """All characters that the address asks for, as a CSV file."""
    paths = [column.path for column in columns_of(request.GET)]
    rows = filtering.chosen(parameters(request.GET)).for_sheets()
    try:
        count = rows.count()
        if count > limits.TABLE_ROWS:
            raise BadFile(
                f"These are {count:,} characters, more than the {limits.TABLE_ROWS:,}"
                " that a file can hold. Filter them first."
            )
        data = tables_csv.written(rows, paths=paths)
    except BadFile as error:
        messages.error(request, str(error))
        return redirect(_address(request.GET))
    name = f"characters-{timezone.now():%Y-%m-%d}.csv"
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


# -- Saving --------------------------------------------------------------------------


def _save(request: HttpRequest) -> HttpResponse:
    columns = columns_of(request.POST)
    edits = [
        _edit(request.POST, character_id=character_id, columns=columns)
        for character_id in _ids(request.POST)
    ]
    planned = tables.planned(edits)
    rows = tables.save(planned, actor=signed_in(request), now=timezone.now())
    saved = sum(row.status == Status.SAVED for row in rows)
    refused = [row for row in rows if row.is_refused]
    if saved:
        _tell(request, saved=saved)
    if not refused:
        if not saved:
            messages.info(request, "Nothing was changed.")
        return redirect(_address(request.POST, page=request.POST.get("page", "")))
    lines = _lines_of(rows, columns=columns)
    is_wrong = any(row.status == Status.WRONG for row in refused)
    return _show(
        request,
        data=request.POST,
        columns=columns,
        lines=lines,
        refused=len(refused),
        status=422 if is_wrong else 412,
    )


def _tell(request: HttpRequest, *, saved: int) -> None:
    noun = "draft" if saved == 1 else "drafts"
    messages.success(request, f"{saved} {noun} saved. Bots do not see that yet.")


def _ids(data: QueryDict) -> list[str]:
    """The characters whose rows were sent, each once."""
    given = dict.fromkeys(data.getlist("row"))
    ids = [key for key in given if _ID.fullmatch(key)]
    return ids[: limits.PAGE_SIZE_MAX]


def _edit(data: QueryDict, *, character_id: str, columns: Sequence[Column]) -> Edit:
    revision = data.get(f"{character_id}.revision", "")
    is_number = revision.isascii() and revision.isdigit() and len(revision) < 10
    marks = data.get(f"{character_id}.marks", "").split(" ")
    names = [f"{character_id}.{column.path}" for column in columns]
    return Edit(
        character_id,
        int(revision) if is_number else None,
        texts={
            column.path: str(data[name]).replace("\0", "")
            for column, name in zip(columns, names, strict=True)
            if name in data
        },
        started_from={
            column.path: found
            for column, found in zip(columns, marks, strict=False)
            if len(found) == _MARK_LENGTH
        },
    )


# -- Showing -------------------------------------------------------------------------


def _line(character: Character, *, columns: Sequence[Column]) -> Line:
    paths = [column.path for column in columns]
    texts = tables.texts_of(character.to_sheet(), paths=paths)
    cells = [
        Cell(f"{character.character_id}.{column.path}", column, texts[column.path])
        for column in columns
    ]
    return Line(
        character,
        face_of(character),
        character.revision,
        _marks(texts, columns=columns),
        cells,
    )


def _marks(texts: Mapping[str, str], *, columns: Sequence[Column]) -> str:
    return " ".join(tables.mark(texts[column.path]) for column in columns)


_MESSAGES: Final[Mapping[Status, str]] = {
    Status.STALE: (
        "Somebody saved this row meanwhile. What you typed is still here, with"
        " theirs below it; save again to put yours in its place."
    ),
    Status.WRONG: "Not saved. Change what is marked, then save again.",
    Status.ARCHIVED: "It is archived by now. Restore it to change it.",
    Status.SAVED: "Saved.",
}


def _lines_of(rows: Sequence[Row], *, columns: Sequence[Column]) -> list[Line]:
    """The rows that were sent, as they are now, with what was typed in them."""
    found = {
        character.character_id: character
        for character in Character.objects.for_sheets().filter(
            character_id__in=[row.edit.character_id for row in rows]
        )
    }
    lines = []
    for row in rows:
        character = found.get(row.edit.character_id)
        if character is None:
            continue
        line = _line(character, columns=columns)
        own = row.problems.get("", "")
        lines.append(
            Line(
                character,
                line.face,
                line.revision,
                line.marks,
                [_cell(cell, row=row) for cell in line.cells],
                message=f"{_MESSAGES.get(row.status, '')} {own}".strip(),
                status=row.status.value,
            )
        )
    return lines


def _cell(cell: Cell, *, row: Row) -> Cell:
    """The cell of a fresh line, with what was typed into it where that is open."""
    path = cell.column.path
    if not row.is_refused or path not in {change.path for change in row.changes}:
        return cell
    return Cell(
        cell.name,
        cell.column,
        row.edit.texts[path],
        problem=row.problems.get(path, ""),
        theirs=cell.text if row.status == Status.STALE else None,
        saved=cell.text,
    )


def _show(
    request: HttpRequest,
    *,
    data: QueryDict,
    columns: Sequence[Column],
    lines: Sequence[Line],
    page: Any = None,
    refused: int = 0,
    status: int = 200,
) -> HttpResponse:
    known = parameters(data)
    frameworks = list(
        Framework.objects.active()
        .order_by("name", "framework_id")
        .values_list("framework_id", "name")
    )
    context = {
        "columns": columns,
        "all_columns": [(column, column in columns) for column in COLUMNS.values()],
        "lines": [_with_options(line, frameworks=frameworks) for line in lines],
        "page": page,
        "page_number": page.number if page else data.get("page", ""),
        "refused": refused,
        "known": known,
        "words": known.get(SEARCH_VAR, ""),
        "frameworks": frameworks,
        "query": urlencode(known),
        "query_with_columns": _query(data),
        "may_edit": may(request.user, action=Action.EDIT_DRAFTS),
        "may_import": may(request.user, action=Action.IMPORT),
        "list_rule": LIST_RULE,
        **saved_filters.chips(request, page="table"),
    }
    return render(request, "personas/table.html", context, status=status)


def _with_options(line: Line, *, frameworks: Options) -> Line:
    for at, cell in enumerate(line.cells):
        options = _options(cell, frameworks=frameworks)
        if options:
            line.cells[at] = Cell(
                cell.name,
                cell.column,
                cell.text,
                options=options,
                problem=cell.problem,
                theirs=cell.theirs,
                saved=cell.saved,
            )
    return line


def _options(cell: Cell, *, frameworks: Options) -> Options:
    """What can be chosen in a cell, always what stands in it among that."""
    if cell.column.kind == Kind.FRAMEWORK:
        options = list(frameworks)
    elif cell.column.kind == Kind.CHOICE:
        options = [(o, o.replace("_", " ").capitalize()) for o in cell.column.options]
    else:
        return ()
    if cell.text not in {value for value, _ in options}:
        options.insert(0, (cell.text, cell.text))
    return options


def _query(data: QueryDict, *, page: str = "") -> str:
    """The parameters of this table again: what is filtered, and the columns."""
    pairs = list(parameters(data).items())
    pairs += [(COLUMN, path) for path in data.getlist(COLUMN) if path in COLUMNS]
    if page.isascii() and page.isdigit():
        pairs.append(("page", page))
    return urlencode(pairs)


def _address(data: QueryDict, *, page: str = "") -> str:
    query = _query(data, page=page)
    url = reverse("personas:character-table")
    return f"{url}?{query}" if query else url
