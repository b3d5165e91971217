"""What a character's draft and its live version would send to a model.

Reads only. A side is frozen with everything that a call or a kept sample needs.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from zlib import crc32

from pydantic import BaseModel, ConfigDict

from personas import policy
from personas.domain.compiling import PromptTooLong
from personas.domain.composing import Lore, Message, TextTooLong, compose
from personas.domain.contexts import detect
from personas.domain.growing import BadStage
from personas.domain.sheets import AUTO, CharacterSheet
from personas.lore_catalog import read_lore
from personas.models import Character, CharacterVersion, CompiledPrompt
from personas.services import growing
from personas.services.blending import blends_for
from personas.services.publishing import compile_sheet
from personas.tokens import count_tokens

UNNAMED: Final = "User"
"""The user's name where none is given."""

OURS: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "n"}
    | {"temperature", "max_tokens", "top_p", "frequency_penalty"}
)
"""Names in a call that ``extra`` of the model settings cannot set: they decide who
is asked, about what, and in which form the answer comes, or have their own field."""


class Who(StrEnum):
    """Who says something in a conversation that is put to a character."""

    USER = "user"
    CHARACTER = "character"
    OTHER = "other"


class Said(BaseModel):
    """One message; ``name`` is only that of somebody else."""

    model_config = ConfigDict(frozen=True)

    who: Who
    text: str
    name: str = ""


class Asked(BaseModel):
    """A conversation to put to a character.

    ``context`` is a kind of conversation, ``auto``, or empty for the plain prompt.
    """

    model_config = ConfigDict(frozen=True)

    user_name: str
    context: str
    messages: tuple[Said, ...]

    def named(self, said: Said, /, *, character: str) -> str:
        """By which name ``said`` enters a chat with ``character``."""
        match said.who:
            case Who.USER:
                return self.user_name or UNNAMED
            case Who.CHARACTER:
                return character
        return said.name


class ChatMessage(BaseModel):
    """One message of a request to a model."""

    model_config = ConfigDict(frozen=True)

    role: str
    content: str


class Side(BaseModel):
    """The draft or the live version, ready to be asked.

    One of ``revision`` (of the draft) and ``version`` is set. ``chat`` is exactly
    what would be sent, empty if ``problem`` says why it cannot be made;
    ``config`` are the model settings; ``context`` is the kind of conversation
    whose prompt it is, ``told_by`` the words that told it, if nobody chose it;
    ``tokens`` counts the contents of the chat; ``lore`` names the entries of
    published lorebooks that are in it. What is left to chance comes out alike for
    both sides, and again for the same conversation.
    """

    model_config = ConfigDict(frozen=True)

    revision: int | None = None
    version: int | None = None
    context: str = ""
    told_by: tuple[str, ...] = ()
    chat: tuple[ChatMessage, ...] = ()
    config: dict[str, Any] = {}
    tokens: int = 0
    lore: tuple[str, ...] = ()
    problem: str = ""

    @property
    def text(self) -> str:
        """The chat as one text, to read and to compare."""
        return "\n\n".join(f"[{m.role}]\n{m.content}" for m in self.chat)

    @property
    def left_out(self) -> list[str]:
        """The names in ``extra`` that are not passed on, in order."""
        return sorted(OURS & self.config.get("extra", {}).keys())


def sides_of(character: Character, *, asked: Asked) -> tuple[Side, Side | None]:
    """What the draft would send, and what is live, if anything is.

    ``character`` has what its sheet, framework and live label need.
    """
    live = character.live
    return (
        _draft_side(character, asked=asked),
        _live_side(live.version, asked=asked) if live is not None else None,
    )


def _draft_side(character: Character, *, asked: Asked) -> Side:
    published = character.framework.published
    if published is None:
        return Side(
            revision=character.revision,
            problem=f"The framework “{character.framework}” was never published."
            " Publish it first.",
        )
    sheet = character.to_sheet()
    is_blending = policy.is_blending_enabled()
    try:
        compiled = compile_sheet(
            sheet,
            character_id=character.character_id,
            framework=published.to_sheet(),
            blends=blends_for(sheet, own=published) if is_blending else {},
            growth=growing.growth_of_one(character.pk),
        )
    except (PromptTooLong, BadStage) as error:
        return Side(revision=character.revision, problem=str(error))
    return _side(
        compiled.prompts,
        sheet=sheet,
        character_id=character.character_id,
        asked=asked,
        revision=character.revision,
    )


def _live_side(version: CharacterVersion, *, asked: Asked) -> Side:
    rows = CompiledPrompt.objects.filter(version=version)
    if not policy.is_blending_enabled():
        rows = rows.filter(context="")
    bodies = {row.context: json.loads(row.body) for row in rows}
    return _side(
        bodies,
        sheet=version.to_sheet(),
        character_id=bodies[""]["character_id"],
        asked=asked,
        version=version.number,
    )


def _side(
    prompts: Mapping[str, Mapping[str, Any]],
    *,
    sheet: CharacterSheet,
    character_id: str,
    asked: Asked,
    revision: int | None = None,
    version: int | None = None,
) -> Side:
    """``prompts`` maps kinds of conversation to served bodies; empty is plain.

    ``sheet`` is what they were compiled from.
    """
    wanted, told_by = _context(asked)
    context = wanted if wanted in prompts else ""
    messages = [
        Message(asked.named(said, character=sheet.display_name), said.text)
        for said in asked.messages
    ]
    side = Side(revision=revision, version=version, context=context, told_by=told_by)
    try:
        composed = compose(
            prompts[context],
            messages=messages,
            names=sheet.names,
            user_name=asked.user_name or UNNAMED,
            count_tokens=count_tokens,
            seed=crc32(asked.model_dump_json().encode()),
            lore=_lore(sheet, character_id=character_id),
        )
    except TextTooLong as error:
        return side.model_copy(update={"problem": str(error)})
    chat = tuple(ChatMessage(**message) for message in composed["chat"])
    tokens = sum(count_tokens(message.content) for message in chat)
    return side.model_copy(
        update={
            "chat": chat,
            "config": composed["config"],
            "tokens": tokens,
            "lore": tuple(one["title"] for one in composed["lore"]),
        }
    )


def _lore(sheet: CharacterSheet, *, character_id: str) -> Lore:
    """The books that the sheet names as they are published: what bots would get."""
    books = tuple(sheet.lorebooks)
    return Lore(
        index=read_lore([books]).index(books),
        char=sheet.called,
        names=(character_id, *sheet.names),
        tags=tuple(sheet.tags),
    )


def _context(asked: Asked) -> tuple[str, tuple[str, ...]]:
    """The kind of conversation, and the words that told it if that was asked."""
    if asked.context != AUTO:
        return asked.context, ()
    texts = [said.text for said in asked.messages]
    found = detect(texts, contexts=policy.contexts())
    phrases = (e.phrase for e in found.evidence if e.context == found.context)
    return found.context or "", tuple(dict.fromkeys(phrases))
