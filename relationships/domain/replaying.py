"""The state that a pair's history leads to, also without some of its reports.

What a row records of its interaction counts: the change of its kind, intensity,
compatibility, how much tension and traits rose. So no later edit of a table
changes the past. Rates of decay are dated and count as they did then.

Source: design, section 5, "void reports".
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from relationships.domain.amounts import MILLI, clamped
from relationships.domain.checking import check
from relationships.domain.feelings import (
    Cause,
    Feeling,
    PairState,
    Rules,
    day_of,
    wanted_change,
    with_feeling,
    within_cap,
)
from relationships.domain.steps import Recorded, Step, is_cold, steps_of, traits_of
from relationships.domain.traits import stepped

__all__ = ["Step", "check", "replay", "steps_of"]

_SIDES: Final = (True, False)


def replay(
    steps: Iterable[Step],
    *,
    start: PairState,
    rules: Rules,
    without: Collection[int] = (),
) -> PairState:
    """The state after ``steps``, which follow ``start``, oldest first.

    ``without`` holds the ids of all reports of the pair that do not count, those
    of earlier voids included: then what such a void did is not done twice. Values
    set by hand stay as they were set. What is folded into a summary cannot be
    taken out of it. Of ``rules`` the rates count, and the escalation where tension
    had reached its limit.
    """
    walk = _Walk(start, rules=rules, without=frozenset(without))
    for step in steps:
        walk.take(step)
    return walk.state


class _Walk:
    """A replay on its way.

    ``_traits`` are those that the last rows recorded, ``_spent`` what the rows of a
    day add up to: with these, rows tell steps of traits and the cap of their day.
    ``_is_without`` says whether a report was left out.
    """

    def __init__(
        self, start: PairState, *, rules: Rules, without: frozenset[int]
    ) -> None:
        self.state = start
        self._rules = rules
        self._without = without
        self._is_without = False
        self._traits = {
            is_low: start.feeling(is_low=is_low).traits for is_low in _SIDES
        }
        self._spent: dict[bool, tuple[date | None, int]] = {
            is_low: (feeling.spent_on, feeling.spent)
            for is_low in _SIDES
            for feeling in [start.feeling(is_low=is_low)]
        }

    def take(self, step: Step) -> None:
        """Go on by one step."""
        if step.is_summary or (step.cause == Cause.VOID and not self._is_without):
            self._believe(step)
        elif step.cause == Cause.EVENT:
            self._repeat(step)
        elif step.cause == Cause.VOID:
            self._spent = {
                is_low: (feeling.spent_on, feeling.spent)
                for is_low in _SIDES
                for feeling in [self.state.feeling(is_low=is_low)]
            }
        elif step.cause == Cause.RESET:
            self._reset(step)
        else:
            self._set(step)
        for is_low, row in step.sides:
            self._traits[is_low] = traits_of(row)
            feeling = self.state.feeling(is_low=is_low)
            self._keep(replace(feeling, seq=row.seq), is_low=is_low)

    def _keep(self, feeling: Feeling, *, is_low: bool) -> None:
        self.state = with_feeling(self.state, feeling, is_low=is_low)

    def _believe(self, step: Step) -> None:
        """What the rows say was so."""
        for is_low, row in step.sides:
            feeling = self.state.feeling(is_low=is_low)
            feeling = replace(
                feeling,
                stored=row.after,
                updated_at=row.at,
                resting=row.resting,
                events=row.events,
                warmth=row.warmth,
                trust=row.trust,
                respect=row.respect,
                rivalry=row.rivalry,
            )
            self._keep(feeling, is_low=is_low)
            self.state = replace(self.state, tension=row.tension, tension_at=row.at)
        if step.low and step.high:
            self._is_without = False

    def _repeat(self, step: Step) -> None:
        """The interaction once more, unless it is left out."""
        is_gone = step.event_id in self._without
        self._is_without = self._is_without or is_gone
        row = step.rows[0]
        tension = 0 if is_cold(row) else self._tension_at(step)
        for is_low, row in step.sides:
            cap = self._spend(row, is_low=is_low)
            if not is_gone:
                feeling = self._moved(row, is_low=is_low, tension=tension, cap=cap)
                self._keep(feeling, is_low=is_low)
        if not is_gone and not is_cold(row):
            raised = min(MILLI, tension + self._escalation(row))
            self.state = replace(self.state, tension=raised, tension_at=step.at)

    def _tension_at(self, step: Step) -> int:
        return self.state.tension_now(step.at, rates=self._rules.rates)

    def _spend(self, row: Recorded, *, is_low: bool) -> int | None:
        """The cap of the row's day, if the row was cut by it."""
        day, amount = self._spent[is_low]
        today = day_of(row.at)
        amount = (amount if day == today else 0) + abs(row.change)
        self._spent[is_low] = (today, amount)
        return amount if row.change != row.wanted else None

    def _moved(
        self, row: Recorded, *, is_low: bool, tension: int, cap: int | None
    ) -> Feeling:
        feeling = self.state.feeling(is_low=is_low)
        wanted = wanted_change(
            base=row.base,
            intensity=row.intensity,
            compatibility=row.compatibility,
            tension=tension,
            factor=row.factor,
        )
        spent = feeling.spent_at(row.at)
        change = within_cap(wanted, spent=spent, cap=cap)
        told = traits_of(row)
        was = self._traits[is_low]
        steps = {name: told[name] - was[name] for name in told}
        traits = stepped(feeling.traits, steps=steps)
        return replace(
            feeling,
            stored=clamped(feeling.at(row.at, rates=self._rules.rates) + change),
            updated_at=row.at,
            events=feeling.events + 1,
            warmth=traits["warmth"],
            trust=traits["trust"],
            respect=traits["respect"],
            rivalry=traits["rivalry"],
            spent=spent + abs(change),
            spent_on=day_of(row.at),
        )

    def _escalation(self, row: Recorded) -> int:
        """How much tension the interaction added, or would have below the limit."""
        added = row.tension - row.tension_before
        is_hot = row.is_trigger or row.base < 0
        if is_hot and row.tension == MILLI:
            return max(added, self._rules.escalation)
        return added

    def _reset(self, step: Step) -> None:
        for is_low, row in step.sides:
            feeling = replace(
                self.state.feeling(is_low=is_low),
                stored=0,
                updated_at=row.at,
                warmth=0,
                trust=0,
                respect=0,
                rivalry=0,
            )
            self._keep(feeling, is_low=is_low)
        self.state = replace(self.state, tension=0, tension_at=step.at)

    def _set(self, step: Step) -> None:
        for is_low, row in step.sides:
            feeling = self.state.feeling(is_low=is_low)
            is_set = step.cause == Cause.SET
            faded = feeling.at(row.at, rates=self._rules.rates)
            feeling = replace(
                feeling,
                stored=row.after if is_set else faded,
                updated_at=row.at,
                resting=row.resting,
            )
            self._keep(feeling, is_low=is_low)
            if not is_cold(row):
                tension = self._tension_at(step)
                self.state = replace(self.state, tension=tension, tension_at=row.at)
