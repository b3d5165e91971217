"""Links by which one person each may join."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core import policy
from core.models import AuditEntry, Invitation, User
from core.people import role_of
from core.roles import Role
from core.services import invitations
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def boss() -> User:
    return make_person(Role.ADMIN, username="boss")


def _invite(boss, role=Role.CURATOR, note=""):
    return invitations.invite(role=role, note=note, actor=boss, now=NOW)


def test_the_token_is_kept_nowhere(boss):
    invitation, token = _invite(boss)

    stored = [
        str(value) for row in Invitation.objects.values() for value in row.values()
    ]
    logged = [
        str(value) for row in AuditEntry.objects.values() for value in row.values()
    ]
    assert len(token) >= 43
    assert not any(token in text for text in stored + logged)
    assert invitations.find_open(token=token, now=NOW) == invitation


def test_making_one_is_audited(boss):
    _invite(boss, note="Tomasz")

    entry = AuditEntry.objects.get(action="invitation.created")
    assert entry.actor == boss
    assert entry.after["role"] == "curator"
    assert entry.after["note"] == "Tomasz"


def test_it_is_open_for_a_week(boss):
    _, token = _invite(boss)

    invitations.find_open(token=token, now=NOW + 7 * DAY - timedelta(seconds=1))
    with pytest.raises(invitations.InvitationClosed):
        invitations.find_open(token=token, now=NOW + 7 * DAY)


def test_the_setting_decides_for_how_long(boss):
    policy.set_value(name="INVITATION_DAYS", value=2, actor=boss, now=NOW)

    invitation, _ = _invite(boss)

    assert invitation.expires_at == NOW + 2 * DAY


def test_an_unknown_token_opens_nothing(boss):
    _invite(boss)

    with pytest.raises(invitations.InvitationClosed, match="Ask whoever sent it"):
        invitations.find_open(token="x" * 43, now=NOW)


def test_accepting_gives_exactly_the_role_and_uses_it_up(boss):
    invitation, token = _invite(boss, Role.MANAGER, note="Ana")
    ana = make_person(None, username="ana")

    invitations.accept(invitation=invitation, user=ana, now=NOW)

    assert role_of(User.objects.get(pk=ana.pk)) is Role.MANAGER
    with pytest.raises(invitations.InvitationClosed):
        invitations.find_open(token=token, now=NOW)
    entry = AuditEntry.objects.get(action="invitation.accepted")
    assert (entry.actor, entry.after) == (ana, {"role": "manager", "person": "ana"})


@pytest.mark.parametrize("how", ["used", "revoked", "run out"])
def test_what_is_closed_cannot_be_accepted(boss, how):
    invitation, _ = _invite(boss)
    now = NOW
    if how == "used":
        invitations.accept(invitation=invitation, user=make_person(None), now=NOW)
    elif how == "revoked":
        invitations.revoke(invitation=invitation, actor=boss, now=NOW)
    else:
        now = NOW + 8 * DAY
    late = make_person(None, username="late")

    with pytest.raises(invitations.InvitationClosed):
        invitations.accept(invitation=invitation, user=late, now=now)

    assert role_of(User.objects.get(pk=late.pk)) is None


def test_revoking_is_audited_and_happens_once(boss):
    invitation, _ = _invite(boss)

    invitations.revoke(invitation=invitation, actor=boss, now=NOW)
    with pytest.raises(invitations.InvitationClosed, match="closed already"):
        invitations.revoke(invitation=invitation, actor=boss, now=NOW)

    assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_people_with_one_link_one_gets_in(boss):
    invitation, _ = _invite(boss)
    pair = [make_person(None), make_person(None)]
    barrier = threading.Barrier(2)
    refused: list[Exception] = []

    def join(user: User) -> None:
        barrier.wait()
        try:
            with transaction.atomic():
                invitations.accept(invitation=invitation, user=user, now=NOW)
        except invitations.InvitationClosed as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=[user]) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    roles = [role_of(User.objects.get(pk=user.pk)) for user in pair]
    assert len(refused) == 1
    assert sorted(map(str, roles)) == ["None", "curator"]


class TestConstraints:
    """What the database refuses."""

    def test_an_unknown_role(self, boss):
        with pytest.raises(IntegrityError, match="invitation_known_role"):
            self._create(boss, role="emperor")

    def test_accepted_by_nobody(self, boss):
        with pytest.raises(IntegrityError, match="invitation_accepted_by_someone"):
            self._create(boss, accepted_at=NOW)

    def _create(self, boss, **fields):
        values = {
            "digest": "d" * 64,
            "role": "viewer",
            "created_by": boss,
            "created_at": NOW,
            "expires_at": NOW + DAY,
        }
        Invitation.objects.create(**{**values, **fields})
