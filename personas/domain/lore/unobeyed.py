"""What an entry asks for that is kept, goes out again, and is not obeyed here."""

from typing import Final

from personas.domain.lore.indexing import Ready
from personas.domain.lore.sheets import Position

_FIELDS: Final = (
    "priority",
    "use_group_scoring",
    "sticky",
    "cooldown",
    "delay",
    "triggers",
    "automation_id",
    "is_vectorized",
)
_PLACES: Final = (
    "match_persona_description",
    "match_character_description",
    "match_character_personality",
    "match_character_depth_prompt",
    "match_scenario",
    "match_creator_notes",
)
"""Further places to look, which are kept among the extensions."""


def unobeyed(one: Ready) -> tuple[str, ...]:
    """Names of fields, and of decorators with their ``@@``."""
    sheet = one.sheet
    fields = [name for name in _FIELDS if getattr(sheet, name)]
    if sheet.priority == 0:
        fields.insert(0, "priority")
    if sheet.position == Position.OUTLET:
        fields.append("outlet")
    if sheet.extensions:
        fields += [name for name in _PLACES if sheet.extensions.get(name) is True]
    return (*fields, *one.decorations.unobeyed)
