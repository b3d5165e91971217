"""Settings of this app that managers edit."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from core import policy
from core.policy import PolicySpec
from personas.domain.contexts import (
    DEFAULT_CONTEXTS,
    ContextTable,
    ConversationContext,
    names_of,
)
from personas.domain.dialects import DEFAULT_FRAMEWORK_ID
from personas.models import Framework
from personas.services import announcing

DEFAULT_FRAMEWORK = "DEFAULT_FRAMEWORK"
FRAMEWORK_BLENDING_ENABLED = "FRAMEWORK_BLENDING_ENABLED"
CONVERSATION_CONTEXTS = "CONVERSATION_CONTEXTS"
PROMPT_TOKEN_CAP = "PROMPT_TOKEN_CAP"  # noqa: S105  # No password.


def register() -> None:
    """Make the settings known; called once, at start-up."""
    policy.register(
        PolicySpec(
            name=DEFAULT_FRAMEWORK,
            annotation=str,
            default=DEFAULT_FRAMEWORK_ID,
            title="Framework for imports",
            help="The id of the framework that a character gets whose file names"
            " none, or one that does not exist.",
            group="Import",
        )
    )
    policy.register(
        PolicySpec(
            name=PROMPT_TOKEN_CAP,
            annotation=Annotated[int, Field(ge=1, le=1_000_000)] | None,
            default=None,
            title="Most tokens of a prompt",
            help="A longer prompt cannot be published; from 80 % on, the editor"
            " warns. Empty: no such limit.",
            group="Publishing",
            words=lambda value: "no limit" if value is None else f"{value:,} tokens",
        )
    )
    policy.register(
        PolicySpec(
            name=FRAMEWORK_BLENDING_ENABLED,
            annotation=bool,
            default=True,
            title="Blend frameworks",
            help="Off: bots get the plain prompt in every kind of conversation.",
            group="Blending",
            changed=_blending_switched,
        )
    )
    policy.register(
        PolicySpec(
            name=CONVERSATION_CONTEXTS,
            annotation=ContextTable,
            default=DEFAULT_CONTEXTS,
            title="Kinds of conversation",
            help="What each mixes for characters that list no weights of their own,"
            " and the words that tell of it.",
            group="Blending",
            page="personas:context-list",
            words=_context_names,
            changed=_contexts_changed,
        )
    )


def default_framework() -> str | None:
    """The default framework's id if it is in use, else the first in use, if any."""
    wanted = policy.value(DEFAULT_FRAMEWORK)
    ids = Framework.objects.active().order_by("framework_id")
    found = ids.filter(framework_id=wanted).first() or ids.first()
    return found.framework_id if found is not None else None


def prompt_token_cap() -> int | None:
    """The most tokens that a prompt may have; ``None`` if there is no limit."""
    cap: int | None = policy.value(PROMPT_TOKEN_CAP)
    return cap


def is_blending_enabled() -> bool:
    """Whether blended prompts are served; without, everybody gets the plain one."""
    enabled: bool = policy.value(FRAMEWORK_BLENDING_ENABLED)
    return enabled


def contexts() -> tuple[ConversationContext, ...]:
    """The kinds of conversation that the installation knows, in its order."""
    found: tuple[ConversationContext, ...] = policy.value(CONVERSATION_CONTEXTS)
    return found


def contexts_mixing(framework_id: str) -> list[str]:
    """The kinds of conversation for which the table names this framework."""
    return [c.context for c in contexts() if framework_id in c.asked]


def _context_names(table: tuple[ConversationContext, ...]) -> str:
    return ", ".join(row.name for row in table) or "none"


def _blending_switched(before: bool, after: bool, now: datetime) -> None:
    announcing.blending_changed(what=announcing.SWITCH, now=now)


def _contexts_changed(
    before: tuple[ConversationContext, ...],
    after: tuple[ConversationContext, ...],
    now: datetime,
) -> None:
    is_same = names_of(before) == names_of(after)
    what = announcing.WORDS if is_same else announcing.NAMES
    announcing.blending_changed(what=what, now=now)
