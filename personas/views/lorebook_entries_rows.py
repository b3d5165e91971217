"""The entries of a lorebook as rows of its table: found, ordered, and in windows.

Only what a row shows is read: no entry's text.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.db.models import (
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
)
from django.db.models.functions import Cast, Substr
from django.http import QueryDict

from core.views.requests import SEARCH_LENGTH
from personas.domain.lore.keys import unsupported_pattern
from personas.domain.lore.sheets import DEFAULT_DEPTH, Position
from personas.forms.lorebooks import POSITIONS
from personas.models import Lorebook, LoreEntry, LoreFiring

WINDOW: Final = 100
"""Rows of one window."""
_SHOWN_KEYS: Final = 4
_SHOWN_LENGTH: Final = 60
_MOST_WORDS: Final = 8
_KNOWN_BOOKS: Final = 16

SHOWS: Final[Mapping[str, str]] = {
    "": "All entries",
    "on": "On",
    "off": "Off",
    "always": "Always in",
    "never": "Never fired",
    "patterns": "With a pattern that cannot be used",
}
SORTS: Final[Mapping[str, tuple[str, Any]]] = {
    "order": ("Order, largest first", F("order").desc()),
    "-order": ("Order, smallest first", F("order").asc()),
    "tokens": ("Tokens, most first", F("tokens").desc()),
    "-tokens": ("Tokens, fewest first", F("tokens").asc()),
    "fired": ("Last fired first", F("fired_at").desc(nulls_last=True)),
    "-fired": ("Longest not fired first", F("fired_at").asc(nulls_first=True)),
}
"""Parameter → its words, and by what; none is the order of the list."""
LIST_ORDER: Final = "As listed"
_PLACES: Final[Mapping[str, str]] = {
    **POSITIONS,
    Position.AT_DEPTH: "At depth",
    Position.OUTLET: "Outlet",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What an address asks for: words, a filter, an order. All may be empty."""

    words: str = ""
    show: str = ""
    sort: str = ""

    @classmethod
    def of(cls, data: QueryDict, /) -> Self:
        """What is unknown counts as not asked for."""
        show, sort = data.get("show", ""), data.get("sort", "")
        return cls(
            words=data.get("q", "").replace("\0", "").strip()[:SEARCH_LENGTH],
            show=show if show in SHOWS else "",
            sort=sort if sort in SORTS else "",
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.words or self.show)

    @property
    def parameters(self) -> dict[str, str]:
        """Those that are not empty, by their names in addresses."""
        given = {"q": self.words, "show": self.show, "sort": self.sort}
        return {name: value for name, value in given.items() if value}

    @property
    def text(self) -> str:
        return urlencode(self.parameters)


# -- Finding ---------------------------------------------------------------------------


def matching(book: Lorebook, query: Query) -> QuerySet[LoreEntry]:
    """Entries that the query asks for, in its order, each with ``fired_at``."""
    fired = LoreFiring.objects.filter(entry_id=OuterRef("entry_id"))
    rows = book.entries.annotate(fired_at=Subquery(fired.values("fired_at")[:1]))
    match query.show:
        case "on" | "off":
            rows = rows.filter(is_enabled=query.show == "on")
        case "always":
            rows = rows.filter(is_constant=True)
        case "never":
            rows = rows.filter(fired_at=None)
        case "patterns":
            rows = rows.filter(pk__in=_with_unusable_pattern(book.pk, book.revision))
    rows = rows.alias(keys_text=Cast("keys", TextField()))
    for word in query.words.split()[:_MOST_WORDS]:
        rows = rows.filter(_has(word))
    first = [SORTS[query.sort][1]] if query.sort else []
    return rows.order_by(*first, "place", "pk")


def _has(word: str) -> Q:
    """In title, keys or text.

    SQLite knows capitals of plain letters only, so their spellings are tried.
    """
    found = Q()
    for spelling in dict.fromkeys((word, word.lower(), word.upper(), word.title())):
        # Keys are JSON: backslashes and quotes stand in them with another before.
        key = json.dumps(spelling, ensure_ascii=False)[1:-1]
        found |= Q(title__icontains=spelling) | Q(content__icontains=spelling)
        found |= Q(keys_text__icontains=key)
    return found


@lru_cache(maxsize=_KNOWN_BOOKS)
def _with_unusable_pattern(book_pk: int, revision: int) -> tuple[int, ...]:
    """Entries with a key that can never match; a revision stands for its entries."""
    del revision
    rows = LoreEntry.objects.filter(lorebook_id=book_pk).values_list(
        "pk", "keys", "settings"
    )
    return tuple(
        pk
        for pk, keys, settings in rows.iterator()
        if any(_problem(key, settings) for key in _all_keys(keys, settings))
    )


def _all_keys(keys: Iterable[str], settings: Mapping[str, Any]) -> list[str]:
    return [*keys, *settings.get("secondary_keys", ())]


def _problem(key: str, settings: Mapping[str, Any]) -> str:
    return unsupported_pattern(key, use_regex=settings.get("use_regex"))


# -- Rows ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyChip:
    """A key, cut to fit; ``problem`` says why it can never match."""

    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in the table; ``number`` counts from 1 in the whole list shown."""

    entry: LoreEntry
    number: int
    keys: list[KeyChip]
    more_keys: int
    place: str
    has_decorators: bool
    fired_at: datetime | None

    @property
    def entry_id(self) -> str:
        return self.entry.entry_id.hex

    @property
    def mark(self) -> str:
        """The entry as somebody saw it: its id and its revision."""
        return f"{self.entry_id}:{self.entry.revision}"

    @property
    def name(self) -> str:
        return str(self.entry)[:200]


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a whole book; tokens are of texts."""

    entries: int
    on: int
    tokens: int
    constant_tokens: int


def totals(book: Lorebook) -> Totals:
    is_in = Q(is_enabled=True, is_constant=True)
    found = book.entries.aggregate(
        count=Count("pk"),
        on=Count("pk", filter=Q(is_enabled=True)),
        of_all=Sum("tokens"),
        of_constant=Sum("tokens", filter=is_in),
    )
    return Totals(
        entries=found["count"],
        on=found["on"],
        tokens=found["of_all"] or 0,
        constant_tokens=found["of_constant"] or 0,
    )


def window(rows: QuerySet[LoreEntry], *, at: int, count: int = WINDOW) -> list[Row]:
    """``count`` rows from ``at`` on, which counts from 0."""
    shown = rows.defer("content").annotate(head=Substr("content", 1, 2))
    return [
        _row(entry, number=at + n + 1) for n, entry in enumerate(shown[at : at + count])
    ]


def _row(entry: Any, *, number: int) -> Row:
    settings = entry.settings
    keys = [
        KeyChip(_cut(key), _problem(key, settings)) for key in entry.keys[:_SHOWN_KEYS]
    ]
    position = settings.get("position", Position.BEFORE_CHARACTER)
    return Row(
        entry=entry,
        number=number,
        keys=keys,
        more_keys=len(entry.keys) - len(keys),
        place=_place(position, settings),
        has_decorators=entry.head == "@@",
        fired_at=entry.fired_at,
    )


def _cut(key: str) -> str:
    return key if len(key) <= _SHOWN_LENGTH else f"{key[: _SHOWN_LENGTH - 1]}…"


def _place(position: str, settings: Mapping[str, Any]) -> str:
    words = _PLACES.get(position, position)
    if position == Position.AT_DEPTH:
        return f"{words} {settings.get('depth', DEFAULT_DEPTH)}"
    return words


def ordered_ids(rows: QuerySet[LoreEntry]) -> list[uuid.UUID]:
    return list(rows.values_list("entry_id", flat=True))
