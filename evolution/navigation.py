"""This app's entries in the navigation."""

from core import navigation
from core.roles import Action


def register() -> None:
    """Called once, at start-up."""
    navigation.register(
        "Growth",
        url_name="evolution:growth-list",
        action=Action.SEE,
        order=37,
        key="w",
    )
