"""Two characters as one page shows them: both directions with all they rest on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from relationships import policy
from relationships.domain.amounts import MILLI, MOST
from relationships.domain.bands import band_of
from relationships.domain.decay import decayed
from relationships.domain.feelings import Rules
from relationships.domain.probability import (
    LEAST_RANDOM,
    RANDOM_WIDTH,
    Odds,
    odds,
)
from relationships.domain.traits import TRAITS, filled, trait_words
from relationships.models import Affinity, LedgerRow, Pair
from relationships.services.reading import compatibility_of, recent_events
from relationships.views.feeling_shown import Feeling, Trait, feeling_of, traits_of
from relationships.views.ledger_shown import Cursor, Entry, Page, Side, between
from relationships.views.ledger_words import factor, percent, points
from relationships.views.pair_chart import Past, past
from relationships.views.shown import Who

AHEAD: Final = (1, 7, 30)
"""Days for which the page says how far a feeling will have faded."""
HISTORY: Final = 20
_ANY_SEED: Final = 0  # The page shows the whole range, not one draw of it.


@dataclass(frozen=True, slots=True)
class State:
    """One direction at a moment, ``stored`` at ``updated_at``; thousandths.

    ``affinity_id`` is 0 if the two never met. ``tension`` is that of the pair at
    ``tension_at``.
    """

    affinity_id: int = 0
    stored: int = 0
    updated_at: datetime | None = None
    resting: int = 0
    seq: int = 0
    events: int = 0
    warmth: int = 0
    trust: int = 0
    respect: int = 0
    rivalry: int = 0
    tension: int = 0
    tension_at: datetime | None = None

    def at(self, now: datetime, *, rules: Rules) -> int:
        """The value at ``now``."""
        return decayed(
            self.stored,
            since=self.updated_at,
            now=now,
            resting=self.resting,
            rates=rules.rates,
        )


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely an answer is, as the product that gives it.

    ``least`` and ``most`` are for the least and the greatest luck.
    """

    least: str
    most: str
    factors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """What ``source`` feels for ``target``; ``which`` is ``forth`` or ``back``.

    ``words`` are what prompts say of it; ``ahead`` maps days to what will be left.
    """

    which: str
    source: Who
    target: Who
    state: State
    feeling: Feeling
    resting: Feeling
    traits: list[Trait]
    words: list[str]
    ahead: list[tuple[int, Feeling]]
    chance: Chance

    @property
    def is_fading(self) -> bool:
        """Whether it is on its way to its resting value."""
        return self.feeling.milli != self.resting.milli


@dataclass(frozen=True, slots=True)
class Standing:
    """What an edit starts from; directions from the first to the second, then back.

    ``tag`` names the newest ledger rows of both, ``feelings`` and ``resting`` are
    what they feel now and what that fades towards.
    """

    tag: str
    feelings: tuple[Feeling, Feeling]
    resting: tuple[Feeling, Feeling]
    topics: list[str]


@dataclass(frozen=True, slots=True)
class PairShown:
    """Two characters; ``ways`` from the first to the second, then back."""

    ways: tuple[Way, Way]
    tension: str
    tension_ahead: list[tuple[int, str]]
    is_tense: bool
    counts_tension: bool
    past: Past
    history: Page
    standing: Standing

    @property
    def lines(self) -> list[tuple[Entry, Side | None, Side | None]]:
        """The history with what each entry did to either direction."""
        one, other = (way.source.pk for way in self.ways)
        return [
            (entry, entry.side_of(one), entry.side_of(other))
            for entry in self.history.entries
        ]

    @property
    def has_met(self) -> bool:
        return any(way.state.seq for way in self.ways)

    @property
    def events(self) -> int:
        return max(way.state.events for way in self.ways)


def shown(
    one: Who, other: Who, *, at: datetime | None, now: datetime, before: Cursor | None
) -> PairShown:
    """All of the page at ``at``, a moment of the past, or now; few queries."""
    moment = at or now
    rules = policy.known_rules()
    found, topics = states(one, other, at=at, rules=rules)
    tension = _tension(found, now=moment, rules=rules)
    look = _Look(
        now=moment,
        rules=rules,
        tension=tension,
        recent=recent_events([s.affinity_id for s in found], now=moment),
        liking=compatibility_of(one.character_id, other.character_id),
    )
    forth = _way("forth", source=one, target=other, state=found[0], look=look)
    back = _way("back", source=other, target=one, state=found[1], look=look)
    names = (f"{one.name} → {other.name}", f"{other.name} → {one.name}")
    keys = [state.affinity_id for state in found]
    return PairShown(
        ways=(forth, back),
        tension=factor(tension),
        tension_ahead=[
            (days, factor(_tension(found, now=moment + _days(days), rules=rules)))
            for days in AHEAD
        ],
        is_tense=tension > 0,
        counts_tension=rules.conflicts_enabled,
        past=past(list(zip(keys, names, strict=True)), now=moment, rates=rules.rates),
        history=between(
            [key for key in keys if key],
            until=at,
            before=before,
            who={one.pk: one, other.pk: other},
            size=HISTORY,
        ),
        standing=_standing(found, topics=topics, now=moment, rules=rules),
    )


def standing(one: Who, other: Who, *, now: datetime) -> Standing:
    """What an edit that begins now starts from."""
    rules = policy.known_rules()
    found, topics = states(one, other, at=None, rules=rules)
    return _standing(found, topics=topics, now=now, rules=rules)


def _standing(
    found: tuple[State, State], *, topics: list[str], now: datetime, rules: Rules
) -> Standing:
    forth, back = found
    bands = rules.bands
    return Standing(
        tag=f"{forth.seq}-{back.seq}",
        feelings=(
            feeling_of(forth.at(now, rules=rules), bands=bands),
            feeling_of(back.at(now, rules=rules), bands=bands),
        ),
        resting=(
            feeling_of(forth.resting, bands=bands),
            feeling_of(back.resting, bands=bands),
        ),
        topics=topics,
    )


# -- States ----------------------------------------------------------------------------


def states(
    one: Who, other: Who, *, at: datetime | None, rules: Rules
) -> tuple[tuple[State, State], list[str]]:
    """Both directions, as stored now or as the ledger had them, and trigger topics."""
    low, high = sorted((one.pk, other.pk))
    pair = Pair.objects.filter(low=low, high=high).first()
    if pair is None:
        return (State(), State()), []
    rows = {row.source_id: row for row in Affinity.objects.filter(pair=pair)}
    ordered = [rows[one.pk], rows[other.pk]]
    forth, back = (
        _now(row, pair=pair, rules=rules) if at is None else _then(row, at=at)
        for row in ordered
    )
    return (forth, back), list(pair.trigger_topics)


_SAME: Final = ("resting", "seq", "events", *TRAITS)


def _now(row: Affinity, *, pair: Pair, rules: Rules) -> State:
    return State(
        affinity_id=row.pk,
        stored=row.stored,
        updated_at=row.updated_at,
        tension=pair.tension if rules.conflicts_enabled else 0,
        tension_at=pair.tension_at,
        **{name: getattr(row, name) for name in _SAME},
    )


def _then(feeling: Affinity, *, at: datetime) -> State:
    rows = LedgerRow.objects.filter(affinity=feeling, at__lte=at)
    row = rows.order_by("-at", "-seq").first()
    if row is None:
        return State(affinity_id=feeling.pk)
    return State(
        affinity_id=feeling.pk,
        stored=row.after,
        updated_at=row.at,
        tension=row.tension,
        tension_at=row.at,
        **{name: getattr(row, name) for name in _SAME},
    )


def _tension(found: Iterable[State], *, now: datetime, rules: Rules) -> int:
    """Of both: the row that was written last knows it."""
    known = [(s.tension_at, s.tension) for s in found if s.tension_at is not None]
    if not known:
        return 0
    since, tension = max(known)
    return decayed(tension, since=since, now=now, resting=0, rates=rules.rates)


# -- One direction ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """What both directions are looked at with; ``recent`` counts by direction."""

    now: datetime
    rules: Rules
    tension: int
    recent: Mapping[int, int]
    liking: int


def _way(which: str, *, source: Who, target: Who, state: State, look: _Look) -> Way:
    rules, bands = look.rules, look.rules.bands
    value = state.at(look.now, rules=rules)
    return Way(
        which=which,
        source=source,
        target=target,
        state=state,
        feeling=feeling_of(value, bands=bands),
        resting=feeling_of(state.resting, bands=bands),
        traits=traits_of(state),
        words=_words(value, state, source=source, target=target, rules=rules),
        ahead=[
            (n, feeling_of(state.at(look.now + _days(n), rules=rules), bands=bands))
            for n in AHEAD
        ],
        chance=_chance(
            odds(
                affinity=value,
                tension=look.tension,
                recent_events=look.recent[state.affinity_id],
                compatibility=look.liking,
                seed=_ANY_SEED,
            )
        ),
    )


def _words(
    value: int, state: State, *, source: Who, target: Who, rules: Rules
) -> list[str]:
    """What a prompt of ``source`` says when it talks to ``target``."""
    traits: Mapping[str, int] = {name: getattr(state, name) for name in TRAITS}
    words: Sequence[str] = [
        band_of(value, bands=rules.bands).words,
        *trait_words(traits, words=policy.trait_words()),
    ]
    return [filled(each, char=source.name, other=target.name) for each in words if each]


def _chance(made: Odds) -> Chance:
    """The product in words; luck as its range."""
    product = made.base * made.history * made.compatibility * made.calm
    most = LEAST_RANDOM + RANDOM_WIDTH
    times = "time" if made.recent_events == 1 else "times"
    feeling = points(round(made.affinity * MILLI), places=2)
    return Chance(
        least=percent(min(1.0, product * LEAST_RANDOM)),
        most=percent(min(1.0, product * most)),
        factors=(
            (_short(made.base), f"feeling ({feeling} + {MOST // MILLI}) / 20"),
            (
                _short(made.history),
                f"talked {made.recent_events} {times} in 24 hours",
            ),
            (_short(made.compatibility), "what they have in common"),
            (_short(made.calm), f"tension {made.tension:g}"),
            (f"{LEAST_RANDOM:g}–{most:g}", "luck"),
        ),
    )


def _short(share: float) -> str:
    return f"{share:.3f}".rstrip("0").rstrip(".")


def _days(number: int) -> timedelta:
    return timedelta(days=number)
