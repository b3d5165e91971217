"""Decorators: lines ``@@name value`` at the head of an entry's text.

Source: Card V3; ``reference/cards.md`` section 2.1. SillyTavern takes all of them
off the text, obeys two, and takes ``@@activate_only_after`` for ``@@activate``;
here each is known by its whole name.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from personas.domain.lore.sheets import ChatRole, Position

MOST_LINES: Final = 64
"""Lines that are read; further ones are taken off the text and named."""
MOST_KEYS: Final = 1_000

_LARGEST: Final = 1_000_000  # As the sheets' counts.
_LINE: Final = re.compile(r"@@(@?)([A-Za-z_]+)(?:\s+(.*))?", re.DOTALL)
_POSITIONS: Final = {
    "before_desc": Position.BEFORE_CHARACTER,
    "after_desc": Position.AFTER_CHARACTER,
    # Prompts here have one place for the character, whatever it is made of.
    "personality": Position.AFTER_CHARACTER,
    "scenario": Position.AFTER_CHARACTER,
}


@dataclass(frozen=True, slots=True)
class Decorations:
    """What the decorators of a text ask for.

    ``None`` and empty where nothing was asked; ``unobeyed`` names, with ``@@``,
    those that were not obeyed: unknown here, or with a value that is none.
    """

    is_activated: bool = False
    is_deactivated: bool = False
    depth: int | None = None
    scan_depth: int | None = None
    role: ChatRole | None = None
    position: Position | None = None
    additional_keys: tuple[str, ...] = ()
    exclude_keys: tuple[str, ...] = ()
    unobeyed: tuple[str, ...] = ()

    @property
    def place(self) -> Position | None:
        """Where the text goes, if the decorators say; a position beats a depth."""
        if self.position is None and self.depth is not None:
            return Position.AT_DEPTH
        return self.position


NO_DECORATIONS: Final = Decorations()


@dataclass(slots=True)
class _Asked:
    """What was obeyed so far: the first of a name counts, but for further keys."""

    values: dict[str, Any] = field(default_factory=dict)
    unobeyed: dict[str, None] = field(default_factory=dict)

    def obey(self, name: str, value: str) -> bool:
        """Whether this is a decorator that means something here."""
        read = _READERS.get(name)
        found = None if read is None else read(value)
        if found is None:
            return False
        if name == "additional_keys":
            found = (*self.values.get(name, ()), *found)[:MOST_KEYS]
            self.values[name] = found
        else:
            self.values.setdefault(name, found)
        return True


def decorated(content: str) -> tuple[Decorations, str]:
    """What the decorators ask for, and the text without them.

    Where one is not obeyed, the ``@@@`` lines below it are tried in order until
    one is. ``activate`` wins over ``dont_activate``.
    """
    if not content.lstrip().startswith("@@"):
        return NO_DECORATIONS, content
    lines, text = _split(content)
    asked = _Asked()
    is_obeyed = True
    for line in lines[:MOST_LINES]:
        match = _LINE.fullmatch(line)
        mark, name, value = match.groups() if match else ("", line[2:], "")
        if mark and is_obeyed:
            continue
        is_obeyed = asked.obey(name.lower(), (value or "").strip())
        if not is_obeyed and not mark:
            asked.unobeyed["@@" + name[:100]] = None
    if len(lines) > MOST_LINES:
        asked.unobeyed[f"decorators after the first {MOST_LINES}"] = None
    return _decorations(asked), text


def without_decorators(content: str) -> str:
    """The text without the decorator lines at its head."""
    return _split(content)[1] if content.lstrip().startswith("@@") else content


def _decorations(asked: _Asked) -> Decorations:
    values = asked.values
    is_activated = "activate" in values
    return Decorations(
        is_activated=is_activated,
        is_deactivated="dont_activate" in values and not is_activated,
        depth=values.get("depth"),
        scan_depth=values.get("scan_depth"),
        role=values.get("role"),
        position=values.get("position"),
        additional_keys=values.get("additional_keys", ()),
        exclude_keys=values.get("exclude_keys", ()),
        unobeyed=tuple(asked.unobeyed),
    )


def _split(content: str) -> tuple[list[str], str]:
    """Decorator lines, trimmed, and the text after them and its blank lines."""
    lines: list[str] = []
    at = 0
    for start, end in _lines(content):
        line = content[start:end].strip()
        if line.startswith("@@"):
            lines.append(line)
        elif line:
            return lines, content[at:].lstrip("\r\n")
        else:
            continue
        at = end
    return lines, ""


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends, the break not counted."""
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _flag(_: str) -> bool:
    return True


def _count(value: str) -> int | None:
    # ``int`` takes the digits of all scripts and signs as well.
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST))):
        return None
    return int(value) if int(value) <= _LARGEST else None


def _role(value: str) -> ChatRole | None:
    return next((one for one in ChatRole if one == value.lower()), None)


def _position(value: str) -> Position | None:
    return _POSITIONS.get(value.lower())


def _keys(value: str) -> tuple[str, ...] | None:
    found = tuple(key.strip() for key in value.split(",") if key.strip())
    return found[:MOST_KEYS] or None


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "activate": _flag,
    "dont_activate": _flag,
    "depth": _count,
    "scan_depth": _count,
    "role": _role,
    "position": _position,
    "additional_keys": _keys,
    "exclude_keys": _keys,
}
