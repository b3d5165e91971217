"""Query parameters and bodies of this app's calls."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from core import limits
from core.api.parameters import Body, PageQuery, Query
from core.moments import Moment
from personas.domain.sheets import Slug

Label = Annotated[Slug, Field(description="A label; the key's own unless given.")]


class PersonasQuery(PageQuery):
    """``GET personas``."""

    label: Label | None = None
    tag: str | None = Field(
        None, max_length=200, description="Only with this tag; case does not matter."
    )
    q: str | None = Field(
        None, max_length=200, description="Part of a name, alias or id."
    )
    updated_since: Moment | None = Field(
        None, description="Only those whose label moved since, RFC 3339."
    )


class PromptQuery(Query):
    """``GET personas/{character_id}/prompt``."""

    label: Label | None = None
    version: int | None = Field(
        None, ge=1, le=2_000_000_000, description="One version by number."
    )
    context: str | None = Field(
        None,
        max_length=limits.SLUG_LENGTH,
        description="A kind of conversation: an id or one of its aliases.",
    )


def _within_message(text: str) -> str:
    size = len(text.encode())
    if size > limits.MESSAGE_BYTES:
        raise ValueError(
            f"Shorten this message to {limits.MESSAGE_BYTES // 1024} KiB;"
            f" it has {size // 1024 + 1}."
        )
    return text


SpeakerName = Annotated[str, Field(min_length=1, max_length=limits.NAME_LENGTH)]
MessageText = Annotated[str, AfterValidator(_within_message)]
Reference = Annotated[str, Field(min_length=1, max_length=64)]
"""An id that others gave, or a record here."""


class ComposeMessage(Body):
    """What somebody said."""

    name: SpeakerName = Field(
        description="Who speaks; the character's name or alias marks its own words."
    )
    text: MessageText = Field(
        description=f"What they said, at most {limits.MESSAGE_BYTES} bytes."
    )


class ComposeBody(Body):
    """``POST personas/{character_id}/compose``."""

    messages: list[ComposeMessage] = Field(
        max_length=limits.LIST_ITEMS, description="The conversation, oldest first."
    )
    context: str | None = Field(
        None,
        max_length=limits.SLUG_LENGTH,
        description="A kind of conversation by id or alias, or auto: the last"
        " messages tell.",
    )
    user_name: SpeakerName | None = Field(
        None,
        description="In place of {{user}}; else the last speaker who is not the"
        " character.",
    )
    other_character_id: Slug | None = Field(
        None, description="The character it talks to."
    )
    budget_tokens: int | None = Field(
        None, ge=0, le=10_000_000, description="Tokens that lore may take."
    )
    seed: int | None = Field(
        None,
        ge=-(2**63),
        lt=2**63,
        description="For what is left to chance; else decision_id decides, or luck.",
    )
    label: Label | None = None
    decision_id: Reference | None = Field(
        None, description="The decision that chose the character."
    )


class ActivateBody(Body):
    """``POST lore/activate``."""

    character_id: Slug = Field(description="Whose lorebooks are looked through.")
    messages: list[ComposeMessage] = Field(
        max_length=limits.LIST_ITEMS, description="The conversation, oldest first."
    )
    user_name: SpeakerName | None = Field(
        None,
        description="In place of {{user}}; else the last speaker who is not the"
        " character.",
    )
    budget_tokens: int | None = Field(
        None, ge=0, le=10_000_000, description="Tokens that lore may take."
    )
    seed: int | None = Field(
        None, ge=-(2**63), lt=2**63, description="For what is left to chance."
    )
    label: Label | None = None


class BundleQuery(Query):
    """``GET bundle``."""

    label: Label | None = None


class ChangesQuery(Query):
    """``GET changes``."""

    since: str | None = Field(
        None,
        max_length=40,
        description="``cursor`` of the answer before; all that is served without it.",
    )


def as_text(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z``."""
    return moment.isoformat().replace("+00:00", "Z")
