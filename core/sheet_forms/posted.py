"""The names of a submitted form as a tree, whatever was sent.

A control's name is its path in the sheet, joined with dots, behind the form
field's name: ``identity.details.0.key``. Marks that are not part of the sheet
start with an underscore, which no pydantic field can: ``_order``, ``_spare``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from core import limits

# Every level of a tree takes two parts ("3.rows"); the rest is room for models.
MAX_PARTS: Final = 2 * limits.JSON_DEPTH + 32
# A row of a tree takes five parts (its number, key, kind, value, rows) for three
# names; on average no page needs as many as this.
PARTS_PER_NAME: Final = 3
MAX_INDEX_DIGITS: Final = 9


class Overfull(Exception):
    """The names have more parts than any page would give so many controls."""


@dataclass(slots=True)
class Posted:
    """What was sent under one name: its own texts and those of longer names."""

    texts: list[str] = field(default_factory=list)
    children: dict[str, "Posted"] = field(default_factory=dict)

    @classmethod
    def under(cls, data: Mapping[str, Any], *, name: str) -> Self:
        """Collect what ``data`` holds under ``name``; unusable names are left out.

        ``data`` is a ``QueryDict`` or a plain mapping of names to texts.

        Raises:
            Overfull: the tree would grow faster than the number of names.
        """
        root = cls()
        below = name + "."
        keys = [
            key
            for key in data
            if isinstance(key, str) and (key == name or key.startswith(below))
        ]
        left = MAX_PARTS + PARTS_PER_NAME * len(keys)
        for key in keys:
            parts = key[len(name) :].split(".", MAX_PARTS + 1)[1:]
            if len(parts) <= MAX_PARTS and all(parts):
                at, made = root._reach(parts)
                at.texts.extend(_texts(data, key))
                left -= made
            if left < 0:
                raise Overfull
        return root

    def _reach(self, parts: list[str]) -> "tuple[Posted, int]":
        """The end of a path, and how many parts of it are new."""
        at: Posted = self
        made = 0
        for part in parts:
            child = at.children.get(part)
            if child is None:
                child = at.children[part] = Posted()
                made += 1
            at = child
        return at, made

    @property
    def is_empty(self) -> bool:
        return not self.texts and not self.children

    @property
    def last(self) -> str | None:
        """The last text under exactly this name; a later control wins, as usual."""
        return self.texts[-1] if self.texts else None

    def text(self, key: str, /) -> str | None:
        """The last text of a child, or ``None`` where there is none."""
        child = self.children.get(key)
        return child.last if child else None

    def rows(self) -> Iterator["Posted"]:
        """Children named by numbers that were not removed, in the wished order.

        Numbers only name rows; a large one costs nothing.
        """
        rows = [
            (int(key), child)
            for key, child in self.children.items()
            if _is_index(key) and child.text("_remove") is None
        ]
        rows.sort(key=lambda row: row[0])
        places = [_place(at, child) for at, (_, child) in enumerate(rows, start=1)]
        order = sorted(range(len(rows)), key=lambda at: places[at])
        return (rows[at][1] for at in order)


def last_text(data: Mapping[str, Any], /, *, name: str) -> str | None:
    """The last text under exactly ``name``, or ``None`` where there is none."""
    texts = _texts(data, name) if name in data else []
    return texts[-1] if texts else None


def _texts(data: Mapping[str, Any], key: str) -> list[str]:
    getlist = getattr(data, "getlist", None)
    found = getlist(key) if getlist else [data[key]]
    return [
        item if isinstance(item, str) else str(item)
        for item in found
        if isinstance(item, str | int | float)
    ]


def _is_index(key: str) -> bool:
    return (
        key.isascii()
        and key.isdecimal()
        and len(key) <= MAX_INDEX_DIGITS
        and (key == "0" or key[0] != "0")
    )


def _place(at: int, row: Posted) -> tuple[int, int]:
    """Where row ``at`` (from 1) wants to be.

    Whoever writes "1" into the third row's box means above the first row, and
    "3" into the first row's means below the third.
    """
    wished = row.text("_order") or ""
    if not _is_index(wished):
        return (at, 0)
    place = int(wished)
    return (place, (place > at) - (place < at))
