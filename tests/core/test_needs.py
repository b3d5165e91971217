"""What apps have told on the home page."""

import pytest

from core import needs
from core.needs import Need
from tests.factories import NOW


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.setattr(needs, "_providers", {})


def test_providers_are_asked_by_name_with_request_and_time(rf):
    request = rf.get("/")
    asked = []

    def tell(text):
        def provider(given, now):
            asked.append((given, now))
            return [Need(text, "/there/", "Look")]

        return provider

    needs.register(tell("Second"), name="b")
    needs.register(tell("First"), name="a")

    found = needs.provided(request, now=NOW)

    assert [need.text for need in found] == ["First", "Second"]
    assert asked == [(request, NOW)] * 2


def test_registering_a_name_again_replaces_it(rf):
    needs.register(lambda _request, _now: [Need("Old", "/", "Look")], name="a")
    needs.register(lambda _request, _now: [], name="a")

    assert needs.provided(rf.get("/"), now=NOW) == []
