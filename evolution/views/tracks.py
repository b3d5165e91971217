"""Characters on their way from milestone to milestone, as pages draw them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from core.charts import Sparkline, signed, sparkline
from evolution.domain.drifting import MOST, words_of
from evolution.domain.expecting import (
    DAYS,
    Expected,
    expected,
    is_too_early,
    rate_per_day,
)
from evolution.models import Crossing, Progress, ProgressDay
from evolution.services import counting
from evolution.services.counting import GrowthRules
from evolution.views.published import Live, live_of
from evolution.views.words import (
    AHEAD,
    MODE_TITLES,
    PASSED,
    UNSETTLED,
    State,
    state_of,
    waits,
)
from personas.domain.sheets import EvolutionStage
from personas.models import Character
from personas.views.shown import Face, face_of

TRAIT_DAYS: Final = 30
_LEAST_REACH: Final = MOST // 10
PASSED_SHOWN: Final = 2
AHEAD_SHOWN: Final = 3
"""Steps of a short track, besides those that wait for somebody."""


@dataclass(frozen=True, slots=True)
class Step:
    """One milestone of a track.

    ``share`` is how much of the way to it, from the milestone before, is done, in
    percent; ``title`` is empty for a mark without a stage.
    """

    milestone: int
    title: str
    state: State
    share: int
    is_stage: bool
    is_next: bool = False
    crossing: Crossing | None = None
    stage: EvolutionStage | None = None

    @property
    def waits(self) -> bool:
        return self.crossing is not None and waits(self.crossing)


@dataclass(frozen=True, slots=True)
class TraitShown:
    """One trait: its value in words, and how it came there over some weeks.

    ``values`` are day and value, for the table beside the small chart.
    """

    title: str
    value: str
    chart: Sparkline
    values: Sequence[tuple[date, str]]


@dataclass(frozen=True, slots=True)
class Track:
    """A character's way; ``steps`` are all, ``shown`` those that a list draws."""

    character: Character
    face: Face
    count: int
    mode: str
    steps: tuple[Step, ...]
    shown: tuple[Step, ...]
    live: Live | None
    rate: float
    is_too_early: bool
    next: Step | None
    expected_words: str
    traits: tuple[TraitShown, ...]
    trait_words: tuple[str, ...]
    days: tuple[ProgressDay, ...]
    updated_at: datetime | None

    @property
    def remaining(self) -> int:
        return self.next.milestone - self.count if self.next else 0

    @property
    def mode_title(self) -> str:
        return MODE_TITLES[self.mode]

    @property
    def rate_words(self) -> str:
        if not self.rate:
            return f"none in {DAYS} days" if self.count else "none yet"
        if self.is_too_early:
            return "too early for a rate"
        return f"{self.rate:,.1f} a day".replace(".0 ", " ")

    @property
    def trait_rows(self) -> list[tuple[date, list[str]]]:
        """Day → the value of each trait at its end, newest first."""
        rows = zip(*(trait.values for trait in self.traits), strict=True)
        return [(row[0][0], [value for _, value in row]) for row in rows][::-1]

    @property
    def waiting(self) -> list[Step]:
        return [step for step in self.steps if step.waits]

    @property
    def failed(self) -> list[Step]:
        return [step for step in self.steps if step.state.name == "failed"]

    @property
    def has_stages(self) -> bool:
        return any(step.is_stage for step in self.steps)

    @property
    def before_shown(self) -> int:
        """Milestones that a list leaves out before those it shows."""
        return self.steps.index(self.shown[0]) if self.shown else 0

    @property
    def after_shown(self) -> int:
        if not self.shown:
            return 0
        return len(self.steps) - 1 - self.steps.index(self.shown[-1])


def tracks_of(characters: Sequence[Character], *, now: datetime) -> list[Track]:
    """The tracks of these characters, in a constant number of queries."""
    pks = [character.pk for character in characters]
    progress = {row.character_id: row for row in _progress(pks)}
    live = live_of(pks)
    crossings: dict[int, dict[int, Crossing]] = {}
    for crossing in _crossings(pks):
        found = crossings.setdefault(crossing.character_id, {})
        found[crossing.milestone] = crossing
    days: dict[int, list[ProgressDay]] = {}
    for day in _days(pks, now=now):
        days.setdefault(day.character_id, []).append(day)
    known = counting.rules()
    return [
        _track(
            character,
            rules=known,
            progress=progress.get(character.pk),
            live=live.get(character.pk),
            crossings=crossings.get(character.pk, {}),
            days=days.get(character.pk, []),
            now=now,
        )
        for character in characters
    ]


def _progress(pks: Collection[int]) -> Iterable[Progress]:
    return Progress.objects.filter(character__in=pks)


def _crossings(pks: Collection[int]) -> Iterable[Crossing]:
    rows = Crossing.objects.filter(character__in=pks).select_related("version")
    return rows.defer("version__inputs")


def _days(pks: Collection[int], *, now: datetime) -> Iterable[ProgressDay]:
    since = now.date() - timedelta(days=TRAIT_DAYS)
    rows = ProgressDay.objects.filter(character__in=pks, day__gt=since)
    return rows.order_by("day")


def _track(
    character: Character,
    *,
    rules: GrowthRules,
    progress: Progress | None,
    live: Live | None,
    crossings: Mapping[int, Crossing],
    days: Sequence[ProgressDay],
    now: datetime,
) -> Track:
    count = progress.count if progress else 0
    steps = steps_of(
        count=count,
        stages=live.stages if live else (),
        marks=rules.marks,
        crossings=crossings,
    )
    following = next((step for step in steps if step.is_next), None)
    added = {day.day: day.added for day in days}
    specs = rules.specs
    values = progress.traits if progress else {}
    return Track(
        character=character,
        face=face_of(character),
        count=count,
        mode=progress.mode if progress else rules.default_mode,
        steps=steps,
        shown=_shown(steps),
        live=live,
        rate=rate_per_day(added, now=now),
        is_too_early=is_too_early(added, now=now),
        next=following,
        expected_words=_expected_words(
            expected(following.milestone - count, added=added, now=now), now=now
        )
        if following
        else "",
        traits=tuple(
            _trait(spec.name, trait=spec.trait, values=values, days=days)
            for spec in specs
            if values.get(spec.trait) or any(d.traits.get(spec.trait) for d in days)
        ),
        trait_words=tuple(
            words.replace("{{char}}", character.display_name)
            for words in words_of(values, specs)
        ),
        days=tuple(days),
        updated_at=progress.updated_at if progress else None,
    )


def steps_of(
    *,
    count: int,
    stages: Iterable[EvolutionStage],
    marks: Iterable[int],
    crossings: Mapping[int, Crossing],
) -> tuple[Step, ...]:
    """Every milestone there is or was, lowest first."""
    by_milestone = {stage.milestone: stage for stage in stages}
    found: list[Step] = []
    before = 0
    has_next = False
    for milestone in sorted({*by_milestone, *marks, *crossings}):
        stage = by_milestone.get(milestone)
        crossing = crossings.get(milestone)
        is_next = not has_next and milestone > count
        has_next = has_next or is_next
        found.append(
            Step(
                milestone=milestone,
                title=_title(stage, crossing=crossing),
                state=_state(crossing, stage=stage, is_ahead=milestone > count),
                share=_share(count, start=before, end=milestone),
                is_stage=stage is not None or _had_stage(crossing),
                is_next=is_next,
                crossing=crossing,
                stage=stage,
            )
        )
        before = milestone
    return tuple(found)


def _had_stage(crossing: Crossing | None) -> bool:
    return crossing is not None and crossing.status != Crossing.Status.NOTED


def _title(stage: EvolutionStage | None, *, crossing: Crossing | None) -> str:
    if crossing is not None and crossing.title:
        return crossing.title
    return stage.title if stage else ""


def _state(
    crossing: Crossing | None, *, stage: EvolutionStage | None, is_ahead: bool
) -> State:
    if crossing is None:
        return AHEAD if is_ahead else UNSETTLED if stage else PASSED
    if crossing.status == Crossing.Status.NOTED and stage is not None:
        return UNSETTLED
    return state_of(crossing)


def _share(count: int, *, start: int, end: int) -> int:
    return max(0, min(100, 100 * (count - start) // (end - start)))


def _shown(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The part around where the character stands, with all that waits."""
    here = next((at for at, step in enumerate(steps) if step.is_next), len(steps))
    first = max(0, here - PASSED_SHOWN)
    waiting = [at for at, step in enumerate(steps) if step.waits]
    first = min([first, *waiting[-AHEAD_SHOWN:]])
    return tuple(steps[first : here + AHEAD_SHOWN])


def _trait(
    title: str, *, trait: str, values: Mapping[str, int], days: Sequence[ProgressDay]
) -> TraitShown:
    points = [(day.day, day.traits.get(trait, 0)) for day in days]
    drawn = [value for _, value in points]
    # Around 0, and never so near that the smallest step looks like a leap.
    reach = max([_LEAST_REACH, *map(abs, drawn)])
    return TraitShown(
        title=title,
        value=_points(values.get(trait, 0)),
        # One day would be a lone dot; the number says as much.
        chart=sparkline(drawn if len(drawn) > 1 else [], low=-reach, high=reach),
        values=[(day, _points(value)) for day, value in points],
    )


def _points(milli: int) -> str:
    return signed(milli / MOST)


def _expected_words(found: Expected | None, *, now: datetime) -> str:
    """``expected 28 Nov – 4 Dec``; empty if nothing lets one tell."""
    if found is None:
        return ""
    earliest = _day(found.earliest, year=now.year)
    if found.latest is None:
        return f"not before {earliest}"
    latest = _day(found.latest, year=now.year)
    return f"expected {earliest}" + (f" – {latest}" if latest != earliest else "")


def _day(day: date, *, year: int) -> str:
    """Without the year, if it is this one."""
    return f"{day.day} {day:%b}" if day.year == year else f"{day.day} {day:%b %Y}"
