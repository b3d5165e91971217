"""Signing in and up: how django-allauth behaves here.

Accounts are made through invitations only. Sign-ins, failed ones and changes of
passwords and second factors are audited.
"""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed, password_reset, password_set
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
)
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from core import audit
from core.client_ip import client_ip
from core.models import Invitation, User
from core.services import invitations

SESSION_KEY: Final = "invitation_id"
"""Where the session keeps the invitation whose link was opened."""

NOBODY: Final = "nobody signed in"

# One text for both, so that it tells nobody which names exist.
_WRONG = "The name or the password is not right. Check both and try again."


def pending_invitation(request: HttpRequest) -> Invitation | None:
    """The invitation that this browser opened, if it can still be used."""
    rows = Invitation.objects.open(now=timezone.now())
    invitation_id: int | None = request.session.get(SESSION_KEY)
    return None if invitation_id is None else rows.filter(pk=invitation_id).first()


def _join(request: HttpRequest, *, user: User) -> None:
    """Give a new account the role of its invitation, or undo it and say why."""
    invitation = pending_invitation(request)
    try:
        if invitation is None:
            raise invitations.InvitationClosed(
                "This invitation cannot be used any more. Ask for a new one."
            )
        invitations.accept(invitation=invitation, user=user, now=timezone.now())
    except invitations.InvitationClosed as error:
        messages.error(request, str(error))
        raise ImmediateHttpResponse(redirect("account_signup")) from error
    del request.session[SESSION_KEY]


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Passwords, names and sessions."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed. Ask an admin to open it again.",
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "username_taken": "Somebody has this name already. Choose another.",
        "too_many_login_attempts": (
            "Too many wrong tries. Wait five minutes, then try again."
        ),
        "enter_current_password": "This is not your present password.",
        "incorrect_password": "This is not your password.",
        "incorrect_code": "This code is not right. Take the newest from your app.",
        "rate_limited": "Too many requests. Wait a minute, then try again.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        # Never a refusal: behind a Unix socket all callers share one limit.
        return client_ip(request) or "unknown"

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return pending_invitation(request) is not None

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True
    ) -> User:
        user = super().save_user(request, user, form, commit=commit)
        _join(request, user=user)
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        _record("signed_in", actor=user, user=user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            _record("signed_out", actor=user, user=user)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        name = str(credentials.get("username") or credentials.get("email") or "")
        matches = Q(username__iexact=name) | Q(email__iexact=name)
        user = User.objects.filter(matches).first() if name else None
        # Not the name as typed, if it is nobody's: it may be a password.
        audit.record(
            actor=None,
            actor_name=NOBODY,
            action="person.sign_in_failed",
            obj=user or ("core.user", "", "unknown name"),
            now=timezone.now(),
        )

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        _record("sign_in_failed", actor=None, user=user, note="The account is closed.")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Accounts elsewhere, such as Discord; they too need an invitation to join."""

    def get_app(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> SocialApp:
        """Raises Http404 where this installation has none of ``provider``."""
        try:
            return super().get_app(request, provider, client_id=client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404(f"Signing in with {provider} is not set up.") from error

    @transaction.atomic
    def save_user(
        self,
        request: HttpRequest,
        sociallogin: SocialLogin,
        form: BaseForm | None = None,
    ) -> User:
        user: User = super().save_user(request, sociallogin, form)
        # With a form, AccountAdapter.save_user has used the invitation.
        if form is None:
            _join(request, user=user)
        return user


@receiver([password_changed, password_set, password_reset])
def on_password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    """A reset comes from somebody who is not signed in but holds the link."""
    actor = user if request.user.is_authenticated else None
    _record("password_changed", actor=actor, user=user)


@receiver(authenticator_added)
def on_factor_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    _record("second_factor_added", actor=user, user=user, note=authenticator.type)


@receiver(authenticator_removed)
def on_factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _record("second_factor_removed", actor=user, user=user, note=authenticator.type)


@receiver(authentication_failed)
def on_factor_failed(user: User, **_: Any) -> None:
    _record("sign_in_failed", actor=None, user=user, note="Wrong second factor.")


def _record(act: str, *, actor: User | None, user: User, note: str = "") -> None:
    audit.record(
        actor=actor,
        actor_name=NOBODY,
        action=f"person.{act}",
        obj=user,
        note=note,
        now=timezone.now(),
    )
