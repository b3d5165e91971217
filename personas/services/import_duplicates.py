"""What is here already of a file's content, and how the two differ."""

import contextlib
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Length

from core.fields import OrderedJSONField
from personas.domain.canonical import content_hash, sheet_hash
from personas.domain.dialects import ParsedCharacter, ParsedFramework, UnreadableFile
from personas.domain.dialects.card_keeping import CARD_KEY, DATA
from personas.domain.lore.reading import ParsedBook
from personas.domain.sheets import CharacterSheet
from personas.models import Character, Framework, ImportItem, Lorebook
from personas.services import import_books, import_storing
from personas.services.import_parsing import CHARACTER, FRAMEWORK, LOREBOOK, Incoming
from personas.services.import_planning import Planned, planned

_AT_MOST: Final = 20
# Of sheets that drafts here may be, by their framework, picture and private fields.
_TRIED: Final = 8
_SMALL: Final = 20_000  # characters of a draft's extensions
_NEEDED: Final = (
    "character_id", "display_name", "creator", "character_version", "picture_id",
    "draft_hash", "archived_at", "framework__framework_id",
)  # fmt: skip
_NAMED: Final = ("character", "framework", "lorebook")
_NAMES: Final = (
    "character__character_id", "character__display_name", "character__archived_at",
    "framework__framework_id", "framework__name", "framework__archived_at",
    "lorebook__book_id", "lorebook__name", "lorebook__archived_at",
)  # fmt: skip

SAME_CONTENT: Final = "same_content"
SAME_CARD: Final = "same_card"
SAME_NAME: Final = "same_name"
SAME_BOOK: Final = "same_book"
_ORDER: Final = (SAME_CONTENT, SAME_BOOK, SAME_CARD, SAME_NAME)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Something here that the file may be the same as.

    ``kind`` is ``same_content``, ``same_book``, ``same_card`` or ``same_name``;
    ``what`` is character, framework or lorebook; ``why`` and ``fresh``, how the
    file differs from it, are for people.
    """

    kind: str
    what: str
    object_id: str
    title: str
    why: str
    fresh: str = ""

    def to_json(self) -> dict[str, Any]:
        """As ``ImportItem.found`` and REST have it."""
        return {
            "kind": self.kind,
            "what": self.what,
            "object_id": self.object_id,
            "title": self.title,
            "why": self.why,
        }


def duplicates_of(incoming: Incoming, *, digest: str) -> list[Duplicate]:
    """The likest first; ``digest`` is the SHA-256 of the file."""
    content = incoming.card.content
    found = _same_file(digest)
    if isinstance(content, ParsedCharacter):
        found += _characters(incoming, content=content, digest=digest)
    elif isinstance(content, ParsedFramework):
        found += _frameworks(content)
    else:
        found += _books(content)
    best: dict[tuple[str, str], Duplicate] = {}
    for duplicate in sorted(found, key=lambda d: _ORDER.index(d.kind)):
        best.setdefault((duplicate.what, duplicate.object_id), duplicate)
    return list(best.values())[:_AT_MOST]


def _same_file(digest: str) -> list[Duplicate]:
    """What was made of the same bytes before."""
    items = ImportItem.objects.filter(file_id=digest, state=ImportItem.State.DONE)
    rows = items.select_related(*_NAMED).only(*_NAMES).order_by("-pk")
    why = "This very file was imported before."
    found = []
    for item in rows[:_AT_MOST]:
        row = item.character or item.framework or item.lorebook
        if row is not None and not row.is_archived:
            what, object_id = import_storing.named(row)
            found.append(Duplicate(SAME_CONTENT, what, object_id, str(row), why))
    return found


# -- Characters --------------------------------------------------------------------


def _characters(
    incoming: Incoming, *, content: ParsedCharacter, digest: str
) -> list[Duplicate]:
    sheet, hashes = content.sheet, _Hashes(incoming)
    found = []
    for row in _candidates(content, digest=digest):
        kind, why = _likeness(content, row=row, hashes=hashes)
        if row.is_archived:
            why += " It is archived."
        fresh = "" if kind == SAME_CONTENT else _freshness(sheet, row=row)
        found.append(
            Duplicate(kind, CHARACTER, row.character_id, row.display_name, why, fresh)
        )
    return found


def _candidates(content: ParsedCharacter, *, digest: str) -> QuerySet[Character]:
    """Characters by id, file or name, in this order, with little of each.

    However large their drafts are: ``said`` holds the extensions if they are small,
    and always those of the one with the file's own id.
    """
    own = Q(character_id=content.character_id) if content.has_own_id else Q(pk=None)
    file = Q(card_file_id=digest)
    name = Q(display_name=content.sheet.display_name)
    first = Case(When(own, then=0), When(file, then=1), default=2)
    rows = Character.objects.filter(own | file | name).alias(
        size=Length("extensions"), likeness=first
    )
    said = Case(
        When(own | Q(size__lte=_SMALL), then=F("extensions")),
        default=Value({}, output_field=OrderedJSONField()),
        output_field=OrderedJSONField(),
    )
    return (
        rows.annotate(said=said)
        .select_related("framework")
        .only(*_NEEDED)
        .order_by("likeness", "pk")[:_AT_MOST]
    )


class _Hashes:
    """What hash a draft has that says what the file says."""

    def __init__(self, incoming: Incoming) -> None:
        self._made: dict[tuple[str, str, str], str] = {}
        self._plan: Planned | None = None
        # Without any framework nothing here is what the file says.
        with contextlib.suppress(UnreadableFile):
            self._plan = planned(incoming, current=None)

    def says_the_same(self, row: Character) -> bool:
        """Whether the draft is what the file would make of it."""
        plan = self._plan
        if plan is None or plan.binding.new is not None:
            return False
        wanted, here = plan.sheet, (row.creator, row.character_version)
        if (wanted.creator, wanted.character_version) != here:
            return False
        sheet = plan.upon(
            framework_id=row.framework.framework_id,
            avatar=row.picture_id or "",
            extensions=row.said,  # type: ignore[attr-defined]
        )
        is_as_read = sheet.extensions is wanted.extensions
        private = "" if is_as_read else content_hash(sheet.extensions)
        key = (sheet.framework_id, sheet.avatar, private)
        if key not in self._made:
            if len(self._made) == _TRIED:
                return False
            self._made[key] = sheet_hash(sheet)
        return self._made[key] == row.draft_hash


def _likeness(
    content: ParsedCharacter, *, row: Character, hashes: _Hashes
) -> tuple[str, str]:
    if hashes.says_the_same(row):
        return SAME_CONTENT, "The draft says what the file says."
    if content.has_own_id and row.character_id == content.character_id:
        return SAME_CARD, "It has the same id and another content."
    creator = content.sheet.creator
    if creator and creator == row.creator:
        return SAME_CARD, "It has the same name and creator, and another content."
    return (
        SAME_NAME,
        "It has the same name, and nothing else tells that it is the same.",
    )


def _freshness(sheet: CharacterSheet, *, row: Character) -> str:
    """Which of the two is newer, as far as the card tells."""
    theirs = _modified(sheet.extensions)
    ours = _modified(row.said)  # type: ignore[attr-defined]
    if theirs and ours and theirs != ours:
        which = "newer" if theirs > ours else "older"
        return f"The file is {which}, by the date that its card says."
    version, here = sheet.character_version, row.character_version
    if version and here and version != here:
        numbers, numbers_here = _numbers(version), _numbers(here)
        which = ""
        if numbers and numbers_here and numbers != numbers_here:
            which = " (newer)" if numbers > numbers_here else " (older)"
        return f"The file is version {version}{which}, the draft is {here}."
    return ""


def _modified(extensions: dict[str, Any]) -> float:
    """Card V3's date in seconds; 0 if it says none."""
    kept: Any = extensions.get(CARD_KEY)
    data: Any = kept.get(DATA) if isinstance(kept, dict) else None
    found: Any = data.get("modification_date") if isinstance(data, dict) else None
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number else 0.0


def _numbers(version: str) -> tuple[int, ...]:
    """``1.10`` as (1, 10); empty if it is none of numbers and points."""
    parts = version.lower().removeprefix("v").split(".")
    are_numbers = all(p.isascii() and p.isdigit() and len(p) < 10 for p in parts)
    return tuple(map(int, parts)) if are_numbers else ()


# -- Frameworks and lorebooks ------------------------------------------------------


def _frameworks(content: ParsedFramework) -> list[Duplicate]:
    same = Q(framework_id=content.framework_id) | Q(name=content.sheet.name)
    found = []
    rows = Framework.objects.filter(same).only("framework_id", "name", "draft_hash")
    wanted = sheet_hash(content.sheet)
    for row in rows.order_by("pk")[:_AT_MOST]:
        kind, why = SAME_NAME, "It has the same name."
        if row.draft_hash == wanted:
            kind, why = SAME_CONTENT, "The draft says what the file says."
        elif row.framework_id == content.framework_id:
            kind, why = SAME_CARD, "It has the same id and another content."
        found.append(Duplicate(kind, FRAMEWORK, row.framework_id, row.name, why))
    return found


def _books(content: ParsedBook) -> list[Duplicate]:
    found = []
    known = import_books.known(content)
    if known is not None:
        why = "It was imported with the same entries."
        found.append(Duplicate(SAME_BOOK, LOREBOOK, known.book_id, known.name, why))
    rows = Lorebook.objects.active().filter(name=content.sheet.name).order_by("pk")
    for row in rows.only("book_id", "name")[:_AT_MOST]:
        why = "It has the same name and other entries."
        found.append(Duplicate(SAME_NAME, LOREBOOK, row.book_id, row.name, why))
    return found
