"""Lorebooks of our own making, spelled as the programs that write them spell them."""

import copy
from typing import Any

from hypothesis import strategies as st

from personas.domain.lore.reading import ParsedBook, read_book
from personas.domain.lore.sheets import Book, BookSheet, EntrySheet

WORLD_ENTRY: dict[str, Any] = {
    "uid": 0,
    "key": ["lantern", "/lamp(s|light)?/i"],
    "keysecondary": ["fog"],
    "comment": "The lantern",
    "content": "The lantern of the harbor never goes out.",
    "constant": False,
    "vectorized": False,
    "selective": True,
    "selectiveLogic": 1,
    "addMemo": True,
    "order": 90,
    "position": 3,
    "disable": False,
    "excludeRecursion": True,
    "preventRecursion": False,
    "delayUntilRecursion": False,
    "probability": 30,
    "useProbability": True,
    "depth": 4,
    "group": "",
    "groupOverride": False,
    "groupWeight": 100,
    "scanDepth": None,
    "caseSensitive": None,
    "matchWholeWords": None,
    "useGroupScoring": None,
    "automationId": "",
    "role": None,
    "sticky": 0,
    "cooldown": 0,
    "delay": 0,
    "displayIndex": 0,
}
"""An entry of world info, as SillyTavern wrote them with 32 fields."""

CARD_ENTRY: dict[str, Any] = {
    "id": 0,
    "keys": ["lantern", "/lamp(s|light)?/i"],
    "secondary_keys": ["fog"],
    "comment": "The lantern",
    "content": "The lantern of the harbor never goes out.",
    "constant": False,
    "selective": True,
    "insertion_order": 90,
    "enabled": True,
    "position": "after_char",
    "use_regex": True,
    "extensions": {
        "position": 3,
        "exclude_recursion": True,
        "display_index": 0,
        "probability": 30,
        "useProbability": True,
        "depth": 4,
        "selectiveLogic": 1,
        "group": "",
        "group_override": False,
        "group_weight": 100,
        "prevent_recursion": False,
        "delay_until_recursion": False,
        "scan_depth": None,
        "match_whole_words": None,
        "use_group_scoring": False,
        "case_sensitive": None,
        "automation_id": "",
        "role": 0,
        "vectorized": False,
        "sticky": 0,
        "cooldown": 0,
        "delay": 0,
    },
}
"""The same entry, as SillyTavern wrote it into a card."""

TEN_FIELDS: dict[str, Any] = {
    "uid": 0,
    "key": ["tide"],
    "keysecondary": [],
    "comment": "",
    "content": "The tide takes what it is owed.",
    "constant": False,
    "selective": False,
    "order": 100,
    "position": 0,
    "disable": False,
}
"""An entry of the first world info."""

TEN_IN_CARD: dict[str, Any] = {
    "id": 0,
    "keys": ["tide"],
    "secondary_keys": [],
    "comment": "",
    "content": "The tide takes what it is owed.",
    "constant": False,
    "selective": False,
    "insertion_order": 100,
    "enabled": True,
    "position": "before_char",
    "extensions": {"position": 0, "probability": None, "useProbability": False},
}
"""The same, as SillyTavern wrote it into a card then."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-1e6, 1e6)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
ENTRIES = st.dictionaries(
    st.sampled_from([*WORLD_ENTRY, *CARD_ENTRY, "name", "characterFilter", "mode"])
    | st.text(max_size=3),
    JSON,
    max_size=12,
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "entries": JSON
        | st.lists(ENTRIES, max_size=3)
        | st.dictionaries(st.text(max_size=2), ENTRIES | JSON, max_size=3)
    },
    optional={
        "name": JSON,
        "extensions": JSON,
        "scan_depth": JSON,
        "spec": st.just("lorebook_v3"),
        "data": JSON | st.fixed_dictionaries({"entries": st.lists(ENTRIES)}),
    },
) | st.dictionaries(st.text(max_size=5), JSON, max_size=4)
"""Objects that look like lorebooks, or like nothing."""

FULL: dict[str, Any] = {
    "title": "The lantern",
    "keys": ["lantern"],
    "secondary_keys": ["fog"],
    "logic": "not_any",
    "is_selective": False,
    "content": "It never goes out.",
    "is_enabled": False,
    "is_constant": True,
    "case_sensitive": True,
    "whole_words": False,
    "use_regex": True,
    "scan_depth": 6,
    "probability": 12.5,
    "use_probability": False,
    "position": "outlet",
    "depth": 2,
    "role": "assistant",
    "outlet": "harbor",
    "order": -7,
    "priority": 3,
    "ignore_budget": True,
    "exclude_recursion": True,
    "prevent_recursion": True,
    "delay_until_recursion": 3,
    "group": "a,b",
    "group_weight": 5,
    "group_override": True,
    "use_group_scoring": False,
    "sticky": 1,
    "cooldown": 2,
    "delay": 3,
    "character_filter": {"names": ["Ada"], "tags": ["sea"], "is_exclude": True},
    "triggers": ["normal", "quiet"],
    "automation_id": "auto",
    "is_vectorized": True,
    "extensions": {"match_scenario": True, "mood": {"calm": 1}},
}
"""Every field of an entry's sheet, none as it is by itself."""


def entry(**fields: Any) -> EntrySheet:
    """An entry's sheet."""
    return EntrySheet.model_validate(fields, strict=False)


def book(*entries: EntrySheet, **fields: Any) -> Book:
    """A lorebook of these entries."""
    sheet = BookSheet.model_validate({"name": "Harbor", **fields}, strict=False)
    return Book(sheet=sheet, entries=entries)


def whole(parsed: ParsedBook) -> Book:
    """What was read, as a version keeps it."""
    return Book(sheet=parsed.sheet, entries=parsed.entries)


def read(value: dict[str, Any], *, name: str = "harbor") -> Book:
    """The lorebook in ``value``, which is left as it is."""
    return whole(read_book(copy.deepcopy(value), name=name))


def without_origin(found: Book) -> list[dict[str, Any]]:
    """The entries' values, without how their file spelled them."""
    return [e.model_dump(mode="json", exclude={"origin"}) for e in found.entries]
