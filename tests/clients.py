"""Browsers of people."""

from django.test import Client

from core.models import User
from core.roles import Role
from tests.factories import make_person


def client_of(person: User) -> Client:
    """A browser in which ``person`` is signed in."""
    client = Client()
    client.force_login(person)
    return client


def client_as(role: Role | None) -> Client:
    """A browser of somebody new with ``role``."""
    return client_of(make_person(role))
