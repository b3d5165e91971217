"""A character as growth has changed it: the authored sheet and stages passed.

Pure: the authored sheet never changes, so that every stage can be taken back.
Source: design, section 5, "Growth".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from personas.domain.sheets import (
    BehaviorPolicy,
    CharacterSheet,
    EvolutionStage,
    KnowledgeDomain,
    Opinion,
    QuirkGroup,
    StageKnowledge,
    StagePersonality,
    Trait,
)

_MANNERS: Final = ("formality", "verbosity", "tone")


@dataclass(frozen=True, slots=True)
class Growth:
    """What growth adds to an authored sheet.

    ``stages`` are those approved, in the order in which they act; ``trait_words``
    are sentences about how the character has drifted; ``count`` is how many
    interactions it had when a stage last came or went.
    """

    count: int = 0
    stages: tuple[EvolutionStage, ...] = ()
    trait_words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == NO_GROWTH

    def served(self) -> dict[str, Any]:
        """What bots are told of it."""
        return {
            "count_at_compile": self.count,
            "stages": [
                {"milestone": stage.milestone, "title": stage.title}
                for stage in self.stages
            ],
        }


NO_GROWTH: Final = Growth()


class BadStage(Exception):
    """A stage's changes do not fit the character."""


def grown(sheet: CharacterSheet, *, stages: Iterable[EvolutionStage]) -> CharacterSheet:
    """The sheet after ``stages``, in the order given.

    Raises:
        BadStage: the behavior of a stage is not one that a character can have.
    """
    for stage in stages:
        sheet = _after(sheet, stage=stage)
    return sheet


def stages_up_to(sheet: CharacterSheet, *, milestone: int) -> list[EvolutionStage]:
    """The sheet's own stages that so many interactions pass, lowest first."""
    passed = [s for s in sheet.evolution_stages if s.milestone <= milestone]
    return sorted(passed, key=lambda stage: stage.milestone)


def growth_up_to(
    sheet: CharacterSheet, *, milestone: int, since: Growth = NO_GROWTH
) -> Growth:
    """What the character would have become after so many interactions.

    All of the sheet's own stages up to there act, whatever was approved; how it has
    drifted stays as in ``since``.
    """
    return Growth(
        count=milestone,
        stages=tuple(stages_up_to(sheet, milestone=milestone)),
        trait_words=since.trait_words,
    )


def _after(sheet: CharacterSheet, *, stage: EvolutionStage) -> CharacterSheet:
    changes = stage.changes
    personality = changes.personality
    return sheet.model_copy(
        update={
            **_known(sheet, changes=changes.knowledge),
            "voice_and_tone": _manners(sheet.voice_and_tone, changes=personality),
            "quirks": _quirks(sheet.quirks, changes=personality),
            "opinions": _opinions(sheet.opinions, changed=personality.opinion_changes),
            "model": sheet.model
            if personality.temperature is None
            else sheet.model.model_copy(
                update={"temperature": personality.temperature}
            ),
            "behavior": _behavior(sheet.behavior, stage=stage),
        }
    )


def _same(text: str) -> str:
    """What two texts share if they mean the same thing."""
    return text.strip().casefold()


def _changed(
    items: Sequence[str], *, add: Iterable[str], remove: Iterable[str]
) -> list[str]:
    """Without ``remove``, then with what of ``add`` is new."""
    gone = {_same(item) for item in remove}
    kept = [item for item in items if _same(item) not in gone]
    known = {_same(item) for item in kept}
    for item in add:
        if _same(item) not in known:
            kept.append(item)
            known.add(_same(item))
    return kept


def _known(sheet: CharacterSheet, *, changes: StageKnowledge) -> dict[str, Any]:
    domain = sheet.knowledge_domain
    expertise = _changed(
        domain.expertise, add=changes.add_expertise, remove=changes.remove_expertise
    )
    return {
        "knowledge_domain": KnowledgeDomain(
            primary=domain.primary, expertise=expertise
        ),
        "topic_interests": _changed(
            sheet.topic_interests,
            add=changes.add_interests,
            remove=changes.remove_interests,
        ),
        "topic_avoidances": _changed(
            sheet.topic_avoidances,
            add=changes.add_avoidances,
            remove=changes.remove_avoidances,
        ),
    }


def _manners(traits: Sequence[Trait], *, changes: StagePersonality) -> list[Trait]:
    """Formality, verbosity and tone in place of what was said of them before."""
    found = list(traits)
    for name in _MANNERS:
        value = getattr(changes, name)
        if not value:
            continue
        new = Trait(key=name, value=value)
        places = [at for at, trait in enumerate(found) if _same(trait.key) == name]
        if places:
            found[places[0]] = new
        else:
            found.append(new)
    return found


def _quirks(
    groups: Sequence[QuirkGroup], *, changes: StagePersonality
) -> list[QuirkGroup]:
    kept = []
    for group in groups:
        items = _changed(group.items, add=(), remove=changes.remove_quirks)
        if items or not group.items:
            kept.append(QuirkGroup(kind=group.kind, items=items))
    known = {_same(item) for group in kept for item in group.items}
    new = [item for item in changes.new_quirks if _same(item) not in known]
    return [*kept, QuirkGroup(kind="", items=new)] if new else kept


def _opinions(
    opinions: Sequence[Opinion], *, changed: Sequence[Opinion]
) -> list[Opinion]:
    """A new opinion takes the place of the old one on the same thing."""
    found = list(opinions)
    for new in changed:
        at = _place_of(new, among=found)
        if at is None:
            found.append(new)
        else:
            found[at] = new
    return found


def _place_of(new: Opinion, *, among: Sequence[Opinion]) -> int | None:
    """Where the same stance on the same thing stands, else any stance on it."""
    stance, topic = _same(new.stance), _same(new.topic)
    places = [at for at, old in enumerate(among) if _same(old.topic) == topic]
    exact = [at for at in places if _same(among[at].stance) == stance]
    if exact:
        return exact[0]
    return places[0] if topic and places else None


def _behavior(policy: BehaviorPolicy, *, stage: EvolutionStage) -> BehaviorPolicy:
    if not stage.changes.behavior:
        return policy
    merged = _merged(policy.model_dump(mode="json"), stage.changes.behavior)
    try:
        return BehaviorPolicy.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(map(str, first["loc"]))
        raise BadStage(
            f"The stage at {stage.milestone} interactions cannot change the behavior:"
            f" {path}: {first['msg']}."
        ) from error


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for key, value in new.items():
        before = result.get(key)
        result[key] = (
            _merged(before, value)
            if isinstance(before, dict) and isinstance(value, dict)
            else value
        )
    return result
