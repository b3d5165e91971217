"""What this app hands to the registries of the layers below."""

from core import audit_titles, needs
from core.live.streams import Stream
from core.live.streams import register as register_stream
from core.roles import Action
from core.services.webhooks import register_event
from evolution import checks, navigation, policy
from evolution.needs import growth_needs
from evolution.services import (
    again,
    announcing,
    applying,
    counting,
    offering,
    stages,
)
from personas import checks as publish_checks
from personas import going_live


def register() -> None:
    """Called once, at start-up."""
    policy.register()
    navigation.register()
    needs.register(growth_needs, name="growth")
    audit_titles.register(again.AUDIT_TITLES)
    audit_titles.register(stages.AUDIT_TITLES)
    publish_checks.register(checks.stages_fit, name="growth stages")
    going_live.register(offering.followed, name="growth")
    register_stream(Stream(name=announcing.STREAM, action=Action.SEE))
    register_event(
        counting.STAGE_REACHED,
        "A stage was reached",
        "A character has had so many interactions that one of their growth stages is"
        " due.",
    )
    register_event(
        counting.MILESTONE_REACHED,
        "A milestone was passed",
        "A character has had a round number of interactions.",
    )
    register_event(
        applying.STAGE_APPLIED,
        "A growth stage went live",
        "What a growth stage changes is part of a character from now on.",
    )
    register_event(
        applying.STAGE_REVERTED,
        "A growth stage was taken back",
        "What a growth stage had changed is no part of a character any more.",
    )
