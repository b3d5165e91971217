"""Who is quieted, as bots are told with every prompt.

The app that keeps the switches registers a provider at start-up; without one, nobody
is. What it provides is read into the snapshot, with all else that is served.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A switch that silences a character everywhere, or (``None``) every character.

    It is on until ``until``, or until the provider no longer tells of it.
    """

    quiet_id: str
    character_id: str | None
    until: datetime | None
    reason: str

    def told(self) -> dict[str, Any]:
        """As bots are told."""
        until = self.until and self.until.isoformat().replace("+00:00", "Z")
        return {"quiet_id": self.quiet_id, "until": until, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Quiets:
    """All switches, by the character; those of everybody under ``None``."""

    by_character: dict[str | None, tuple[Quiet, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, quiets: Iterable[Quiet]) -> Self:
        """Each character's by their ends, the latest first, then by id."""
        found: dict[str | None, list[Quiet]] = {}
        for quiet in quiets:
            found.setdefault(quiet.character_id, []).append(quiet)
        return cls({key: tuple(sorted(all_, key=_rank)) for key, all_ in found.items()})

    def quiet(self, character_id: str, *, now: datetime) -> Quiet | None:
        """The switch that silences the character longest; ``None``: it may speak."""
        if not self.by_character:
            return None
        mine = self.by_character.get(character_id, ())
        latest = [*mine[:1], *self.by_character.get(None, ())[:1]]
        on = [each for each in latest if each.until is None or now < each.until]
        return min(on, key=_rank, default=None)


def _rank(quiet: Quiet) -> tuple[float, str]:
    end = quiet.until or _FOR_EVER
    return -end.timestamp(), quiet.quiet_id


Provider = Callable[[], Iterable[Quiet]]
"""Reads all switches that are not lifted; some may be over by the clock."""

_providers: list[Provider] = []


def register(provider: Provider, /) -> None:
    """Ask ``provider`` from now on, and nobody else."""
    _providers[:] = [provider]


def read() -> Quiets:
    """From the database, as it is now."""
    return Quiets.of(_providers[0]()) if _providers else Quiets()
