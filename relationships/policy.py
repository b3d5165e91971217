"""Settings of this app that managers edit."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field

from core import policy
from core.policy import Derived, PolicySpec, Reading
from relationships.domain.amounts import Amount, milli_of
from relationships.domain.bands import DEFAULT_BANDS, Band, BandTable
from relationships.domain.feelings import Rules
from relationships.domain.kinds import DEFAULT_KINDS, Kind, KindTable
from relationships.domain.traits import DEFAULT_TRAIT_WORDS, TraitWord, TraitWords
from relationships.services import announcing

INTERACTION_KINDS: Final = "INTERACTION_KINDS"
RELATIONSHIP_BANDS: Final = "RELATIONSHIP_BANDS"
RELATIONSHIP_TRAIT_WORDS: Final = "RELATIONSHIP_TRAIT_WORDS"
PERSONA_CONFLICTS_ENABLED: Final = "PERSONA_CONFLICTS_ENABLED"
CONFLICT_DECAY_RATE: Final = "CONFLICT_DECAY_RATE"
CONFLICT_ESCALATION_AMOUNT: Final = "CONFLICT_ESCALATION_AMOUNT"
AFFINITY_DAILY_CAP: Final = "AFFINITY_DAILY_CAP"
LEDGER_RETENTION_DAYS: Final = "LEDGER_RETENTION_DAYS"

_GROUP: Final = "Relationships"
_OF_RULES: Final = (
    RELATIONSHIP_BANDS,
    PERSONA_CONFLICTS_ENABLED,
    CONFLICT_ESCALATION_AMOUNT,
    AFFINITY_DAILY_CAP,
)


def register() -> None:
    """Make the settings known; called once, at start-up."""
    for spec in _SPECS:
        policy.register(spec)


def rules() -> Rules:
    """The rules in force, straight from the database, in one query.

    For writes: what ``known_rules`` remembers may be a second old.
    """
    return _rules(policy.read(_OF_RULES, dated=(CONFLICT_DECAY_RATE,)))


def kinds() -> Mapping[str, Kind]:
    """Id → kind, straight from the database, in one query."""
    return _kinds(policy.read((INTERACTION_KINDS,)))


def rules_and_kinds() -> tuple[Rules, Mapping[str, Kind]]:
    """Both in one query."""
    names = (*_OF_RULES, INTERACTION_KINDS)
    reading = policy.read(names, dated=(CONFLICT_DECAY_RATE,))
    return _rules(reading), _kinds(reading)


known_rules: Derived[Rules] = Derived(rules)
"""The rules in force, at most a second behind; usually without a query."""


def known_kinds() -> Mapping[str, Kind]:
    """Id → kind, in the table's order; at most a second behind."""
    return {row.kind: row for row in policy.value(INTERACTION_KINDS)}


def bands() -> tuple[Band, ...]:
    """The bands in force, lowest first; at most a second behind."""
    found: tuple[Band, ...] = policy.value(RELATIONSHIP_BANDS)
    return found


def trait_words() -> tuple[TraitWord, ...]:
    """The words for pair traits; at most a second behind."""
    found: tuple[TraitWord, ...] = policy.value(RELATIONSHIP_TRAIT_WORDS)
    return found


def retention_days() -> int:
    """How long every single ledger row is kept."""
    days: int = policy.value(LEDGER_RETENTION_DAYS)
    return days


def _rules(reading: Reading) -> Rules:
    cap: float | None = reading.values[AFFINITY_DAILY_CAP]
    return Rules(
        rates=tuple(
            (since, Decimal(repr(rate)))
            for since, rate in reading.dated[CONFLICT_DECAY_RATE]
        ),
        escalation=milli_of(reading.values[CONFLICT_ESCALATION_AMOUNT]),
        conflicts_enabled=reading.values[PERSONA_CONFLICTS_ENABLED],
        cap=None if cap is None else milli_of(cap),
        bands=reading.values[RELATIONSHIP_BANDS],
    )


def _kinds(reading: Reading) -> Mapping[str, Kind]:
    return {row.kind: row for row in reading.values[INTERACTION_KINDS]}


def _kind_names(table: tuple[Kind, ...]) -> str:
    return ", ".join(row.title for row in table) or "none"


def _band_names(table: tuple[Band, ...]) -> str:
    return ", ".join(row.title for row in table)


def _trait_names(table: tuple[TraitWord, ...]) -> str:
    return f"{len(table)} lines" if table else "none"


def _share(value: float) -> str:
    return f"{value:g}"


def _cap(value: Any) -> str:
    return "no limit" if value is None else f"{value:g} points"


_SPECS: Final = (
    PolicySpec(
        name=INTERACTION_KINDS,
        annotation=KindTable,
        default=DEFAULT_KINDS,
        title="Kinds of interaction",
        help="What bots may report, and how far each kind moves a feeling.",
        group=_GROUP,
        page="relationships:kind-list",
        words=_kind_names,
    ),
    PolicySpec(
        name=RELATIONSHIP_BANDS,
        annotation=BandTable,
        default=DEFAULT_BANDS,
        title="Bands of feeling",
        help="From which number on two are rivals or friends, and what prompts say"
        " of it.",
        group=_GROUP,
        page="relationships:band-list",
        words=_band_names,
        changed=announcing.rules_changed,
    ),
    PolicySpec(
        name=RELATIONSHIP_TRAIT_WORDS,
        annotation=TraitWords,
        default=DEFAULT_TRAIT_WORDS,
        title="Words for warmth, trust, respect, rivalry",
        help="What prompts say when one of them has come far enough.",
        group=_GROUP,
        page="relationships:trait-word-list",
        words=_trait_names,
    ),
    PolicySpec(
        name=PERSONA_CONFLICTS_ENABLED,
        annotation=bool,
        default=True,
        title="Tension between characters",
        help="Off: what characters say to each other neither raises tension nor is"
        " made worse by it.",
        group=_GROUP,
        changed=announcing.rules_changed,
    ),
    PolicySpec(
        name=CONFLICT_DECAY_RATE,
        annotation=Annotated[Amount, Field(ge=0, le=1)],
        default=0.1,
        title="How fast feelings fade",
        help="The share of a feeling, and of tension, that is lost in a day: 0.1 is"
        " 10 % a day. Counts from now on; the past stays as it was.",
        group=_GROUP,
        words=_share,
        changed=announcing.rules_changed,
    ),
    PolicySpec(
        name=CONFLICT_ESCALATION_AMOUNT,
        annotation=Annotated[Amount, Field(ge=0, le=1)],
        default=0.2,
        title="Tension added by a bad interaction",
        help="Tension goes from 0 to 1. Insults, arguments and other kinds that"
        " lower a feeling add this much, and so do the pair’s trigger topics.",
        group=_GROUP,
        words=_share,
    ),
    PolicySpec(
        name=AFFINITY_DAILY_CAP,
        annotation=Annotated[Amount, Field(ge=0, le=1_000)] | None,
        default=None,
        title="Most points that a feeling moves in a day",
        help="Ups and downs are added up, from midnight UTC; what exceeds the limit"
        " is cut. Empty: no limit.",
        group=_GROUP,
        words=_cap,
    ),
    PolicySpec(
        name=LEDGER_RETENTION_DAYS,
        annotation=Annotated[int, Field(ge=7, le=3_650)],
        default=90,
        title="Days that every single interaction is kept in the history",
        help="Older days keep only how they ended.",
        group=_GROUP,
        words=lambda days: f"{days} days",
    ),
)
