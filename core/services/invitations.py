"""Invitations: links by which one person each may join."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from core import audit, policy
from core.models import Invitation, User
from core.roles import Role
from core.services.people import give_role


class InvitationClosed(Exception):
    """The invitation was used, was revoked, has run out, or never was."""


def _digest(token: str) -> str:
    # A plain digest is right, because the token has 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(
    *, role: Role, note: str, actor: User, now: datetime
) -> tuple[Invitation, str]:
    """An invitation and its token, which is kept nowhere: show it at once.

    Open for ``INVITATION_DAYS`` or until used or revoked. ``note`` (at most 200
    characters) tells admins whom it was meant for.
    """
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        digest=_digest(token),
        role=role,
        note=note,
        created_by=actor,
        created_at=now,
        expires_at=now + timedelta(days=policy.value("INVITATION_DAYS")),
    )
    audit.record(
        actor=actor,
        action="invitation.created",
        obj=invitation,
        after={
            "role": role.value,
            "note": note,
            "expires_at": invitation.expires_at.isoformat(),
        },
        now=now,
    )
    return invitation, token


def find_open(*, token: str, now: datetime) -> Invitation:
    """The invitation that a link names.

    Raises:
        InvitationClosed: it cannot be used, or not any more.
    """
    rows = Invitation.objects.open(now=now).select_related("created_by")
    invitation = rows.filter(digest=_digest(token)).first()
    if invitation is None:
        raise InvitationClosed(
            "This invitation has been used, has run out or was withdrawn."
            " Ask whoever sent it for a new one."
        )
    return invitation


@transaction.atomic
def accept(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Use up the invitation for ``user``, a new account, and give it the role.

    Call it in the transaction that makes the account, so that of two people
    with one link the second gets none.

    Raises:
        InvitationClosed: somebody was quicker, or it has just run out.
    """
    # One statement decides who comes first, on every database.
    rows = Invitation.objects.open(now=now).filter(pk=invitation.pk)
    if not rows.update(accepted_by=user, accepted_at=now):
        raise InvitationClosed(
            "Somebody has just used this invitation. Ask for a new one."
        )
    role = Role(invitation.role)
    give_role(user=user, role=role)
    audit.record(
        actor=user,
        action="invitation.accepted",
        obj=invitation,
        after={"role": role.value, "person": user.username},
        note=invitation.note,
        now=now,
    )


@transaction.atomic
def revoke(*, invitation: Invitation, actor: User, now: datetime) -> None:
    """Close a link that nobody has used.

    Raises:
        InvitationClosed: it was closed before.
    """
    rows = Invitation.objects.open(now=now).filter(pk=invitation.pk)
    if not rows.update(revoked_at=now):
        raise InvitationClosed("This invitation is closed already.")
    audit.record(
        actor=actor,
        action="invitation.revoked",
        obj=invitation,
        before={"revoked_at": None},
        after={"revoked_at": now.isoformat()},
        now=now,
    )
