"""Does a pair's ledger lead to what is stored of it?

Each row is computed once more from the one before it and from what it records
itself; settings of today are not asked, but for the dated rates of decay.

Source: ``reference/reliability.md`` section 5, rule 39.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from relationships.domain.amounts import MILLI, clamped
from relationships.domain.bands import band_of
from relationships.domain.decay import Rates, decayed
from relationships.domain.feelings import (
    RESPONDER,
    SPEAKER,
    Cause,
    Feeling,
    PairState,
    Rules,
    day_of,
    wanted_change,
    within_cap,
)
from relationships.domain.steps import Recorded, Step, is_cold, traits_of
from relationships.domain.traits import TRAITS

SETTLING: Final = timedelta(minutes=1)
"""A report that ran while a rate was changed may not have seen the new one."""
_SIDES: Final = (True, False)
_SHARED: Final = (
    "at",
    "kind",
    "base",
    "intensity",
    "compatibility",
    "tension_before",
    "tension",
    "is_trigger",
)
"""What both rows of an interaction record alike."""


def check(
    steps: Iterable[Step], *, start: PairState, final: PairState, rules: Rules
) -> list[str]:
    """What is wrong between ``start`` and ``final``, in words; empty: nothing.

    ``steps`` are those of ``steps_of``, all since ``start``.
    """
    walk = _Walk(start, rules=rules, steps=list(steps))
    return [*walk.findings(), *walk.final_findings(final)]


class _Walk:
    """The state as the rows tell it, row by row.

    ``_spent`` is the day of the last interaction and the sum of its changes,
    ``None`` where rows do not tell it.
    """

    def __init__(self, start: PairState, *, rules: Rules, steps: list[Step]) -> None:
        self._steps = steps
        self._rates = rules.rates
        self._bands = rules.bands
        self._feelings = {is_low: start.feeling(is_low=is_low) for is_low in _SIDES}
        self._tension, self._tension_at = start.tension, start.tension_at
        self._is_tension_known = True
        self._spent: dict[bool, tuple[date | None, int | None]] = {
            is_low: (feeling.spent_on, feeling.spent)
            for is_low, feeling in self._feelings.items()
        }
        self._folded = {
            (is_low, day_of(row.at))
            for step in steps
            for is_low, row in step.sides
            if row.folded
        }

    def findings(self) -> Iterator[str]:
        for step in self._steps:
            yield from self._step_findings(step)
            for is_low, row in step.sides:
                where = f"{_side(is_low)} {row.seq}"
                for what in self._row_findings(row, is_low=is_low):
                    yield f"{where}: {what}"
                self._follow(row, is_low=is_low)
            self._follow_tension(step)

    # -- What both rows of a step say -------------------------------------------------

    def _step_findings(self, step: Step) -> Iterator[str]:
        for is_low, row in step.sides:
            where = f"{_side(is_low)} {row.seq}"
            for what in self._tension_findings(row):
                yield f"{where}: {what}"
        if step.cause != Cause.EVENT:
            return
        if step.low and step.high:
            yield from self._pair_findings(step.low, step.high)
            return
        ((is_low, row),) = step.sides
        if (not is_low, day_of(row.at)) not in self._folded:
            yield (
                f"{_side(is_low)} {row.seq}: {_side(not is_low)} has no row of"
                f" interaction {row.event_id}"
            )

    def _pair_findings(self, low: Recorded, high: Recorded) -> Iterator[str]:
        where = f"lower {low.seq} and higher {high.seq}"
        for name in _SHARED:
            if getattr(low, name) != getattr(high, name):
                yield (
                    f"{where}: {name} is {getattr(low, name)} and {getattr(high, name)}"
                )
        if low.is_speaker == high.is_speaker:
            yield f"{where}: one of them must be the speaker’s"
        if low.folded or high.folded:
            return
        for name in TRAITS:
            values = (getattr(low, name), getattr(high, name))
            if MILLI in map(abs, values):
                continue
            steps = [
                value - getattr(self._feelings[is_low], name)
                for is_low, value in zip(_SIDES, values, strict=True)
            ]
            if steps[0] != steps[1]:
                yield f"{where}: {name} moves by {steps[0]} and {steps[1]}"

    def _tension_findings(self, row: Recorded) -> Iterator[str]:
        if row.cause == Cause.RESET and row.tension != 0:
            yield f"tension is {row.tension} after a reset"
        if is_cold(row) or row.cause in {Cause.RESET, Cause.VOID}:
            return
        expected = self._expected(
            self._tension, since=self._tension_at, at=row.at, resting=0
        )
        if self._is_tension_told(row) and row.tension_before not in expected:
            yield f"tension before is {row.tension_before}, not {expected[0]}"
        is_hot = row.cause == Cause.EVENT and (row.is_trigger or row.base < 0)
        rose = row.tension - row.tension_before
        if rose < 0 or (rose > 0 and not is_hot):
            yield f"tension goes from {row.tension_before} to {row.tension}"

    def _is_tension_told(self, row: Recorded) -> bool:
        """Whether rows say what the tension was before; folded ones may have
        rounded it once more."""
        is_folded = any((is_low, day_of(row.at)) in self._folded for is_low in _SIDES)
        return self._is_tension_known and not is_folded

    # -- What one row says -------------------------------------------------------------

    def _row_findings(self, row: Recorded, *, is_low: bool) -> Iterator[str]:
        was = self._feelings[is_low]
        if row.seq - row.folded != was.seq + 1:
            yield f"follows {was.seq}, with {row.folded} folded into it"
        if was.updated_at is not None and row.at < was.updated_at:
            yield f"{row.at} is before the row before it, {was.updated_at}"
        yield from _sum_findings(row)
        if row.cause == Cause.EVENT:
            yield from _event_findings(row)
        if row.folded:
            return
        expected = self._expected(
            was.stored, since=was.updated_at, at=row.at, resting=was.resting
        )
        if row.before not in expected:
            yield f"before is {row.before}, not {expected[0]}"
        yield from _kept_findings(row, was=was)
        if row.band and self._is_same_band(was.stored, row.after):
            yield f"enters the band {row.band} without leaving another"

    def _is_same_band(self, before: int, after: int) -> bool:
        return band_of(before, bands=self._bands) == band_of(after, bands=self._bands)

    def _expected(
        self, stored: int, *, since: datetime | None, at: datetime, resting: int
    ) -> list[int]:
        """The values that a row may have found, the likeliest first."""
        unsettled = tuple(
            (start, rate)
            for start, rate in self._rates
            if start is None or not at - SETTLING < start <= at
        )
        each: list[Rates] = [self._rates, unsettled]
        return [
            decayed(stored, since=since, now=at, resting=resting, rates=rates)
            for rates in dict.fromkeys(each)
        ]

    # -- Going on ----------------------------------------------------------------------

    def _follow(self, row: Recorded, *, is_low: bool) -> None:
        self._feelings[is_low] = replace(
            self._feelings[is_low],
            stored=row.after,
            updated_at=row.at,
            resting=row.resting,
            seq=row.seq,
            events=row.events,
            warmth=row.warmth,
            trust=row.trust,
            respect=row.respect,
            rivalry=row.rivalry,
        )
        today = day_of(row.at)
        if row.cause == Cause.VOID or row.folded:
            self._spent[is_low] = (today, None)
        elif row.cause == Cause.EVENT:
            day, amount = self._spent[is_low]
            if day != today:
                amount = 0
            total = None if amount is None else amount + abs(row.change)
            self._spent[is_low] = (today, total)

    def _follow_tension(self, step: Step) -> None:
        row = step.rows[-1]
        if step.cause in {Cause.RESET, Cause.VOID} or not is_cold(row):
            self._tension, self._tension_at = row.tension, row.at
            self._is_tension_known = True
        elif step.is_summary:
            # There may have been some, kept for when conflicts count again.
            self._is_tension_known = False

    # -- What is stored now ------------------------------------------------------------

    def final_findings(self, final: PairState) -> Iterator[str]:
        for is_low in _SIDES:
            stored = final.feeling(is_low=is_low)
            for name in _STORED:
                value = getattr(stored, name)
                expected = getattr(self._feelings[is_low], name)
                if value != expected:
                    yield (
                        f"{_side(is_low)}: {name} is {value}, its ledger says"
                        f" {expected}"
                    )
            day, amount = self._spent[is_low]
            if amount is not None and (stored.spent_on, stored.spent) != (day, amount):
                yield (
                    f"{_side(is_low)}: {stored.spent} spent on {stored.spent_on}, its"
                    f" ledger says {amount} on {day}"
                )
        told = (self._tension, self._tension_at)
        if self._is_tension_known and (final.tension, final.tension_at) != told:
            yield (
                f"tension is {final.tension} at {final.tension_at}, the ledger says"
                f" {self._tension} at {self._tension_at}"
            )


_STORED: Final = ("stored", "updated_at", "resting", "seq", "events", *TRAITS)


def _sum_findings(row: Recorded) -> Iterator[str]:
    if row.after != clamped(row.before + row.change):
        yield f"after is {row.after}, not {row.before} and {row.change}"
    if row.cause != Cause.EVENT and row.wanted != row.change:
        yield f"wanted {row.wanted} and got {row.change}, which only events may"
    if row.cause == Cause.RESTING and row.change != 0:
        yield f"changes the feeling by {row.change}, not only where it rests"
    if row.cause == Cause.RESET and row.after != 0:
        yield f"after is {row.after} after a reset"


def _event_findings(row: Recorded) -> Iterator[str]:
    factor = SPEAKER if row.is_speaker else RESPONDER
    if row.factor != factor:
        yield f"factor is {row.factor}, not {factor}"
    wanted = wanted_change(
        base=row.base,
        intensity=row.intensity,
        compatibility=row.compatibility,
        tension=row.tension_before,
        factor=row.factor,
    )
    if row.wanted != wanted:
        yield f"wanted is {row.wanted}, not {wanted}"
    if row.change != within_cap(row.wanted, spent=0, cap=abs(row.change)):
        yield f"change is {row.change}, of {row.wanted} wanted"


def _kept_findings(row: Recorded, *, was: Feeling) -> Iterator[str]:
    """What the cause of the row does not touch must be as it was."""
    if row.cause not in {Cause.SET, Cause.RESTING} and row.resting != was.resting:
        yield f"resting is {row.resting}, not {was.resting}"
    if row.cause == Cause.VOID:
        return
    events = was.events + (row.cause == Cause.EVENT)
    if row.events != events:
        yield f"events is {row.events}, not {events}"
    if row.cause == Cause.EVENT:
        return
    traits = dict.fromkeys(TRAITS, 0) if row.cause == Cause.RESET else was.traits
    if traits_of(row) != traits:
        yield f"traits are {traits_of(row)}, not {traits}"


def _side(is_low: bool, /) -> str:
    """Whose feeling it is, for people who know which character is the lower."""
    return "lower" if is_low else "higher"
