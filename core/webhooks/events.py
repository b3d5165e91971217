"""What can be sent to webhooks; each app adds its own events at start-up."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of message; ``name`` is its ``type``, such as ``stage.reached``."""

    name: str
    title: str
    description: str


TEST: Final = Event(
    "test", "Test", "Sent by the button on the webhook's page; carries nothing."
)
"""Sent to one webhook by hand; nobody chooses it."""

_events: dict[str, Event] = {}


def register_event(name: str, title: str, description: str) -> None:
    """Make an event known; again for a name replaces its words."""
    _events[name] = Event(name, title, description)


def all_events() -> list[Event]:
    """Those that a webhook can ask for, by name."""
    return [_events[name] for name in sorted(_events)]


def is_known(name: str) -> bool:
    return name in _events


def title_of(name: str) -> str:
    """The words for an event; of one that is no longer known, its name."""
    event = TEST if name == TEST.name else _events.get(name)
    return event.title if event else name
