"""Declaring reports void: they count no more, and what they did is taken back.

The rows stay, so that the same event is still known when it comes again. Reached
stages stay too, flagged; see ``evolution.services.voiding``.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet, Sum
from django.db.models.functions import TruncDate

from core import audit, limits
from core.models import User
from evolution.services import voiding as growth
from evolution.services.voiding import Voided
from relationships.services import voiding as feelings
from relationships.services.voiding import NotHeld
from routing.models import Interaction, Void

MOST: Final = 20_000
"""Reports that are voided at once: nobody can report meanwhile."""
_AT_ONCE: Final = 5_000


class Refused(Exception):
    """These reports cannot be voided; the message says what to do."""


class ChangedMeanwhile(Exception):
    """Other reports match now than were looked at; nothing was voided."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """By what reports are chosen; all that is given must match.

    ``bot_pk`` is the first key of a bot. ``start`` and ``until`` are ledger times;
    ``until`` itself is not in.
    """

    bot_pk: int | None = None
    user_id: str = ""
    channel_id: str = ""
    start: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing but time bounds them."""
        return self.bot_pk is None and not self.user_id and not self.channel_id

    def rows(self) -> QuerySet[Interaction]:
        """Those that still count."""
        rows = Interaction.objects.filter(void=None)
        if self.bot_pk is not None:
            rows = rows.filter(bot=self.bot_pk)
        if self.user_id:
            rows = rows.filter(user_id=self.user_id)
        if self.channel_id:
            rows = rows.filter(channel_id=self.channel_id)
        if self.start is not None:
            rows = rows.filter(created_at__gte=self.start)
        if self.until is not None:
            rows = rows.filter(created_at__lt=self.until)
        return rows

    def told(self) -> dict[str, Any]:
        """What a ``Void`` keeps of it."""
        values = {
            "key": self.bot_pk,
            "user": self.user_id,
            "channel": self.channel_id,
            "from": _text(self.start),
            "until": _text(self.until),
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be voided.

    ``interactions`` is what counts would fall by; ``too_old`` are reports of which
    the history holds no more than how their day ended.
    """

    events: int
    interactions: int = 0
    characters: int = 0
    pairs: int = 0
    too_old: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def is_too_much(self) -> bool:
        return self.events > MOST

    @property
    def can_be_voided(self) -> bool:
        return self.events > 0 and not self.too_old and not self.is_too_much


def preview(chosen: Chosen) -> Preview:
    """How much it is, in a few queries however much."""
    rows = chosen.rows()
    met = rows.exclude(other=None)
    found = rows.aggregate(
        events=Count("pk"),
        interactions=Sum("counted", default=0),
        characters=Count("character", distinct=True),
        met=Count("other"),
        first_at=Min("created_at"),
        last_at=Max("created_at"),
    )
    between = found.pop("met")
    if found["events"] > MOST:
        return Preview(**found)
    ids = met.values("pk")
    return Preview(
        **found,
        pairs=len(feelings.touched(ids)),
        too_old=between - feelings.held(ids),
    )


@transaction.atomic(durable=True)
def void(
    chosen: Chosen, *, expected: int, reason: str, actor: User, now: datetime
) -> Void:
    """Void what is chosen, in one transaction.

    ``expected`` is how many reports the person has agreed to.

    Raises:
        Refused: no reason, nothing or too much chosen, or reports that are too old.
        ChangedMeanwhile: it is another number by now.
    """
    reason = _checked(reason)
    ids = _locked(chosen, expected=expected)
    row = Void.objects.create(
        at=now,
        chosen=chosen.told(),
        events=len(ids),
        reason=reason,
        author=actor,
        author_name=str(actor),
    )
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        Interaction.objects.filter(pk__in=part).update(void=row)
    mine = Interaction.objects.filter(void=row)
    # Progress is locked before pairs, as reports do.
    growth.take_back(_sums(mine), left=_left, now=now)
    met = mine.exclude(other=None)
    try:
        taken = feelings.take_back(
            met.values("pk"),
            expected=met.count(),
            reason=reason,
            actor=actor,
            now=now,
        )
    except NotHeld as error:
        raise Refused(too_old(error.count)) from error
    audit.record(
        actor=actor,
        action="reports.voided",
        obj=row,
        after={**chosen.told(), "events": len(ids), "pairs": taken.pairs},
        note=reason,
        now=now,
    )
    return row


def voided(character_pks: Collection[int], since: datetime | None) -> set[int]:
    """Voided reports between any two of these; for ``relationships.reports``."""
    rows = Interaction.objects.filter(
        void__isnull=False, character__in=character_pks, other__in=character_pks
    )
    if since is not None:
        rows = rows.filter(created_at__gt=since)
    return set(rows.values_list("pk", flat=True))


def too_old(count: int, /) -> str:
    """What to say of reports that the history holds only in part."""
    are = "1 of them is" if count == 1 else f"{count:,} of them are"
    return (
        f"{are} too old: of such days, the history keeps only how they ended, so what"
        " they did cannot be taken out again. Choose a later beginning."
    )


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused("Say why, for whoever reads the history.")
    if len(reason) > limits.NOTE_LENGTH:
        raise Refused(f"Give the reason in at most {limits.NOTE_LENGTH} characters.")
    return reason


def _locked(chosen: Chosen, *, expected: int) -> list[int]:
    """The reports chosen, locked against being voided twice."""
    if chosen.is_everything:
        raise Refused("Choose a key, a user or a channel.")
    rows = chosen.rows().select_for_update(no_key=True, of=("self",)).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[: MOST + 1])
    if not ids:
        raise Refused("No report that still counts matches.")
    if len(ids) > MOST:
        raise Refused(f"These are over {MOST:,}; choose a shorter time.")
    if len(ids) != expected:
        raise ChangedMeanwhile(
            f"By now {len(ids):,} reports match, not {expected:,}; look at them again."
        )
    return ids


def _sums(rows: QuerySet[Interaction]) -> list[Voided]:
    """What they added to counts, by character, kind and UTC day."""
    days = rows.annotate(day=TruncDate("created_at", tzinfo=UTC)).order_by()
    found = days.values_list("character_id", "kind", "day")
    return [
        Voided(
            character_pk=character_pk,
            kind=kind,
            counted=counted,
            at=datetime(day.year, day.month, day.day, tzinfo=UTC),
        )
        for character_pk, kind, day, counted in found.annotate(sum=Sum("counted"))
    ]


def _left(firsts: Mapping[int, date]) -> Iterator[tuple[int, date, str, int]]:
    """What still counts of characters, each from its day on; for growth."""
    if not firsts:
        return
    first = min(firsts.values())
    rows = Interaction.objects.filter(
        character__in=firsts,
        void=None,
        counted__gt=0,
        created_at__gte=datetime(first.year, first.month, first.day, tzinfo=UTC),
    ).order_by("pk")
    found = rows.values_list("character_id", "created_at", "kind", "counted")
    for pk, at, kind, counted in found.iterator():
        day = at.astimezone(UTC).date()
        if day >= firsts[pk]:
            yield pk, day, kind, counted


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()
