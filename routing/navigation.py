"""This app's entries in the navigation."""

from typing import Final

from core import navigation
from core.roles import Action

SECTION: Final = "Routing"
"""The menu of pages about who answers."""


def register() -> None:
    """Called once, at start-up."""
    navigation.register(
        "Decisions",
        url_name="routing:feed",
        action=Action.SEE,
        section=SECTION,
        order=24,
        key="d",
    )
    navigation.register(
        "Channels",
        url_name="routing:channels",
        action=Action.SEE,
        section=SECTION,
        order=25,
        key="t",
    )
    navigation.register(
        "Now",
        url_name="routing:now",
        action=Action.SEE,
        section=SECTION,
        order=26,
        key="n",
    )
