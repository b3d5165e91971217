"""What every template finds in its context, and the navigation in it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse

from core import navigation
from core.context_processors import site
from core.roles import Action, Role
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def _request(user, *, path="/"):
    request = RequestFactory().get(path)
    request.user = user
    request.request_id = "abc"
    return request


def _titles(role: Role | None) -> set[str]:
    return {link.title for link in site(_request(make_person(role)))["navigation"]}


@pytest.fixture
def entries(monkeypatch):
    """A navigation of a test's own."""
    monkeypatch.setattr(navigation, "_entries", {})


def test_whoever_is_signed_out_gets_no_navigation():
    context = site(_request(AnonymousUser()))

    assert context["navigation"] == []
    assert context["viewer"] is None
    assert context["community_name"] == "Dramatis"
    assert context["request_id"] == "abc"


def test_the_viewer_has_a_name_and_a_role():
    ana = make_person(Role.CURATOR, first_name="Ana")

    viewer = site(_request(ana))["viewer"]

    assert (viewer["user"], viewer["name"], viewer["role"]) == (ana, "Ana", "Curator")


def test_a_person_without_a_role_is_shown_nothing():
    context = site(_request(make_person(None)))

    assert context["navigation"] == []
    assert context["viewer"]["role"] == ""


def test_a_request_that_never_reached_the_middleware_is_no_error():
    context = site(RequestFactory().get("/"))

    assert context["viewer"] is None
    assert context["request_id"] == ""


def test_each_sees_what_their_role_may_open():
    assert {"People", "Bot keys", "Audit", "Settings"} <= _titles(Role.ADMIN)
    assert not {"People", "Bot keys", "Audit"} & _titles(Role.MANAGER)
    assert "Settings" in _titles(Role.VIEWER)


def test_entries_stand_in_order_and_name_their_section(entries):
    for title, name, order in (("B", "audit-list", 2), ("A", "key-list", 1)):
        navigation.register(
            title, url_name=f"core:{name}", action=Action.SEE, section="X", order=order
        )

    links = navigation.links(_request(make_person(Role.VIEWER)))

    assert [(link.title, link.section) for link in links] == [("A", "X"), ("B", "X")]


def test_registering_again_replaces(entries):
    for title in ("Old", "New"):
        navigation.register(title, url_name="core:key-list", action=Action.SEE, order=1)

    links = navigation.links(_request(make_person(Role.VIEWER)))

    assert [link.title for link in links] == ["New"]


def test_the_page_at_hand_and_those_below_it_are_current():
    admin = make_person(Role.ADMIN)
    below = reverse("core:person-detail", args=[admin.pk])

    current = [
        link.title
        for link in navigation.links(_request(admin, path=below))
        if link.current
    ]

    assert current == ["People"]
