"""Channels: made known by bots, given their settings by managers.

Bots own a channel's name and place, people its settings; neither touches what is
the other's. No channel is ever deleted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from django.db import transaction
from django.db.models import QuerySet
from pydantic import Field

from core import audit, limits
from core.live.changes import announce_all
from core.models import AuditEntry, User
from core.problems import FieldError
from personas.domain.sheets import Line, ReplyMode, Sheet
from personas.models import Character
from routing.domain.channels import ChannelSettings
from routing.domain.events import OtherId
from routing.models import Channel
from routing.services.announcing import CHANNEL, STREAM, SWITCHES
from routing.services.inheriting import (
    REPLY_MODES,
    ancestors_of,
    said_by,
    settings_of,
    switched,
)

EDITED: Final = "channel.edited"
OBJECT: Final = "routing.channel"
MOST_REPORTED: Final = 1_000
"""Channels that a bot may tell of at once."""
_BATCH: Final = 200


class NoSuchChannel(Exception):
    """No bot ever named a channel with this id."""


class ChangedMeanwhile(Exception):
    """The settings are not those any more that the edit began with.

    ``theirs`` is the channel as it is now; nothing was written.
    """

    def __init__(self, theirs: Channel) -> None:
        super().__init__("Somebody changed these settings in the meantime.")
        self.theirs = theirs


class NotValid(Exception):
    """The settings name what is not there; ``errors`` point into them."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].detail)
        self.errors = tuple(errors)


class Reported(Sheet):
    """A channel, a thread or a category, as a bot knows it."""

    id: OtherId = Field(description="As the chat platform has it.")
    name: Annotated[Line, Field(max_length=limits.NAME_LENGTH)] = Field(
        description="Without the sign that the platform may put in front of it."
    )
    category_id: OtherId | None = Field(
        None, description="The category it stands in; send that one too."
    )
    parent_id: OtherId | None = Field(
        None, description="The channel that a thread belongs to; send that one too."
    )


@dataclass(frozen=True, slots=True)
class Synced:
    """How many channels were new, were told otherwise before, were known so."""

    created: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Saved:
    """A channel after an edit; ``entry`` is its line of the log, if it changed."""

    channel: Channel
    entry: AuditEntry | None


# -- What bots tell ------------------------------------------------------------------


def seen(channel_id: str, *, now: datetime) -> Channel:
    """The channel, locked until the transaction ends; made known if it was not.

    One query for a channel that is known. Decisions of one channel so follow one
    another, also the first two at once.
    """
    rows = _locked(channel_id=channel_id)
    known = rows.first()
    if known is not None:
        return known
    # Of two at once, the second waits here for the first, then finds its row.
    Channel.objects.bulk_create(
        [Channel(channel_id=channel_id, created_at=now, updated_at=now)],
        ignore_conflicts=True,
    )
    made = rows.get()
    # The second tells it once more, which changes nothing for anybody.
    _announce([made], now=now)
    return made


@transaction.atomic
def sync(reported: Sequence[Reported], *, now: datetime) -> Synced:
    """Have these channels named and placed as told; settings stay as they are.

    Ids must not repeat. Channels that are not told of stay, too.
    """
    wanted = {each.id: each for each in reported}
    known = Channel.objects.filter(channel_id__in=wanted).in_bulk(
        field_name="channel_id"
    )
    # In one order, everywhere, so that two of these never wait for each other.
    differing = sorted(
        name
        for name, each in wanted.items()
        if name not in known or _differs(known[name], each)
    )
    if not differing:
        return Synced(created=0, changed=0, unchanged=len(wanted))
    new = {name for name in differing if name not in known}
    Channel.objects.bulk_create(
        [_row(wanted[name], now=now) for name in differing if name in new],
        ignore_conflicts=True,
        batch_size=_BATCH,
    )
    rows = list(_locked(channel_id__in=differing).order_by("channel_id"))
    changed = [row for row in rows if _differs(row, wanted[row.channel_id])]
    for row in changed:
        _put(wanted[row.channel_id], into=row)
        row.updated_at = now
    Channel.objects.bulk_update(
        changed, ["name", "category_id", "parent_id", "updated_at"], batch_size=_BATCH
    )
    # One that a decision made known meanwhile, without a name, counts as changed.
    others = {row.channel_id for row in changed}
    created = [row for row in rows if row.channel_id in new - others]
    _announce([*created, *changed], now=now)
    return Synced(
        created=len(created),
        changed=len(changed),
        unchanged=len(wanted) - len(created) - len(changed),
    )


def _row(reported: Reported, *, now: datetime) -> Channel:
    row = Channel(channel_id=reported.id, created_at=now, updated_at=now)
    _put(reported, into=row)
    return row


def _put(reported: Reported, *, into: Channel) -> None:
    into.name = reported.name
    into.category_id = reported.category_id or ""
    into.parent_id = reported.parent_id or ""


def _differs(row: Channel, reported: Reported) -> bool:
    told = (reported.name, reported.category_id or "", reported.parent_id or "")
    return (row.name, row.category_id, row.parent_id) != told


# -- What managers say ---------------------------------------------------------------


@transaction.atomic
def save_settings(
    *,
    channel_id: str,
    settings: ChannelSettings,
    based_on: int | None,
    actor: User,
    now: datetime,
) -> Saved:
    """Give a channel these settings, all of them.

    ``based_on`` is the revision that the edit began with; ``None`` writes whatever
    happened meanwhile. The same settings once more change nothing.

    Raises:
        NoSuchChannel: bots make channels known, people do not.
        ChangedMeanwhile: the channel has another revision by now.
        NotValid: a character that never was, or a mode that is no channel's.
    """

    def change(channel: Channel) -> ChannelSettings:
        if based_on is not None and based_on != channel.revision:
            raise ChangedMeanwhile(channel)
        return settings

    return _edit(channel_id, change, actor=actor, now=now)


@transaction.atomic
def let_answer(
    *, channel_id: str, character_id: str, may: bool, actor: User, now: datetime
) -> Saved:
    """Have one character answer in a channel, or never; all others stay as they are.

    Raises:
        NoSuchChannel, NotValid: as ``save_settings`` does.
    """

    def change(channel: Channel) -> ChannelSettings:
        known = ancestors_of([channel])
        return switched(
            said_by(channel, known=known), character_id=character_id, may=may
        )

    return _edit(channel_id, change, actor=actor, now=now)


@transaction.atomic
def take_back(
    *, channel_id: str, entry_pk: int, based_on: int, actor: User, now: datetime
) -> Saved:
    """Have the settings again that were before an edit, as long as it is the last.

    Raises:
        NoSuchChannel: nor if there is no such edit of it.
        ChangedMeanwhile: the channel has another revision than that edit made, or
            another edit came after it.
        NotValid: as ``save_settings`` does.
    """
    entry = history(channel_id).filter(pk=entry_pk).first()
    if entry is None:
        raise NoSuchChannel(f"There is no such edit of the channel “{channel_id}”.")

    def change(channel: Channel) -> ChannelSettings:
        # Under the channel's lock, so that none can come after it now.
        newest = history(channel_id).values_list("pk", flat=True).first()
        if based_on != channel.revision or entry_pk != newest:
            raise ChangedMeanwhile(channel)
        after, before = entry.after or {}, entry.before or {}
        # The log keeps what differed; what was not said before is left out of it.
        kept = {k: v for k, v in channel.settings.items() if k not in after}
        return settings_of(Channel(settings={**kept, **before}))

    return _edit(channel_id, change, actor=actor, now=now)


def history(channel_id: str) -> QuerySet[AuditEntry]:
    """Every edit of the channel's settings, the newest first."""
    rows = AuditEntry.objects.filter(object_type=OBJECT, object_id=channel_id)
    return rows.filter(action=EDITED).order_by("-pk")


def _edit(
    channel_id: str,
    change: Callable[[Channel], ChannelSettings],
    *,
    actor: User,
    now: datetime,
) -> Saved:
    channel = _locked(channel_id=channel_id).first()
    if channel is None:
        raise NoSuchChannel(f"No bot ever named a channel “{channel_id}”.")
    before: dict[str, Any] = channel.settings
    wanted = _without_repeats(change(channel))
    _check(wanted, known=settings_of(channel))
    after = wanted.model_dump(mode="json", exclude_none=True)
    if after == before:
        return Saved(channel, None)
    channel.settings = after
    channel.revision += 1
    channel.updated_at = now
    channel.save(update_fields=["settings", "revision", "updated_at"])
    entry = audit.record(
        actor=actor,
        action=EDITED,
        obj=(OBJECT, channel.channel_id, str(channel)),
        before=before,
        after=after,
        now=now,
    )
    _announce([channel], now=now)
    return Saved(channel, entry)


def _without_repeats(settings: ChannelSettings) -> ChannelSettings:
    lists = {"allow": settings.allow, "deny": settings.deny}
    return settings.model_copy(
        update={
            name: list(dict.fromkeys(ids))
            for name, ids in lists.items()
            if ids is not None
        }
    )


def _check(settings: ChannelSettings, *, known: ChannelSettings) -> None:
    """Raises NotValid. Whom the channel names already, it may go on naming."""
    errors = []
    if settings.reply_mode == ReplyMode.CHANNEL:
        modes = ", ".join(REPLY_MODES)
        errors.append(
            FieldError("/reply_mode", "not_a_choice", f"Choose one of {modes}.")
        )
    named = dict(_named(settings))
    strangers = set(named.values()) - set(dict(_named(known)).values())
    if strangers:
        rows = Character.objects.filter(character_id__in=strangers)
        strangers -= set(rows.values_list("character_id", flat=True))
    errors += [
        FieldError(pointer, "not_a_choice", f"There is no character “{name}”.")
        for pointer, name in named.items()
        if name in strangers
    ]
    if errors:
        raise NotValid(errors)


def _named(settings: ChannelSettings) -> Iterable[tuple[str, str]]:
    """The characters that the settings name, by where they do."""
    for field in ("allow", "deny"):
        for at, name in enumerate(getattr(settings, field) or ()):
            yield f"/{field}/{at}", name
    if settings.default_character_id:
        yield "/default_character_id", settings.default_character_id


# -- Both ----------------------------------------------------------------------------


def _locked(**which: Any) -> QuerySet[Channel]:
    rows = Channel.objects.filter(**which)
    return rows.select_for_update(no_key=True)


def _announce(channels: Iterable[Channel], *, now: datetime) -> None:
    """Tell processes and pages how these channels are now, after they were written."""
    changes = [
        (f"{CHANNEL}:{channel.channel_id}", _told(channel)) for channel in channels
    ]
    if changes:
        for stream in (SWITCHES, STREAM):
            announce_all(stream=stream.name, changes=changes, now=now)


def _told(channel: Channel) -> dict[str, Any]:
    # Without the settings, which may be long; whoever needs them reads the row.
    return {
        "kind": CHANNEL,
        "channel_id": channel.channel_id,
        "name": channel.name,
        "category_id": channel.category_id,
        "parent_id": channel.parent_id,
        "revision": channel.revision,
    }
