"""This app's entries in the navigation."""

from core import navigation
from core.roles import Action


def register() -> None:
    """Called once, at start-up."""
    see = Action.SEE
    navigation.register("Home", url_name="home", action=see, order=10, key="h")
    navigation.register(
        "Characters",
        url_name="admin:personas_character_changelist",
        action=see,
        order=20,
        key="c",
    )
    navigation.register(
        "Frameworks",
        url_name="admin:personas_framework_changelist",
        action=see,
        order=30,
        key="f",
    )
    navigation.register(
        "Lorebooks",
        url_name="personas:lorebook-list",
        action=see,
        order=32,
        key="b",
    )
    navigation.register(
        "Kinds of conversation",
        url_name="personas:context-list",
        action=see,
        order=35,
        key="x",
    )
    navigation.register(
        "Publish",
        url_name="personas:publish",
        action=Action.EDIT_DRAFTS,
        order=40,
        key="p",
    )
    navigation.register(
        "Changes",
        url_name="personas:publication-list",
        action=see,
        order=50,
        key="l",
    )
    navigation.register(
        "Import",
        url_name="personas:import-list",
        action=Action.IMPORT,
        order=38,
        key="i",
    )
