"""The table of roles and scopes, at the API's edge."""

from typing import TYPE_CHECKING, Final

import structlog
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.access import PUBLIC, Needs, rule_for
from core.keys import BotPrincipal
from core.people import may
from core.problems import Problem
from core.roles import TABLE, Action, Role

if TYPE_CHECKING:
    # REST framework reads its settings, and so imports this, while that loads.
    from rest_framework.views import APIView

_log: Final = structlog.get_logger(__name__)


class Allowed(BasePermission):
    """Lets in whom the view's ``access`` names for this method, and nobody else.

    ``access`` maps methods to ``core.access.Needs`` or ``PUBLIC``; methods that
    it does not name are closed.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Raises MethodNotAllowed, NotAuthenticated or Problem (403)."""
        rule = rule_for(getattr(view, "access", {}), method=request.method or "")
        if rule is None:
            raise MethodNotAllowed(request.method or "")
        if rule == PUBLIC:
            return True
        if isinstance(request.auth, BotPrincipal):
            _check_bot(request.auth, needs=rule, view=view)
        elif request.user is None or not request.user.is_authenticated:
            raise NotAuthenticated
        elif rule.action is None:
            raise Problem("bots_only", detail="Call this with a bot key.")
        elif not may(request.user, action=rule.action):
            role = least_role(rule.action)
            raise Problem(
                "role_too_low", detail=f"This needs the role {role}; ask an admin."
            )
        return True


def least_role(action: Action) -> Role:
    """The weakest role that may do it."""
    return next(role for role in Role if action in TABLE[role])


def _check_bot(bot: BotPrincipal, *, needs: Needs, view: "APIView") -> None:
    if needs.scope in bot.scopes:
        return
    _log.warning(
        "api.denied",
        key_id=bot.key_id,
        scope=needs.scope,
        view=type(view).__name__,
    )
    if needs.scope is None:
        raise Problem("people_only", detail="Sign in; no bot key opens this.")
    raise Problem(
        "missing_scope",
        detail=f"Make a key with the scope {needs.scope}; this one lacks it.",
    )
