"""The numbers of entries: every one has its own, so that none replaces another.

SillyTavern keeps entries by their number, and of two with one number only the last.
"""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from personas.domain.lore.fields import IDS
from personas.domain.lore.reporting import Report
from personas.domain.lore.spelling import Flat, Form, is_spelled
from personas.domain.remarks import Action


def is_id(value: JsonValue) -> bool:
    """Whether a file may name an entry so: a whole number, or in V3 a text."""
    return type(value) is int or (isinstance(value, str) and value != "")


class Numbers:
    """Hands out numbers that no entry has."""

    def __init__(self, known: Iterable[JsonValue]) -> None:
        numbers = [value for value in known if type(value) is int]
        self._next = max(numbers, default=-1) + 1
        self._seen: set[str] = set()

    def own(self, value: JsonValue) -> JsonValue:
        """``value``, or a number of its own if it is none or another entry has it."""
        if not is_id(value) or str(value) in self._seen:
            value = self._next
            self._next += 1
        self._seen.add(str(value))
        return value


def identified(
    flats: Mapping[str, Flat], *, form: Form, report: Report
) -> dict[str, Flat]:
    """The entries, each with a number of its own where its kind of file needs one."""
    path = IDS[form]
    numbers = Numbers(flat.get(path) for flat in flats.values())
    result: dict[str, Flat] = {}
    for place, flat in flats.items():
        result[place] = flat
        if form is Form.CARD and path not in flat:
            continue
        own = numbers.own(flat.get(path))
        if not is_spelled(own, flat.get(path)):
            said = "It had no number, or another entry's; it got one of its own."
            report.add_entry(path, Action.REPAIRED, said, place=place)
            result[place] = {**flat, path: own}
    return result
