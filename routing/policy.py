"""Settings of this app that managers edit."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from core import policy
from core.policy import Derived, PolicySpec
from personas.domain.sheets import Slug
from routing.domain.messages import Step, Terms

USE_PERSONA_SYSTEM: Final = "USE_PERSONA_SYSTEM"
PERSONA_STICKY_TIMEOUT: Final = "PERSONA_STICKY_TIMEOUT"
GLOBAL_RESPONSE_CHANCE: Final = "GLOBAL_RESPONSE_CHANCE"
ACTIVITY_ROUTING_ENABLED: Final = "ACTIVITY_ROUTING_ENABLED"
ACTIVITY_ROUTING_PRIORITY: Final = "ACTIVITY_ROUTING_PRIORITY"
ROUTING_STEPS: Final = "ROUTING_STEPS"
DEFAULT_PERSONA: Final = "DEFAULT_PERSONA"
PERSONA_CHAIN_CAP: Final = "PERSONA_CHAIN_CAP"
PERSONA_CHANNEL_BUDGET: Final = "PERSONA_CHANNEL_BUDGET"
PERSONA_PAIR_BUDGET: Final = "PERSONA_PAIR_BUDGET"
MESSAGE_TEXT_KEPT: Final = "MESSAGE_TEXT_KEPT"
MESSAGE_TEXT_DAYS: Final = "MESSAGE_TEXT_DAYS"

EXCERPT_LENGTH: Final = 200
"""Characters of a message, or of a reply, where only an excerpt is kept."""
MOST_CHAIN: Final = 40
_GROUP: Final = "Routing"
_STEPS: Final = tuple(step for step in Step if step is not Step.ACTIVITY)
_SEPARATOR: Final = ", "
_OF_TERMS: Final = (
    USE_PERSONA_SYSTEM,
    PERSONA_STICKY_TIMEOUT,
    GLOBAL_RESPONSE_CHANCE,
    ACTIVITY_ROUTING_ENABLED,
    ACTIVITY_ROUTING_PRIORITY,
    ROUTING_STEPS,
    DEFAULT_PERSONA,
    PERSONA_CHAIN_CAP,
    PERSONA_CHANNEL_BUDGET,
    PERSONA_PAIR_BUDGET,
)


def _each_once(text: str) -> str:
    words = text.replace(",", " ").split()
    if sorted(words) != sorted(_STEPS):
        raise ValueError(
            f"Write each of {_SEPARATOR.join(_STEPS)} once, in the order you want."
        )
    return _SEPARATOR.join(words)


Steps = Annotated[str, Field(max_length=100), AfterValidator(_each_once)]
"""The order of all steps but the one of activities, with commas between them."""


def register() -> None:
    """Make the settings known; called once, at start-up."""
    for spec in _SPECS:
        policy.register(spec)


def _terms() -> Terms:
    """From the database, in one query; what channels and quiet switches say is not
    among it."""
    values = policy.read(_OF_TERMS).values
    steps = [Step(word) for word in values[ROUTING_STEPS].split(_SEPARATOR)]
    if values[ACTIVITY_ROUTING_ENABLED]:
        steps.insert(values[ACTIVITY_ROUTING_PRIORITY] - 1, Step.ACTIVITY)
    return Terms(
        is_enabled=values[USE_PERSONA_SYSTEM],
        steps=tuple(steps),
        sticky_seconds=values[PERSONA_STICKY_TIMEOUT],
        response_chance=values[GLOBAL_RESPONSE_CHANCE],
        default_character_id=values[DEFAULT_PERSONA] or "",
        chain_cap=values[PERSONA_CHAIN_CAP],
        channel_budget=values[PERSONA_CHANNEL_BUDGET],
        pair_budget=values[PERSONA_PAIR_BUDGET],
    )


terms_of_settings: Derived[Terms] = Derived(_terms)
"""The installation's part of what is decided by; at most a second behind."""


def text_kept() -> str:
    """How much of a message is kept: whole, excerpt or none."""
    found: str = policy.value(MESSAGE_TEXT_KEPT)
    return found


def text_kept_for() -> timedelta:
    """How long the text of messages is kept."""
    return timedelta(days=policy.value(MESSAGE_TEXT_DAYS))


def _share(value: float) -> str:
    return f"{value:g}"


def _or_nobody(character_id: str | None) -> str:
    return character_id or "nobody"


_SPECS: Final = (
    PolicySpec(
        name=USE_PERSONA_SYSTEM,
        annotation=bool,
        default=True,
        title="Characters answer",
        help="Off: no message is answered by anybody, everywhere.",
        group=_GROUP,
    ),
    PolicySpec(
        name=PERSONA_STICKY_TIMEOUT,
        annotation=Annotated[int, Field(ge=0, le=86_400)],
        default=300,
        title="Seconds that a conversation goes on",
        help="So long after answering, a character answers again in the same channel"
        " though nobody names it. 0: only when named, or when it fits best.",
        group=_GROUP,
        words=lambda seconds: f"{seconds:,} seconds",
    ),
    PolicySpec(
        name=GLOBAL_RESPONSE_CHANCE,
        annotation=Annotated[float, Field(ge=0, le=1)],
        default=1.0,
        title="Chance of an answer",
        help="Where nobody was named and all else allows an answer: 1 is always, 0.5"
        " every other time, 0 never.",
        group=_GROUP,
        words=_share,
    ),
    PolicySpec(
        name=ACTIVITY_ROUTING_ENABLED,
        annotation=bool,
        default=True,
        title="Activities count",
        help="On: who likes what a user is playing, hearing or watching may answer.",
        group=_GROUP,
    ),
    PolicySpec(
        name=ACTIVITY_ROUTING_PRIORITY,
        annotation=Annotated[int, Field(ge=1, le=len(Step))],
        default=3,
        title="Place of activities among the steps",
        help="1 asks for them first, 5 last.",
        group=_GROUP,
    ),
    PolicySpec(
        name=ROUTING_STEPS,
        annotation=Steps,
        default=_SEPARATOR.join(_STEPS),
        title="Order of the other steps",
        help="mention: who was named. sticky: who answered here last. content: whom the"
        " words of the message fit. fallback: who answers if nobody fits.",
        group=_GROUP,
    ),
    PolicySpec(
        name=DEFAULT_PERSONA,
        annotation=Slug | None,
        default=None,
        title="Who answers if nobody fits",
        help="The id of a character; a channel may have another. Empty: nobody.",
        group=_GROUP,
        words=_or_nobody,
    ),
    PolicySpec(
        name=PERSONA_CHAIN_CAP,
        annotation=Annotated[int, Field(ge=0, le=MOST_CHAIN)],
        default=4,
        title="Messages of characters in a row",
        help="After so many in a channel, no character answers until a user has"
        " spoken there.",
        group=_GROUP,
    ),
    PolicySpec(
        name=PERSONA_CHANNEL_BUDGET,
        annotation=Annotated[int, Field(ge=0, le=1_000)],
        default=12,
        title="Answers of characters to each other, per channel",
        help="Within ten minutes.",
        group=_GROUP,
    ),
    PolicySpec(
        name=PERSONA_PAIR_BUDGET,
        annotation=Annotated[int, Field(ge=0, le=1_000)],
        default=6,
        title="Answers of two characters to each other",
        help="Within ten minutes, in all channels.",
        group=_GROUP,
    ),
    PolicySpec(
        name=MESSAGE_TEXT_KEPT,
        annotation=Literal["whole", "excerpt", "none"],
        default="whole",
        title="Text of messages",
        help=f"What is kept of messages to explain decisions later. “excerpt” is the"
        f" first {EXCERPT_LENGTH} characters.",
        group=_GROUP,
    ),
    PolicySpec(
        name=MESSAGE_TEXT_DAYS,
        annotation=Annotated[int, Field(ge=1, le=90)],
        default=7,
        title="Days that text of messages is kept",
        help="Counts for messages from now on. The decision itself stays.",
        group=_GROUP,
        words=lambda days: "1 day" if days == 1 else f"{days} days",
    ),
)
