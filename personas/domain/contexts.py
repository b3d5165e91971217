"""Kinds of conversation: what each mixes, which words tell of it, its other names.

Source: design, section 3, "Blending"; names of the old bot,
``reference/bot.md`` 1.5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from core import limits
from personas.domain import vocabularies
from personas.domain.matching import PhraseIndex, comparable
from personas.domain.sheets import AUTO, BlendWeight, Line, Sheet, Slug, Terms

MOST_CONTEXTS: Final = 50
LATEST_MESSAGES: Final = 10
"""So many messages, the last ones, tell the kind: talk moves on."""


class FrameworkWeight(Sheet):
    """How much one framework counts, compared with the others."""

    framework_id: Slug = Field(title="Framework")
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = Field(title="Weight")


class ConversationContext(Sheet):
    """One kind of conversation, as the installation defines it.

    ``weights`` count for characters that blend and list none of their own for
    it; ``vocabulary`` is what ``context=auto`` looks for, as whole words;
    ``aliases`` are other names that bots and imported files use for it.
    """

    context: Slug = Field(title="Id", description="What bots ask for.")
    title: Line = Field("", title="Name")
    weights: list[FrameworkWeight] = Field([], title="Weights", max_length=50)
    vocabulary: Terms = Field([], title="Words that tell of it")
    aliases: Annotated[list[Slug], Field(max_length=limits.LIST_ITEMS)] = Field(
        [], title="Other ids"
    )

    @model_validator(mode="after")
    def _one_weight_each(self) -> Self:
        ids = [w.framework_id for w in self.weights]
        if len(ids) != len(set(ids)):
            raise ValueError("Give each framework one weight.")
        return self

    @model_validator(mode="after")
    def _words_to_look_for(self) -> Self:
        for phrase in self.vocabulary:
            if not comparable(phrase):
                raise ValueError(f"“{phrase}” holds nothing that could be looked for.")
        return self

    @property
    def asked(self) -> dict[str, float]:
        """Framework id → weight, as written."""
        return {w.framework_id: w.weight for w in self.weights}

    @property
    def name(self) -> str:
        """What people read."""
        return self.title or self.context


def _checked(table: tuple[ConversationContext, ...]) -> tuple[ConversationContext, ...]:
    taken: dict[str, str] = {}
    for row in table:
        for name in (row.context, *row.aliases):
            if name == AUTO:
                raise ValueError(
                    f"“{AUTO}” asks for whichever kind the messages tell of;"
                    f" {row.name} needs another id."
                )
            if name in taken:
                other = taken[name]
                where = f"{other} and {row.name}" if other != row.name else other
                raise ValueError(f"“{name}” stands twice, in {where}; each id once.")
            taken[name] = row.name
    return table


ContextTable = Annotated[
    tuple[ConversationContext, ...],
    Field(max_length=MOST_CONTEXTS),
    AfterValidator(_checked),
]
"""All kinds of an installation: no id or alias twice, none of them ``AUTO``."""


def names_of(contexts: Iterable[ConversationContext]) -> dict[str, str]:
    """Every id and alias → the id that it stands for, in the table's order."""
    return {
        name: row.context for row in contexts for name in (row.context, *row.aliases)
    }


def resolve(name: str, *, contexts: Iterable[ConversationContext]) -> str | None:
    """The id that ``name``, an id or an alias, stands for; ``None``: unknown."""
    return names_of(contexts).get(name)


@dataclass(frozen=True, slots=True)
class Renamed:
    """Weights with aliases replaced by the ids that they stand for.

    ``names`` maps what was replaced to the id; ``kept`` maps aliases that stay,
    because something else has weights for the id already, to the id.
    """

    weights: tuple[BlendWeight, ...]
    names: Mapping[str, str]
    kept: Mapping[str, str]


def by_id(weights: Sequence[BlendWeight], *, names: Mapping[str, str]) -> Renamed:
    """Weights of a file that knows kinds by other names, such as the old bot's.

    ``names`` is as of ``names_of``. Where several names stand for one id, the id
    itself goes first, then the one that stands first.
    """
    used = list(dict.fromkeys(weight.context for weight in weights))
    taken = {name for name in used if names.get(name, name) == name}
    replaced: dict[str, str] = {}
    kept: dict[str, str] = {}
    for name in used:
        context = names.get(name, name)
        if context != name:
            (kept if context in taken else replaced)[name] = context
            taken.add(context)
    return Renamed(
        weights=tuple(
            weight.model_copy(
                update={"context": replaced.get(weight.context, weight.context)}
            )
            for weight in weights
        ),
        names=replaced,
        kept=kept,
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A phrase that tells of a kind, as its vocabulary spells it.

    ``message`` counts from 0; ``start`` and ``end`` are characters of it.
    """

    context: str
    phrase: str
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """How many different phrases told of a kind; ``latest`` message with one."""

    context: str
    phrases: int
    latest: int


@dataclass(frozen=True, slots=True)
class Detection:
    """``context`` is ``None`` without evidence; ``ranking`` starts with it."""

    context: str | None
    evidence: tuple[Evidence, ...]
    ranking: tuple[Ranked, ...]


class Detector:
    """A table's vocabularies, made ready to look at many conversations."""

    def __init__(self, contexts: Sequence[ConversationContext]) -> None:
        self._order = [row.context for row in contexts]
        self._owners: dict[str, list[tuple[str, str]]] = {}
        for row in contexts:
            for phrase in row.vocabulary:
                owners = self._owners.setdefault(comparable(phrase), [])
                if row.context not in (context for context, _ in owners):
                    owners.append((row.context, phrase))
        self._index = PhraseIndex(self._owners)

    def detect(self, messages: Sequence[str]) -> Detection:
        """Which kind the last ``LATEST_MESSAGES`` tell of, and by which words.

        The kind with the most different phrases wins; of equals the one that a
        later message tells of, then the one that stands first in the table.
        """
        first = max(0, len(messages) - LATEST_MESSAGES)
        evidence = tuple(
            Evidence(context, phrase, index, match.start, match.end)
            for index in range(first, len(messages))
            for match in self._index.find(messages[index])
            for context, phrase in self._owners[match.phrase]
        )
        ranking = self._ranked(evidence)
        return Detection(
            context=ranking[0].context if ranking else None,
            evidence=evidence,
            ranking=ranking,
        )

    def _ranked(self, evidence: Iterable[Evidence]) -> tuple[Ranked, ...]:
        phrases: dict[str, set[str]] = {}
        latest: dict[str, int] = {}
        for each in evidence:
            phrases.setdefault(each.context, set()).add(each.phrase)
            latest[each.context] = each.message
        found = [
            Ranked(context, len(phrases[context]), latest[context])
            for context in self._order
            if context in phrases
        ]
        # Sorting is stable: of equals, the table's first stays first.
        return tuple(sorted(found, key=lambda each: (-each.phrases, -each.latest)))


def detect(
    messages: Sequence[str], *, contexts: Sequence[ConversationContext]
) -> Detection:
    """``Detector(contexts).detect(messages)``, for a table that is used once."""
    return Detector(contexts).detect(messages)


def _context(
    context: str,
    title: str,
    /,
    *,
    weights: Mapping[str, float],
    aliases: Sequence[str],
    vocabulary: Sequence[str],
) -> ConversationContext:
    return ConversationContext(
        context=context,
        title=title,
        weights=[
            FrameworkWeight(framework_id=key, weight=value)
            for key, value in weights.items()
        ],
        vocabulary=list(vocabulary),
        aliases=list(aliases),
    )


DEFAULT_CONTEXTS: Final = (
    _context(
        "technical",
        "Technical",
        weights={"neuro": 0.8, "assistant": 0.2},
        aliases=("analytical_task",),
        vocabulary=vocabularies.TECHNICAL,
    ),
    _context(
        "casual",
        "Casual",
        weights={"caring": 0.6, "chaotic": 0.4},
        aliases=("playful_chat", "emotional_support"),
        vocabulary=vocabularies.CASUAL,
    ),
    _context(
        "formal",
        "Formal",
        weights={"assistant": 0.9, "neuro": 0.1},
        aliases=("debate",),
        vocabulary=vocabularies.FORMAL,
    ),
    _context(
        "creative",
        "Creative",
        weights={"chaotic": 0.7, "caring": 0.3},
        aliases=("creative_task",),
        vocabulary=vocabularies.CREATIVE,
    ),
    _context(
        "educational",
        "Educational",
        weights={"assistant": 0.8, "neuro": 0.2},
        aliases=(),
        vocabulary=vocabularies.EDUCATIONAL,
    ),
)
"""The installation's table until a manager edits it."""


def weights_by_context(
    contexts: tuple[ConversationContext, ...],
) -> dict[str, dict[str, float]]:
    """Context → framework id → weight, of a whole table."""
    return {c.context: c.asked for c in contexts}
