"""What is in force in a channel, and of whom each part of it comes.

``routing.domain.channels.place_of`` is what decisions go by; this says beside each
value where it was said, for those who look at settings or change them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from personas.domain.sheets import ReplyMode
from routing.domain.channels import ChannelSettings
from routing.domain.messages import Place
from routing.models import Channel

OWN: Final = "own"
PARENT: Final = "parent"
CATEGORY: Final = "category"
DEFAULT: Final = "default"
"""Nobody said anything: what holds in a channel that no bot ever named."""

FIELDS: Final = ("reply_mode", "allow", "deny", "default_character_id")
_UNSAID: Final = Place()
# “As the channel says” says nothing where the channel itself is meant.
_SAYS_NOTHING: Final = (None, ReplyMode.CHANNEL)


class Answers(StrEnum):
    """Whether a character may answer in a channel; ``OPEN``: nobody said."""

    MAY = "may"
    NEVER = "never"
    OPEN = "open"


class _Placed(Protocol):
    @property
    def channel_id(self) -> str: ...

    @property
    def category_id(self) -> str: ...

    @property
    def parent_id(self) -> str: ...


Placed = TypeVar("Placed", bound=_Placed)
Said = tuple[str, ChannelSettings]
"""What a channel is to the one looked at, and what it says."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The settings by which a channel goes, and of each where it was said.

    ``allow`` ``None`` and ``deny`` empty let everybody in;
    ``default_character_id`` is as in ``Place``. ``origins`` maps each field to
    ``OWN``, ``PARENT``, ``CATEGORY`` or ``DEFAULT``.
    """

    reply_mode: str = _UNSAID.reply_mode.value
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    default_character_id: str | None = None
    origins: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(FIELDS, DEFAULT))
    )

    def answers(self, character_id: str) -> tuple[Answers, str]:
        """Whether this one may answer, and of whom that comes."""
        if character_id in self.deny:
            return Answers.NEVER, self.origins["deny"]
        if self.allow is None:
            return Answers.OPEN, DEFAULT
        state = Answers.MAY if character_id in self.allow else Answers.NEVER
        return state, self.origins["allow"]


def settings_of(channel: Channel) -> ChannelSettings:
    """What the channel says of itself; nothing if this release cannot read it."""
    try:
        # From JSON, because the model is strict and takes its words from there only.
        return ChannelSettings.model_validate_json(orjson.dumps(channel.settings))
    except ValidationError:
        return ChannelSettings.model_validate({})


def lineage(
    channel: Placed, *, known: Mapping[str, Placed]
) -> tuple[tuple[str, Placed], ...]:
    """The channel, its parent and its category, as far as they are ``known``.

    Each with what it is to the channel. A thread that stands in no category stands
    in its parent's.
    """
    found: list[tuple[str, Placed]] = [(OWN, channel)]
    parent = known.get(channel.parent_id)
    if parent is not None:
        found.append((PARENT, parent))
    category = known.get(category_of(channel, known=known))
    if category is not None:
        found.append((CATEGORY, category))
    return tuple(found)


def category_of(channel: Placed, *, known: Mapping[str, Placed]) -> str:
    """The id of the category that counts for the channel; empty for none."""
    parent = known.get(channel.parent_id)
    return channel.category_id or (parent.category_id if parent is not None else "")


def ancestors_of(channels: Iterable[Channel]) -> dict[str, Channel]:
    """By id, all that ``lineage`` needs of these channels; two queries at most."""
    known = {channel.channel_id: channel for channel in channels}
    for _ in range(2):
        wanted = {
            name
            for channel in known.values()
            for name in (channel.parent_id, channel.category_id)
        }
        missing = wanted - known.keys() - {""}
        if not missing:
            break
        rows = Channel.objects.filter(channel_id__in=missing)
        known |= {channel.channel_id: channel for channel in rows}
    return known


def said_by(channel: Channel, *, known: Mapping[str, Channel]) -> list[Said]:
    """What the channel and those that it inherits from say, itself first."""
    return [(what, settings_of(each)) for what, each in lineage(channel, known=known)]


def in_force(said: Sequence[Said]) -> InForce:
    """Of each value, the first that is said."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name in FIELDS:
        told = [(what, getattr(each, name)) for what, each in said]
        first = next((each for each in told if each[1] not in _SAYS_NOTHING), None)
        origins[name] = DEFAULT if first is None else first[0]
        if first is not None:
            values[name] = first[1]
    allow = values.get("allow")
    return InForce(
        reply_mode=str(values.get("reply_mode", _UNSAID.reply_mode.value)),
        # An empty list says “everybody”, against what the category may say.
        allow=tuple(allow) if isinstance(allow, list) and allow else None,
        deny=tuple(_list(values.get("deny"))),
        default_character_id=_text(values.get("default_character_id")),
        origins=MappingProxyType(origins),
    )


def switched(said: Sequence[Said], *, character_id: str, may: bool) -> ChannelSettings:
    """The channel's own settings, changed so that this one may answer, or never.

    Lists are inherited whole: a channel that had none of its own gets a copy of the
    one in force. A list that is as the inherited one again is not its own any more.
    """
    own, now, inherited = said[0][1], in_force(said), in_force(said[1:])
    allow, deny = now.allow, [name for name in now.deny if name != character_id]
    if not may:
        deny.append(character_id)
    elif allow is not None and character_id not in allow:
        allow = (*allow, character_id)
    changes: dict[str, list[str] | None] = {}
    if deny != list(now.deny):
        is_inherited = sorted(deny) == sorted(inherited.deny)
        changes["deny"] = None if is_inherited else deny
    if allow != now.allow and allow is not None:
        is_inherited = sorted(allow) == sorted(inherited.allow or ())
        changes["allow"] = None if is_inherited else list(allow)
    return own.model_copy(update=changes)


def _list(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


REPLY_MODES: Final = tuple(mode for mode in ReplyMode if mode is not ReplyMode.CHANNEL)
"""Those that a channel can have; the other one is a character's."""
