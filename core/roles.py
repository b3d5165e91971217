"""Who may do what: one table that is code, documentation and test data.

Source: design, section 7. Everything is denied unless it stands here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.db import models


class Role(models.TextChoices):
    """Roles of people, weakest first; each is a group of the same name."""

    VIEWER = "viewer", "Viewer"
    CURATOR = "curator", "Curator"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Admin"


class Action(StrEnum):
    """Everything a person can be allowed to do."""

    SEE = "see"
    EDIT_DRAFTS = "edit_drafts"
    IMPORT = "import"
    PUBLISH = "publish"
    ARCHIVE = "archive"
    QUIET = "quiet"
    ADJUST = "adjust"
    EDIT_SETTINGS = "edit_settings"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_KEYS = "manage_keys"
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_AUDIT = "read_audit"
    OPERATE = "operate"
    OWN_ACCOUNT = "own_account"


class Scope(StrEnum):
    """What a bot key can be allowed to do."""

    PROMPT_READ = "prompt:read"
    ROUTE_DECIDE = "route:decide"
    INTERACTION_WRITE = "interaction:write"
    RELATIONSHIP_READ = "relationship:read"
    CARDS_WRITE = "cards:write"
    OPS_WRITE = "ops:write"
    METRICS_READ = "metrics:read"


BOT_SCOPES: Final = (
    Scope.PROMPT_READ,
    Scope.ROUTE_DECIDE,
    Scope.INTERACTION_WRITE,
    Scope.RELATIONSHIP_READ,
)
"""What a bot needs, and gets unless told otherwise."""

DESCRIPTIONS: Final[Mapping[Action, str]] = {
    Action.SEE: "See characters, frameworks, versions and all live pages",
    Action.OWN_ACCOUNT: "Change one's own password and second factor",
    Action.EDIT_DRAFTS: "Edit drafts",
    Action.IMPORT: "Import and export",
    Action.PUBLISH: "Publish, roll back, move labels, switch characters on and off",
    Action.ARCHIVE: "Archive and restore",
    Action.QUIET: "Quiet characters and channels",
    Action.ADJUST: "Adjust feelings and approve growth",
    Action.EDIT_SETTINGS: "Change settings",
    Action.MANAGE_PEOPLE: "Invite people and change their roles",
    Action.MANAGE_KEYS: "Make and revoke bot keys",
    Action.MANAGE_WEBHOOKS: "Make webhooks and see what was sent to them",
    Action.READ_AUDIT: "Read the audit log",
    Action.OPERATE: "See metrics and wiring",
}

_LEAST: Final[Mapping[Action, Role]] = {
    Action.SEE: Role.VIEWER,
    Action.OWN_ACCOUNT: Role.VIEWER,
    Action.EDIT_DRAFTS: Role.CURATOR,
    Action.IMPORT: Role.CURATOR,
    Action.PUBLISH: Role.MANAGER,
    Action.ARCHIVE: Role.MANAGER,
    Action.QUIET: Role.MANAGER,
    Action.ADJUST: Role.MANAGER,
    Action.EDIT_SETTINGS: Role.MANAGER,
    Action.MANAGE_PEOPLE: Role.ADMIN,
    Action.MANAGE_KEYS: Role.ADMIN,
    Action.MANAGE_WEBHOOKS: Role.ADMIN,
    Action.READ_AUDIT: Role.ADMIN,
    Action.OPERATE: Role.ADMIN,
}
RANKS: Final = {role: rank for rank, role in enumerate(Role)}

TABLE: Final[Mapping[Role, frozenset[Action]]] = {
    role: frozenset(a for a, least in _LEAST.items() if RANKS[role] >= RANKS[least])
    for role in Role
}
"""Role → the actions it allows."""


def allows(role: Role | None, *, action: Action) -> bool:
    """Whether ``role`` may do ``action``; nobody's role is ``None``."""
    return role is not None and action in TABLE[role]
