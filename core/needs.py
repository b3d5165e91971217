"""What waits for somebody, as the home page tells it.

Home belongs to another app, which knows its own part. Every app may have more told
there, by a provider that its ``registration.py`` hands in here at start-up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits: how many, since or for when, and what to do.

    ``quote`` is what somebody wrote about it; ``dismiss_url`` ends its being told.
    """

    text: str
    url: str
    action: str
    count: int = 1
    since: datetime | None = None
    at: datetime | None = None
    is_urgent: bool = False
    quote: str = ""
    dismiss_url: str = ""


Provider = Callable[[HttpRequest, datetime], Sequence[Need]]
"""Says what waits for the person of the request, in a constant number of queries."""

_providers: dict[str, Provider] = {}


def register(provider: Provider, *, name: str) -> None:
    """Ask ``provider`` for every home page; again for a name replaces it."""
    _providers[name] = provider


def provided(request: HttpRequest, *, now: datetime) -> list[Need]:
    """What all providers say, in the order of their names."""
    return [
        need for name in sorted(_providers) for need in _providers[name](request, now)
    ]
