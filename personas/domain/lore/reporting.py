"""The remarks on a lorebook: one line for a field of its entries, not one for each."""

from personas.domain.dialects.parsed import dotted
from personas.domain.lore.spelling import Path
from personas.domain.remarks import Action, Remark

_SHOWN = 3


class Report:
    """Collects what became of the fields of a book that stands at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._remarks: list[Remark] = []
        self._entries: dict[tuple[Path, Action], dict[str, list[str]]] = {}

    def add(self, path: Path, action: Action, detail: str = "") -> None:
        """What became of a field of the book."""
        self._remarks.append(Remark(dotted((*self.path, *path)), action, detail))

    def add_around(self, key: str, action: Action, detail: str = "") -> None:
        """What became of a field of the object that the book stands in."""
        self._remarks.append(Remark(dotted((*self.path[:-1], key)), action, detail))

    def add_entry(self, path: Path, action: Action, detail: str, *, place: str) -> None:
        """What became of a field of the entry at ``place``, or of all of the entry."""
        details = self._entries.setdefault((path, action), {})
        details.setdefault(detail, []).append(place)

    def remarks(self) -> tuple[Remark, ...]:
        """All of it, the book's own fields first."""
        return (
            *self._remarks,
            *(
                Remark(
                    dotted((*self.path, "entries", "*", *path)),
                    action,
                    _described(details, action=action),
                )
                for (path, action), details in self._entries.items()
            ),
        )


def _described(details: dict[str, list[str]], *, action: Action) -> str:
    """How many entries, which if it is few, and what was done to the most of them."""
    places = [place for listed in details.values() for place in listed]
    entries = f"{len(places):,} {'entry' if len(places) == 1 else 'entries'}"
    if action is not Action.MAPPED:
        shown = ", ".join(place[:40] for place in places[:_SHOWN])
        entries += f" ({shown}{' …' if len(places) > _SHOWN else ''})"
    said = [detail for detail in list(details)[:_SHOWN] if detail]
    return f"{entries}: {' '.join(said)}" if said else entries
