"""Which field of the authored sheet a piece of a grown sheet comes from.

A stage adds, takes away and replaces items of lists, so that the places of a grown
sheet are not those of the form that holds the authored one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from personas.domain.pieces import Piece, Pieces
from personas.domain.sections import GROWTH
from personas.domain.sheets import CharacterSheet, QuirkGroup

Places = Mapping[int, int]
"""Where an item of the grown list stood in the authored one; new items are absent."""


def traced(
    pieces: Pieces, *, authored: CharacterSheet, after: CharacterSheet
) -> Pieces:
    """``pieces`` of the grown sheet ``after`` with the paths of ``authored``.

    What is not in the authored sheet gets the path ``GROWTH``.
    """
    if authored is after:
        return pieces
    lists = _lists(authored, after=after)
    return tuple(
        Piece(piece.text, _path(piece.source, lists=lists)) for piece in pieces
    )


def _lists(
    authored: CharacterSheet, *, after: CharacterSheet
) -> dict[str, Callable[[list[str]], str]]:
    """Path of a list that growth may change → what becomes of the rest of a path."""
    plain: dict[str, tuple[Sequence[Any], Sequence[Any]]] = {
        "voice_and_tone": (authored.voice_and_tone, after.voice_and_tone),
        "opinions": (authored.opinions, after.opinions),
        "topic_interests": (authored.topic_interests, after.topic_interests),
        "topic_avoidances": (authored.topic_avoidances, after.topic_avoidances),
        "knowledge_domain.expertise": (
            authored.knowledge_domain.expertise,
            after.knowledge_domain.expertise,
        ),
    }
    found: dict[str, Callable[[list[str]], str]] = {
        path: partial(_in_list, path, _places(old, new=new))
        for path, (old, new) in plain.items()
    }
    groups = _groups(authored.quirks, new=after.quirks)
    items = {
        at: _places(authored.quirks[old].items, new=after.quirks[at].items)
        for at, old in groups.items()
    }
    found["quirks"] = partial(_in_groups, groups, items)
    return found


def _path(source: str, *, lists: Mapping[str, Callable[[list[str]], str]]) -> str:
    for path, of in lists.items():
        if source.startswith(f"{path}."):
            return of(source.removeprefix(f"{path}.").split("."))
    return source


def _in_list(path: str, places: Places, rest: list[str]) -> str:
    """The path of item ``rest[0]``, with what follows in the item."""
    at = places.get(int(rest[0]))
    return GROWTH if at is None else ".".join([path, str(at), *rest[1:]])


def _in_groups(groups: Places, items: Mapping[int, Places], rest: list[str]) -> str:
    """The path of a group of quirks, or of one of its ``items``."""
    at = int(rest[0])
    if at not in groups:
        return GROWTH
    path = f"quirks.{groups[at]}"
    if len(rest) == 1:
        return path
    return _in_list(f"{path}.items", items[at], rest[2:])


def _places(old: Sequence[Any], *, new: Sequence[Any]) -> Places:
    """Items that are in both, each in the order in which it appears."""
    found: dict[int, int] = {}
    taken: set[int] = set()
    for at, item in enumerate(new):
        place = next(
            (p for p, known in enumerate(old) if p not in taken and known == item),
            None,
        )
        if place is not None:
            taken.add(place)
            found[at] = place
    return found


def _groups(old: Sequence[QuirkGroup], *, new: Sequence[QuirkGroup]) -> Places:
    """Groups that lost items or none: of the same kind, with no item that is new."""
    found: dict[int, int] = {}
    start = 0
    for at, group in enumerate(new):
        for place in range(start, len(old)):
            if _is_of(group, old=old[place]):
                found[at] = place
                start = place + 1
                break
    return found


def _is_of(group: QuirkGroup, *, old: QuirkGroup) -> bool:
    return group.kind == old.kind and set(group.items) <= set(old.items)
