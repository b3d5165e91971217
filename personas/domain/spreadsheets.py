"""CSV files: written for spreadsheets, and read back from what these make of them.

Written: UTF-8 with a byte order mark, commas, CR LF. A cell that a spreadsheet
would take for a formula (``=``, ``+``, ``-``, ``@``, tab, CR) gets an apostrophe in
front, and so does one that begins with an apostrophe. Read: one such apostrophe is
taken off again, so that every text comes back as it was.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

GUARD: Final = "'"
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", GUARD)
_DELIMITERS: Final = ",;\t"
_MOST_BLANK: Final = 10_000


class BadFile(Exception):
    """The file cannot be read as a table; says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, and the number of the line on which it begins."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header and its rows."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]


def guarded(text: str, /) -> str:
    """The text so that no spreadsheet runs it as a formula."""
    return GUARD + text if text.startswith(_RISKY) else text


def unguarded(text: str, /) -> str:
    """The text that ``guarded`` was given."""
    is_guarded = text.startswith(GUARD) and text[1:].startswith(_RISKY)
    return text[1:] if is_guarded else text


def written(
    header: Sequence[str],
    /,
    *,
    rows: Iterable[Sequence[str]],
    plain: frozenset[int] = frozenset(),
) -> bytes:
    """A CSV file; the columns at the places ``plain`` hold numbers, unguarded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            cell if at in plain else guarded(cell) for at, cell in enumerate(row)
        )
    return out.getvalue().encode("utf-8-sig")


def read(data: bytes, /, *, most_rows: int) -> Table:
    """The rows of a CSV file with commas, semicolons or tabs; blank ones left out.

    Raises:
        BadFile: it is no such file, or has more than ``most_rows`` rows, or too
            many blank ones.
    """
    text = _decoded(data)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    # A cell may be as long as a text may; the file's own size is limited before.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Line] = []
    before = blank = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Line(before + 1, tuple(map(unguarded, cells))))
            else:
                blank += 1
            before = reader.line_num
            if len(rows) > most_rows + 1:
                raise BadFile(f"Split the file: it has more than {most_rows:,} rows.")
            if blank > _MOST_BLANK:
                raise BadFile(
                    f"Remove blank lines: the file has more than {_MOST_BLANK:,}."
                )
    except csv.Error as error:
        raise BadFile(
            f"Line {reader.line_num} cannot be read: check its quotation marks."
        ) from error
    if not rows:
        raise BadFile("The file is empty. Upload one that was downloaded here.")
    header = tuple(cell.strip() for cell in rows[0].cells)
    return Table(header, tuple(rows[1:]))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile(_SAVE_AS)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadFile(f"Line {line} is not UTF-8. {_SAVE_AS}") from error
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        raise BadFile(f"Line {line} holds a NUL character; this is no CSV file.")
    return text


_SAVE_AS: Final = "Save it as “CSV UTF-8” in the spreadsheet, then upload that file."
