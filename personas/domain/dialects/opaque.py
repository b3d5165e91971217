"""How much a file may carry that nobody here knows: it is kept, but not without end."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from core import limits
from personas.domain.dialects.parsed import UnreadableFile, dotted

_KEY_LENGTH: Final = 40
_STEPS: Final = 4
_OURS: Final = "dramatis:"


def check_opaque(kept: Mapping[str, Any]) -> None:
    """Refuse a file of which too much would have to be kept unread.

    ``kept`` is a JSON object without anything that a sheet has a field for.

    Raises:
        UnreadableFile: more than ``limits.OPAQUE_VALUES`` keys and items, or more than
            ``limits.OPAQUE_BYTES`` as compact JSON.
    """
    values = _count(dict(kept))
    if values > limits.OPAQUE_VALUES:
        raise UnreadableFile(
            f"The file carries {values:,} values that no program here knows; at most"
            f" {limits.OPAQUE_VALUES:,} are kept.{_most_of(kept, values=values)}"
            " Remove what the character does not need."
        )
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > limits.OPAQUE_BYTES:
        raise UnreadableFile(
            f"The file carries {size:,} bytes of fields that no program here knows; at"
            f" most {limits.OPAQUE_BYTES:,} are kept. Remove what the character does"
            " not need."
        )


def _count(value: JsonValue) -> int:
    count = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            count += len(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            count += len(value)
            stack.extend(value)
    return count


def _most_of(kept: Mapping[str, Any], *, values: int) -> str:
    """Where more than half of them are, if that is one place."""
    path: list[str] = []
    place: Any = kept
    while isinstance(place, Mapping) and len(path) < _STEPS:
        counts = {key: _count(item) for key, item in place.items()}
        heaviest = max(counts, key=counts.__getitem__)
        if counts[heaviest] * 2 < values:
            break
        path.append(heaviest[:_KEY_LENGTH])
        place = place[heaviest]
    # What we call the part is nothing to whoever made the file.
    named = dotted([step for step in path if not step.startswith(_OURS)])
    return f" Most of them are in “{named}”." if named else ""
