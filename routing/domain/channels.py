"""How characters behave in a channel, and from where a channel inherits it.

Source: design, section 4, "Channels".
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from core import limits
from personas.domain.sheets import ReplyMode, Sheet
from routing.domain.events import CharacterId
from routing.domain.messages import Place

CharacterIds = Annotated[list[CharacterId], Field(max_length=limits.LIST_ITEMS)]


class ChannelSettings(Sheet):
    """What a channel says of itself; ``None`` leaves it to the parent or category."""

    reply_mode: ReplyMode | None = Field(
        None, title="Who is answered", description="Empty: as the category says."
    )
    allow: CharacterIds | None = Field(
        None, title="Only these may answer", description="Empty: all may."
    )
    deny: CharacterIds | None = Field(None, title="These never answer")
    default_character_id: CharacterId | Literal[""] | None = Field(
        None,
        title="Answers if nobody fits",
        description="Null: whom the category or the settings name; empty: nobody.",
    )


def place_of(names: tuple[str, ...], *, settings: Iterable[ChannelSettings]) -> Place:
    """The settings in force: of each value, the first that says something.

    ``names`` are the channel's id and name; ``settings`` the channel's own, then its
    parent's, then its category's.
    """
    given = list(settings)
    # "As the channel says" says nothing where the channel itself is meant.
    modes = (
        one.reply_mode
        for one in given
        if one.reply_mode not in {None, ReplyMode.CHANNEL}
    )
    allow = next((one.allow for one in given if one.allow is not None), None)
    deny = next((one.deny for one in given if one.deny is not None), [])
    defaults = (one.default_character_id for one in given)
    return Place(
        names=names,
        reply_mode=ReplyMode(next(modes, None) or ReplyMode.IN_CONVERSATION),
        # Empty: all may.
        allow=frozenset(allow) if allow else None,
        deny=frozenset(deny),
        default_character_id=next((one for one in defaults if one is not None), None),
    )
