"""Who acts when other versions go live; upper layers put themselves in here."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from personas.models import CharacterVersion

Versions = Mapping[int, CharacterVersion]
"""Primary key of a character → the version that is live now."""
Follower = Callable[[Versions, datetime], None]
"""Called within the transaction that moves the labels, the characters locked."""

_followers: Final[dict[str, Follower]] = {}


def register(follower: Follower, *, name: str) -> None:
    """Have ``follower`` called; the same ``name`` again replaces the first."""
    _followers[name] = follower


def follow_up(versions: Versions, *, now: datetime) -> None:
    """Tell everybody; what fails keeps the versions from going live."""
    if versions:
        for follower in _followers.values():
            follower(versions, now)
