"""Where the texts that entered go, and in what order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from personas.domain.lore.sheets import ChatRole, Position

_PLACES: Final = {position: at for at, position in enumerate(Position)}


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry that entered: its text, macros expanded, and where it goes.

    ``depth``, in messages before the end, and ``role`` count at depth only.
    ``order`` is the entry's; of those in one place, the larger stands later.
    """

    entry_id: str
    book_id: str
    title: str
    position: Position
    depth: int
    role: ChatRole
    order: int
    tokens: int
    text: str


def in_order(placed: Iterable[Placed]) -> tuple[Placed, ...]:
    """By place, then, at depth, the deeper first, then by order.

    The larger order stands later, nearer to the end of the prompt, as Card V2 and
    SillyTavern's documents say. Equal ones stay as they were given, by book and place;
    SillyTavern's code turns them round.
    """
    return tuple(sorted(placed, key=_rank))


def _rank(one: Placed) -> tuple[int, int, int]:
    is_deep = one.position is Position.AT_DEPTH
    return _PLACES[one.position], -one.depth if is_deep else 0, one.order
