"""Compiling: a character and a framework become what a bot is served.

Pure: the same inputs give the same bytes. Source: design, section 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from core import limits
from personas.domain import sections
from personas.domain.blending import Blend
from personas.domain.canonical import content_hash
from personas.domain.growing import NO_GROWTH, Growth, grown
from personas.domain.growth_tracing import traced
from personas.domain.pieces import Piece, Pieces, is_blank, joined, text_of
from personas.domain.placeholders import (
    CHAR,
    SECTIONS,
    fill,
    places_named,
    with_name,
    with_names,
)
from personas.domain.sections import FRAMEWORK
from personas.domain.sheets import CharacterSheet, FrameworkSheet, OverrideMode

HEADINGS: Final[Mapping[str, str]] = {
    "identity": "Identity",
    "behavior": "Behavior",
    "knowledge": "Knowledge",
    "interaction": "Interaction",
    "anti_hallucination": "Staying truthful",
}

CountTokens = Callable[[str], int]


class PromptTooLong(Exception):
    """The compiled prompt is longer than a served text may be."""


@dataclass(frozen=True, slots=True)
class CompiledPersona:
    """All that a version serves, in every context.

    ``prompts`` maps a context (empty: the plain prompt) to the served object
    without version, label, quiet state and time; ``tokens`` maps each section
    of the plain prompt and ``total`` to its count; ``content_hash`` covers
    everything that is served or routed on.
    """

    prompts: Mapping[str, Mapping[str, Any]]
    tokens: Mapping[str, int]
    content_hash: str


def section_pieces(
    character: CharacterSheet,
    *,
    framework: FrameworkSheet,
    growth: Growth = NO_GROWTH,
) -> dict[str, Pieces]:
    """Section name → its text without heading, ``{{char}}`` already the name.

    ``character`` is as authored; what growth wrote is traced to ``GROWTH``.

    Raises:
        BadStage: a stage does not fit the character.
    """
    after = grown(character, stages=growth.stages)
    words = growth.trait_words
    found = {
        "identity": sections.identity(after),
        "behavior": sections.behavior(after, framework=framework, trait_words=words),
        "knowledge": sections.knowledge(after),
        "interaction": sections.interaction(after, framework=framework),
        "anti_hallucination": sections.anti_hallucination(framework),
    }
    name = character.called
    return {
        section: with_names(traced(pieces, authored=character, after=after), name=name)
        for section, pieces in found.items()
    }


def traced_prompt(
    character: CharacterSheet,
    *,
    framework: FrameworkSheet,
    growth: Growth = NO_GROWTH,
    found: Mapping[str, Pieces] | None = None,
) -> Pieces:
    """The system prompt, each piece with the field it came from.

    The template filled, the sections it does not name after it, the override.
    ``found`` is what ``section_pieces`` gave, if that is known already.

    Raises:
        BadStage: a stage does not fit the character.
    """
    found = found or section_pieces(character, framework=framework, growth=growth)
    override = _override(character)
    mode = character.system_prompt_override.mode
    if override and mode == OverrideMode.REPLACE:
        return override
    template = framework.prompt_template
    named = places_named(template)
    values = {
        **found,
        "character_name": (Piece(character.display_name, "display_name"),),
        CHAR: (Piece(character.called, _called_source(character)),),
    }
    parts = [fill(template, values=values, source=f"{FRAMEWORK}prompt_template")]
    parts += [
        (Piece(f"## {HEADINGS[section]}\n\n"), *found[section])
        for section in SECTIONS
        if section not in named and not is_blank(found[section])
    ]
    if override:
        parts.insert(0 if mode == OverrideMode.PREPEND else len(parts), override)
    return joined(parts)


def _called_source(character: CharacterSheet) -> str:
    return "nickname" if character.nickname else "display_name"


def _override(character: CharacterSheet) -> Pieces:
    text = character.system_prompt_override.text
    if not text.strip():
        return ()
    shown = with_name(text, name=character.called)
    return (Piece(shown, "system_prompt_override.text"),)


def tools(framework: FrameworkSheet) -> dict[str, list[str]]:
    """Required and optional tools, apart, in order, none in both."""
    required = list(framework.tool_requirements.required)
    optional = [t for t in framework.tool_requirements.optional if t not in required]
    return {"required": required, "optional": optional}


def compile_persona(
    character: CharacterSheet,
    *,
    character_id: str,
    framework: FrameworkSheet,
    blends: Mapping[str, Blend],
    count_tokens: CountTokens,
    tokenizer: str,
    growth: Growth = NO_GROWTH,
) -> CompiledPersona:
    """Compile one character with one framework, and once for each blend.

    ``blends`` maps a kind of conversation to what it mixes; ``count_tokens``
    counts a text with the tokenizer that ``tokenizer`` names. ``character`` is as
    authored; ``growth`` is what has been approved since.

    Raises:
        BadStage: a stage does not fit the character.
        PromptTooLong: a system prompt exceeds ``limits.TEXT_BYTES``.
    """
    mixed: dict[str, Blend | None] = {"": None, **blends}
    # Most sections are the same in every kind of conversation.
    counted = cache(count_tokens)
    prompts = {
        context: _served(
            character,
            character_id=character_id,
            framework=blend.framework if blend else framework,
            context=context,
            blend=blend,
            count_tokens=counted,
            tokenizer=tokenizer,
            growth=growth,
        )
        for context, blend in mixed.items()
    }
    plain = prompts[""]
    return CompiledPersona(
        prompts=prompts,
        tokens=token_counts(plain),
        content_hash=content_hash(
            {
                "prompts": prompts,
                "routing": routing_facts(grown(character, stages=growth.stages)),
            }
        ),
    )


def token_counts(body: Mapping[str, Any]) -> dict[str, int]:
    """Each section's tokens and the ``total`` of a served prompt."""
    counts: dict[str, int] = {s["name"]: s["tokens"] for s in body["sections"]}
    return {**counts, "total": body["tokens"]["count"]}


def _served(
    character: CharacterSheet,
    *,
    character_id: str,
    framework: FrameworkSheet,
    context: str,
    blend: Blend | None,
    count_tokens: CountTokens,
    tokenizer: str,
    growth: Growth,
) -> dict[str, Any]:
    """The prompt object of ``api.md``, less what is known only when serving."""
    found = section_pieces(character, framework=framework, growth=growth)
    after = grown(character, stages=growth.stages)
    prompt = text_of(traced_prompt(character, framework=framework, found=found))
    _check_size(prompt)
    texts = {section: text_of(found[section]) for section in SECTIONS}
    name = character.called
    wanted = tools(framework)
    return {
        "persona_id": f"{character_id}@{character.framework_id}",
        "character_id": character_id,
        "framework_id": character.framework_id,
        "display_name": character.display_name,
        "context": context or None,
        "system_prompt": prompt,
        "sections": [
            {"name": section, "text": text, "tokens": count_tokens(text)}
            for section, text in texts.items()
        ],
        "tokens": {"count": count_tokens(prompt), "tokenizer": tokenizer},
        "tools": wanted,
        "tools_required": wanted["required"] + wanted["optional"],
        "config": after.model.model_dump(mode="json"),
        "voice": character.voice.model_dump(mode="json"),
        "behavior": after.behavior.model_dump(mode="json"),
        "rag": character.rag.model_dump(mode="json"),
        "greetings": {
            "first_message": with_name(character.first_message, name=name),
            "alternates": [
                with_name(text, name=name) for text in character.alternate_greetings
            ],
        },
        "post_history": with_name(character.post_history, name=name),
        "evolution": growth.served(),
        "blend": blend.served() if blend else None,
    }


def _check_size(prompt: str) -> None:
    """Raises PromptTooLong."""
    size = len(prompt.encode())
    if size > limits.TEXT_BYTES:
        raise PromptTooLong(
            f"The finished prompt has {size // 1024} KiB; the most that is served"
            f" is {limits.TEXT_BYTES // 1024} KiB. Shorten the longest section."
        )


def routing_facts(character: CharacterSheet) -> dict[str, Any]:
    """What routing reads of a published character, and what lists show of it."""
    return {
        "aliases": character.aliases,
        "interests": character.topic_interests,
        "avoidances": character.topic_avoidances,
        "domain": character.knowledge_domain.primary,
        "preferences": character.activity_preferences.model_dump(mode="json"),
        "weight": character.routing_weight,
        "stages": [s.model_dump(mode="json") for s in character.evolution_stages],
        "tags": character.tags,
        "avatar": character.avatar,
        "lorebooks": character.lorebooks,
    }
