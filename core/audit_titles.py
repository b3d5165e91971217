"""What the audit log calls the acts in it; each app adds its own at start-up."""

from collections.abc import Mapping
from typing import Final

_titles: dict[str, str] = {}


def register(titles: Mapping[str, str], /) -> None:
    """Make words known for actions; again for an action replaces its words."""
    _titles.update(titles)


def title_of(action: str, /) -> str:
    """The words for an action, ``Published a character``.

    One that nobody registered, such as of an older release, is read as it is
    written: ``character.second_look`` is ``Character: second look``.
    """
    known = _titles.get(action)
    if known is not None:
        return known
    what, _, act = action.partition(".")
    words = f"{what}: {act}" if act else what
    words = words.replace("_", " ")
    return words[:1].upper() + words[1:]


_OWN: Final = {
    "audit.exported": "Exported the audit log",
    "invitation.accepted": "Accepted an invitation",
    "invitation.created": "Made an invitation",
    "invitation.revoked": "Revoked an invitation",
    "key.create": "Made a bot key",
    "key.revoke": "Revoked a bot key",
    "key.rotated": "Rotated a bot key",
    "page.denied": "Was refused a page",
    "person.created": "Added a person",
    "person.deactivated": "Deactivated a person",
    "person.password_changed": "Changed a password",
    "person.reactivated": "Reactivated a person",
    "person.role_changed": "Changed a role",
    "person.second_factor_added": "Added a second factor",
    "person.second_factor_removed": "Removed a second factor",
    "person.sign_in_failed": "Failed to sign in",
    "person.signed_in": "Signed in",
    "person.signed_out": "Signed out",
    "setting.changed": "Changed a setting",
    "webhook.archived": "Deleted a webhook",
    "webhook.created": "Made a webhook",
    "webhook.disabled": "Disabled a webhook that takes nothing",
    "webhook.edited": "Edited a webhook",
    "webhook.paused": "Paused a webhook",
    "webhook.resent": "Sent a webhook's message again",
    "webhook.resumed": "Resumed a webhook",
    "webhook.rotated": "Rotated a webhook's secret",
    "webhook.tested": "Tested a webhook",
}

register(_OWN)
