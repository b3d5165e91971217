"""Signing in, and joining through invitations."""

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from core.accounts import SESSION_KEY, AccountAdapter
from core.models import AuditEntry, Invitation, User
from core.people import role_of
from core.roles import Role
from core.services import invitations
from tests.clients import client_of
from tests.factories import make_person

pytestmark = pytest.mark.django_db
PASSWORD = "kettle-harbour-92"
WRONG = "The name or the password is not right."


@pytest.fixture
def ana() -> User:
    person = make_person(Role.VIEWER, username="ana", email="ana@example.org")
    person.set_password(PASSWORD)
    person.save()
    return person


def _sign_in(client, *, name="ana", password=PASSWORD, **extra):
    return client.post(
        reverse("account_login"), {"login": name, "password": password}, **extra
    )


def _invite(role=Role.CURATOR) -> tuple[Invitation, str]:
    boss = make_person(Role.ADMIN, first_name="Olga")
    return invitations.invite(role=role, note="", actor=boss, now=timezone.now())


def _open(client, token):
    return client.get(reverse("core:invitation-open", args=[token]))


def _sign_up(client, *, name="bo", password=PASSWORD):
    data = {"username": name, "password1": password, "password2": password}
    return client.post(reverse("account_signup"), data)


class TestSigningIn:
    """With a password."""

    @pytest.mark.parametrize("name", ["ana", "ANA", "ana@example.org"])
    def test_it_works_by_name_and_by_address(self, client, ana, name):
        EmailAddress.objects.create(user=ana, email=ana.email, verified=True)

        response = _sign_in(client, name=name)

        assert response.status_code == 302
        assert client.session["_auth_user_id"] == str(ana.pk)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor, entry.role) == (
            "person.signed_in",
            ana,
            "viewer",
        )

    def test_the_session_gets_a_new_id(self, client, ana):
        session = client.session
        session["x"] = 1
        session.save()
        before = session.session_key

        _sign_in(client)

        assert client.session.session_key != before

    def test_wrong_names_and_wrong_passwords_look_the_same(self, client, ana):
        unknown = _sign_in(client, name="nobody")
        wrong = _sign_in(client, password="not it")

        assert WRONG in unknown.content.decode()
        assert WRONG in wrong.content.decode()

    def test_a_failure_is_audited_without_what_was_typed(self, client, ana):
        _sign_in(client, name="my-secret-phrase")
        _sign_in(client, password="not it")

        unknown, known = AuditEntry.objects.order_by("id")
        assert (unknown.action, unknown.object_name) == (
            "person.sign_in_failed",
            "unknown name",
        )
        assert known.object_id == str(ana.pk)
        assert known.actor is None
        assert "my-secret-phrase" not in str(AuditEntry.objects.values())

    def test_after_five_failures_even_the_right_password_waits(self, client, ana):
        for _ in range(5):
            _sign_in(client, password="not it")

        response = _sign_in(client)

        assert "Wait five minutes" in response.content.decode()
        assert "_auth_user_id" not in client.session

    def test_other_addresses_do_not_help_against_one_account(self, client, ana):
        for n in range(5):
            _sign_in(client, password="not it", REMOTE_ADDR=f"198.51.100.{n}")

        response = _sign_in(client, REMOTE_ADDR="198.51.100.77")

        assert "Wait five minutes" in response.content.decode()

    def test_one_address_cannot_try_many_names(self, client, ana):
        for n in range(10):
            _sign_in(client, name=f"guess-{n}")

        assert "Wait five minutes" in _sign_in(client).content.decode()

    def test_the_limit_is_kept_where_all_processes_see_it(self, settings):
        assert settings.CACHES["default"]["BACKEND"].endswith("db.DatabaseCache")
        assert settings.CACHES["default"]["LOCATION"] == "core_cache"

    def test_a_flood_of_requests_is_refused(self, client, ana):
        codes = [_sign_in(client, name=f"n{i}").status_code for i in range(31)]

        assert codes[-1] == 429

    def test_a_closed_account_is_told_so_and_recorded(self, client, ana):
        ana.is_active = False
        ana.save()

        response = _sign_in(client)

        assert response.url == reverse("account_inactive")
        note = "The account is closed."
        assert AuditEntry.objects.filter(object_id=str(ana.pk), note=note).exists()

    def test_closing_an_account_ends_its_session(self, ana):
        client = client_of(ana)
        assert client.get(reverse("core:setting-list")).status_code == 200

        ana.is_active = False
        ana.save()

        response = client.get(reverse("core:setting-list"))
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_login"))

    def test_signing_out_is_audited(self, ana):
        client_of(ana).post(reverse("account_logout"))

        assert AuditEntry.objects.get().action == "person.signed_out"

    def test_a_missing_address_is_no_error(self, client, ana):
        assert _sign_in(client, REMOTE_ADDR="").status_code == 302


class TestSecondFactor:
    """With an authenticator app."""

    def test_the_password_alone_does_not_do(self, client, ana):
        TOTP.activate(ana, "JBSWY3DPEHPK3PXP")

        response = _sign_in(client)

        assert response.url == reverse("mfa_authenticate")
        assert "_auth_user_id" not in client.session
        assert not AuditEntry.objects.exists()

    def test_a_wrong_code_is_audited(self, client, ana):
        TOTP.activate(ana, "JBSWY3DPEHPK3PXP")
        _sign_in(client)

        client.post(reverse("mfa_authenticate"), {"code": "000000"})

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.note) == (
            "person.sign_in_failed",
            "Wrong second factor.",
        )

    def test_adding_it_is_audited(self, ana, django_capture_on_commit_callbacks):
        client = client_of(ana)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
        code = format_hotp_value(
            hotp_value(secret, next(yield_hotp_counters_from_time()))
        )

        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("mfa_activate_totp"), {"code": code})

        entry = AuditEntry.objects.get(action="person.second_factor_added", note="totp")
        assert entry.actor == ana

    def test_removing_it_is_audited(self, client, ana):
        TOTP.activate(ana, "JBSWY3DPEHPK3PXP")
        client = client_of(ana)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

        client.post(reverse("mfa_deactivate_totp"))

        assert not Authenticator.objects.filter(user=ana).exists()
        assert AuditEntry.objects.filter(action="person.second_factor_removed").exists()


def test_changing_the_password_is_audited(ana):
    new = "another-harbour-17"

    client_of(ana).post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    ana.refresh_from_db()
    assert ana.check_password(new)
    entry = AuditEntry.objects.get(action="person.password_changed")
    assert (entry.actor, entry.before, entry.after) == (ana, None, None)


class TestJoining:
    """Through an invitation, and not otherwise."""

    def test_without_an_invitation_nobody_joins(self, client):
        page = client.get(reverse("account_signup"))
        answer = _sign_up(client)

        assert "<form" not in page.content.decode().split("<main")[1]
        assert answer.status_code == 200
        assert not User.objects.exists()

    def test_a_link_leads_to_an_account_with_exactly_its_role(self, client):
        invitation, token = _invite(Role.CURATOR)

        opened = _open(client, token)
        page = client.get(opened.url).content.decode()
        joined = _sign_up(client)

        assert opened.url == reverse("account_signup")
        assert "Olga invites you to join as curator" in page
        bo = User.objects.get(username="bo")
        assert joined.status_code == 302
        assert client.session["_auth_user_id"] == str(bo.pk)
        assert role_of(bo) is Role.CURATOR
        invitation.refresh_from_db()
        assert invitation.accepted_by == bo
        actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
        assert list(actions) == [
            "invitation.created",
            "invitation.accepted",
            "person.signed_in",
        ]

    def test_a_mistake_in_the_form_leaves_the_invitation_open(self, client):
        _, token = _invite()
        _open(client, token)

        _sign_up(client, password="123")
        assert Invitation.objects.open(now=timezone.now()).exists()
        _sign_up(client)

        assert User.objects.filter(username="bo").exists()

    def test_whoever_is_second_with_one_link_gets_no_account(self):
        _, token = _invite()
        first, second = Client(), Client()
        _open(first, token)
        _open(second, token)
        _sign_up(first, name="first")

        response = _sign_up(second, name="second")

        assert not User.objects.filter(username="second").exists()
        assert response.status_code == 200

    def test_being_beaten_in_the_last_moment_undoes_the_account(
        self, client, monkeypatch
    ):
        _, token = _invite()
        _open(client, token)

        def closed(**_):
            raise invitations.InvitationClosed("Somebody has just used it.")

        monkeypatch.setattr(invitations, "accept", closed)
        response = _sign_up(client)

        assert response.url == reverse("account_signup")
        assert not User.objects.filter(username="bo").exists()

    def test_an_account_without_an_invitation_is_undone(self, client, monkeypatch):
        """As if the gate before the form had been left open."""
        monkeypatch.setattr(AccountAdapter, "is_open_for_signup", lambda *_: True)

        response = _sign_up(client)

        assert response.url == reverse("account_signup")
        assert not User.objects.exists()

    def test_joining_twice_with_one_browser_is_refused(self, client):
        _, token = _invite()
        _open(client, token)
        _sign_up(client)
        client.post(reverse("account_logout"))

        _sign_up(client, name="again")

        assert not User.objects.filter(username="again").exists()

    @pytest.mark.parametrize("token", ["nonsense", "x" * 500, "a\0b"])
    def test_a_link_that_opens_nothing_says_so(self, client, token):
        response = _open(client, token)

        assert response.status_code == 410
        assert "Ask whoever sent it" in response.content.decode()
        assert SESSION_KEY not in client.session

    def test_a_revoked_link_opens_nothing(self, client):
        invitation, token = _invite()
        invitations.revoke(
            invitation=invitation, actor=invitation.created_by, now=timezone.now()
        )

        assert _open(client, token).status_code == 410

    def test_somebody_signed_in_is_asked_to_sign_out_first(self, ana):
        _, token = _invite(Role.ADMIN)
        client = client_of(ana)

        response = _open(client, token)

        assert "sign out first" in response.content.decode()
        assert role_of(User.objects.get(pk=ana.pk)) is Role.VIEWER
        assert Invitation.objects.open(now=timezone.now()).exists()


class TestDiscord:
    """Accounts elsewhere need an invitation too."""

    @pytest.fixture(autouse=True)
    def _app(self, settings):
        app = {"client_id": "1", "secret": "s", "key": ""}
        settings.SOCIALACCOUNT_PROVIDERS = {"discord": {"APP": app}}

    def _arrive(self, client, *, uid="42") -> None:
        """As when Discord sends somebody back who agreed there."""
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        request.session = client.session
        request._messages = FallbackStorage(request)
        sign_in = SocialLogin(
            user=User(username="discy"),
            account=SocialAccount(provider="discord", uid=uid),
        )
        with request_context(request):
            complete_login(request, sign_in)
        request.session.save()

    @pytest.mark.parametrize("name", ["discord_login", "discord_callback"])
    def test_where_it_is_not_set_up_there_is_no_such_page(self, client, settings, name):
        settings.SOCIALACCOUNT_PROVIDERS = {}

        assert client.get(reverse(name)).status_code == 404

    def test_without_an_invitation_no_account_is_made(self, client):
        self._arrive(client)

        assert not User.objects.exists()

    def test_with_one_the_account_has_its_role(self, client):
        _, token = _invite(Role.MANAGER)
        _open(client, token)

        self._arrive(client)

        discy = User.objects.get(username="discy")
        assert role_of(discy) is Role.MANAGER
        assert not discy.has_usable_password()
        assert not Invitation.objects.open(now=timezone.now()).exists()

    def test_coming_again_signs_in_without_one(self, client):
        _, token = _invite(Role.MANAGER)
        _open(client, token)
        self._arrive(client)

        self._arrive(Client())

        assert User.objects.filter(username="discy").count() == 1
