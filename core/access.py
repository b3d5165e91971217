"""What each address asks for, by method; an address that says nothing is closed.

Pages declare it with ``@allows(GET=Action.SEE, POST=Action.PUBLISH)``, API views
with ``access = {"GET": Needs(action=…, scope=…)}``; addresses of other packages
stand in ``ELSEWHERE``. ``core.middleware.AccessMiddleware`` and
``core.api.permissions.Allowed`` enforce it; a test walks every address.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from core.roles import Action, Scope

PUBLIC: Final = "public"
"""Open to anybody, signed in or not."""

Rule = Action | Literal["public"]
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Needs:
    """What an API call asks of a person (``action``) and of a bot key (``scope``).

    ``None`` closes the call to that kind of caller.
    """

    action: Action | None
    scope: Scope | None


def allows(**rules: Rule) -> Callable[[View], View]:
    """Declare, per HTTP method, what a page asks for. GET covers HEAD."""

    def declare(view: View) -> View:
        view.access = rules  # type: ignore[attr-defined]
        return view

    return declare


def answers_problems(view: View) -> View:
    """Declare that scripts of our own pages ask this address, outside of the API.

    What goes wrong is then told as a problem (``core.problems``), never as a page
    or by a redirect to the sign-in, which a script could not read.
    """
    view.answers_problems = True  # type: ignore[attr-defined]
    return view


_ACCOUNT: Final[Mapping[str, Rule]] = {
    "GET": Action.OWN_ACCOUNT,
    "POST": Action.OWN_ACCOUNT,
}
_OPEN: Final[Mapping[str, Rule]] = {"GET": PUBLIC, "POST": PUBLIC}

ELSEWHERE: Final[Mapping[str, Mapping[str, Rule]]] = {
    "account_login": _OPEN,
    "account_logout": _OPEN,
    "account_signup": _OPEN,
    "account_inactive": {"GET": PUBLIC},
    "account_reset_password": _OPEN,
    "account_reset_password_done": {"GET": PUBLIC},
    "account_reset_password_from_key": _OPEN,
    "account_reset_password_from_key_done": {"GET": PUBLIC},
    "account_change_password": _ACCOUNT,
    "account_set_password": _ACCOUNT,
    "account_email": _ACCOUNT,
    "account_reauthenticate": _ACCOUNT,
    "account_email_verification_sent": {"GET": PUBLIC},
    "account_confirm_email": _OPEN,
    "mfa_index": {"GET": Action.OWN_ACCOUNT},
    "mfa_authenticate": _OPEN,
    "mfa_reauthenticate": _ACCOUNT,
    "mfa_activate_totp": _ACCOUNT,
    "mfa_deactivate_totp": _ACCOUNT,
    "mfa_view_recovery_codes": {"GET": Action.OWN_ACCOUNT},
    "mfa_download_recovery_codes": _ACCOUNT,
    "mfa_generate_recovery_codes": _ACCOUNT,
    "socialaccount_login_cancelled": {"GET": PUBLIC},
    "socialaccount_login_error": {"GET": PUBLIC},
    "socialaccount_signup": _OPEN,
    "socialaccount_connections": _ACCOUNT,
    "discord_login": _OPEN,
    "discord_callback": {"GET": PUBLIC},
}


def rules_of(view: Callable[..., Any], *, name: str) -> Mapping[str, Any] | None:
    """What the view declares, per method; ``None`` if it says nothing."""
    for source in (view, getattr(view, "cls", None), getattr(view, "view_class", None)):
        declared: Mapping[str, Any] | None = getattr(source, "access", None)
        if declared is not None:
            return declared
    return ELSEWHERE.get(name)


def rule_for(rules: Mapping[str, Any], *, method: str) -> Any | None:
    """The rule for one method; HEAD follows GET."""
    return rules.get("GET" if method == "HEAD" else method)
