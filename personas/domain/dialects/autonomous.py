"""Dialect B, "autonomous"; source: ``reference/bot.md`` section 2."""

from typing import Any, Final

from pydantic import JsonValue

from personas.domain.dialects import coercing, pieces
from personas.domain.dialects.coercing import Fit
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.parsed import Dialect, ParsedCharacter, Source
from personas.domain.dialects.pictures import take_avatar
from personas.domain.dialects.stages import stages
from personas.domain.sheets import FollowUpLevel

SECONDS_PER_MINUTE: Final = 60
COOLDOWN_MAX: Final = 7 * 24 * 3600


def _minutes(value: JsonValue) -> Fit[int]:
    most = COOLDOWN_MAX // SECONDS_PER_MINUTE
    fit = coercing.number(low=0, high=most)(value)
    return Fit(round(fit.value * SECONDS_PER_MINUTE), fit.repair)


def _humor(value: JsonValue) -> Fit[list[dict[str, str]]]:
    return coercing.traits({"humor": value})


def _key_facts(value: JsonValue) -> Fit[list[dict[str, str]]]:
    fit = coercing.texts(value)
    return Fit([{"key": "Key fact", "value": fact} for fact in fit.value], fit.repair)


def _evolutions(value: JsonValue) -> Fit[Any]:
    """Stages ``{"50": {unlock, description}}``; without any there is nothing."""
    return Fit([], noise=True) if value == {} else stages()(value)


FIELDS: Final = (
    Field("display_name", "display_name", coercing.line),
    Field("version", "character_version", coercing.line),
    Field("description", "description", coercing.text),
    Field("framework", "framework_id", coercing.slug),
    Field("system_prompt", "system_prompt_override.text", pieces.system_prompt),
    Field("tags", "tags", coercing.terms),
)
PERSONALITY: Final = (
    Field("traits", "identity.core_traits", coercing.texts),
    Field("speech_style", "identity.speaking_style", coercing.texts),
    Field("humor", "voice_and_tone", _humor),
)
BACKGROUND: Final = (
    Field("description", "identity.who", coercing.text),
    Field("world", "identity.origin", coercing.text),
    Field("key_facts", "identity.details", _key_facts),
)
KNOWLEDGE: Final = (
    *pieces.KNOWLEDGE,
    Field("expertise_areas", "knowledge_domain.expertise", coercing.texts),
    *pieces.TOPICS,
)
TOPIC_FILTER: Final = (
    Field("interests", "topic_interests", coercing.terms),
    Field("avoidances", "topic_avoidances", coercing.terms),
)
LEARNING: Final = (
    Field("interests", "topic_interests", coercing.terms),
    Field("avoid_topics", "topic_avoidances", coercing.terms),
)
CURIOSITY: Final = (
    Field(
        "curiosity_level",
        "behavior.follow_ups.level",
        coercing.choice(FollowUpLevel),
    ),
    Field("cooldown_minutes", "behavior.follow_ups.cooldown_seconds", _minutes),
)


def read(source: Source) -> ParsedCharacter:
    """The character in an "autonomous" file; what a sheet lacks is kept aside.

    Where the file says something twice, its ``extensions`` win, as in the bot that
    reads it; lists are joined.

    Raises:
        UnreadableFile: a text is too long, or no id can be made.
    """
    draft = Draft(source.remarks)
    record = Record(source.document, draft=draft)
    record.take_table(FIELDS)
    _take_name(record, draft=draft)
    core = record.child("core")
    core.child("personality").take_table(PERSONALITY)
    core.child("background").take_table(BACKGROUND)
    record.child("knowledge").take_table(KNOWLEDGE)
    _take_extensions(record.child("extensions"))
    habits = record.child("autonomous_behavior")
    habits.child("curiosity").take_table(CURIOSITY)
    habits.child("learning").take_table(LEARNING)
    avatar = take_avatar(record, "avatar", "avatar_url")
    return pieces.finish(
        draft,
        extensions=pieces.extensions_of(record.rest()),
        source=source,
        dialect=Dialect.AUTONOMOUS,
        avatar=avatar,
    )


def _take_name(record: Record, *, draft: Draft) -> None:
    """``name`` is what the character is called, or also called."""
    name = record.peek("name", how=coercing.line)
    shown = draft.get("display_name")
    if shown and shown != name:
        record.take("name", to="aliases", how=coercing.terms)
    else:
        record.take("name", to="display_name", how=coercing.line)


def _take_extensions(record: Record) -> None:
    record.child("curiosity_system").take_table(CURIOSITY)
    record.child("topic_filtering").take_table(TOPIC_FILTER)
    record.child("character_evolution").take(
        "evolutions", to="evolution_stages", how=_evolutions
    )
    routing = record.child("activity_routing")
    routing.take_table(pieces.ACTIVITY_PREFERENCES)
    pieces.take_blending(record.child("framework_blending"))
