"""The five sections of a prompt, from what was authored, as traced texts.

Texts come out as they were written; only lists get dashes and trees get
indentation. Empty parts leave no heading. Source: design, section 3.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from personas.domain.pieces import Piece, Pieces, is_blank, joined
from personas.domain.sheets import CharacterSheet, FrameworkSheet, Opinion, Trait

FRAMEWORK: Final = "framework."
"""Before the paths of fields that belong to the framework."""
GROWTH: Final = "growth"
"""The path of what no form holds, because growth wrote it."""


def _text(text: str, *, source: str) -> Pieces:
    return (Piece(text, source),) if text.strip() else ()


def _part(heading: str, body: Pieces, *, source: str) -> Pieces:
    """A heading on a line of its own and what stands below it."""
    return () if is_blank(body) else (Piece(f"{heading}:\n", source), *body)


def _line(heading: str, text: str, *, source: str) -> Pieces:
    return _text(f"{heading}: {text}", source=source) if text.strip() else ()


def _bullets(items: Iterable[str], *, source: str) -> Pieces:
    """One line each; ``source`` is the path of the list."""
    lines = (
        _text(f"- {item}", source=f"{source}.{at}")
        for at, item in enumerate(items)
        if item.strip()
    )
    return joined(lines, between="\n")


def _traits(traits: Sequence[Trait], *, source: str) -> Pieces:
    return _bullets(
        (f"{t.key}: {t.value}" if t.value.strip() else t.key for t in traits),
        source=source,
    )


def _scalar(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case None:
            return "none"
        case _:
            return str(value)


def tree_text(value: Any, *, source: str, indent: str = "") -> Pieces:
    """A JSON value as indented dashes, in its own order; empty branches vanish.

    ``source`` is the path of the value; keys are appended to it.
    """
    if not isinstance(value, dict | list):
        return (Piece(f"{indent}- {_scalar(value)}", source),)
    return joined(_branches(value, source=source, indent=indent), between="\n")


def _branches(
    value: dict[str, Any] | list[Any], *, source: str, indent: str
) -> Iterator[Pieces]:
    is_list = isinstance(value, list)
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    for at, item in pairs:
        key = "" if is_list else str(at)
        path = f"{source}.{at}"
        if isinstance(item, dict | list):
            inner = tree_text(item, source=path, indent=f"{indent}  ")
            if inner and key:
                yield (Piece(f"{indent}- {key}:\n", path), *inner)
            else:
                yield inner
        elif item != "":
            text = _scalar(item)
            yield (
                Piece(f"{indent}- {key}: {text}" if key else f"{indent}- {text}", path),
            )


def _framework_part(heading: str, framework: FrameworkSheet, name: str) -> Pieces:
    source = FRAMEWORK + name
    body = tree_text(getattr(framework, name), source=source)
    return _part(heading, body, source=source)


def identity(character: CharacterSheet) -> Pieces:
    """Name, description, identity, scenario."""
    who = character.identity
    facts = joined(
        (
            _line("Who", who.who, source="identity.who"),
            _line("From", who.origin, source="identity.origin"),
            _line("Current state", who.current_state, source="identity.current_state"),
        ),
        between="\n",
    )
    lists = (
        ("Core traits", who.core_traits, "identity.core_traits"),
        ("Speaking style", who.speaking_style, "identity.speaking_style"),
    )
    return joined(
        (
            _line("Name", character.display_name, source="display_name"),
            _text(character.description, source="description"),
            facts,
            _plain_part("Personality", who.personality, source="identity.personality"),
            *(
                _part(heading, _bullets(items, source=source), source=source)
                for heading, items, source in lists
            ),
            _part(
                "More about them",
                _traits(who.details, source="identity.details"),
                source="identity.details",
            ),
            _plain_part("Scenario", character.scenario, source="scenario"),
        )
    )


def _plain_part(heading: str, text: str, *, source: str) -> Pieces:
    return _part(heading, _text(text, source=source), source=source)


def _opinion(opinion: Opinion, *, source: str) -> Pieces:
    items = _bullets(opinion.items, source=f"{source}.items")
    if is_blank(items):
        return _line(opinion.stance, opinion.topic, source=source)
    topic = f" ({opinion.topic})" if opinion.topic else ""
    return _part(f"{opinion.stance}{topic}", items, source=source)


def behavior(
    character: CharacterSheet,
    *,
    framework: FrameworkSheet,
    trait_words: Sequence[str] = (),
) -> Pieces:
    """Behavioral patterns, decision making, quirks, opinions, how it has drifted."""
    quirks = (
        _part(
            group.kind or "Quirks",
            _bullets(group.items, source=f"quirks.{at}.items"),
            source=f"quirks.{at}",
        )
        for at, group in enumerate(character.quirks)
    )
    opinions = (
        _opinion(opinion, source=f"opinions.{at}")
        for at, opinion in enumerate(character.opinions)
    )
    return joined(
        (
            _framework_part("Behavioral patterns", framework, "behavioral_patterns"),
            _framework_part("Decision making", framework, "decision_making"),
            *quirks,
            *opinions,
            _drift(trait_words),
        )
    )


def _drift(words: Sequence[str]) -> Pieces:
    lines = (_text(f"- {sentence}", source=GROWTH) for sentence in words)
    return _part("Grown over time", joined(lines, between="\n"), source=GROWTH)


def knowledge(character: CharacterSheet) -> Pieces:
    """Domain, expertise, interests, avoidances."""
    domain = character.knowledge_domain
    lists = (
        ("Knows about", domain.expertise, "knowledge_domain.expertise"),
        ("Likes to talk about", character.topic_interests, "topic_interests"),
        ("Avoids talking about", character.topic_avoidances, "topic_avoidances"),
    )
    return joined(
        (
            _line("Main subject", domain.primary, source="knowledge_domain.primary"),
            *(
                _part(heading, _bullets(items, source=source), source=source)
                for heading, items, source in lists
            ),
        )
    )


def interaction(character: CharacterSheet, *, framework: FrameworkSheet) -> Pieces:
    """Voice and tone, interaction style, examples."""
    return joined(
        (
            _part(
                "Voice and tone",
                _traits(character.voice_and_tone, source="voice_and_tone"),
                source="voice_and_tone",
            ),
            _framework_part("Interaction style", framework, "interaction_style"),
            _plain_part(
                "Example messages",
                character.example_messages,
                source="example_messages",
            ),
        )
    )


def anti_hallucination(framework: FrameworkSheet) -> Pieces:
    """The framework's rules for staying truthful."""
    return tree_text(
        framework.anti_hallucination, source=f"{FRAMEWORK}anti_hallucination"
    )
