"""Dialect D, the first one: a small file, and the prompt as text beside it.

Source: ``reference/bot.md`` section 2.
"""

from typing import Final

from personas.domain.dialects import coercing, pieces, reading
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.parsed import (
    Dialect,
    ParsedCharacter,
    Source,
    UnreadableFile,
    pointer,
)
from personas.domain.dialects.pictures import take_avatar
from personas.domain.remarks import Action

PROMPT_FILE: Final = "prompt_file"

FIELDS: Final = (
    Field("name", "character_id", coercing.slug),
    Field("display_name", "display_name", coercing.line),
    Field("description", "description", coercing.text),
    Field("framework", "framework_id", coercing.slug),
    Field("version", "character_version", coercing.line),
    Field("tags", "tags", coercing.terms),
)


def read(source: Source) -> ParsedCharacter:
    """The character in a file and its text, which comes before the compiled prompt.

    Raises:
        UnreadableFile: the text is missing, elsewhere or not UTF-8, a text is too
            long, or no id can be made.
    """
    draft = Draft(source.remarks)
    record = Record(source.document, draft=draft)
    _take_text(record, draft=draft, source=source)
    record.take_table(FIELDS)
    pieces.take_voice(record)
    avatar = take_avatar(record, "avatar", "avatar_url")
    return pieces.finish(
        draft,
        extensions=pieces.extensions_of(record.rest()),
        source=source,
        dialect=Dialect.FIRST,
        avatar=avatar,
    )


def _take_text(record: Record, *, draft: Draft, source: Source) -> None:
    to = "system_prompt_override.text"
    name = record.pop(PROMPT_FILE, detail=to)
    where = pointer((PROMPT_FILE,))
    if not isinstance(name, str) or not _is_bare(name):
        raise UnreadableFile(
            f"{PROMPT_FILE}: {coercing.written_out(name)[:80]!r} is not the name of"
            " a file beside this one; write its bare name.",
            pointer=where,
        )
    raw = source.read_text(name)
    if raw is None:
        raise UnreadableFile(
            f"{PROMPT_FILE}: the text file {name[:80]!r} is not beside this file;"
            " add it.",
            pointer=where,
        )
    text, repairs = reading.load_text(raw, name=name[:80], pointer=where)
    for repair in repairs:
        draft.note((PROMPT_FILE,), Action.REPAIRED, repair)
    draft.set(to, text, source=(PROMPT_FILE,))


def _is_bare(name: str) -> bool:
    return bool(name.strip(". ")) and ".." not in name and not set(name) & set("/\\")
