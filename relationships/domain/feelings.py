"""What an interaction, or a manager, does to two characters' feelings.

One function per cause: from the state before to the state after and the ledger
rows that say how. Amounts are thousandths.

Source: design, section 5, "Affinity"; ``reference/reliability.md`` section 5,
rule 10. The requirement's second half of a change, 0.8 of the first, is taken
before rounding; its modifiers are applied once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from relationships.domain.amounts import MILLI, clamped, divided
from relationships.domain.bands import band_of
from relationships.domain.states import (
    Cause,
    Event,
    Feeling,
    PairState,
    Row,
    Rules,
    comparable_topics,
    day_of,
    now_after,
    with_feeling,
)
from relationships.domain.traits import stepped

__all__ = [
    "Cause",
    "Event",
    "Feeling",
    "PairState",
    "Row",
    "Rules",
    "apply",
    "comparable_topics",
    "day_of",
    "now_after",
    "reset",
    "set_value",
    "void",
    "wanted_change",
    "with_feeling",
    "within_cap",
]

SPEAKER, RESPONDER = 1_000, 800
"""The share of a change that each of the two gets."""
_SIDES: Final = (True, False)


def wanted_change(
    *, base: int, intensity: int, compatibility: int, tension: int, factor: int
) -> int:
    """The change that an event asks for, rounded once, in thousandths.

    ``tension`` is the one before it; it counts where ``base`` is negative.
    """
    heat = MILLI + tension if base < 0 else MILLI
    product = base * intensity * compatibility * heat * factor
    return divided(product, by=MILLI**4)


def within_cap(wanted: int, *, spent: int, cap: int | None) -> int:
    """``wanted``, cut towards 0 to what the day's cap leaves."""
    if cap is None:
        return wanted
    left = max(0, cap - spent)
    return clamped(wanted, most=left)


def apply(
    state: PairState, event: Event, *, rules: Rules, now: datetime
) -> tuple[PairState, Row, Row]:
    """The state after an interaction; rows of the speaker's feeling, then the other.

    Order: what is stored decays to ``now`` and is rounded; the change, rounded, is
    added; the sum is clamped.
    """
    now = now_after(state, now)
    state, heat = _heated(state, event, rules=rules, now=now)
    rows = {}
    for is_low in _SIDES:
        is_speaker = is_low == event.is_low_speaker
        feeling, rows[is_low] = _moved(
            state.feeling(is_low=is_low),
            event,
            is_low=is_low,
            factor=SPEAKER if is_speaker else RESPONDER,
            heat=heat,
            rules=rules,
            now=now,
        )
        state = with_feeling(state, feeling, is_low=is_low)
    return state, rows[event.is_low_speaker], rows[not event.is_low_speaker]


@dataclass(frozen=True, slots=True)
class _Heat:
    """Tension before and after an event, and whether it hit a trigger topic."""

    before: int
    after: int
    is_trigger: bool


def _heated(
    state: PairState, event: Event, *, rules: Rules, now: datetime
) -> tuple[PairState, _Heat]:
    """The state with the tension after the event.

    Nothing while conflicts do not count: then tension is neither read nor written.
    """
    if not rules.conflicts_enabled:
        return state, _Heat(before=0, after=0, is_trigger=False)
    before = state.tension_now(now, rates=rules.rates)
    is_trigger = bool(event.topics & state.triggers)
    is_hot = is_trigger or event.kind.base_milli < 0
    after = min(MILLI, before + rules.escalation) if is_hot else before
    return _tense(state, after, now=now), _Heat(before, after, is_trigger)


def _tense(state: PairState, tension: int, *, now: datetime) -> PairState:
    """With ``tension`` from now on; none leaves what is stored to fade away."""
    if tension == 0:
        return state
    return replace(state, tension=tension, tension_at=now)


def _moved(
    feeling: Feeling,
    event: Event,
    *,
    is_low: bool,
    factor: int,
    heat: _Heat,
    rules: Rules,
    now: datetime,
) -> tuple[Feeling, Row]:
    kind = event.kind
    before = feeling.at(now, rates=rules.rates)
    wanted = wanted_change(
        base=kind.base_milli,
        intensity=event.intensity,
        compatibility=event.compatibility,
        tension=heat.before,
        factor=factor,
    )
    spent = feeling.spent_at(now)
    change = within_cap(wanted, spent=spent, cap=rules.cap)
    traits = stepped(feeling.traits, steps=kind.steps)
    moved = replace(
        feeling,
        stored=clamped(before + change),
        updated_at=now,
        seq=feeling.seq + 1,
        events=feeling.events + 1,
        warmth=traits["warmth"],
        trust=traits["trust"],
        respect=traits["respect"],
        rivalry=traits["rivalry"],
        spent=spent + abs(change),
        spent_on=day_of(now),
    )
    row = _row(
        moved,
        was=feeling,
        is_low=is_low,
        cause=Cause.EVENT,
        before=before,
        tension=heat.after,
        rules=rules,
        now=now,
    )
    row = replace(
        row,
        wanted=wanted,
        change=change,
        tension_before=heat.before,
        kind=kind.kind,
        is_speaker=factor == SPEAKER,
        base=kind.base_milli,
        intensity=event.intensity,
        compatibility=event.compatibility,
        is_trigger=heat.is_trigger,
        factor=factor,
    )
    return moved, row


def set_value(
    state: PairState,
    *,
    is_low: bool,
    affinity: int | None,
    resting: int | None,
    rules: Rules,
    now: datetime,
) -> tuple[PairState, Row]:
    """One feeling has a new value, fades towards another, or both.

    ``None`` leaves as it is what it stands for: the value then only decays to
    ``now``, so that a new resting value does not change the past.
    """
    now = now_after(state, now)
    tension = 0
    if rules.conflicts_enabled:
        tension = state.tension_now(now, rates=rules.rates)
        state = _tense(state, tension, now=now)
    feeling = state.feeling(is_low=is_low)
    before = feeling.at(now, rates=rules.rates)
    moved = replace(
        feeling,
        stored=before if affinity is None else clamped(affinity),
        updated_at=now,
        resting=feeling.resting if resting is None else clamped(resting),
        seq=feeling.seq + 1,
    )
    row = _row(
        moved,
        was=feeling,
        is_low=is_low,
        cause=Cause.RESTING if affinity is None else Cause.SET,
        before=before,
        tension=tension,
        rules=rules,
        now=now,
    )
    row = replace(row, tension_before=tension)
    return with_feeling(state, moved, is_low=is_low), row


def reset(
    state: PairState, *, rules: Rules, now: datetime
) -> tuple[PairState, Row, Row]:
    """Both feelings, their traits and the tension are 0; the rows, low's first.

    What is authored stays: resting values, trigger topics. So do the counts.
    """
    sides = {
        is_low: replace(
            state.feeling(is_low=is_low),
            stored=0,
            warmth=0,
            trust=0,
            respect=0,
            rivalry=0,
        )
        for is_low in _SIDES
    }
    return _replaced(state, sides, cause=Cause.RESET, tension=0, rules=rules, now=now)


def void(
    state: PairState, *, replayed: PairState, rules: Rules, now: datetime
) -> tuple[PairState, Row, Row]:
    """The state as if some reports had never come; the rows, low's first.

    ``replayed`` is the state without them, as ``replaying.replay`` computes it.
    """
    now = now_after(state, now)
    sides = {}
    for is_low in _SIDES:
        left = replayed.feeling(is_low=is_low)
        sides[is_low] = replace(
            left,
            stored=left.at(now, rates=rules.rates),
            resting=state.feeling(is_low=is_low).resting,
        )
    tension = replayed.tension_now(now, rates=rules.rates)
    return _replaced(
        state, sides, cause=Cause.VOID, tension=tension, rules=rules, now=now
    )


def _replaced(
    state: PairState,
    sides: Mapping[bool, Feeling],
    *,
    cause: Cause,
    tension: int,
    rules: Rules,
    now: datetime,
) -> tuple[PairState, Row, Row]:
    """Both feelings are those of ``sides`` from now on, and so is the tension.

    The tension is written though conflicts do not count now: it would be back as
    soon as they do.
    """
    now = now_after(state, now)
    tension_before = (
        state.tension_now(now, rates=rules.rates) if rules.conflicts_enabled else 0
    )
    rows = {}
    for is_low in _SIDES:
        was = state.feeling(is_low=is_low)
        moved = replace(sides[is_low], updated_at=now, seq=was.seq + 1)
        row = _row(
            moved,
            was=was,
            is_low=is_low,
            cause=cause,
            before=was.at(now, rates=rules.rates),
            tension=tension,
            rules=rules,
            now=now,
        )
        rows[is_low] = replace(row, tension_before=tension_before)
        state = with_feeling(state, moved, is_low=is_low)
    state = replace(state, tension=tension, tension_at=now)
    return state, rows[True], rows[False]


def _row(
    feeling: Feeling,
    *,
    was: Feeling,
    is_low: bool,
    cause: Cause,
    before: int,
    tension: int,
    rules: Rules,
    now: datetime,
) -> Row:
    """The row of a feeling that was ``was``; what was wanted is what it became."""
    band = band_of(feeling.stored, bands=rules.bands).band
    is_new = band != band_of(was.stored, bands=rules.bands).band
    change = feeling.stored - before
    return Row(
        is_low=is_low,
        at=now,
        seq=feeling.seq,
        cause=cause,
        before=before,
        after=feeling.stored,
        change=change,
        wanted=change,
        resting=feeling.resting,
        tension=tension,
        warmth=feeling.warmth,
        trust=feeling.trust,
        respect=feeling.respect,
        rivalry=feeling.rivalry,
        events=feeling.events,
        band=band if is_new else "",
    )
