"""Kinds of conversation as pages show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from personas.domain.blending import CUT_OFF, mix
from personas.domain.contexts import ConversationContext, Detection
from personas.domain.diffing import field_changes
from personas.models import Framework, Label
from personas.models.labels import PRODUCTION
from personas.services.contexts import Table
from personas.views.shown import field_title

SHOWN_WORDS: Final = 12
HUES: Final = 6
CUT_OFF_PERCENT: Final = int(100 * CUT_OFF)


@dataclass(frozen=True, slots=True)
class Share:
    """One framework in a mix; ``reason`` says why it is left out, if it is."""

    framework_id: str
    name: str
    percent: str
    reason: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table; ``hue`` counts from 1."""

    row: ConversationContext
    shares: Sequence[Share]
    hue: int

    @property
    def first_words(self) -> list[str]:
        return self.row.vocabulary[:SHOWN_WORDS]

    @property
    def more_words(self) -> list[str]:
        return self.row.vocabulary[SHOWN_WORDS:]


def published_frameworks() -> dict[str, str]:
    """Framework id → name, of those that can be mixed."""
    rows = Framework.objects.filter(published__isnull=False).order_by("framework_id")
    return dict(rows.values_list("framework_id", "name"))


def kinds(table: Table, *, frameworks: Mapping[str, str]) -> list[Kind]:
    """``frameworks`` maps the ids of published frameworks to their names."""
    return [
        Kind(row, shares(row, frameworks=frameworks), hue=hue_of(index))
        for index, row in enumerate(table)
    ]


def hue_of(index: int, /) -> int:
    return index % HUES + 1


def shares(
    row: ConversationContext, *, frameworks: Mapping[str, str]
) -> tuple[Share, ...]:
    """What counts, heaviest first, then what is left out and why."""
    mixture = mix(row.asked, known=frameworks.keys(), own="")
    total = sum(row.asked.values()) or 1
    counting = [
        Share(key, frameworks[key], percent(share))
        for key, share in mixture.weights.items()
    ]
    left_out = [
        Share(
            key,
            frameworks.get(key, key),
            percent(row.asked[key] / total),
            reason=reason,
            is_known=key in frameworks,
        )
        for key, reason in mixture.dropped.items()
    ]
    return (*counting, *left_out)


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"


@dataclass(frozen=True, slots=True)
class Behind:
    """A live character whose blended prompts were made with other weights."""

    character_id: str
    display_name: str
    kinds: tuple[str, ...]


def behind(table: Table, *, known: Collection[str]) -> list[Behind]:
    """Live characters that publishing again would mix otherwise, by id.

    Only kinds count for which the character leaves the weights to the
    installation. ``known`` are the ids of published frameworks. One query.
    """
    rows = (
        Label.objects.filter(
            name=PRODUCTION,
            character__archived_at=None,
            version__blend__isnull=False,
        )
        .order_by("character__character_id")
        .values_list(
            "character__character_id",
            "character__display_name",
            "version__inputs",
            "version__blend__weights",
        )
    )
    found = []
    for character_id, name, inputs, kept in rows:
        changed = _changed_kinds(table, inputs=inputs, kept=kept, known=known)
        if changed:
            found.append(Behind(character_id, name, changed))
    return found


def _changed_kinds(
    table: Table,
    *,
    inputs: Mapping[str, Any],
    kept: Mapping[str, Mapping[str, float]],
    known: Collection[str],
) -> tuple[str, ...]:
    own = {row["context"] for row in inputs["framework_blending"]["weights"]}
    names = {row.context: row.name for row in table}
    asked = {row.context: row.asked for row in table}
    framework_id = inputs["framework_id"]
    return tuple(
        names.get(context, context)
        for context in dict.fromkeys([*asked, *kept])
        if context not in own
        and mix(asked.get(context, {}), known=known, own=framework_id).weights
        != mix(kept.get(context, {}), known=known, own=framework_id).weights
    )


def table_changes(before: Table, /, *, after: Table) -> list[str]:
    """What a change of the table did, one line for each kind."""
    old = {row.context: row for row in before}
    new = {row.context: row for row in after}
    lines = [f"Added {row.name}" for row in after if row.context not in old]
    lines += [f"Removed {row.name}" for row in before if row.context not in new]
    for row in after:
        fields = [
            field_title(change.path, model=ConversationContext).lower()
            for change in field_changes(old.get(row.context, row), after=row)
        ]
        if fields:
            lines.append(f"Changed {row.name}: {', '.join(fields)}")
    if not lines and before != after:
        lines.append("Changed the order")
    return lines


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a tested message; ``kinds`` are those it tells of, none for most."""

    text: str
    kinds: tuple[str, ...] = ()
    hue: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """How often a message told of a kind, and by which words."""

    name: str
    words: tuple[str, ...]
    hue: int
    is_winner: bool


@dataclass(frozen=True, slots=True)
class Tested:
    """What a message tells; ``told`` is best first, ``winner`` a name or empty."""

    segments: tuple[Segment, ...]
    told: tuple[Told, ...]

    @property
    def winner(self) -> str:
        return next((told.name for told in self.told if told.is_winner), "")


def tested(message: str, *, detection: Detection, table: Table) -> Tested:
    """The message with what ``detection`` found in it alone."""
    names = {row.context: row.name for row in table}
    hues = {row.context: hue_of(index) for index, row in enumerate(table)}
    places: dict[tuple[int, int], list[str]] = {}
    words: dict[str, dict[str, None]] = {}
    for each in detection.evidence:
        places.setdefault((each.start, each.end), []).append(each.context)
        words.setdefault(each.context, {})[each.phrase] = None
    segments: list[Segment] = []
    at = 0
    for (start, end), found in sorted(places.items()):
        segments.append(Segment(message[at:start]))
        kinds_told = tuple(names[context] for context in found)
        segments.append(Segment(message[start:end], kinds_told, hues[found[0]]))
        at = end
    segments.append(Segment(message[at:]))
    return Tested(
        segments=tuple(segment for segment in segments if segment.text),
        told=tuple(
            Told(
                names[ranked.context],
                tuple(words[ranked.context]),
                hues[ranked.context],
                is_winner=ranked.context == detection.context,
            )
            for ranked in detection.ranking
        ),
    )
