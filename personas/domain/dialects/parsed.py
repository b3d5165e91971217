"""What the readers give back, and the one way in which they fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from personas.domain.remarks import Remark
from personas.domain.sheets import CharacterSheet, FrameworkSheet

DEFAULT_FRAMEWORK_ID: Final = "neuro"
"""The framework of characters whose file names none."""


class Dialect(StrEnum):
    """The kinds of prompt files.

    Source: ``reference/bot.md`` section 2; ``reference/cards.md`` section 1.2.
    """

    CARD = "card"
    AUTONOMOUS = "autonomous"
    LEGACY = "legacy"
    FIRST = "first"
    TEXTGEN = "textgen"
    FRAMEWORK = "framework"


class UnreadableFile(Exception):
    """The file holds no prompt that can be read as it is.

    ``pointer`` is the JSON pointer (RFC 6901) of the field at fault, empty for the
    whole file. The message says what is wrong, where, and what to do.
    """

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


@dataclass(frozen=True)
class Source:
    """A file on its way in: its JSON object, and what is known beside it.

    ``stem`` is the file's name without suffix; ``read_text`` gives the bytes of a
    file beside it by its bare name, or None; ``remarks`` are those on its JSON.
    """

    document: dict[str, JsonValue]
    stem: str
    read_text: Callable[[str], bytes | None]
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class ParsedCharacter:
    """A character read from a file.

    ``avatar`` holds the bytes of a data URI, which nobody has checked to be an
    image; ``sheet.framework_id`` may name a framework that does not exist here.
    ``has_own_id`` says whether the id stood in the file; else its name gave it.
    """

    character_id: str
    sheet: CharacterSheet
    dialect: str
    remarks: tuple[Remark, ...]
    avatar: bytes | None = None
    has_own_id: bool = False


@dataclass(frozen=True)
class ParsedFramework:
    """A framework read from a file."""

    framework_id: str
    sheet: FrameworkSheet
    dialect: str
    remarks: tuple[Remark, ...]


def pointer(path: Sequence[str]) -> str:
    """The JSON pointer of ``path``, a sequence of keys and list positions."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def dotted(path: Sequence[str]) -> str:
    """``path`` as a report shows it."""
    return ".".join(path)
