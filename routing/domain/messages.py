"""What a decision is made from, as plain values.

Source: design, section 4. Amounts are in thousandths of a point, weights in
thousandths, moments never: whoever reads the record says how long ago something was.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from personas.domain.sheets import ReplyMode


class Step(StrEnum):
    """The ways in which somebody is found, in the order of the design."""

    MENTION = "mention"
    STICKY = "sticky"
    ACTIVITY = "activity"
    CONTENT = "content"
    FALLBACK = "fallback"


DEFAULT_STEPS: Final = tuple(Step)


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody is playing, hearing or watching; either may be empty."""

    name: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be answered, as the bot sent it.

    ``author_character_id`` is ``None`` if a user wrote it. ``mentions`` are the
    characters that the platform says are mentioned.
    """

    text: str
    author_character_id: str | None = None
    mentions: tuple[str, ...] = ()
    activity: Activity | None = None
    ignore_sticky: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The channel's settings in force, its category's where it has none of its own.

    ``names`` are its id and its name, by which characters may prefer it. ``allow``
    ``None`` lets everybody in. ``default_character_id``: ``None`` leaves it to the
    installation, empty means nobody.
    """

    names: tuple[str, ...] = ()
    reply_mode: ReplyMode = ReplyMode.IN_CONVERSATION
    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    default_character_id: str | None = None


@dataclass(frozen=True, slots=True)
class Quieted:
    """A quiet switch that is on in this channel.

    Without characters all of it is quiet; with two, neither answers the other.
    """

    quiet_id: str
    character_id: str | None = None
    other_character_id: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings of the installation and of the channel by which it is decided.

    ``steps`` in their order; those that are switched off are left out.
    ``response_chance`` is within 0 to 1. ``default_character_id`` empty: nobody.
    """

    is_enabled: bool = True
    steps: tuple[Step, ...] = DEFAULT_STEPS
    sticky_seconds: int = 300
    response_chance: float = 1.0
    default_character_id: str = ""
    chain_cap: int = 4
    channel_budget: int = 12
    pair_budget: int = 6
    place: Place = Place()
    quiets: tuple[Quieted, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What the record says of the channel.

    ``sticky`` is whose decision was the last, and how many seconds ago. ``chain``
    counts the persona messages in a row, this one included; 0 for a user's.
    ``channel_answers`` are the answers to personas here within the last 10 minutes.
    """

    sticky: tuple[str, float] | None = None
    chain: int = 0
    channel_answers: int = 0


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What only counts between the author, a persona, and who would answer.

    ``answers`` between the two, either way, within the last 10 minutes;
    ``probability`` that this one answers that one, by the relationships' formula.
    """

    answers: int
    probability: float


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason for or against a candidate.

    ``kind``: mention, interest, domain, channel, avoidance or activity. ``points`` as
    the design gives them, before the weight. ``start`` and ``end`` are characters of
    the message as sent; ``None`` if no word of it is meant.
    """

    kind: str
    phrase: str
    points: int
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody with a reason; ``score`` and ``weight`` in thousandths.

    ``is_close``: near enough to the best of the deciding step to be drawn from.
    """

    character_id: str
    score: int
    weight: int
    is_close: bool
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """A number drawn from 0 to below 1, what for, and what it was held against.

    ``of``: close, probability or chance. For ``close``, ``against`` is ``None`` and
    ``among`` lists who was drawn from, in order, with their weights in thousandths.
    """

    of: str
    drawn: float
    against: float | None = None
    among: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step after the one that decided, and who it would have been; ``None``: nobody.

    Where it would have been drawn, the likeliest of the close ones is named.
    """

    step: str
    would_have_been: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, whether at all, and why.

    ``reason`` is the step that decided, ``nobody`` or ``disabled``. ``close_floor``
    is the least score, in thousandths, that was close; ``None`` where none was drawn.
    ``candidates`` are ordered by score, the best first, then by id.
    """

    character_id: str | None
    reason: str
    respond: bool
    respond_reason: str
    close_floor: int | None = None
    candidates: tuple[Candidate, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    draws: tuple[Draw, ...] = ()
    pair: PairFacts | None = None
