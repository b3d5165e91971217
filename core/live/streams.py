"""The streams that live pages and processes can follow."""

from dataclasses import dataclass
from typing import Final

from core.roles import Action

NAME_LENGTH: Final = 32


class UnknownStream(Exception):
    """Nobody registered a stream of this name."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of numbered changes.

    ``action`` is what a person must be allowed to do to follow it by websocket;
    ``None`` keeps it among the processes of the installation.
    """

    name: str
    action: Action | None


KEYS: Final = Stream("keys", None)
PEOPLE: Final = Stream("people", None)
"""Keyed by the person's primary key; a change has their sockets judged anew."""
SETTINGS: Final = Stream("settings", None)
WEBHOOKS: Final = Stream("webhooks", Action.MANAGE_WEBHOOKS)
"""Keyed by the webhook's primary key; a change says only that there is one."""

_streams: dict[str, Stream] = {
    stream.name: stream for stream in (KEYS, PEOPLE, SETTINGS, WEBHOOKS)
}


def register(stream: Stream) -> None:
    """Make a stream known, at start-up; registering it again changes nothing.

    Raises:
        ValueError: the name is taken by another stream, or is not one to 32
            lower-case ASCII letters.
    """
    name = stream.name
    if not (name.isascii() and name.isalpha() and name.islower()):
        raise ValueError(f"Name the stream {name!r} with lower-case letters only.")
    if len(name) > NAME_LENGTH:
        raise ValueError(f"The stream name {name!r} has over {NAME_LENGTH} letters.")
    if _streams.setdefault(name, stream) != stream:
        raise ValueError(f"There is another stream {name!r} already.")


def stream_named(name: str) -> Stream:
    """Raises UnknownStream."""
    try:
        return _streams[name]
    except KeyError as error:
        raise UnknownStream(f"There is no stream “{name}”.") from error


def stream_names() -> list[str]:
    """All of them, in the order of their registration."""
    return list(_streams)


def public_streams() -> list[Stream]:
    """Those that people may follow, by name."""
    found = [s for s in _streams.values() if s.action is not None]
    return sorted(found, key=lambda stream: stream.name)
