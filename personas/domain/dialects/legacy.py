"""Dialect C, "legacy structured"; source: ``reference/bot.md`` section 2.

The requirement's own schema is this one with more fields, so they are read too.
"""

from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import coercing, pieces
from personas.domain.dialects.coercing import Fit
from personas.domain.dialects.drafting import Draft, Field, Record
from personas.domain.dialects.parsed import Dialect, ParsedCharacter, Source
from personas.domain.dialects.pictures import take_avatar
from personas.domain.dialects.stages import stages
from personas.domain.dialects.stances import Rows, named, opinions
from personas.domain.sheets import OverrideMode


def quirks(value: JsonValue) -> Fit[Rows]:
    """One group per kind; triggers and the like one group per kind and trigger."""
    rows: Rows = []
    repairs: list[str] = []
    for kind, found in named(value, otherwise="").items():
        groups: dict[str, JsonValue] = {kind: found}
        if isinstance(found, dict):
            groups = {f"{kind}: {key}": items for key, items in found.items()}
        for name, items in groups.items():
            if coercing.is_empty(items):
                continue
            fit = coercing.texts(items)
            repairs.append(fit.repair)
            rows.append({"kind": coercing.line(name).value, "items": fit.value})
    return Fit(rows, coercing.repairs_of(repairs), noise=not rows)


def _mode(value: JsonValue) -> Fit[str]:
    return coercing.choice(OverrideMode)(value)


OVERRIDE: Final = (
    Field("text", "system_prompt_override.text", pieces.system_prompt),
    Field("mode", "system_prompt_override.mode", _mode),
)
FIELDS: Final = (
    Field("character_id", "character_id", coercing.slug),
    Field("display_name", "display_name", coercing.line),
    Field("name", "display_name", coercing.line),
    Field("aliases", "aliases", coercing.terms),
    Field("version", "character_version", coercing.line),
    Field("description", "description", coercing.text),
    Field("personality", "identity.personality", coercing.text),
    Field("framework", "framework_id", coercing.slug),
    Field("framework_id", "framework_id", coercing.slug),
    Field("opinions", "opinions", opinions),
    Field("quirks", "quirks", quirks),
    *pieces.TOPICS,
    Field("scenario", "scenario", coercing.text),
    Field("first_message", "first_message", coercing.text),
    Field("first_mes", "first_message", coercing.text),
    Field("mes_example", "example_messages", coercing.text),
    Field("alternate_greetings", "alternate_greetings", coercing.texts),
    Field("system_prompt", "system_prompt_override.text", pieces.system_prompt),
    Field("tags", "tags", coercing.terms),
    Field("creator", "creator", coercing.line),
    Field("creator_notes", "creator_notes", coercing.text),
)
IDENTITY: Final = (
    Field("personality", "identity.personality", coercing.text),
    Field("who", "identity.who", coercing.text),
    Field("from", "identity.origin", coercing.text),
    Field("current_state", "identity.current_state", coercing.text),
    Field("core_traits", "identity.core_traits", coercing.texts),
    Field("speaking_style", "identity.speaking_style", coercing.texts),
    Field("framework", "framework_id", coercing.slug),
)
KNOWLEDGE: Final = (
    *pieces.KNOWLEDGE,
    Field("interests", "topic_interests", coercing.terms),
    Field("avoidances", "topic_avoidances", coercing.terms),
)


def read(source: Source) -> ParsedCharacter:
    """The character in a structured file; what a sheet lacks is kept aside.

    Raises:
        UnreadableFile: a text is too long, or no id can be made.
    """
    draft = Draft(source.remarks)
    record = Record(source.document, draft=draft)
    record.take_table(FIELDS)
    _take_rows(record, "identity", to="identity.details", table=IDENTITY)
    _take_rows(record, "voice_and_tone", to="voice_and_tone", table=pieces.MODEL)
    record.child("knowledge_domain").take_table(KNOWLEDGE)
    record.take("evolution_stages", to="evolution_stages", how=stages())
    activities = record.child("activity_preferences")
    activities.take_table(pieces.ACTIVITY_PREFERENCES)
    pieces.take_blending(record.child("framework_blending"))
    _take_override(record)
    pieces.take_voice(record)
    pieces.take_voice(record.child("legacy_config"))
    avatar = take_avatar(record, "avatar", "avatar_url")
    return pieces.finish(
        draft,
        extensions=pieces.extensions_of(record.rest()),
        source=source,
        dialect=Dialect.LEGACY,
        avatar=avatar,
    )


def _take_rows(record: Record, key: str, *, to: str, table: tuple[Field, ...]) -> None:
    """Take the object's known fields, and every other one as a row of ``to``."""
    inner = record.child(key)
    inner.take_table(table)
    inner.take_others(to=to, how=coercing.traits)
    record.take_unless_object(key, to=to, how=coercing.traits)


def _take_override(record: Record) -> None:
    key = "system_prompt_override"
    record.child(key).take_table(OVERRIDE)
    to = "system_prompt_override.text"
    record.take_unless_object(key, to=to, how=pieces.system_prompt)
