"""Dialect A: character cards V1, V2 and V3 as JSON, and their relatives.

Source: ``reference/cards.md`` sections 1.1 and 1.2; ``reference/bot.md`` section 2.
"""

from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import card_keeping, coercing, pieces
from personas.domain.dialects.card_block import (
    BACKFILL_NOTE,
    BLOCK_KEY,
    Block,
    found_block,
)
from personas.domain.dialects.card_extensions import (
    READ,
    originals,
    take_extensions,
)
from personas.domain.dialects.card_keeping import DATA, EXTENSIONS, ROOT
from personas.domain.dialects.card_root import take_mirrors, take_version
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.parsed import (
    Dialect,
    ParsedCharacter,
    Source,
    UnreadableFile,
)
from personas.domain.dialects.pictures import is_address, take_avatar
from personas.domain.remarks import Action

FIELDS: Final = (
    Field("name", "display_name", coercing.line),
    Field("description", "description", coercing.text),
    Field("personality", "identity.personality", coercing.text),
    Field("scenario", "scenario", coercing.text),
    Field("first_mes", "first_message", coercing.text),
    Field("mes_example", "example_messages", coercing.text),
    Field("creator_notes", "creator_notes", coercing.text),
    Field("post_history_instructions", "post_history", coercing.text),
    Field("alternate_greetings", "alternate_greetings", coercing.texts),
    Field("tags", "tags", coercing.terms),
    Field("creator", "creator", coercing.line),
    Field("character_version", "character_version", coercing.line),
)
PROMPT: Final = Field("system_prompt", "system_prompt_override.text", coercing.text)
# Ours keeps a “\\n” that somebody else's may have meant as a line break.
FOREIGN_PROMPT: Final = Field(PROMPT.key, PROMPT.to, pieces.system_prompt)
ALL_FIELDS: Final = (*FIELDS, PROMPT)
"""Those that each card has, whatever its version."""
NICKNAME: Final = Field("nickname", "nickname", coercing.line)
"""Only in Card V3."""
READ_FIELDS: Final = (*FIELDS, FOREIGN_PROMPT, NICKNAME)

V1_FIELDS: Final = frozenset({"personality", "scenario", "first_mes", "mes_example"})
GRADIO: Final = (
    Field("char_name", "display_name", coercing.line),
    Field("char_persona", "description", coercing.text),
    Field("world_scenario", "scenario", coercing.text),
    Field("char_greeting", "first_message", coercing.text),
    Field("example_dialogue", "example_messages", coercing.text),
)
"""The names that Pygmalion's interface gave to the fields of V1."""
AGNAI: Final = (
    Field("greeting", "first_message", coercing.text),
    Field("sampleChat", "example_messages", coercing.text),
)
"""Agnai's own names, where they differ from V1."""
_GRADIO_SIGNS: Final = frozenset({"char_name", "char_persona"})
_BY_KEY: Final = {row.key: row for row in READ_FIELDS}
_SPELLED_KEYS: Final = frozenset(_BY_KEY)
_FLAT_KEYS: Final = (
    V1_FIELDS
    | _SPELLED_KEYS
    | frozenset({"avatar", "metadata", "talkativeness", "creatorcomment"})
    | card_keeping.PRIVATE[ROOT]
    | {EXTENSIONS, "spec_version"}
)
# Carried by the card itself.
_OUTSIDE_BLOCK: Final = (*(row.to for row in ALL_FIELDS), "avatar", EXTENSIONS)

_OVERRIDES: Final = {
    PROMPT.key: "Others put it in the place of their own prompt; look at it before"
    " you serve it.",
    "post_history_instructions": "Sent last, so it weighs most; look at it before you"
    " serve it.",
}


def is_flat(document: dict[str, JsonValue]) -> bool:
    """Whether the fields of a card stand at the root of ``document``.

    Then it has a name and something that only a card says, or nothing else.
    """
    if not _GRADIO_SIGNS.isdisjoint(document):
        return True
    if "name" not in document:
        return False
    return not V1_FIELDS.isdisjoint(document) or document.keys() <= _FLAT_KEYS


def read(source: Source) -> ParsedCharacter:
    """The character on a card.

    Raises:
        UnreadableFile: no data, our own block is damaged, or a text is too long.
    """
    draft = Draft(source.remarks)
    document = source.document
    root = Record(document, draft=draft)
    take_version(root, document=document)
    fields = _fields(document)
    is_flat_card = fields is document
    card = root if is_flat_card else root.child(DATA)
    block = found_block(
        document,
        path=(*(() if is_flat_card else (DATA,)), EXTENSIONS, BLOCK_KEY),
        outside=_OUTSIDE_BLOCK,
    )
    avatar, extensions_spelled = _take(
        card, fields=fields, is_flat_card=is_flat_card, block=block, draft=draft
    )
    if not is_flat_card:
        take_mirrors(root, document=document, data=fields, table=READ_FIELDS)
        other = take_avatar(root, "avatar")
        avatar = avatar or other
    card_keeping.explain(root, part=ROOT)
    kept = card_keeping.kept(
        root.rest(),
        is_flat=is_flat_card,
        block=block,
        spelled=_spelled(card, fields=fields),
        extensions_spelled=extensions_spelled,
    )
    return pieces.finish(
        draft, extensions=kept, source=source, dialect=Dialect.CARD, avatar=avatar
    )


def _fields(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The object with the card's fields: ``data``, or in V1 the document."""
    data = document.get(DATA)
    if isinstance(data, dict) and data:
        return data
    if is_flat(document):
        return document
    raise UnreadableFile(
        "The card has no “data” object with its fields; export it again.",
        pointer=f"/{DATA}",
    )


def _take(
    card: Record,
    *,
    fields: dict[str, JsonValue],
    is_flat_card: bool,
    block: Block | None,
    draft: Draft,
) -> tuple[bytes | None, dict[str, JsonValue]]:
    """Take the card's fields; gives the picture, and extensions as they came."""
    extensions = card.child(EXTENSIONS)
    if block is None:
        avatar = _take_theirs(card, draft=draft, is_flat_card=is_flat_card)
        take_extensions(extensions)
        spelled = originals(fields.get(EXTENSIONS))
    else:
        avatar = _take_ours(card, block=block, draft=draft)
        spelled = _take_spelled(extensions, block=block)
    for part, record in ((DATA, card), (EXTENSIONS, extensions)):
        card_keeping.explain(record, part=part)
    card.drop_if_empty("character_book", "group_only_greetings")
    return avatar, spelled


def _take_theirs(card: Record, *, draft: Draft, is_flat_card: bool) -> bytes | None:
    card.take_table(READ_FIELDS)
    for key, detail in _OVERRIDES.items():
        if card.gave(key) and draft.get(_BY_KEY[key].to):
            card.explain(key, detail=detail)
    if is_flat_card:
        _take_relatives(card, draft=draft)
    return take_avatar(card, "avatar", "avatar_url")


def _take_relatives(card: Record, *, draft: Draft) -> None:
    """Fields by the names of other programs; those of V1 count before them."""
    if "char_name" in card and card.gave("name"):
        detail = "In two dialects; the fields of Card V1 count before the others."
        draft.note((), Action.REPAIRED, detail)
    card.take_table((*GRADIO, *AGNAI))


def _take_ours(card: Record, *, block: Block, draft: Draft) -> bytes | None:
    draft.values = {**block.sheet, "character_id": block.character_id}
    prompt = FOREIGN_PROMPT if PROMPT.key in block.spelled else PROMPT
    card.take_table((*FIELDS, prompt, NICKNAME))
    if block.is_backfill:
        notes = draft.get("creator_notes") or ""
        draft.set("creator_notes", notes.removesuffix(BACKFILL_NOTE))
    avatar = take_avatar(card, "avatar")
    card.take("avatar_url", to="avatar_address", how=coercing.line)
    detail = "The rest of the sheet."
    card.child(EXTENSIONS).pop(BLOCK_KEY, detail=detail)
    return avatar


def _take_spelled(extensions: Record, *, block: Block) -> dict[str, JsonValue]:
    """Extensions that stand beside what the sheet made of them."""
    found: dict[str, JsonValue] = {}
    for key in READ:
        if key in block.spelled and key in extensions:
            extensions.refuse(key, why="As it was written; our own part has it too.")
            found[key] = extensions.original(key)
    return found


def _spelled(card: Record, *, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Fields that a sheet holds in another spelling, as the file has them."""
    found = {
        key: value for key, value in card.respelled.items() if key in _SPELLED_KEYS
    }
    # A remote picture goes out under the name by which it came.
    address = fields.get("avatar")
    if card.gave("avatar") and is_address(address):
        found["avatar"] = address
    return found
