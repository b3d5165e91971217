"""Prompt files: reading the dialects of characters and frameworks.

Pure functions from bytes to sheets and from sheets to bytes.
"""

from collections.abc import Callable
from typing import Final

from personas.domain.dialects import autonomous, card, first, framework, legacy, textgen
from personas.domain.dialects.parsed import (
    DEFAULT_FRAMEWORK_ID,
    Dialect,
    ParsedCharacter,
    ParsedFramework,
    Source,
    UnreadableFile,
)
from personas.domain.dialects.reading import load
from personas.domain.dialects.recognizing import recognized
from personas.domain.dialects.writing import write_framework

__all__ = [
    "DEFAULT_FRAMEWORK_ID",
    "Dialect",
    "ParsedCharacter",
    "ParsedFramework",
    "Source",
    "UnreadableFile",
    "load",
    "read_prompt_file",
    "read_source",
    "recognized",
    "write_framework",
]

_READERS: Final[
    dict[Dialect, Callable[[Source], ParsedCharacter | ParsedFramework]]
] = {
    Dialect.CARD: card.read,
    Dialect.AUTONOMOUS: autonomous.read,
    Dialect.LEGACY: legacy.read,
    Dialect.FIRST: first.read,
    Dialect.TEXTGEN: textgen.read,
    Dialect.FRAMEWORK: framework.read,
}


def read_prompt_file(
    raw: bytes, *, stem: str, read_text: Callable[[str], bytes | None]
) -> ParsedCharacter | ParsedFramework:
    """The character or framework in a file.

    ``raw`` is the file's bytes, ``stem`` its name without suffix; ``read_text`` gives
    the bytes of a file beside it by its bare name, or None if there is none.

    Raises:
        UnreadableFile: whatever is wrong with the file, in words for its author.

    Source: ``reference/bot.md`` section 2.
    """
    value, remarks = load(raw)
    document, dialect = recognized(value)
    source = Source(document, stem, read_text, tuple(remarks))
    return read_source(source, dialect=dialect)


def read_source(
    source: Source, *, dialect: Dialect
) -> ParsedCharacter | ParsedFramework:
    """The character or framework in a file that was told to be in ``dialect``.

    Raises:
        UnreadableFile: as ``read_prompt_file``.
    """
    return _READERS[dialect](source)
