"""429 for callers that are too fast; each answer says how much is left."""

from typing import TYPE_CHECKING, Final

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core import metrics
from core.api.problems import rate_limited
from core.keys import BotPrincipal
from core.rates import READS, TENTHS, WRITES, Rate, Verdict, limiter

if TYPE_CHECKING:
    # REST framework reads its settings, and so imports this, while that loads.
    from rest_framework.views import APIView

_SECONDS: Final = 60


class KeyThrottle(BaseThrottle):
    """One request of a key, or of a person.

    A view may name its ``rate``; else safe methods are reads and all others are
    decisions or events. Callers who need no key are not counted.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Raises Problem (429)."""
        _take(request, view=view, tenths=TENTHS)
        return True


def charge(request: Request, *, events: int) -> None:
    """Count the events of a batch, a tenth of a request each.

    The request itself has paid for the first ten.

    Raises:
        Problem: 429.
    """
    tenths = events - TENTHS
    if tenths > 0:
        _take(request, view=request.parser_context["view"], tenths=tenths)


def _take(request: Request, *, view: "APIView", tenths: int) -> None:
    caller = _caller(request)
    if caller is None:
        return
    rate = _rate(request, view=view)
    verdict = limiter().take(caller, rate=rate, tenths=tenths)
    headers = _headers(rate, verdict)
    view.headers.update(headers)
    if not verdict.is_allowed:
        metrics.RATE_LIMITED.labels(rate=rate.name).inc()
        raise rate_limited(retry_after=verdict.retry_after, headers=headers)


def _caller(request: Request) -> str | None:
    if isinstance(request.auth, BotPrincipal):
        return f"key:{request.auth.public_id}"
    if request.user is not None and request.user.is_authenticated:
        return f"person:{request.user.pk}"
    return None


def _rate(request: Request, *, view: "APIView") -> Rate:
    default = READS if request.method in SAFE_METHODS else WRITES
    rate: Rate = getattr(view, "rate", default)
    return rate


def _headers(rate: Rate, verdict: Verdict) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(rate.burst),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(-int(-verdict.reset_after // 1)),
        "RateLimit-Policy": f"{rate.per_minute};w={_SECONDS};burst={rate.burst}",
    }
