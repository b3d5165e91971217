"""What managers change by hand: a feeling, where it rests, a pair's topics.

Each change has a reason, is audited, and stands in the ledger like any other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit, limits
from core.models import User
from personas.models import Character
from relationships import policy
from relationships.domain import feelings
from relationships.domain.amounts import MOST, points_of
from relationships.domain.feelings import (
    Feeling,
    PairState,
    Rules,
    comparable_topics,
    now_after,
)
from relationships.models import Pair
from relationships.services import moving, reading
from relationships.services.announcing import feelings_changed, key_of
from relationships.services.moving import HeldPair, PairBook

MOST_TOPICS: Final = 100
_OBJECT: Final = "relationships.affinity"


class Refused(Exception):
    """It cannot be changed like this; the message says what to do."""


class ChangedMeanwhile(Exception):
    """It is not any more what the edit started from; nothing was written."""


@transaction.atomic
def set_value(
    *,
    source: str,
    target: str,
    affinity: int | None,
    resting: int | None,
    reason: str,
    actor: User,
    now: datetime,
    based_on: str | None = None,
) -> None:
    """What ``source`` feels for ``target``, and where that rests, from now on.

    Amounts are thousandths; ``None`` leaves one as it is. ``based_on`` is the
    ``reading.Both.tag`` that the edit began with; ``None`` writes whatever
    happened meanwhile.

    Raises:
        Refused: no reason, nothing to change, or a number out of range.
        ChangedMeanwhile: something happened between the two since then.
        SameCharacter, UnknownCharacter: as ``reading.two`` does.
    """
    reason = _checked(reason)
    if affinity is None and resting is None:
        raise Refused("Give a feeling, a resting value, or both.")
    for value in (affinity, resting):
        if value is not None and abs(value) > MOST:
            raise Refused("Give a number from -10 to 10.")
    book, held, is_low = _locked(source, target, based_on=based_on)
    rules = policy.rules()
    now = now_after(held.state, now)
    was = held.state.feeling(is_low=is_low)
    state, row = feelings.set_value(
        held.state,
        is_low=is_low,
        affinity=affinity,
        resting=resting,
        rules=rules,
        now=now,
    )
    held.put(state, [row], reason=reason, author=actor)
    moving.save(book, event_ids={}, bands=rules.bands, now=now)
    _record(
        "feeling.set",
        (source, target),
        before=_values(was, rules=rules, now=now),
        after=_values(state.feeling(is_low=is_low), rules=rules, now=now),
        reason=reason,
        actor=actor,
        now=now,
    )


@transaction.atomic
def reset(
    *,
    source: str,
    target: str,
    reason: str,
    actor: User,
    now: datetime,
    based_on: str | None = None,
) -> None:
    """Both feel nothing for each other any more, and there is no tension.

    Where they rest and which topics set them off stays. ``based_on`` is as for
    ``set_value``.

    Raises:
        Refused: no reason.
        ChangedMeanwhile, SameCharacter, UnknownCharacter: as ``set_value`` does.
    """
    reason = _checked(reason)
    book, held, is_low = _locked(source, target, based_on=based_on)
    rules = policy.rules()
    now = now_after(held.state, now)
    was = held.state
    state, *rows = feelings.reset(was, rules=rules, now=now)
    held.put(state, rows, reason=reason, author=actor)
    moving.save(book, event_ids={}, bands=rules.bands, now=now)
    _record(
        "feeling.reset",
        (source, target),
        before=_of_both(was, is_low=is_low, rules=rules, now=now),
        after=_of_both(state, is_low=is_low, rules=rules, now=now),
        reason=reason,
        actor=actor,
        now=now,
    )


@transaction.atomic
def set_triggers(
    *,
    source: str,
    target: str,
    topics: Sequence[str],
    reason: str,
    actor: User,
    now: datetime,
    based_on: Sequence[str] | None = None,
) -> None:
    """Topics that raise the tension between the two, whatever is said of them.

    They are kept as they are compared: small letters, single spaces. ``based_on``
    are the topics that the edit began with.

    Raises:
        Refused: no reason, or topics that cannot be kept.
        ChangedMeanwhile: the topics are others by now.
        SameCharacter, UnknownCharacter: as ``reading.two`` does.
    """
    reason = _checked(reason)
    wanted = _topics(topics)
    _, held, _ = _locked(source, target, based_on=None)
    before: list[str] = list(held.pair.trigger_topics)
    if based_on is not None and sorted(based_on) != sorted(before):
        raise ChangedMeanwhile("Somebody changed the topics in the meantime.")
    if wanted == before:
        return
    Pair.objects.filter(pk=held.pair.pk).update(trigger_topics=wanted)
    held.pair.trigger_topics = wanted
    feelings_changed(held.ops(bands=policy.rules().bands), now=now)
    _record(
        "feeling.triggers",
        (source, target),
        before={"trigger_topics": before},
        after={"trigger_topics": wanted},
        reason=reason,
        actor=actor,
        now=now,
    )


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused("Say why, for whoever reads the history.")
    if len(reason) > limits.NOTE_LENGTH:
        raise Refused(f"Give the reason in at most {limits.NOTE_LENGTH} characters.")
    return reason


def _topics(topics: Sequence[str]) -> list[str]:
    wanted = sorted(comparable_topics(topics))
    if len(wanted) > MOST_TOPICS:
        raise Refused(f"Give at most {MOST_TOPICS} topics.")
    if any(len(topic) > limits.NAME_LENGTH for topic in wanted):
        raise Refused(f"Give topics of at most {limits.NAME_LENGTH} characters.")
    return wanted


def _locked(
    source: str, target: str, *, based_on: str | None
) -> tuple[PairBook, HeldPair, bool]:
    """The pair, locked, and whether ``source`` is its lower character."""
    source_pk, target_pk = reading.two(source, target)
    book = moving.lock([(source_pk, target_pk)])
    held = book.held(source_pk, target_pk)
    is_low = source_pk < target_pk
    if based_on is not None and based_on != _tag(held.state, is_low=is_low):
        raise ChangedMeanwhile("Something happened between them in the meantime.")
    return book, held, is_low


def _tag(state: PairState, *, is_low: bool) -> str:
    """As ``reading.Both.tag`` has it."""
    forth, back = state.feeling(is_low=is_low), state.feeling(is_low=not is_low)
    return f"{forth.seq}-{back.seq}"


def _values(feeling: Feeling, *, rules: Rules, now: datetime) -> dict[str, float]:
    return {
        "affinity": points_of(feeling.at(now, rates=rules.rates)),
        "resting": points_of(feeling.resting),
    }


def _of_both(
    state: PairState, *, is_low: bool, rules: Rules, now: datetime
) -> dict[str, float]:
    forth, back = state.feeling(is_low=is_low), state.feeling(is_low=not is_low)
    return {
        "affinity": points_of(forth.at(now, rates=rules.rates)),
        "affinity_back": points_of(back.at(now, rates=rules.rates)),
        "tension": points_of(state.tension_now(now, rates=rules.rates)),
    }


def _record(
    action: str,
    ids: tuple[str, str],
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str,
    actor: User,
    now: datetime,
) -> None:
    rows = Character.objects.filter(character_id__in=ids)
    names = dict(rows.values_list("character_id", "display_name"))
    source, target = ids
    audit.record(
        actor=actor,
        action=action,
        obj=(_OBJECT, key_of(source, target), f"{names[source]} for {names[target]}"),
        before=before,
        after=after,
        note=reason,
        now=now,
    )
