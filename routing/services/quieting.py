"""Quieting a character, a pair, a channel or everything, and lifting that again.

Quieting what is quiet already makes no second switch: it prolongs the one there is,
and never shortens it. Whoever wants an earlier end lifts it first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from core import audit, limits
from core.live.numbering import make_stream
from core.models import LiveStream, User
from core.problems import FieldError
from personas import quieting
from personas.models import Character
from personas.services.announcing import quiet_changed
from routing.models import Channel, Quiet
from routing.services.announcing import QUIET, SWITCHES, announce_switch

MOST: Final = 1_000
"""Switches on at once: every process looks through them for each message."""
EVERYTHING: Final = "Everything"


class NotValid(Exception):
    """It cannot be quieted like this; ``errors`` point into what was sent."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.detail for error in self.errors))


class TooMany(Exception):
    """There are as many switches on as there may be."""


class NoSuchQuiet(Exception):
    """There is no switch with this id."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is quieted: what is named must all hold; nothing named is everything.

    With two characters, neither answers the other; the order says nothing.
    """

    character_id: str = ""
    other_character_id: str = ""
    channel_id: str = ""

    @classmethod
    def of(cls, row: Quiet) -> "Target":
        """What a switch silences; its characters must be loaded."""
        return cls(
            character_id=row.character.character_id if row.character else "",
            other_character_id=row.other.character_id if row.other else "",
            channel_id=row.channel_id,
        )


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: a person, or a bot by the name of its key."""

    person: User | None = None
    key_name: str = ""

    @property
    def name(self) -> str:
        return str(self.person) if self.person else self.key_name


@dataclass(frozen=True, slots=True)
class Outcome:
    """The switch that is on now, and whether it was made for this."""

    row: Quiet
    is_new: bool


def current(*, now: datetime) -> QuerySet[Quiet]:
    """Those that are on, the newest first, with their characters."""
    return _with_characters().filter(_on(now)).order_by("-pk")


def past(*, now: datetime) -> QuerySet[Quiet]:
    """Those that were lifted or have ended, the newest first."""
    return _with_characters().exclude(_on(now)).order_by("-pk")


def find(quiet_id: UUID) -> Quiet | None:
    """The switch, on or off, with its characters."""
    return _with_characters().filter(quiet_id=quiet_id).first()


def words_of(row: Quiet, *, channel_names: Mapping[str, str]) -> str:
    """What a switch silences, in words; its characters must be loaded."""
    channel = channel_names.get(row.channel_id) or row.channel_id
    if row.character is None:
        return f"#{channel}" if channel else EVERYTHING
    words = row.character.display_name
    if row.other is not None:
        words = f"{words} and {row.other.display_name}, to each other"
    return f"{words}, in #{channel}" if channel else words


def channel_names(rows: Iterable[Quiet]) -> dict[str, str]:
    """Names of the channels that switches name, where there are any."""
    ids = {row.channel_id for row in rows} - {""}
    if not ids:
        return {}
    known = Channel.objects.filter(channel_id__in=ids).exclude(name="")
    return dict(known.values_list("channel_id", "name"))


@transaction.atomic
def quiet(
    target: Target, *, until: datetime | None, reason: str, by: By, now: datetime
) -> Outcome:
    """Silence ``target`` from now on, until ``until`` or until it is lifted.

    If it is quiet already, the later end and its reason hold; if the new end is not
    later, all stays as it is.

    Raises:
        NotValid: unknown or the same characters, a past end, no reason.
        TooMany: ``MOST`` are on.
    """
    reason = reason.strip()
    people = _checked(target, until=until, reason=reason, now=now)
    # Two who quiet the same at once must not both find nothing.
    make_stream(SWITCHES.name)
    LiveStream.objects.select_for_update(no_key=True).get(pk=SWITCHES.name)
    found = _same(people, channel_id=target.channel_id, now=now)
    if found is not None:
        if _is_later(until, than=found.until):
            _prolong(found, until=until, reason=reason, by=by, now=now)
        return Outcome(found, is_new=False)
    if Quiet.objects.filter(_on(now)).count() >= MOST:
        raise TooMany(f"{MOST:,} switches are on; lift some, or quiet everything.")
    character, other = people
    row = Quiet.objects.create(
        character=character,
        other=other,
        channel_id=target.channel_id,
        until=until,
        reason=reason,
        created_at=now,
        author=by.person,
        author_name=by.name[: limits.NAME_LENGTH],
    )
    _record("quiet.begun", row, by=by, after=_told(row), now=now)
    _announce(row, now=now)
    return Outcome(row, is_new=True)


@transaction.atomic
def lift(quiet_id: UUID, *, by: By, now: datetime) -> Quiet:
    """Let speak again what the switch silences; one that is off stays as it is.

    Raises:
        NoSuchQuiet: there never was one with this id.
    """
    row = _locked(quiet_id=quiet_id).first()
    if row is None:
        raise NoSuchQuiet("There is no switch with this id.")
    if row.lifted_at is not None or (row.until is not None and row.until <= now):
        return row
    row.lifted_at = now
    row.lifted_by_name = by.name[: limits.NAME_LENGTH]
    row.save(update_fields=["lifted_at", "lifted_by_name"])
    _record("quiet.lifted", row, by=by, before=_told(row), now=now)
    _announce(row, now=now)
    return row


@transaction.atomic
def end_due(*, now: datetime) -> int:
    """Mark those whose time is over, and tell of it; how many.

    They are off already, by the clock; but bots ask only for what was announced.
    """
    rows = list(_locked(lifted_at=None, until__lte=now).order_by("pk"))
    for row in rows:
        row.lifted_at = row.until
        row.save(update_fields=["lifted_at"])
        _announce(row, now=now)
    return len(rows)


def served() -> list[quieting.Quiet]:
    """Switches that silence characters everywhere; for ``personas.quieting``."""
    rows = _with_characters().filter(lifted_at=None, other=None, channel_id="")
    return [
        quieting.Quiet(
            quiet_id=str(row.quiet_id),
            character_id=row.character.character_id if row.character else None,
            until=row.until,
            reason=row.reason,
        )
        for row in rows.order_by("pk")
    ]


def _on(now: datetime) -> Q:
    return Q(lifted_at=None) & (Q(until=None) | Q(until__gt=now))


def _with_characters() -> QuerySet[Quiet]:
    names = ("character_id", "display_name")
    return Quiet.objects.select_related("character", "other").only(
        *(field.name for field in Quiet._meta.concrete_fields),  # noqa: SLF001
        *(f"{who}__{name}" for who in ("character", "other") for name in names),
    )


def _locked(**of: Any) -> QuerySet[Quiet]:
    rows = _with_characters().filter(**of)
    return rows.select_for_update(no_key=True, of=("self",))


def _checked(
    target: Target, *, until: datetime | None, reason: str, now: datetime
) -> tuple[Character | None, Character | None]:
    """The two characters.

    Raises:
        NotValid: something cannot be done.
    """
    one, other = target.character_id, target.other_character_id
    errors = []
    rows = Character.objects.only("character_id", "display_name")
    known = {
        row.character_id: row for row in rows.filter(character_id__in=[one, other])
    }
    for pointer, name in (("/character_id", one), ("/other_character_id", other)):
        if name and name not in known:
            detail = f"There is no character “{name}”."
            errors.append(FieldError(pointer, "not_a_choice", detail))
    if other and not one:
        detail = "Name the first character, too."
        errors.append(FieldError("/character_id", "required", detail))
    if other and other == one:
        detail = "Name another character than the first."
        errors.append(FieldError("/other_character_id", "invalid", detail))
    if until is not None and until <= now:
        detail = "Choose an end that is still to come."
        errors.append(FieldError("/until", "out_of_range", detail))
    if not reason:
        detail = "Say why, for whoever wonders."
        errors.append(FieldError("/reason", "required", detail))
    elif len(reason) > limits.NOTE_LENGTH:
        detail = f"Give the reason in at most {limits.NOTE_LENGTH:,} characters."
        errors.append(FieldError("/reason", "too_long", detail))
    if errors:
        raise NotValid(errors)
    return known.get(one), known.get(other)


def _same(
    people: tuple[Character | None, Character | None],
    *,
    channel_id: str,
    now: datetime,
) -> Quiet | None:
    """The switch that silences just this."""
    one, other = people
    either_way = Q(character=one, other=other)
    if other is not None:
        either_way |= Q(character=other, other=one)
    rows = _locked(channel_id=channel_id).filter(_on(now) & either_way)
    return rows.order_by("pk").first()


def _is_later(until: datetime | None, *, than: datetime | None) -> bool:
    return than is not None and (until is None or until > than)


def _prolong(
    row: Quiet, *, until: datetime | None, reason: str, by: By, now: datetime
) -> None:
    before = _told(row)
    row.until, row.reason = until, reason
    row.author, row.author_name = by.person, by.name[: limits.NAME_LENGTH]
    row.save(update_fields=["until", "reason", "author", "author_name"])
    _record("quiet.prolonged", row, by=by, before=before, after=_told(row), now=now)
    _announce(row, now=now)


def _told(row: Quiet) -> dict[str, Any]:
    """What the audit log keeps of a switch."""
    target = Target.of(row)
    values = {
        "character": target.character_id,
        "other": target.other_character_id,
        "channel": target.channel_id,
        "until": row.until.isoformat() if row.until else "",
        "reason": row.reason,
    }
    return {name: value for name, value in values.items() if value}


def _record(
    action: str,
    row: Quiet,
    *,
    by: By,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        actor=by.person,
        actor_name=by.key_name or audit.SYSTEM,
        action=action,
        obj=(
            "routing.quiet",
            str(row.quiet_id),
            words_of(row, channel_names=channel_names([row])),
        ),
        before=before,
        after=after,
        note=row.reason,
        now=now,
    )


def _announce(row: Quiet, *, now: datetime) -> None:
    """Tell processes first: who hears of it from ``personas`` finds it in force."""
    is_on = row.lifted_at is None
    op = {"quiet_id": str(row.quiet_id), "is_on": is_on}
    announce_switch(kind=QUIET, key=str(row.quiet_id), op=op, now=now)
    target = Target.of(row)
    if not (target.other_character_id or target.channel_id):
        quiet_changed(target.character_id or None, now=now)
