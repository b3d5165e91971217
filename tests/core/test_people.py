"""Accounts and roles."""

import threading

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.models import AuditEntry, Invitation, LiveChange, User
from core.people import may, role_of
from core.roles import Action, Role
from core.services import invitations, people
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db
PASSWORD = "kettle-harbour-92"


def _create(username="ana", *, password=PASSWORD, role=Role.CURATOR) -> User:
    return people.create_person(
        username=username, password=password, role=role, actor=None, now=NOW
    )


def _fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_new_person_has_exactly_the_role_and_can_sign_in():
    ana = _create()

    assert role_of(_fresh(ana)) is Role.CURATOR
    assert ana.check_password(PASSWORD)
    entry = AuditEntry.objects.get(action="person.created")
    assert (entry.object_name, entry.after) == ("ana", {"role": "curator"})


@pytest.mark.parametrize("name", ["ana", "ANA", "Ana"])
def test_two_people_cannot_have_one_name(name):
    _create("ana")

    with pytest.raises(people.NameTaken, match="Choose another"):
        _create(name)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("", PASSWORD),
        ("with space", PASSWORD),
        ("a" * 151, PASSWORD),
        ("ana", "short1!"),
        ("ana", "password1"),
        ("ana", "8304956173"),
        ("kettle-harbour", "kettle-harbour"),
    ],
)
def test_names_and_passwords_that_will_not_do_are_refused(username, password):
    with pytest.raises(ValidationError):
        _create(username, password=password)

    assert not User.objects.exists()


class TestRole:
    """Giving and taking roles."""

    def _set(self, user: User, role: Role | None, *, actor=None) -> None:
        people.set_role(user=user, role=role, actor=actor, now=NOW)

    def test_the_new_role_replaces_the_old(self):
        ana = make_person(Role.MANAGER)

        self._set(ana, Role.VIEWER)

        assert role_of(_fresh(ana)) is Role.VIEWER
        assert [group.name for group in ana.groups.all()] == ["viewer"]

    def test_it_holds_for_the_same_object_at_once(self):
        ana = make_person(Role.MANAGER)
        assert may(ana, action=Action.PUBLISH)

        self._set(ana, Role.VIEWER)

        assert not may(ana, action=Action.PUBLISH)

    def test_none_takes_all_access_away(self):
        ana = make_person(Role.MANAGER)

        self._set(ana, None)

        assert role_of(_fresh(ana)) is None

    def test_it_is_audited(self):
        boss, ana = make_person(Role.ADMIN), make_person(Role.VIEWER)

        self._set(ana, Role.CURATOR, actor=boss)

        entry = AuditEntry.objects.get(action="person.role_changed")
        assert (entry.actor, entry.role) == (boss, "admin")
        assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "curator"})

    def test_the_same_role_again_changes_nothing(self):
        ana = make_person(Role.VIEWER)

        self._set(ana, Role.VIEWER)

        assert not AuditEntry.objects.exists()

    def test_sockets_are_told(self):
        ana = make_person(Role.VIEWER)

        self._set(ana, Role.CURATOR)

        change = LiveChange.objects.get(stream="people")
        assert change.key == str(ana.pk)

    @pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MANAGER])
    def test_the_last_admin_stays_one(self, role):
        boss = make_person(Role.ADMIN)
        make_person(Role.ADMIN, is_active=False)
        make_person(Role.MANAGER)

        with pytest.raises(people.LastAdmin, match="Make somebody else an admin"):
            self._set(boss, role)

        assert role_of(_fresh(boss)) is Role.ADMIN
        assert not AuditEntry.objects.exists()

    def test_one_of_two_admins_may_go(self):
        boss, other = make_person(Role.ADMIN), make_person(Role.ADMIN)

        self._set(boss, Role.VIEWER)

        assert role_of(_fresh(other)) is Role.ADMIN

    def test_a_superuser_counts_as_an_admin_and_can_be_demoted(self):
        boss = make_person(None, is_superuser=True)
        with pytest.raises(people.LastAdmin):
            self._set(boss, Role.VIEWER)
        make_person(Role.ADMIN)

        self._set(boss, Role.VIEWER)

        assert role_of(_fresh(boss)) is Role.VIEWER

    def test_whoever_is_no_admin_any_more_leaves_no_way_back(self):
        boss, other = make_person(Role.ADMIN), make_person(Role.ADMIN)
        mine, _ = invitations.invite(role=Role.ADMIN, note="", actor=boss, now=NOW)
        others, _ = invitations.invite(role=Role.ADMIN, note="", actor=other, now=NOW)

        self._set(boss, Role.VIEWER, actor=other)

        assert list(Invitation.objects.open(now=NOW)) == [others]
        entry = AuditEntry.objects.get(action="invitation.revoked")
        assert entry.object_id == str(mine.pk)


class TestClosing:
    """Closing accounts and opening them again."""

    def test_a_closed_account_has_no_role(self):
        ana = make_person(Role.MANAGER)

        people.deactivate(user=ana, actor=None, now=NOW)

        assert role_of(_fresh(ana)) is None
        assert people.given_role(_fresh(ana)) is Role.MANAGER
        assert AuditEntry.objects.get().action == "person.deactivated"
        assert LiveChange.objects.get(stream="people").op == {"is_active": False}

    def test_opened_again_it_has_the_role_it_had(self):
        ana = make_person(Role.MANAGER, is_active=False)

        people.reactivate(user=ana, actor=None, now=NOW)

        assert role_of(_fresh(ana)) is Role.MANAGER
        assert AuditEntry.objects.get().action == "person.reactivated"

    def test_twice_is_once(self):
        ana = make_person(Role.MANAGER)

        people.reactivate(user=ana, actor=None, now=NOW)
        people.deactivate(user=ana, actor=None, now=NOW)
        people.deactivate(user=ana, actor=None, now=NOW)

        assert AuditEntry.objects.count() == 1

    def test_the_last_admin_stays(self):
        boss = make_person(Role.ADMIN)

        with pytest.raises(people.LastAdmin):
            people.deactivate(user=boss, actor=None, now=NOW)

        assert _fresh(boss).is_active

    def test_open_invitations_close_with_their_maker(self):
        boss = make_person(Role.ADMIN)
        make_person(Role.ADMIN)
        invitations.invite(role=Role.ADMIN, note="", actor=boss, now=NOW)

        people.deactivate(user=boss, actor=None, now=NOW)

        assert not Invitation.objects.open(now=NOW).exists()


def test_a_lost_second_factor_can_be_removed():
    ana = make_person()
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
        Authenticator.objects.create(user=ana, type=kind, data={})

    people.remove_second_factor(user=ana, actor=None, now=NOW)
    people.remove_second_factor(user=ana, actor=None, now=NOW)

    assert not Authenticator.objects.exists()
    entry = AuditEntry.objects.get()
    assert entry.before == {"second_factor": ["recovery_codes", "totp"]}


def test_recovery_codes_alone_are_no_second_factor():
    ana, bo = make_person(username="ana"), make_person(username="bo")
    Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.create(
        user=bo, type=Authenticator.Type.RECOVERY_CODES, data={}
    )

    found = {user.username: user.has_second_factor for user in people.people()}

    assert found == {"ana": True, "bo": False}


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_remove_each_other_at_once():
    pair = [make_person(Role.ADMIN), make_person(Role.ADMIN)]
    barrier = threading.Barrier(2)
    refused: list[Exception] = []

    def demote(user: User) -> None:
        barrier.wait()
        try:
            people.set_role(user=user, role=None, actor=None, now=timezone.now())
        except people.LastAdmin as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=[user]) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert [role_of(_fresh(user)) for user in pair].count(Role.ADMIN) == 1


class TestCreateAdmin:
    """``manage.py create_admin``."""

    def test_the_last_line_is_the_password(self, capsys):
        call_command("create_admin", "ana")

        password = capsys.readouterr().out.strip().splitlines()[-1]
        ana = User.objects.get(username="ana")
        assert ana.check_password(password)
        assert len(password) >= 20
        assert role_of(ana) is Role.ADMIN

    def test_it_takes_a_password_from_standard_input(self, capsys, monkeypatch):
        monkeypatch.setattr(
            "sys.stdin.readline", lambda: f"{PASSWORD}\n", raising=False
        )

        call_command("create_admin", "ana", "--password-stdin")

        assert User.objects.get(username="ana").check_password(PASSWORD)
        assert PASSWORD not in capsys.readouterr().out

    def test_a_weak_password_is_refused(self, monkeypatch):
        monkeypatch.setattr("sys.stdin.readline", lambda: "1234\n", raising=False)

        with pytest.raises(CommandError, match="too short"):
            call_command("create_admin", "ana", "--password-stdin")

    def test_a_name_that_exists_points_to_changepassword(self):
        make_person(username="ana")

        with pytest.raises(CommandError, match=r"manage\.py changepassword ana"):
            call_command("create_admin", "ana")
