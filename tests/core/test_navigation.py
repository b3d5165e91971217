"""The navigation's letters."""

import pytest
from django.test import RequestFactory

from core import navigation
from core.roles import Role
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def links():
    request = RequestFactory().get("/")
    request.user = make_person(Role.ADMIN)
    return navigation.links(request)


def test_no_two_entries_have_the_same_letter():
    keys = [link.key for link in links() if link.key]

    assert len(keys) >= 8
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 1 and key.islower() for key in keys)


def test_pages_declare_the_letters(client):
    client.force_login(make_person(Role.VIEWER))

    text = client.get("/").content.decode()

    assert 'data-shortcut="g c"' in text
    assert 'id="shortcuts"' in text
    assert 'id="finder"' in text


def test_whoever_is_not_signed_in_gets_no_finder(client):
    text = client.get("/accounts/login/").content.decode()

    assert 'id="finder"' not in text
