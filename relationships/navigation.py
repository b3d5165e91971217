"""This app's entries in the navigation."""

from core import navigation
from core.roles import Action


def register() -> None:
    """Called once, at start-up."""
    navigation.register(
        "Relationships",
        url_name="relationships:page",
        action=Action.SEE,
        order=22,
        key="e",
    )
