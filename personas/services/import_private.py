"""What of a draft tells about a person who had its card, and no file need say.

It never leaves with an export, so a file without it does not ask for its removal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from personas.domain.dialects.card_keeping import (
    CARD_KEY,
    EXTENSIONS,
    PRIVATE,
    has_parts,
)


def with_private(
    extensions: dict[str, Any], *, draft: Mapping[str, Any]
) -> dict[str, Any]:
    """A file's extensions with the private fields of the draft's that it lacks.

    Each where it stands in the draft, for order is content; if there are none, the
    very same dictionary.
    """
    more = _private_of(draft, part=EXTENSIONS)
    theirs: Any = extensions.get(CARD_KEY)
    here: Any = draft.get(CARD_KEY)
    if has_parts(here) and (theirs is None or has_parts(theirs)):
        parts = _with_private_parts(theirs or {}, draft=here)
        if parts and parts != theirs:
            more[CARD_KEY] = parts
            extensions = _replaced(extensions, {CARD_KEY: parts})
    return _put_in(extensions, more=more, order=draft)


def _with_private_parts(
    parts: dict[str, Any], *, draft: Mapping[str, Any]
) -> dict[str, Any]:
    merged = {
        part: _put_in(
            parts.get(part, {}), more=_private_of(fields, part=part), order=fields
        )
        for part, fields in draft.items()
    }
    more = {part: fields for part, fields in merged.items() if fields}
    return _put_in(_replaced(parts, more), more=more, order=draft)


def _private_of(fields: Mapping[str, Any], *, part: str) -> dict[str, Any]:
    keys = PRIVATE.get(part, frozenset())
    return {key: value for key, value in fields.items() if key in keys}


def _replaced(values: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` in its own order, with those of ``others`` that it has."""
    return {key: others.get(key, value) for key, value in values.items()}


def _put_in(
    values: dict[str, Any], *, more: Mapping[str, Any], order: Iterable[str]
) -> dict[str, Any]:
    """``values``, and of ``more`` what it lacks, each behind what is before it.

    ``order`` says what is before it.
    """
    behind = defaultdict[str | None, list[str]](list)
    last: str | None = None
    for key in order:
        if key in values:
            last = key
        elif key in more:
            behind[last].append(key)
    if not behind:
        return values
    found = {key: more[key] for key in behind[None]}
    for key, value in values.items():
        found[key] = value
        found |= {other: more[other] for other in behind.get(key, ())}
    return found
