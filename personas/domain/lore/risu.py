"""RisuAI's own lorebooks, turned into what it writes into cards itself.

Keys are one text with commas, an entry that always enters is ``alwaysActive``, and
extensions are spelt ``extentions``.

Source: ``reference/cards.md`` sections 1.2 and 1.3.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from personas.domain.lore.spelling import EXTENSIONS, Path, nested

_RENAMED: Final[dict[str, Path]] = {
    "key": ("keys",),
    "secondkey": ("secondary_keys",),
    "insertorder": ("insertion_order",),
    "alwaysActive": ("constant",),
    "useRegex": ("use_regex",),
    "activationPercent": (EXTENSIONS, "risu_activationPercent"),
    "loreCache": (EXTENSIONS, "risu_loreCache"),
    "bookVersion": (EXTENSIONS, "risu_bookVersion"),
}
_MARKS: Final = frozenset({"secondkey", "insertorder", "alwaysActive"})


def is_risu_file(document: Mapping[str, JsonValue]) -> bool:
    """Whether a file is a lorebook that RisuAI exported."""
    return document.get("type") == "risu" and isinstance(document.get("data"), list)


def as_book(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The file as a book of a card: its list as entries, without what says whose."""
    named = {"entries" if key == "data" else key: v for key, v in document.items()}
    return {key: value for key, value in named.items() if key not in {"type", "ver"}}


def is_risu(entry: Mapping[str, JsonValue]) -> bool:
    """Whether an entry is spelled as RisuAI keeps it."""
    return not _MARKS.isdisjoint(entry)


def as_in_card(entry: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """An entry of RisuAI's as it stands in a card that RisuAI wrote."""
    flat: dict[Path, JsonValue] = {}
    for key, value in entry.items():
        if key == "extentions" and isinstance(value, dict):
            flat |= {(EXTENSIONS, inner): item for inner, item in value.items()}
        else:
            flat[_RENAMED.get(key, (key,))] = value
    cased = flat.pop((EXTENSIONS, "risu_case_sensitive"), None)
    if cased is not None:
        flat.setdefault(("case_sensitive",), cased)
    if entry.get("mode") == "constant":
        flat[("constant",)] = True
    return nested(flat)
