"""Figures for Prometheus; each process answers for itself.

``measure`` is middleware; state that is not counted is read when asked for.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from core.health import State, examine
from core.live import watcher
from core.live.reading import EPOCH
from core.models import LiveChange, LiveStream
from core.rates import limiter

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# When a series began matters to nobody, and doubles the answer.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "dramatis_http_requests",
    "Answers, by the name of the address.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
SECONDS: Final = Histogram(
    "dramatis_http_request_seconds",
    "Time until the answer began.",
    ["route", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
RATE_LIMITED: Final = Counter(
    "dramatis_rate_limited",
    "Requests refused as too many.",
    ["rate"],
    registry=REGISTRY,
)
LIVE_SOCKETS: Final = Gauge(
    "dramatis_live_sockets", "Open websockets of live pages.", registry=REGISTRY
)

# Anything else would let a caller make up series.
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)


def measure(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: count answers and how long they took, by route."""

    def handle(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = match.view_name if match else "unmatched"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(route, method, response.status_code).inc()
        SECONDS.labels(route, method).observe(time.perf_counter() - started)
        return response

    return handle


def report() -> bytes:
    """All figures in the text format of Prometheus."""
    return generate_latest(REGISTRY)


class _StateCollector:
    """Reads, for each report, how things stand."""

    def collect(self) -> Iterable[Metric]:
        health = examine()
        up = GaugeMetricFamily(
            "dramatis_up", "Whether what we depend on answers.", labels=["part"]
        )
        for part, state in health.parts.items():
            if state is not State.UNUSED:
                up.add_metric([part], float(state is State.UP))
        yield up
        yield GaugeMetricFamily(
            "dramatis_rate_limits_degraded",
            "Whether this process counts for itself, because Redis failed.",
            value=float(limiter().is_degraded),
        )
        behind = watcher.PROCESS.seconds_behind()
        if behind is not None:
            yield GaugeMetricFamily(
                "dramatis_live_behind_seconds",
                "Since when this process saw nothing of the database.",
                value=behind,
            )
        if health.is_ready:
            yield from _streams()


def _streams() -> Iterable[Metric]:
    try:
        streams = LiveStream.objects.exclude(name=EPOCH)
        heads = list(streams.values_list("name", "head"))
        waiting = LiveChange.objects.filter(seq=None).count()
    except DatabaseFailure:  # Gone since it was examined.
        return
    family = GaugeMetricFamily(
        "dramatis_live_head", "Number of the newest change.", labels=["stream"]
    )
    for name, head in heads:
        family.add_metric([name], head)
    yield family
    yield GaugeMetricFamily(
        "dramatis_live_unnumbered", "Changes that wait for a number.", value=waiting
    )


REGISTRY.register(_StateCollector())
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
