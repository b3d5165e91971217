"""Of the entries of one group, one enters.

An entry may be in several groups, ``a,b``; it must win in each of them. Where one
of a group has entered before, no other does: the documents say so of every group;
SillyTavern's code compares the whole text ``a,b``, and so lets another of ``b`` in.
Who lost a draw is out for good, so that a group of which the winner then falls by
chance yields nothing. Scoring by the number of keys seen is not obeyed.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from personas.domain.lore.tracing import GroupDraw

MOST_GROUPS: Final = 32
"""Of one entry."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry that stands for its groups; ``number`` is its place in the index."""

    number: int
    entry_id: str
    book_id: str
    groups: tuple[str, ...]
    weight: int
    goes_first: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The draw that settled an entry: the one it lost, or the last that it won."""

    draw: GroupDraw
    has_won: bool


def groups_of(written: str) -> tuple[str, ...]:
    """The first ``MOST_GROUPS`` names of groups in an entry's field, each once."""
    names = (name.strip() for name in written.split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_GROUPS]


def settle(
    standing: Sequence[Member],
    *,
    taken: Mapping[str, Member],
    number_for: Callable[[str], float],
) -> dict[int, Outcome]:
    """What became of each entry, by its number.

    ``standing`` are in the order in which they would enter; ``taken`` maps a group
    to who entered for it before; ``number_for`` draws a number, at least 0 and
    below 1, for a group.
    """
    outcomes = {
        one.number: Outcome(_settled(group, winner=taken[group]), has_won=False)
        for one in standing
        for group in one.groups
        if group in taken
    }
    for group, named in _by_group(standing).items():
        members = [
            one
            for one in named
            if one.number not in outcomes or outcomes[one.number].has_won
        ]
        if members:
            draw, winner = _draw(group, members=members, number_for=number_for)
            for one in members:
                outcomes[one.number] = Outcome(draw, has_won=one is winner)
    return outcomes


def _by_group(standing: Iterable[Member]) -> dict[str, list[Member]]:
    """Each group that is named, in the order of who names it first."""
    found: dict[str, list[Member]] = {}
    for one in standing:
        for group in one.groups:
            found.setdefault(group, []).append(one)
    return found


def _settled(group: str, *, winner: Member, members: int = 1) -> GroupDraw:
    """Without a draw."""
    return GroupDraw(group, winner.entry_id, winner.book_id, members, 0, None)


def _draw(
    group: str, *, members: Sequence[Member], number_for: Callable[[str], float]
) -> tuple[GroupDraw, Member]:
    """Who goes first before all, then by weight; without weights the first."""
    first = next((one for one in members if one.goes_first), None)
    total = sum(one.weight for one in members)
    if first is not None or len(members) == 1 or not total:
        winner = first or members[0]
        return _settled(group, winner=winner, members=len(members)), winner
    number = number_for(group) * total
    reached = list(accumulate(one.weight for one in members))
    # Rounding may take the number to the total itself.
    winner = members[bisect_right(reached, min(number, total - 1))]
    count = len(members)
    draw = GroupDraw(group, winner.entry_id, winner.book_id, count, total, number)
    return draw, winner
