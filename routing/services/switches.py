"""Quiet switches and channels as this process knows them.

Both are read for every message, and change seldom: a copy is kept, patched by the
watcher of the live stream, off the request path, and swapped by assignment, so that
readers need no lock.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import orjson
import structlog
from django.db.models import QuerySet
from pydantic import ValidationError

from core.live import watcher
from core.live.changes import Change
from core.live.numbering import is_in_transaction
from routing.domain.channels import ChannelSettings, place_of
from routing.domain.messages import Place, Quieted
from routing.models import Channel, Quiet
from routing.services.announcing import CHANNEL, SWITCHES

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Switch:
    """A quiet switch that nobody has lifted; ``channel_id`` empty: everywhere."""

    quieted: Quieted
    channel_id: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a channel, a thread or a category."""

    name: str
    category_id: str
    parent_id: str
    settings: ChannelSettings


@dataclass(frozen=True, slots=True)
class Switches:
    """All that is not lifted, the oldest first, and all channels by id."""

    quiets: tuple[Switch, ...] = ()
    channels: Mapping[str, Known] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    """Those that were asked for; only of channels that are known."""

    def quiets_in(self, channel_id: str, *, now: datetime) -> tuple[Quieted, ...]:
        """Those that are on in the channel.

        A switch of its parent or category is one of the channel, too.
        """
        on = [each for each in self.quiets if each.until is None or now < each.until]
        if not on:
            return ()
        here = {"", *self.lineage(channel_id)}
        return tuple(each.quieted for each in on if each.channel_id in here)

    def place(self, channel_id: str) -> Place:
        """The settings in force; the usual ones in a channel that is not known."""
        found = self.places.get(channel_id)
        if found is not None:
            return found
        known = self.channels.get(channel_id)
        if known is None:
            return place_of((channel_id,), settings=())
        names = (channel_id, known.name) if known.name else (channel_id,)
        lineage = self.lineage(channel_id)
        settings = [
            self.channels[each].settings for each in lineage if each in self.channels
        ]
        place = self.places[channel_id] = place_of(names, settings=settings)
        return place

    def lineage(self, channel_id: str) -> tuple[str, ...]:
        """The channel, its parent, and its category, which may be the parent's.

        Those that nobody reported by themselves are in it, too.
        """
        known = self.channels.get(channel_id)
        if known is None:
            return (channel_id,)
        parent = self.channels.get(known.parent_id)
        category_id = known.category_id or (parent.category_id if parent else "")
        above = (known.parent_id, category_id)
        return tuple(dict.fromkeys((channel_id, *filter(None, above))))


class Copy:
    """Keeps the process's copy current."""

    def __init__(self) -> None:
        self._switches: Switches | None = None
        self._writing = threading.Lock()

    def read(self) -> Switches:
        """At most a second behind a change made in another process.

        While the database is away, what was known last.

        Raises:
            django.db.Error: never read before, and the database is away.
        """
        watcher.PROCESS.ensure_fresh(SWITCHES.name)
        switches = self._switches
        return self._load() if switches is None else switches

    def _load(self) -> Switches:
        with self._writing:
            if self._switches is None:
                loaded = _read_all()
                # What a transaction sees may yet be rolled back; only it may use it.
                if is_in_transaction():
                    return loaded
                self._switches = loaded
            return self._switches

    def apply(self, *, changes: Sequence[Change], head: int, reset: bool) -> None:
        """Patch what changed, or read all; called by the watcher."""
        with self._writing:
            old = self._switches
            if reset or old is None:
                self._switches = _read_all()
                return
            kinds = [change.key.partition(":") for change in changes]
            ids = {key for kind, _, key in kinds if kind == CHANNEL}
            has_quiets = any(kind != CHANNEL for kind, _, _ in kinds)
            channels = old.channels
            if ids:
                left = {k: v for k, v in channels.items() if k not in ids}
                channels = {**left, **_read_channels(ids)}
            self._switches = Switches(
                quiets=_read_quiets() if has_quiets else old.quiets,
                channels=channels,
                places={} if ids else old.places,
            )


def _read_all() -> Switches:
    return Switches(quiets=_read_quiets(), channels=_read_channels(None))


def _read_quiets() -> tuple[Switch, ...]:
    # What ends by the clock is judged on use, since nothing may be announced then.
    rows = Quiet.objects.filter(lifted_at=None).order_by("pk")
    found = rows.values_list(
        "quiet_id",
        "character__character_id",
        "other__character_id",
        "channel_id",
        "until",
    )
    return tuple(
        Switch(
            Quieted(str(quiet_id), character_id, other_character_id), channel_id, until
        )
        for quiet_id, character_id, other_character_id, channel_id, until in found
    )


def _read_channels(ids: Collection[str] | None) -> dict[str, Known]:
    """These channels (``None``: all) by id."""
    rows = Channel.objects.order_by()
    if ids is None:
        return _known(rows)
    wanted = sorted(ids)
    found: dict[str, Known] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found |= _known(rows.filter(channel_id__in=wanted[start : start + _AT_ONCE]))
    return found


def _known(rows: QuerySet[Channel]) -> dict[str, Known]:
    told: Iterable[tuple[str, str, str, str, object]] = rows.values_list(
        "channel_id", "name", "category_id", "parent_id", "settings"
    )
    return {
        channel_id: Known(
            name=name,
            category_id=category_id,
            parent_id=parent_id,
            settings=_settings(channel_id, stored),
        )
        for channel_id, name, category_id, parent_id, stored in told
    }


def _settings(channel_id: str, stored: object) -> ChannelSettings:
    """As stored; open if a newer release no longer allows it."""
    if not stored:
        return _OPEN
    try:
        # As JSON, where text may become a mode though types are strict.
        return ChannelSettings.model_validate_json(orjson.dumps(stored))
    except ValidationError:
        log.warning("channel_settings_not_valid_anymore", channel_id=channel_id)
        return _OPEN


_OPEN: Final = ChannelSettings.model_validate({})

copy: Final = Copy()
"""The process's own."""


def read() -> Switches:
    """Quiet switches and channels as this process knows them; see ``Copy.read``."""
    return copy.read()
