"""What must have been counted, written down once more from section 5 of the design.

As plain as it can be, in decimal points instead of thousandths, one thing after the
other: nothing here may be imported from the code that it is compared with.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import Any

D = Decimal
ZERO, ONE = D(0), D(1)
DAY = timedelta(days=1)
EVER = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
TRAITS = ("warmth", "trust", "respect", "rivalry")
ESCALATION = D("0.2")
MARKS = (50, 100, 500, 1_000, 5_000)

# Kind → change of the feeling, then of warmth, trust, respect, rivalry.
KINDS = {
    "agreement": ("2", "0.02", "0", "0.02", "0"),
    "disagreement": ("-1", "0", "0", "-0.01", "0"),
    "compliment": ("3", "0.05", "0", "0", "0"),
    "insult": ("-3", "-0.05", "0", "-0.05", "0"),
    "question": ("0.5", "0", "0", "0", "0"),
    "answer": ("1", "0", "0.02", "0", "0"),
    "banter": ("1.5", "0.03", "0", "0", "0"),
    "argument": ("-2", "0", "-0.03", "0", "0.03"),
    "collaboration": ("2.5", "0", "0.05", "0.03", "-0.02"),
    "competition": ("-0.5", "0", "0", "0", "0.05"),
    "message": ("0", "0", "0", "0", "0"),
}


def rounded(number: Decimal) -> Decimal:
    """To three decimals, halves away from zero."""
    return number.quantize(D("0.001"), rounding=ROUND_HALF_UP)


def within(number: Decimal, least: Decimal, most: Decimal) -> Decimal:
    return max(least, min(most, number))


def folded(topics: Iterable[str]) -> set[str]:
    return {" ".join(topic.casefold().split()) for topic in topics}


class Rates:
    """Shares that are lost in a day, each from a moment on."""

    def __init__(self) -> None:
        self._since = [(EVER, D("0.1"))]

    def change(self, rate: Decimal, *, now: datetime) -> None:
        self._since.append((now, rate))

    def faded(
        self,
        stored: Decimal,
        *,
        since: datetime | None,
        now: datetime,
        resting: Decimal = ZERO,
    ) -> Decimal:
        if since is None:
            return stored
        with localcontext(prec=60):
            left = ONE
            for (start, rate), (end, _) in pairwise([*self._since, (NEVER, ZERO)]):
                time = min(end, now) - max(start, since)
                if time > timedelta(0):
                    left *= self._left(ONE - rate, time=time)
            return rounded(resting + (stored - resting) * left)

    @staticmethod
    def _left(share: Decimal, *, time: timedelta) -> Decimal:
        if share == 0:
            return ZERO
        days, rest = divmod(time, DAY)
        return share**days * share ** (D(rest.total_seconds()) / D(86_400))


# -- Two characters ------------------------------------------------------------------


@dataclass
class Feeling:
    stored: Decimal = ZERO
    at: datetime | None = None
    resting: Decimal = ZERO
    events: int = 0
    traits: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(TRAITS, ZERO)
    )
    spent: Decimal = ZERO
    spent_on: date | None = None


@dataclass
class Happened:
    """Something between two, and what held then: ``event``, ``set`` or ``reset``.

    ``rises`` are how traits and tension moved when it happened: that is what a void of
    others takes for granted.
    """

    at: datetime
    cause: str
    source: str = ""
    event_id: str = ""
    kind: str = "message"
    intensity: Decimal = ONE
    liking: Decimal = ONE
    is_hot: bool = False
    has_conflicts: bool = True
    cap: Decimal | None = None
    affinity: Decimal | None = None
    resting: Decimal | None = None
    rises: dict[str, dict[str, Decimal]] = field(default_factory=dict)


class Pair:
    """What two feel, and all that led there."""

    def __init__(self, names: Iterable[str], *, rates: Rates) -> None:
        self.names = tuple(sorted(names))
        self.rates = rates
        self.triggers: set[str] = set()
        self.seq = dict.fromkeys(self.names, 0)
        self.history: list[Happened] = []
        self._clear()

    def _clear(self) -> None:
        self.feelings = {name: Feeling() for name in self.names}
        self.tension, self.tension_at = ZERO, None

    def now(self, source: str, *, now: datetime) -> Decimal:
        felt = self.feelings[source]
        return self.rates.faded(
            felt.stored, since=felt.at, now=now, resting=felt.resting
        )

    def tension_now(self, now: datetime) -> Decimal:
        return self.rates.faded(self.tension, since=self.tension_at, now=now)

    def happen(self, what: Happened) -> dict[str, dict[str, Any]]:
        """Let it happen; what each feels before and after, as bots are told."""
        self.history.append(what)
        before = {name: self.now(name, now=what.at) for name in self.names}
        self._play(what)
        touched = [what.source] if what.cause == "set" else self.names
        for name in touched:
            self.seq[name] += 1
        return {
            name: {
                "before": float(before[name]),
                "after": float(self.feelings[name].stored),
                "seq": self.seq[name],
            }
            for name in self.names
        }

    def take_back(self, event_ids: set[str], *, now: datetime) -> None:
        """As if these had never come: everything else happens once more."""
        self._clear()
        self.history = [h for h in self.history if h.event_id not in event_ids]
        for what in self.history:
            self._play(what)
        for name, felt in self.feelings.items():
            felt.stored, felt.at = self.now(name, now=now), now
            self.seq[name] += 1
        self.tension, self.tension_at = self.tension_now(now), now

    def _play(self, what: Happened) -> None:
        if what.cause == "event":
            self._meet(what)
        elif what.cause == "reset":
            for felt in self.feelings.values():
                felt.stored, felt.at = ZERO, what.at
                felt.traits = dict.fromkeys(TRAITS, ZERO)
            self.tension, self.tension_at = ZERO, what.at
        else:
            felt = self.feelings[what.source]
            faded = self.now(what.source, now=what.at)
            felt.stored = faded if what.affinity is None else what.affinity
            felt.at = what.at
            if what.resting is not None:
                felt.resting = what.resting
            if what.has_conflicts:
                self.tension, self.tension_at = self.tension_now(what.at), what.at

    def _meet(self, what: Happened) -> None:
        base, *steps = map(D, KINDS[what.kind])
        heat = self.tension_now(what.at) if what.has_conflicts else ZERO
        for name, felt in self.feelings.items():
            wanted = base * what.intensity * what.liking
            if base < 0:
                wanted *= ONE + heat
            if name != what.source:
                wanted *= D("0.8")
            self._move(felt, rounded(wanted), name=name, what=what)
            rises = what.rises.setdefault(name, {})
            for trait, step in zip(TRAITS, steps, strict=True):
                was = felt.traits[trait]
                felt.traits[trait] = within(was + rises.get(trait, step), -ONE, ONE)
                rises.setdefault(trait, felt.traits[trait] - was)
        if what.has_conflicts:
            hotter = ESCALATION if what.is_hot else ZERO
            self.tension, self.tension_at = min(ONE, heat + hotter), what.at

    def _move(
        self, felt: Feeling, wanted: Decimal, *, name: str, what: Happened
    ) -> None:
        today = what.at.date()
        spent = felt.spent if felt.spent_on == today else ZERO
        if what.cap is not None:
            left = max(ZERO, what.cap - spent)
            wanted = within(wanted, -left, left)
        felt.stored = within(self.now(name, now=what.at) + wanted, D(-10), D(10))
        felt.at = what.at
        felt.events += 1
        felt.spent, felt.spent_on = spent + abs(wanted), today


# -- One character -------------------------------------------------------------------


@dataclass
class Stage:
    title: str
    interest: str = ""


@dataclass
class Passed:
    status: str
    wants: str = ""
    title: str = ""
    interest: str = ""
    is_flagged: bool = False


class Growing:
    """One character: what is live of it, its count, and what it passed."""

    def __init__(self, *, drift: dict[str, dict[str, Decimal]]) -> None:
        self.drift = drift
        self.likes: set[str] = set()
        self.avoids: set[str] = set()
        self.stages: dict[int, Stage] = {}
        self.mode = "approve"
        self.count = 0
        self.days: dict[date, int] = {}
        self.traits = dict.fromkeys(drift, ZERO)
        self.is_blunted = False
        self.passed: dict[int, Passed] = {}

    @property
    def interests(self) -> set[str]:
        grown = {p.interest for p in self.passed.values() if p.status == "applied"}
        return self.likes | (grown - {""})

    def add(self, number: int, *, kind: str, now: datetime) -> list[int]:
        """Count interactions; the milestones passed."""
        old, self.count = self.count, self.count + number
        self.days[now.date()] = self.days.get(now.date(), 0) + number
        self._drift(kind, times=number)
        crossed = [
            milestone
            for milestone in sorted({*self.stages, *MARKS})
            if old < milestone <= self.count and milestone not in self.passed
        ]
        for milestone in crossed:
            stage = self.stages.get(milestone)
            if stage is None:
                self.passed[milestone] = Passed("noted")
            else:
                wants = "apply" if self.mode == "auto" else ""
                self.passed[milestone] = Passed(
                    "waiting", wants, stage.title, stage.interest
                )
        return crossed

    def take_back(self, number: int, *, kind: str, day: date) -> None:
        self.count -= number
        self.days[day] -= number
        self._drift(kind, times=-number)

    def flag(self) -> None:
        for milestone, passed in self.passed.items():
            passed.is_flagged = passed.is_flagged or milestone > self.count

    def go_live(self, stages: dict[int, Stage]) -> None:
        """Publish: what is below the count is offered, and nothing fired."""
        self.stages = dict(stages)
        for milestone, stage in stages.items():
            known = self.passed.get(milestone)
            if milestone > self.count:
                continue
            if known is None:
                known = self.passed[milestone] = Passed("offered")
            if known.status in {"noted", "offered"} and not known.wants:
                known.status = "offered"
                known.title, known.interest = stage.title, stage.interest

    def work(self) -> None:
        """What happens in the background."""
        for milestone, passed in self.passed.items():
            if passed.wants:
                passed.status = "applied" if passed.wants == "apply" else "reverted"
                passed.wants = ""
            if milestone <= self.count:
                passed.is_flagged = False

    def _drift(self, kind: str, *, times: int) -> None:
        for trait, steps in self.drift.items():
            wanted = self.traits[trait] + steps.get(kind, ZERO) * times
            self.traits[trait] = within(wanted, -ONE, ONE)
            # What went no further cannot be taken back by as much.
            self.is_blunted = self.is_blunted or self.traits[trait] != wanted


# -- Everything ----------------------------------------------------------------------


@dataclass
class Known:
    """A report that was counted: what it said, and what was answered."""

    content: dict[str, Any]
    answer: dict[str, Any]
    at: datetime
    is_void: bool = False


class Model:
    """All characters, pairs and reports."""

    def __init__(
        self, names: Iterable[str], *, drift: dict[str, dict[str, Decimal]]
    ) -> None:
        self.rates = Rates()
        self.cap: Decimal | None = None
        self.has_conflicts = True
        self.growing = {name: Growing(drift=drift) for name in names}
        self.pairs: dict[frozenset[str], Pair] = {}
        self.reports: dict[str, Known] = {}

    def pair(self, one: str, other: str) -> Pair:
        key = frozenset({one, other})
        return self.pairs.setdefault(key, Pair(key, rates=self.rates))

    def report(
        self, event: dict[str, Any], *, now: datetime
    ) -> tuple[str, dict[str, Any] | None]:
        """``accepted`` or ``duplicate`` and the answer, or why it is refused."""
        content = {**event, "topics": sorted(set(event["topics"]))}
        known = self.reports.get(event["id"])
        if known is not None:
            is_same = known.content == content
            return ("duplicate", known.answer) if is_same else ("event_id_reused", None)
        who, other = event["character_id"], event["other_character_id"]
        if who == other:
            return "self_interaction", None
        if event["kind"] not in KINDS:
            return "unknown_kind", None
        if who not in self.growing or other not in {None, *self.growing}:
            return "invalid", None
        growing = self.growing[who]
        crossed = growing.add(event["count"], kind=event["kind"], now=now)
        answer = {
            "id": event["id"],
            "status": "accepted",
            "character_id": who,
            "count": growing.count,
            "crossed": crossed,
            "affinity": None if other is None else self._meet(event, now=now),
        }
        self.reports[event["id"]] = Known(content, answer, now)
        return "accepted", answer

    def _meet(self, event: dict[str, Any], *, now: datetime) -> dict[str, Any]:
        who, other = event["character_id"], event["other_character_id"]
        pair = self.pair(who, other)
        is_trigger = bool(folded(event["topics"]) & pair.triggers)
        told = pair.happen(
            Happened(
                at=now,
                cause="event",
                source=who,
                event_id=event["id"],
                kind=event["kind"],
                intensity=D(str(event["intensity"])),
                liking=self._liking(self.growing[who], self.growing[other]),
                is_hot=is_trigger or D(KINDS[event["kind"]][0]) < 0,
                has_conflicts=self.has_conflicts,
                cap=self.cap,
            )
        )
        return {"speaker_to_responder": told[who], "responder_to_speaker": told[other]}

    @staticmethod
    def _liking(a: Growing, b: Growing) -> Decimal:
        common = len(a.interests & b.interests)
        clashes = len(a.interests & b.avoids) + len(b.interests & a.avoids)
        return within(ONE + D("0.1") * (common - clashes), D("0.5"), D("1.5"))

    def by_hand(
        self,
        source: str,
        target: str,
        *,
        now: datetime,
        affinity: Decimal | None = None,
        resting: Decimal | None = None,
        is_reset: bool = False,
    ) -> None:
        self.pair(source, target).happen(
            Happened(
                at=now,
                cause="reset" if is_reset else "set",
                source=source,
                has_conflicts=self.has_conflicts,
                affinity=affinity,
                resting=resting,
            )
        )

    def chosen(self, user_id: str) -> dict[str, Known]:
        """Reports of one user that still count."""
        return {
            event_id: known
            for event_id, known in self.reports.items()
            if known.content["user_id"] == user_id and not known.is_void
        }

    def void(self, user_id: str, *, now: datetime) -> None:
        chosen = self.chosen(user_id)
        for known in chosen.values():
            known.is_void = True
            self.growing[known.content["character_id"]].take_back(
                known.content["count"], kind=known.content["kind"], day=known.at.date()
            )
        for name in {known.content["character_id"] for known in chosen.values()}:
            self.growing[name].flag()
        for pair in self.pairs.values():
            if any(what.event_id in chosen for what in pair.history):
                pair.take_back(set(chosen), now=now)
