"""The pages about people, roles and invitations."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from core.models import AuditEntry, Invitation, User
from core.people import role_of
from core.roles import DESCRIPTIONS, Action, Role
from core.services import invitations
from tests.clients import client_as, client_of
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return make_person(Role.ADMIN, username="boss")


@pytest.fixture
def admin(boss):
    return client_of(boss)


def _list(client, **query):
    return client.get(reverse("core:person-list"), query)


def _detail(client, person):
    return client.get(reverse("core:person-detail", args=[person.pk]))


class TestList:
    def test_it_shows_role_sign_in_and_second_factor(self, admin, boss):
        ana = make_person(Role.CURATOR, username="ana")
        Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={})

        text = _list(admin, q="ana").content.decode()

        row = text.split("<tbody>")[1]
        assert "ana" in row
        assert "Curator" in row
        assert "Never" in row
        assert "On" in row

    @pytest.mark.parametrize("words", ["lima", "ANA", "@example.org"])
    def test_it_finds_by_name_and_address(self, admin, words):
        make_person(
            username="ana", first_name="Ana", last_name="Lima", email="a@example.org"
        )
        make_person(username="bo")

        found = [line.user.username for line in _list(admin, q=words).context["people"]]

        assert found == ["ana"]

    def test_nobody_found_says_so(self, admin):
        response = _list(admin, q="zzz\0")

        assert "Nobody found" in response.content.decode()

    def test_a_closed_account_is_marked_and_keeps_its_role(self, admin):
        make_person(Role.MANAGER, username="gone", is_active=False)

        text = _list(admin, q="gone").content.decode()

        assert "Closed" in text
        assert "Manager" in text

    def test_it_is_paged(self, admin):
        User.objects.bulk_create(User(username=f"u{n:03}") for n in range(120))

        first, third = _list(admin).context, _list(admin, page="3").context

        assert len(first["people"]) == 50
        assert len(third["people"]) == 21
        assert _list(admin, page="nonsense").status_code == 200

    def test_the_number_of_queries_is_flat(self, admin, django_assert_num_queries):
        group = Group.objects.get(name="viewer")
        for person in User.objects.bulk_create(
            User(username=f"u{n:03}") for n in range(60)
        ):
            person.groups.add(group)
        _list(admin)

        # Session, person, role; settings: look, values; count, page, groups.
        with django_assert_num_queries(8):
            _list(admin)

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR, Role.MANAGER])
    def test_others_are_refused(self, role):
        assert _list(client_as(role)).status_code == 403


class TestPerson:
    def test_it_answers_what_they_can_do(self, admin):
        ana = make_person(Role.CURATOR, username="ana")

        response = _detail(admin, ana)

        abilities = {a.text: a.is_allowed for a in response.context["abilities"]}
        assert abilities[DESCRIPTIONS[Action.EDIT_DRAFTS]]
        assert not abilities[DESCRIPTIONS[Action.PUBLISH]]
        assert "What can ana do?" in response.content.decode()

    def test_whose_account_is_closed_can_do_nothing(self, admin):
        ana = make_person(Role.MANAGER, is_active=False)

        abilities = _detail(admin, ana).context["abilities"]

        assert not any(ability.is_allowed for ability in abilities)

    def test_names_are_text_only(self, admin):
        ana = make_person(first_name="<script>alert(1)</script>")

        text = _detail(admin, ana).content.decode()

        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text

    def test_nobody_has_this_number(self, admin):
        url = reverse("core:person-detail", args=[10**30])

        assert admin.get(url).status_code == 404

    def test_the_number_of_queries_is_flat(self, admin, django_assert_num_queries):
        ana = make_person(Role.CURATOR)
        client_of(ana)
        _detail(admin, ana)

        # Session, viewer, role; settings: look, values; person, groups, acts.
        with django_assert_num_queries(8):
            _detail(admin, ana)


class TestChanging:
    def _post(self, client, person, what, **data):
        return client.post(reverse(f"core:person-{what}", args=[person.pk]), data)

    def test_a_role_is_changed(self, admin, boss):
        ana = make_person(Role.VIEWER)

        response = self._post(admin, ana, "role", role="manager")

        assert response.url == reverse("core:person-detail", args=[ana.pk])
        assert role_of(User.objects.get(pk=ana.pk)) is Role.MANAGER
        assert AuditEntry.objects.get(action="person.role_changed").actor == boss

    def test_a_role_is_taken_away(self, admin):
        ana = make_person(Role.VIEWER)

        self._post(admin, ana, "role", role="")

        assert role_of(User.objects.get(pk=ana.pk)) is None

    def test_an_unknown_role_is_refused(self, admin):
        ana = make_person(Role.VIEWER)

        response = self._post(admin, ana, "role", role="emperor")

        assert response.status_code == 422
        assert role_of(User.objects.get(pk=ana.pk)) is Role.VIEWER

    def test_it_holds_from_their_next_request(self, admin):
        ana = make_person(Role.ADMIN)
        browser = client_of(ana)
        assert _list(browser).status_code == 200

        self._post(admin, ana, "role", role="viewer")

        assert _list(browser).status_code == 403

    @pytest.mark.parametrize(
        ("what", "data"), [("role", {"role": "viewer"}), ("close", {})]
    )
    def test_the_last_admin_is_told_why_not(self, admin, boss, what, data):
        response = self._post(admin, boss, what, **data)

        assert response.status_code == 422
        assert "boss is the last admin" in response.content.decode()
        assert role_of(User.objects.get(pk=boss.pk)) is Role.ADMIN

    def test_whoever_demotes_themselves_goes_home(self, admin, boss):
        make_person(Role.ADMIN)

        response = self._post(admin, boss, "role", role="viewer")

        assert response.url == "/"

    def test_an_account_is_closed_and_opened(self, admin):
        ana = make_person(Role.VIEWER)

        self._post(admin, ana, "close")
        ana.refresh_from_db()
        assert not ana.is_active
        self._post(admin, ana, "reopen")

        ana.refresh_from_db()
        assert ana.is_active

    def test_a_second_factor_is_removed(self, admin):
        ana = make_person(Role.VIEWER)
        Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={})

        self._post(admin, ana, "second-factor")

        assert not Authenticator.objects.exists()

    @pytest.mark.parametrize("what", ["role", "close", "reopen", "second-factor"])
    def test_a_manager_is_refused(self, what):
        ana = make_person(Role.VIEWER)

        response = self._post(client_as(Role.MANAGER), ana, what, role="admin")

        assert response.status_code == 403
        assert role_of(User.objects.get(pk=ana.pk)) is Role.VIEWER


def test_everybody_with_a_role_can_read_the_table_of_roles():
    response = client_as(Role.VIEWER).get(reverse("core:role-table"))

    text = response.content.decode()
    assert all(escape(description) in text for description in DESCRIPTIONS.values())


class TestInvitations:
    def _invite(self, client, **data):
        values = {"role": "curator", "note": "Tomasz", **data}
        return client.post(reverse("core:invitation-list"), values)

    def test_the_link_is_shown_once_and_works(self, admin, client):
        made = self._invite(admin)

        first = admin.get(made.url)
        again = admin.get(made.url)

        link = re.search(r"http://testserver(/join/[^<]+)<", first.content.decode())[1]
        assert first["Cache-Control"] == "no-store"
        assert again.url == reverse("core:invitation-list")
        assert client.get(link).url == reverse("account_signup")

    def test_the_link_bears_the_public_address(self, admin, settings):
        settings.PUBLIC_URL = "https://cast.example.org"

        text = admin.get(self._invite(admin).url).content.decode()

        assert "https://cast.example.org/join/" in text

    def test_the_list_shows_open_ones_only(self, admin, boss):
        now = timezone.now()
        gone, _ = invitations.invite(role=Role.VIEWER, note="Gone", actor=boss, now=now)
        invitations.revoke(invitation=gone, actor=boss, now=now)
        self._invite(admin, note="Tomasz")

        text = admin.get(reverse("core:invitation-list")).content.decode()

        assert "Tomasz" in text
        assert "Gone" not in text

    @pytest.mark.parametrize(
        "data", [{"role": "emperor"}, {"role": ""}, {"note": "x" * 201}]
    )
    def test_what_will_not_do_is_said_beside_the_field(self, admin, data):
        response = self._invite(admin, **data)

        assert response.status_code == 422
        assert "errorlist" in response.content.decode()
        assert not Invitation.objects.exists()

    def test_one_is_withdrawn(self, admin):
        self._invite(admin)
        invitation = Invitation.objects.get()
        url = reverse("core:invitation-revoke", args=[invitation.pk])

        admin.post(url)
        again = admin.post(url)

        assert again.status_code == 302
        assert not Invitation.objects.open(now=timezone.now()).exists()

    def test_without_any_the_list_says_so(self, admin):
        text = admin.get(reverse("core:invitation-list")).content.decode()

        assert "No open invitations" in text

    def test_the_number_of_queries_is_flat(
        self, admin, boss, django_assert_num_queries
    ):
        for _ in range(12):
            invitations.invite(
                role=Role.VIEWER, note="", actor=boss, now=timezone.now()
            )
        admin.get(reverse("core:invitation-list"))

        # Session, person, role; settings twice: look, values; count, page.
        with django_assert_num_queries(9):
            admin.get(reverse("core:invitation-list"))
