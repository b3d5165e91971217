"""What a file holds, taken apart outside of this process and of any transaction."""

from dataclasses import dataclass
from typing import Final

from core import limits
from personas.domain.cards.reading import ParsedCard
from personas.domain.dialects import (
    Dialect,
    ParsedCharacter,
    ParsedFramework,
    UnreadableFile,
)
from personas.domain.dialects.coercing import slugified
from personas.domain.lore.reading import ParsedBook
from personas.domain.remarks import Action, Remark
from personas.services import sandbox
from personas.services.reencoding import BadPicture, Made
from personas.services.sandboxed import Neighbour

CHARACTER: Final = "character"
FRAMEWORK: Final = "framework"
LOREBOOK: Final = "lorebook"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that was read, and its picture written anew; nothing of it is stored.

    ``name`` is what the file was called when it could be read.
    """

    card: ParsedCard
    picture: Made | None
    remarks: tuple[Remark, ...]
    name: str

    @property
    def kind(self) -> str:
        """``CHARACTER``, ``FRAMEWORK`` or ``LOREBOOK``."""
        if isinstance(self.card.content, ParsedCharacter):
            return CHARACTER
        if isinstance(self.card.content, ParsedFramework):
            return FRAMEWORK
        return LOREBOOK

    @property
    def title(self) -> str:
        """Its name, as people see it."""
        content = self.card.content
        if isinstance(content, ParsedCharacter):
            return content.sheet.display_name
        return content.sheet.name

    @property
    def object_id(self) -> str:
        """The id that the file gives it, or that its name makes; maybe taken."""
        content = self.card.content
        if isinstance(content, ParsedCharacter):
            if content.has_own_id:
                return content.character_id
            return slugified(content.sheet.display_name) or content.character_id
        if isinstance(content, ParsedFramework):
            return content.framework_id
        return slugified(content.sheet.name) or LOREBOOK

    @property
    def is_own_export(self) -> bool:
        """Whether this program wrote the card, so that it has our block."""
        content = self.card.content
        return (
            isinstance(content, ParsedCharacter)
            and content.dialect == Dialect.CARD
            and content.has_own_id
        )

    @property
    def dialect(self) -> str:
        """In which way the file is written, such as ``card`` or ``world_info``."""
        content = self.card.content
        return str(content.kind if isinstance(content, ParsedBook) else content.dialect)


def parsed(raw: bytes, *, name: str, read_text: Neighbour) -> Incoming:
    """What the file holds; ``name`` and ``read_text`` as for ``sandbox.read_file``.

    A picture that cannot be stored is left out with a remark.

    Raises:
        UnreadableFile: whatever is wrong with it, in words for its author.
        sandbox.Busy: try again later.
    """
    if len(raw) > limits.UPLOAD_BYTES:
        raise UnreadableFile(
            f"The file is larger than {limits.UPLOAD_BYTES // 1_000_000} MB."
        )
    card = sandbox.read_file(raw, name=name, read_text=read_text)
    remarks = card.remarks
    picture = None
    if card.picture is not None and isinstance(card.content, ParsedCharacter):
        try:
            picture = sandbox.reencoded(card.picture)
        except BadPicture as error:
            remarks = (*remarks, Remark("avatar", Action.DROPPED, str(error)))
    return Incoming(card, picture, remarks, name)
