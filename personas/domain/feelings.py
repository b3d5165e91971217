"""How a character feels about another one, in words for a prompt.

Source: design, section 5: the band and the traits, in words a manager can edit,
enter a prompt composed toward that character.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NAMED: Final = re.compile(r"\{\{(char|other)\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feelings:
    """What one character feels for another.

    ``band`` is an id; ``words`` are sentences, the most important first, in which
    ``{{char}}`` may stand for who feels and ``{{other}}`` for whom it feels it.
    """

    band: str
    words: tuple[str, ...]


def named(feelings: Feelings, *, char: str, other: str) -> Feelings:
    """The same with names in place of ``{{char}}`` and ``{{other}}``.

    Names are not looked through again; blank sentences are left out.
    """
    names: Mapping[str, str] = {"char": char, "other": other}
    words = (
        _NAMED.sub(lambda found: names[found[1].lower()], text).strip()
        for text in feelings.words
    )
    return Feelings(feelings.band, tuple(text for text in words if text))


def section(feelings: Feelings, *, char: str, other: str) -> str:
    """What stands at the end of a system prompt; empty without words.

    ``feelings`` have their names in place.
    """
    if not feelings.words:
        return ""
    return "\n".join(
        [f"## How {char} feels about {other}", "", *feelings.words],
    )
