"""What is counted, and what is read when it is asked for."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve

from core import metrics
from core.health import Health, State
from core.live.changes import announce
from core.live.streams import KEYS
from core.metrics import REGISTRY, measure
from tests.core.api_client import EARLY

pytestmark = pytest.mark.urls("tests.core.sample_api")


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    """What the examination finds; without a database unless a test says so."""
    parts = {"database": State.DOWN, "redis": State.DOWN, "broker": State.UNUSED}
    monkeypatch.setattr(
        metrics,
        "examine",
        lambda: Health(is_ready=parts["database"] is State.UP, parts=parts),
    )
    return parts


def handle(method, path, *, status=200, is_matched=True):
    request = RequestFactory().generic(method, path)

    def view(request):
        if is_matched:
            request.resolver_match = resolve(path)
        return HttpResponse(status=status)

    return measure(view)(request)


def counted(**labels):
    labels = {name: str(value) for name, value in labels.items()}
    return REGISTRY.get_sample_value("dramatis_http_requests_total", labels) or 0


def test_answers_are_counted_by_route():
    before = counted(route="thing", method="GET", status=200)

    handle("GET", "/api/v1/things/a")
    handle("GET", "/api/v1/things/b")

    assert counted(route="thing", method="GET", status=200) - before == 2
    times = REGISTRY.get_sample_value(
        "dramatis_http_request_seconds_count", {"route": "thing", "method": "GET"}
    )
    assert times >= 2


def test_callers_cannot_make_up_series():
    before = counted(route="unmatched", method="other", status=404)

    handle("BREW", "/nowhere/1", status=404, is_matched=False)
    handle("STIR", "/nowhere/2", status=404, is_matched=False)

    assert counted(route="unmatched", method="other", status=404) - before == 2
    assert b"BREW" not in metrics.report()
    assert b"nowhere" not in metrics.report()


@pytest.mark.django_db
def test_report_tells_how_things_stand(parts, django_capture_on_commit_callbacks):
    parts["database"] = State.UP
    with django_capture_on_commit_callbacks():
        announce(stream=KEYS.name, key="1", op={}, now=EARLY)

    lines = metrics.report().decode().splitlines()

    assert 'dramatis_up{part="database"} 1.0' in lines
    assert 'dramatis_up{part="redis"} 0.0' in lines
    assert not any('part="broker"' in line for line in lines)
    assert "dramatis_live_unnumbered 1.0" in lines
    assert 'dramatis_live_head{stream="keys"} 0.0' in lines
    assert not any('stream="#"' in line for line in lines)
    assert "dramatis_rate_limits_degraded 0.0" in lines
    assert any(line.startswith("dramatis_live_sockets ") for line in lines)


def test_report_works_without_a_database():
    report = metrics.report()

    assert b'dramatis_up{part="database"} 0.0' in report
    assert b"dramatis_live_head" not in report
