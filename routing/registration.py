"""What this app hands to the registries of the layers below."""

from core import audit_titles, navigation
from core.live import watcher
from core.live.streams import register as register_stream
from personas import checks
from personas import quieting as quiet_served
from relationships import reports
from routing import navigation as pages
from routing import policy
from routing.audit_titles import AUDIT_TITLES
from routing.services import announcing, linting, quieting, switches, voiding


def register() -> None:
    """Called once, at start-up."""
    policy.register()
    register_stream(announcing.STREAM)
    register_stream(announcing.SWITCHES)
    watcher.PROCESS.follow(announcing.SWITCHES.name, callback=switches.copy.apply)
    audit_titles.register(AUDIT_TITLES)
    reports.register(voiding.voided)
    quiet_served.register(quieting.served)
    pages.register()
    checks.register_adviser(linting.advice, name="names and topics")
    navigation.place("routing:void", under="relationships:page")
