"""What this app hands to the registries of the layer below."""

from core import audit_titles
from core.live import watcher
from core.live.streams import Stream
from core.live.streams import register as register_stream
from core.roles import Action
from personas import checks, navigation, policy
from personas.audit_titles import AUDIT_TITLES
from personas.catalog import catalog
from personas.services import telling
from personas.services.announcing import STREAM


def register() -> None:
    """Called once, at start-up."""
    policy.register()
    audit_titles.register(AUDIT_TITLES)
    navigation.register()
    telling.register()
    checks.register(checks.template_names_sections, name="template")
    checks.register(checks.prompt_within_cap, name="token cap")
    checks.register(checks.lorebooks_are_served, name="lorebooks")
    register_stream(Stream(name=STREAM, action=Action.SEE))
    watcher.PROCESS.follow(STREAM, callback=catalog.apply)
