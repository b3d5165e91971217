"""People: making accounts, giving roles, closing accounts."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from core import audit
from core.live.changes import announce
from core.live.streams import PEOPLE
from core.models import Invitation, User
from core.roles import RANKS, Role


class LastAdmin(Exception):
    """Without this person nobody could manage people and keys any more."""


class NameTaken(Exception):
    """Another account has this name."""


def people() -> QuerySet[User]:
    """Everybody, with groups loaded and ``has_second_factor``, by name."""
    factors = Authenticator.objects.filter(
        user=OuterRef("pk"),
        type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN],
    )
    rows = User.objects.prefetch_related("groups")
    return rows.annotate(has_second_factor=Exists(factors)).order_by("username")


def given_role(user: User) -> Role | None:
    """The role that the account holds, also while it is closed.

    Reads ``groups`` as loaded by ``people``; ``core.people.role_of`` says what
    counts for access.
    """
    if user.is_superuser:
        return Role.ADMIN
    names = [group.name for group in user.groups.all()]
    roles = [Role(name) for name in names if name in Role.values]
    return max(roles, key=RANKS.__getitem__, default=None)


@transaction.atomic
def create_person(
    *,
    username: str,
    password: str,
    role: Role,
    actor: User | None,
    now: datetime,
) -> User:
    """Make an account with exactly ``role``.

    Raises:
        NameTaken: another account has this name.
        django.core.exceptions.ValidationError: the name or the password is not
            acceptable; the messages say why.
    """
    user = User(username=User.normalize_username(username), date_joined=now)
    user.set_password(password)
    user.clean_fields()
    validate_password(password, user=user)
    # "ana" and "Ana" would sign in as each other.
    if User.objects.filter(username__iexact=user.username).exists():
        raise NameTaken(
            f"Somebody is called “{username}” already. Choose another name."
        )
    user.save()
    give_role(user=user, role=role)
    audit.record(
        actor=actor,
        action="person.created",
        obj=user,
        after={"role": role.value},
        now=now,
    )
    return user


@transaction.atomic
def set_role(
    *, user: User, role: Role | None, actor: User | None, now: datetime
) -> None:
    """Let ``user`` hold ``role`` and no other; ``None`` takes all access away.

    Whoever stops being an admin takes along the invitations that they made and
    nobody has used, or one of them could open the way back.

    Raises:
        LastAdmin: nobody else could manage people afterwards.
    """
    before = given_role(user)
    if before == role:
        return
    if before is Role.ADMIN:
        _keep_an_admin(besides=user)
    give_role(user=user, role=role)
    audit.record(
        actor=actor,
        action="person.role_changed",
        obj=user,
        before={"role": before.value if before else None},
        after={"role": role.value if role else None},
        now=now,
    )
    _tell(user, now=now)
    if role is not Role.ADMIN:
        _withdraw_invitations(of=user, actor=actor, now=now)


@transaction.atomic
def deactivate(*, user: User, actor: User | None, now: datetime) -> None:
    """Close an account: its next request finds it signed out.

    Raises:
        LastAdmin: nobody else could manage people afterwards.
    """
    if not user.is_active:
        return
    if given_role(user) is Role.ADMIN:
        _keep_an_admin(besides=user)
    _set_active(user=user, is_active=False, actor=actor, now=now)
    _withdraw_invitations(of=user, actor=actor, now=now)


@transaction.atomic
def reactivate(*, user: User, actor: User | None, now: datetime) -> None:
    """Open a closed account again, with the role it had."""
    if not user.is_active:
        _set_active(user=user, is_active=True, actor=actor, now=now)


@transaction.atomic
def remove_second_factor(*, user: User, actor: User | None, now: datetime) -> None:
    """Forget a lost phone: the next sign-in asks for the password only."""
    factors = Authenticator.objects.filter(user=user)
    kinds = sorted(factors.values_list("type", flat=True))
    if kinds:
        factors.delete()
        audit.record(
            actor=actor,
            action="person.second_factor_removed",
            obj=user,
            before={"second_factor": kinds},
            after={"second_factor": []},
            now=now,
        )


def give_role(*, user: User, role: Role | None) -> None:
    """Put the person into the group of ``role`` and out of those of others.

    Unrecorded: for callers that record what they do.
    """
    # A superuser would stay an admin, whatever the groups say.
    if user.is_superuser:
        user.is_superuser = False
        user.save(update_fields=["is_superuser"])
    others = Group.objects.filter(name__in=set(Role.values) - {role})
    user.groups.remove(*others)
    if role is not None:
        group, _ = Group.objects.get_or_create(name=role.value)
        user.groups.add(group)
    # ``role_of`` keeps what it found, and the prefetched groups are old now.
    user.__dict__.pop("known_role", None)
    user.__dict__.pop("_prefetched_objects_cache", None)


def _set_active(
    *, user: User, is_active: bool, actor: User | None, now: datetime
) -> None:
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    audit.record(
        actor=actor,
        action="person.reactivated" if is_active else "person.deactivated",
        obj=user,
        before={"is_active": not is_active},
        after={"is_active": is_active},
        now=now,
    )
    _tell(user, now=now)


def _tell(user: User, *, now: datetime) -> None:
    """Have open sockets of the person judged anew; pages ask at every request."""
    op = {"is_active": user.is_active}
    announce(stream=PEOPLE.name, key=str(user.pk), op=op, now=now)


def _keep_an_admin(*, besides: User) -> None:
    # Locked, so that two admins cannot remove each other at the same time.
    Group.objects.select_for_update().get_or_create(name=Role.ADMIN.value)
    is_admin = Q(groups__name=Role.ADMIN.value) | Q(is_superuser=True)
    others = User.objects.filter(is_admin, is_active=True).exclude(pk=besides.pk)
    if not others.exists():
        raise LastAdmin(
            f"{besides} is the last admin. Make somebody else an admin first."
        )


def _withdraw_invitations(*, of: User, actor: User | None, now: datetime) -> None:
    for invitation in Invitation.objects.open(now=now).filter(created_by=of):
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor,
            action="invitation.revoked",
            obj=invitation,
            before={"revoked_at": None},
            after={"revoked_at": now.isoformat()},
            note=f"Made by {of}, who is no admin any more.",
            now=now,
        )
