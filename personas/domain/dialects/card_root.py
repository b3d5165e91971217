"""The root of a card: what it says of its version, and what it says again.

SillyTavern writes the fields of Card V1 beside ``data``, for older programs.
"""

from typing import Final

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.drafting import Field, Record
from personas.domain.remarks import Action

NEWEST: Final = 3.0
SPECS: Final = {"chara_card_v2": "2.0", "chara_card_v3": "3.0"}
"""The names of the specifications, and their versions."""
_FAMILY: Final = "chara_card"

MIRRORS: Final = {
    **{
        key: (key,)
        for key in (
            "name",
            "description",
            "personality",
            "scenario",
            "first_mes",
            "mes_example",
            "tags",
            "creator",
            "character_version",
            "system_prompt",
            "post_history_instructions",
            "alternate_greetings",
        )
    },
    "creatorcomment": ("creator_notes",),
    "creator_notes": ("creator_notes",),
    "talkativeness": ("extensions", "talkativeness"),
}
"""Fields at the root that say what is in ``data``, and where that is."""


def take_version(root: Record, *, document: dict[str, JsonValue]) -> None:
    """Take ``spec`` and ``spec_version``; newer ones are read as far as known."""
    for key, doubt in (("spec", _doubt_of_spec), ("spec_version", _doubt_of_version)):
        if key in root:
            written = coercing.written_out(document[key])[:80]
            detail = doubt(written)
            action = Action.REPAIRED if detail else Action.MAPPED
            named = f"Card V{SPECS.get(written.lower(), written)}."
            root.pop(key, detail=detail or named, action=action)


def _doubt_of_spec(written: str) -> str:
    if written.lower() in SPECS:
        return ""
    if written.lower().startswith(_FAMILY):
        return f"“{written}” is not known yet; it was read as Card V3."
    return f"“{written}” is not known; it was read as a card."


def _doubt_of_version(written: str) -> str:
    try:
        number = float(written)
    except ValueError:
        return f"“{written}” is no version; nothing depends on it."
    if number > NEWEST:
        return f"Version {written} is newer than {NEWEST}; what is new was kept aside."
    return ""


def take_mirrors(
    root: Record,
    *,
    document: dict[str, JsonValue],
    data: dict[str, JsonValue],
    table: tuple[Field, ...],
) -> None:
    """Drop what the root says again; ``data`` counts where the two differ.

    What only the root says is taken from there, by ``table``.
    """
    rows = {row.key: row for row in table}
    for key, place in MIRRORS.items():
        if key not in root:
            continue
        inner: JsonValue = data
        for step in place:
            inner = inner.get(step) if isinstance(inner, dict) else None
        name = ".".join(("data", *place))
        if inner == document[key]:
            root.pop(key, detail=f"{name} says the same.")
        elif inner is None and place[-1] in rows:
            row = rows[place[-1]]
            root.take(key, to=row.to, how=row.how)
        elif inner is not None:
            root.refuse(key, why=f"{name} says something else, and counts.")
