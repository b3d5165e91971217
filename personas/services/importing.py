"""Import at once: files become drafts without a question, each with a report.

What a file holds is read and stored as every import does it (``import_parsing``,
``import_storing``); here a folder of files is taken as a whole.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from core.models import User
from personas.domain.canonical import is_same
from personas.domain.dialects import ParsedCharacter, ParsedFramework, UnreadableFile
from personas.domain.lore.reading import ParsedBook
from personas.domain.remarks import Remark
from personas.domain.sheets import SLUG_PATTERN
from personas.models import Character, Framework, Lorebook
from personas.services import (
    drafts,
    import_books,
    import_storing,
    imports,
    lorebooks,
    sandbox,
)
from personas.services.import_parsing import Incoming, parsed
from personas.services.import_storing import By, Row, Stored


class Status(StrEnum):
    """What became of a file."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to import: its name for the report, its bytes, and its neighbours.

    ``read_text`` gives the bytes of a file beside it, or ``None``.
    """

    name: str
    stem: str
    raw: bytes
    read_text: Callable[[str], bytes | None]
    problem: str = ""  # why the bytes could not be had


@dataclass(frozen=True, slots=True)
class FileReport:
    """One line of the report, and what it says of each field.

    ``kind`` is character, framework, lorebook, or empty if that could not be told.
    """

    name: str
    status: Status
    kind: str = ""
    object_id: str = ""
    dialect: str = ""
    reason: str = ""
    remarks: tuple[Remark, ...] = field(default=())


_REFUSALS = (
    UnreadableFile,
    drafts.Archived,
    drafts.IdTaken,
    drafts.StaleRevision,
    drafts.UnknownFramework,
    lorebooks.StaleBook,
    lorebooks.TooManyEntries,
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read."""

    name: str
    incoming: Incoming
    source: SourceFile

    @property
    def object_id(self) -> str:
        """The file's own id, else what the file is called: folders go by that."""
        content = self.incoming.card.content
        if isinstance(content, ParsedCharacter):
            return content.character_id
        is_book = isinstance(content, ParsedBook)
        is_id = is_book and re.fullmatch(SLUG_PATTERN, self.source.stem)
        return self.source.stem if is_id else self.incoming.object_id

    @property
    def key(self) -> tuple[str, str]:
        """Files with one key are about the same."""
        return self.incoming.kind, self.object_id


def import_files(
    files: Iterable[SourceFile],
    *,
    replace_existing: bool,
    actor: User | None,
    now: datetime,
) -> list[FileReport]:
    """Import frameworks, lorebooks, then characters; a bad file stops nobody else.

    Existing ids with other content are refused unless ``replace_existing``. Of
    several files with one id the last wins, and importing all of them again
    changes nothing.
    """
    reports: list[FileReport] = []
    read: list[_File] = []
    for file in files:
        try:
            read.append(_File(file.name, _parse(file), file))
        except (UnreadableFile, sandbox.Busy) as error:
            pointer = getattr(error, "pointer", "")
            where = f" (at {pointer})" if pointer else ""
            reports.append(
                FileReport(file.name, Status.REFUSED, reason=f"{error}{where}")
            )
    for kind in (ParsedFramework, ParsedBook, ParsedCharacter):
        chosen = [f for f in read if isinstance(f.incoming.card.content, kind)]
        left = _settled_aside(chosen, to=reports)
        reports += [
            _import(file, replace_existing=replace_existing, actor=actor, now=now)
            for file in left
        ]
    return reports


def _parse(file: SourceFile) -> Incoming:
    if file.problem:
        raise UnreadableFile(file.problem)
    return parsed(file.raw, name=file.name, read_text=file.read_text)


def _settled_aside(files: Sequence[_File], *, to: list[FileReport]) -> list[_File]:
    """Report files whose id a later file has, if the draft is what that one says.

    Otherwise importing the same folder again would change the draft to and fro.
    """
    last = {file.key: file for file in files}
    several = {f.key for f in files if last[f.key] is not f}
    settled = {key for key in several if _says(last[key])}
    left = []
    for file in files:
        winner = last[file.key]
        if file is winner or file.key not in settled:
            left.append(file)
            continue
        reason = f"“{winner.name}” has the same id and is what the draft says."
        to.append(replace(_report(file), reason=reason))
    return left


def _report(file: _File) -> FileReport:
    """An unchanged file; what else became of it is put in later."""
    return FileReport(
        file.name,
        Status.UNCHANGED,
        kind=file.incoming.kind,
        object_id=file.object_id,
        dialect=file.incoming.dialect,
        remarks=file.incoming.remarks,
    )


def _says(file: _File) -> bool:
    """Whether what is here is what the file says."""
    try:
        found = _current(file)
        if found is None:
            return False
        return _unchanged(file.incoming, current=found) is not None
    except UnreadableFile:
        return False


def _current(file: _File) -> Row | None:
    """What has the file's id; of lorebooks first what was made of the same content."""
    content, object_id = file.incoming.card.content, file.object_id
    if isinstance(content, ParsedBook):
        same_id = Lorebook.objects.filter(book_id=object_id)
        return import_books.known(content) or same_id.first()
    if isinstance(content, ParsedFramework):
        return Framework.objects.filter(framework_id=object_id).first()
    return Character.objects.for_sheets().filter(character_id=object_id).first()


def _unchanged(incoming: Incoming, *, current: Row) -> tuple[Remark, ...] | None:
    """The remarks on a file that changes nothing; ``None`` if it would.

    Raises:
        UnreadableFile: there is no framework at all.
    """
    match incoming.card.content, current:
        case ParsedFramework() as content, Framework():
            is_equal = is_same(current.to_sheet(), content.sheet)
        case ParsedBook() as content, Lorebook():
            is_equal = import_books.known(content) is not None
        case _, Character():
            plan = import_storing.unchanged(incoming, current=current)
            return plan.remarks if plan is not None else None
        case _:
            is_equal = False
    return incoming.remarks if is_equal else None


def _import(
    file: _File, *, replace_existing: bool, actor: User | None, now: datetime
) -> FileReport:
    report, incoming = _report(file), file.incoming
    try:
        with transaction.atomic():
            current = _current(file)
            if current is not None:
                remarks = _unchanged(incoming, current=current)
                if remarks is not None:
                    return replace(report, remarks=remarks)
                if not replace_existing:
                    return replace(
                        report, status=Status.REFUSED, reason=_taken(str(current))
                    )
            kept = imports.kept(file.source.raw, name=file.name, now=now)
            stored = _stored(file, current=current, by=By(actor, now, kept))
    except _REFUSALS as error:
        return replace(report, status=Status.REFUSED, reason=str(error))
    return replace(
        report,
        status=Status.NEW if current is None else Status.CHANGED,
        object_id=stored.object_id,
        remarks=stored.remarks,
    )


def _taken(name: str) -> str:
    return (
        f"The id belongs to “{name}”, whose content differs."
        " Import again with --replace to change its draft."
    )


def _stored(file: _File, *, current: Row | None, by: By) -> Stored:
    """Raises whatever of ``_REFUSALS``."""
    if current is None:
        return import_storing.create(file.incoming, object_id=file.object_id, by=by)
    return import_storing.change(file.incoming, current=current, by=by)
