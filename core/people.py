"""Whose role is what, and what that lets them do."""

from typing import Literal

from django.contrib.auth.models import AnonymousUser

from core.models import User
from core.roles import RANKS, Action, Role, allows

AnyUser = User | AnonymousUser


def role_of(user: AnyUser) -> Role | None:
    """The person's strongest role, or ``None``; one query a request."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return None
    known: Role | Literal["unknown"] | None = getattr(user, "known_role", "unknown")
    if known != "unknown":
        return known
    if user.is_superuser:
        return Role.ADMIN
    names = user.groups.values_list("name", flat=True)
    roles = [Role(name) for name in names if name in Role.values]
    role = max(roles, key=RANKS.__getitem__, default=None)
    user.known_role = role
    return role


def may(user: AnyUser, *, action: Action) -> bool:
    """Whether the person may do ``action``."""
    return allows(role_of(user), action=action)
