"""Characters of text-generation-webui; source: ``reference/cards.md`` section 1.2.

They come as YAML, which has been turned into JSON before.
"""

from typing import Final

from personas.domain.dialects import coercing, pieces
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.parsed import Dialect, ParsedCharacter, Source

FIELDS: Final = (
    Field("name", "display_name", coercing.line),
    Field("bot", "display_name", coercing.line),
    Field("context", "description", coercing.text),
    Field("greeting", "first_message", coercing.text),
    Field("example_dialogue", "example_messages", coercing.text),
)


def read(source: Source) -> ParsedCharacter:
    """The character in such a file; what a sheet lacks is kept aside.

    Raises:
        UnreadableFile: a text is too long, or no id can be made.
    """
    draft = Draft(source.remarks)
    record = Record(source.document, draft=draft)
    record.take_table(FIELDS)
    return pieces.finish(
        draft,
        extensions=pieces.extensions_of(record.rest()),
        source=source,
        dialect=Dialect.TEXTGEN,
        avatar=None,
    )
