"""Two people edited one draft: what differs, and whose text counts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from personas.domain.canonical import canonical_json
from personas.domain.sheets import Sheet
from personas.views.comparing import Run, text_runs
from personas.views.shown import field_title, picture_url, value_text

MINE: Final = "mine"
THEIRS: Final = "theirs"
TAKE: Final = "take-"
"""Before a field's name: the form's control that says whose text counts."""

Whose = Literal["mine", "theirs"]
_MARK: Final = 16  # hex digits of a hash; enough to tell texts apart


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sheets hold differently; ``reason`` says who changed it."""

    name: str
    title: str
    mine: str
    theirs: str
    runs: tuple[Run, ...]
    choice: Whose
    reason: str
    is_picture: bool = False

    @property
    def control(self) -> str:
        return TAKE + self.name

    @property
    def takes_theirs(self) -> bool:
        return self.choice == THEIRS


def marks(sheet: Sheet, /) -> str:
    """A mark for the value of each field, so that later changes can be told.

    A form carries them. They steer only what is chosen beforehand in a conflict;
    who alters them fools nobody but themselves.
    """
    values = sheet.model_dump(mode="json")
    return json.dumps({name: _mark(value) for name, value in values.items()})


def _mark(value: Any) -> str:
    return sha256(canonical_json(value).encode()).hexdigest()[:_MARK]


def read_marks(text: str, /) -> dict[str, str]:
    """What ``marks`` wrote; nothing if it is not that."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: mark for name, mark in found.items() if isinstance(mark, str)}


def choices(data: Mapping[str, Any], /) -> dict[str, Whose]:
    """Field → whose text counts, as chosen in the form."""
    return {
        key.removeprefix(TAKE): THEIRS if data.get(key) == THEIRS else MINE
        for key in data
        if key.startswith(TAKE)
    }


def conflicts(
    mine: Mapping[str, Any],
    *,
    theirs: Sheet,
    started_from: Mapping[str, str],
    chosen: Mapping[str, Whose],
    names: Sequence[str],
) -> list[Conflict]:
    """Fields among ``names`` whose values differ, in that order.

    ``mine`` maps fields to values as typed, those that cannot be read left out;
    ``started_from`` are the marks of what the person began with. What only one
    of the two changed is chosen beforehand.
    """
    other = theirs.model_dump(mode="json")
    found = []
    for name in names:
        if name not in mine or mine[name] == other[name]:
            continue
        start = started_from.get(name)
        reason, choice = _judge(_mark(mine[name]), _mark(other[name]), start=start)
        old, new = value_text(other[name]), value_text(mine[name])
        is_picture = name == "avatar"
        found.append(
            Conflict(
                name=name,
                title=field_title(name, model=type(theirs)),
                mine=picture_url(mine[name]) if is_picture else new,
                theirs=picture_url(other[name]) if is_picture else old,
                runs=() if is_picture else text_runs(old, after=new),
                choice=chosen.get(name, choice),
                reason=reason,
                is_picture=is_picture,
            )
        )
    return found


def _judge(mine: str, theirs: str, *, start: str | None) -> tuple[str, Whose]:
    if start is not None and mine == start:
        return "Only they changed this.", THEIRS
    if start is not None and theirs == start:
        return "Only you changed this.", MINE
    return "Both of you changed this.", MINE
