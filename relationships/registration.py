"""What this app hands to the registries of the layers below."""

from core import audit_titles
from core.live.streams import Stream
from core.live.streams import register as register_stream
from core.roles import Action
from personas import feelings
from relationships import navigation, policy, prompting
from relationships.audit_titles import AUDIT_TITLES
from relationships.services import announcing


def register() -> None:
    """Called once, at start-up."""
    policy.register()
    audit_titles.register(AUDIT_TITLES)
    register_stream(Stream(name=announcing.STREAM, action=Action.SEE))
    feelings.register(prompting.feelings_of)
    navigation.register()
