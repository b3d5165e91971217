"""What this app hands to the registries of the layers below."""

from core import audit_titles, navigation
from relationships import reports
from routing.audit_titles import AUDIT_TITLES
from routing.services import voiding


def register() -> None:
    """Called once, at start-up."""
    audit_titles.register(AUDIT_TITLES)
    reports.register(voiding.voided)
    navigation.place("routing:void", under="relationships:page")
