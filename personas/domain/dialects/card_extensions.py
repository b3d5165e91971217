"""Extensions of a card that a sheet has a place for, and how they were written.

The bot's own cards keep knowledge, topics, stages and blending there. What a sheet
took from them is written back as it came, as long as the sheet still says the same.
"""

from typing import Any, Final

from pydantic import JsonValue

from personas.domain.dialects import pieces
from personas.domain.dialects.drafting import Draft, Record
from personas.domain.dialects.stages import stages

READ: Final = (
    "knowledge_domain",
    "topic_interests",
    "topic_avoidances",
    "evolution_stages",
    "activity_preferences",
    "framework_blending",
)
"""Their names, in the order in which they are read."""


def take_extensions(record: Record) -> None:
    """Take what a sheet has a place for out of the object ``extensions``."""
    record.child("knowledge_domain").take_table(pieces.KNOWLEDGE)
    record.take_table(pieces.TOPICS)
    record.take("evolution_stages", to="evolution_stages", how=stages())
    activities = record.child("activity_preferences")
    activities.take_table(pieces.ACTIVITY_PREFERENCES)
    pieces.take_blending(record.child("framework_blending"))


def read_extension(
    key: str, value: JsonValue
) -> tuple[dict[str, Any], dict[str, JsonValue]]:
    """What the extension ``key`` gives a sheet, and ``{key: …}`` of what it leaves."""
    draft = Draft()
    record = Record({key: value}, draft=draft)
    take_extensions(record)
    return draft.values, record.rest()


def originals(extensions: JsonValue) -> dict[str, JsonValue]:
    """Those extensions of a card from which a sheet takes something."""
    if not isinstance(extensions, dict):
        return {}
    return {
        key: extensions[key]
        for key in READ
        if key in extensions and read_extension(key, extensions[key])[0]
    }
