"""Storing what files hold: the one way in which they become drafts.

Everything here runs in the caller's transaction; what was written before an error
goes with it. Nothing is published.
"""

from dataclasses import dataclass
from datetime import datetime

from core.models import User
from personas.domain.canonical import is_same
from personas.domain.dialects import ParsedCharacter, ParsedFramework, UnreadableFile
from personas.domain.lore.reading import ParsedBook
from personas.domain.remarks import Remark
from personas.domain.sheets import CharacterSheet
from personas.models import CardFile, Character, Framework, Lorebook
from personas.services import drafts, import_books, pictures
from personas.services.import_files import keep_name, safe_name
from personas.services.import_parsing import CHARACTER, FRAMEWORK, LOREBOOK, Incoming
from personas.services.import_planning import (
    Planned,
    merged_character,
    merged_framework,
    planned,
)

Row = Character | Framework | Lorebook


@dataclass(frozen=True, slots=True)
class Stored:
    """A row, whether anything of it was written, and what became of the fields.

    ``made_books`` are the ids of lorebooks that were made along with a character.
    """

    row: Row
    is_changed: bool
    remarks: tuple[Remark, ...]
    made_books: tuple[str, ...] = ()

    @property
    def object_id(self) -> str:
        return named(self.row)[1]


@dataclass(frozen=True, slots=True)
class By:
    """Who imports, when, and the file it comes from."""

    actor: User | None
    now: datetime
    file: CardFile | None


def named(row: Row, /) -> tuple[str, str]:
    """``(kind, id)`` of something that was, or may be, imported."""
    if isinstance(row, Character):
        return CHARACTER, row.character_id
    if isinstance(row, Framework):
        return FRAMEWORK, row.framework_id
    return LOREBOOK, row.book_id


def create(incoming: Incoming, /, *, object_id: str, by: By) -> Stored:
    """A new draft with this id.

    Raises:
        UnreadableFile: there is no framework at all.
        drafts.IdTaken: ``object_id`` is or was another's.
        lorebooks.TooManyEntries: more than a lorebook may hold.
    """
    content = incoming.card.content
    row: Row
    if isinstance(content, ParsedCharacter):
        return _create_character(incoming, character_id=object_id, by=by)
    if isinstance(content, ParsedFramework):
        row = drafts.create_framework(
            framework_id=object_id, sheet=content.sheet, actor=by.actor, now=by.now
        )
    else:
        row = import_books.create(
            content, book_id=object_id, actor=by.actor, now=by.now
        )
    return Stored(row, is_changed=True, remarks=incoming.remarks)


def change(
    incoming: Incoming,
    /,
    *,
    current: Row,
    is_merge: bool = False,
    base: CharacterSheet | None = None,
    by: By,
) -> Stored:
    """A draft replaced, or merged with the file field by field.

    Load a character with ``for_sheets``. ``base`` is what it was imported from the
    last time, as for ``merged_character``.

    Raises:
        UnreadableFile: there is no framework at all, a merge cannot be stored, or
            the file holds something of another kind.
        drafts.Archived, drafts.StaleRevision, drafts.UnknownFramework
        lorebooks.StaleBook, lorebooks.TooManyEntries
    """
    match incoming.card.content, current:
        case ParsedCharacter(), Character():
            return _change_character(
                incoming, current=current, is_merge=is_merge, base=base, by=by
            )
        case ParsedFramework() as content, Framework():
            return _change_framework(
                incoming, content=content, current=current, is_merge=is_merge, by=by
            )
        case ParsedBook() as content, Lorebook():
            row, remarks = import_books.change(
                content,
                book_id=current.book_id,
                is_merge=is_merge,
                actor=by.actor,
                now=by.now,
            )
            return Stored(
                row,
                is_changed=row.revision != current.revision,
                remarks=(*incoming.remarks, *remarks),
            )
    raise UnreadableFile(
        f"The file holds a {incoming.kind}, and “{current}” is a {named(current)[0]}."
    )


def unchanged(incoming: Incoming, /, *, current: Character) -> Planned | None:
    """What is to be stored, if the draft says that already; else ``None``.

    Load ``current`` with ``for_sheets``.

    Raises:
        UnreadableFile: there is no framework at all.
    """
    draft = current.to_sheet()
    plan = planned(incoming, current=draft)
    is_equal = is_same(plan.sheet, draft) and plan.binding.new is None
    return plan if is_equal else None


# -- One kind after another --------------------------------------------------------


def _create_character(incoming: Incoming, *, character_id: str, by: By) -> Stored:
    plan = planned(incoming, current=None)
    sheet, made, found = _with_parts(plan, incoming=incoming, by=by)
    row = drafts.create_character(
        character_id=character_id, sheet=sheet, actor=by.actor, now=by.now
    )
    _remember_file(row, incoming=incoming, by=by)
    remarks = (*plan.remarks, *found)
    return Stored(row, is_changed=True, remarks=remarks, made_books=made)


def _change_character(
    incoming: Incoming,
    *,
    current: Character,
    is_merge: bool,
    base: CharacterSheet | None,
    by: By,
) -> Stored:
    draft = current.to_sheet()
    plan = planned(incoming, current=draft)
    sheet, made, found = _with_parts(plan, incoming=incoming, by=by)
    remarks = (*plan.remarks, *found)
    if is_merge:
        sheet, more = merged_character(draft, theirs=sheet, base=base)
        remarks = (*remarks, *more)
    row = drafts.save_character(
        character_id=current.character_id,
        sheet=sheet,
        revision=current.revision,
        actor=by.actor,
        now=by.now,
    )
    is_changed = not is_same(sheet, draft)
    # The original stays where somebody else's card came from, with all its files.
    if is_changed and not incoming.is_own_export:
        _remember_file(row, incoming=incoming, by=by)
    return Stored(row, is_changed=is_changed, remarks=remarks, made_books=made)


def _with_parts(
    plan: Planned, *, incoming: Incoming, by: By
) -> tuple[CharacterSheet, tuple[str, ...], tuple[Remark, ...]]:
    """The sheet once its picture and its book are stored.

    With the book's id if it was made here, or a remark if somebody else's import
    made it this moment.
    """
    if incoming.picture is not None:
        pictures.keep(incoming.picture, now=by.now)
    new = plan.binding.new
    if new is None:
        return plan.sheet, (), ()
    import_books.wait_for_others(new)
    known = import_books.known(new)
    book = known or import_books.create(
        new, book_id=plan.binding.new_id, actor=by.actor, now=by.now
    )
    ids = [*plan.sheet.lorebooks, book.book_id]
    sheet = plan.sheet.model_copy(update={"lorebooks": ids})
    if known is not None:
        return sheet, (), (import_books.here_already(known),)
    return sheet, (book.book_id,), ()


def _remember_file(row: Character, *, incoming: Incoming, by: By) -> None:
    if by.file is None:
        return
    keep_name(by.file, name=safe_name(incoming.name))
    if row.card_file_id != by.file.digest:
        row.card_file = by.file
        row.save(update_fields=["card_file"])


def _change_framework(
    incoming: Incoming,
    *,
    content: ParsedFramework,
    current: Framework,
    is_merge: bool,
    by: By,
) -> Stored:
    draft, sheet, remarks = current.to_sheet(), content.sheet, incoming.remarks
    if is_merge:
        sheet, more = merged_framework(draft, theirs=sheet)
        remarks = (*remarks, *more)
    row = drafts.save_framework(
        framework_id=current.framework_id,
        sheet=sheet,
        revision=current.revision,
        actor=by.actor,
        now=by.now,
    )
    return Stored(row, is_changed=not is_same(sheet, draft), remarks=remarks)
