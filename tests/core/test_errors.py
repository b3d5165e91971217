"""Answers to what went wrong outside of the views."""

from datetime import timedelta

import pytest
import time_machine
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import reverse

from core.models import AuditEntry
from core.roles import Role
from core.views import errors
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db


def _request(path: str):
    request = RequestFactory().get(path)
    request.request_id = "abc-1"
    request.user = make_person(Role.VIEWER)
    return request


@pytest.mark.parametrize(
    ("handler", "arguments", "status", "code"),
    [
        (errors.handler400, [ValueError("x")], 400, "bad_request"),
        (errors.handler403, [PermissionError("x")], 403, "forbidden"),
        (errors.handler404, [Http404("x")], 404, "not_found"),
        (errors.handler500, [], 500, "internal_error"),
        (errors.csrf_failure, [], 403, "csrf_failed"),
    ],
)
class TestBothFaces:
    def test_people_get_a_page(self, handler, arguments, status, code):
        response = handler(_request("/people/"), *arguments)

        assert response.status_code == status
        assert "<h1>" in response.content.decode()
        assert "abc-1" in response.content.decode()

    def test_programs_get_a_problem(self, handler, arguments, status, code):
        response = handler(_request("/api/v1/personas"), *arguments)

        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"
        assert f'"code":"{code}"' in response.content.decode()
        assert '"request_id":"abc-1"' in response.content.decode()


def test_too_many_tries_are_answered_with_a_page(rf):
    response = errors.handler429(_request("/accounts/login/"))

    assert response.status_code == 429
    assert "Wait a minute" in response.content.decode()


def test_the_page_for_bugs_asks_the_database_nothing(django_assert_num_queries):
    request = _request("/people/")

    with django_assert_num_queries(0):
        errors.handler500(request)


def test_nothing_of_a_bug_is_shown(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret-path /srv/x.py")

    monkeypatch.setattr("core.views.people.people.people", broken)
    client = client_as(Role.ADMIN)
    client.raise_request_exception = False

    response = client.get(reverse("core:person-list"))

    assert response.status_code == 500
    assert "secret-path" not in response.content.decode()


def test_an_unknown_address_is_a_page_of_its_own(client):
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is no page at this address" in response.content.decode()


def test_a_form_from_elsewhere_is_refused_and_explained():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person(Role.ADMIN))

    response = client.post(reverse("core:invitation-list"), {"role": "admin"})

    assert response.status_code == 403
    assert "Nothing was saved" in response.content.decode()


class TestDenials:
    def test_one_is_recorded(self):
        ana = make_person(Role.VIEWER, username="ana")

        client_of(ana).get("/people/", {"q": "x"})

        entry = AuditEntry.objects.get()
        assert (entry.action, entry.actor, entry.object_id, entry.note) == (
            "page.denied",
            ana,
            "/people/",
            "GET",
        )

    def test_asking_again_and_again_fills_no_log(self):
        client = client_as(Role.VIEWER)

        with time_machine.travel(NOW, tick=False) as clock:
            for _ in range(5):
                client.get("/people/")
            clock.shift(timedelta(seconds=61))
            client.get("/people/")
            client.get("/audit/")

        assert AuditEntry.objects.count() == 3

    def test_whoever_is_signed_out_is_sent_to_the_door_and_not_recorded(self, client):
        assert client.get("/people/").status_code == 302
        assert not AuditEntry.objects.exists()

    def test_who_has_no_role_is_told_what_to_do(self):
        response = client_as(None).get("/settings/")

        assert "You have no role yet. Ask an admin" in response.content.decode()

    def test_whose_role_is_too_low_is_told_so(self):
        response = client_as(Role.VIEWER).get("/people/")

        assert "Your role does not allow this." in response.content.decode()
