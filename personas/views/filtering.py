"""What lists of characters and frameworks can be cut down by.

The parameters of an address are the same in the admin's lists and in the table,
so that a kept filter fits both.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex

from personas.models import Character, Framework, SavedFilter
from personas.models.characters import CharacterQuerySet
from personas.models.frameworks import unpublished
from personas.services import searching

YES: Final = "yes"
NO: Final = "no"
ALL: Final = "all"
QUERY_LENGTH: Final = 2_000
_VALUE_LENGTH: Final = 500

Rows = QuerySet[Any]


def by_archived(rows: Rows, value: str | None, /) -> Rows:
    """What is in use unless ``value`` says otherwise."""
    if value == ALL:
        return rows
    return rows.filter(archived_at__isnull=value != YES)


def by_changes(rows: Rows, value: str | None, /) -> Rows:
    """Those whose draft differs from what is live, or does not."""
    if value not in {YES, NO}:
        return rows
    changed = _changed(rows.model)
    found: Rows = rows.filter(changed) if value == YES else rows.exclude(changed)
    return found


def _changed(model: Any) -> Q:
    if model is Framework:
        return unpublished()
    rows = Character.objects.with_unpublished_changes()
    return Q(pk__in=rows.values("pk"))


def by_tag(rows: Rows, value: str | None, /) -> Rows:
    """Those with exactly this tag."""
    if not value:
        return rows
    if "\0" in value:
        return rows.none()
    # The column is JSON text; a whole tag stands in it between quotes. Not LIKE,
    # for which SQLite takes A and a for the same.
    text = Value(json.dumps(value, ensure_ascii=False))
    place = StrIndex(Cast("tags", TextField()), text)
    found: Rows = rows.alias(tag_place=place).filter(tag_place__gt=0)
    return found


def by_framework(rows: Rows, value: str | None, /) -> Rows:
    """Those whose draft has this framework, by id."""
    if not value:
        return rows
    if "\0" in value:
        return rows.none()
    return rows.filter(framework__framework_id=value)


def by_switch(rows: Rows, value: str | None, /) -> Rows:
    """Those that are switched on, or off."""
    if value not in {YES, NO}:
        return rows
    return rows.filter(is_active=value == YES)


OF_CHARACTERS: Final[Mapping[str, Callable[[Rows, str | None], Rows]]] = {
    "framework": by_framework,
    "changes": by_changes,
    "switched": by_switch,
    "archived": by_archived,
    "tag": by_tag,
}
"""Parameter → what it does to the rows."""

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    SavedFilter.List.CHARACTERS: frozenset({*OF_CHARACTERS, SEARCH_VAR, ORDER_VAR}),
    SavedFilter.List.FRAMEWORKS: frozenset(
        {"changes", "archived", SEARCH_VAR, ORDER_VAR}
    ),
}
"""List → the parameters that can be kept of its address."""


def chosen(parameters: Mapping[str, str], /) -> CharacterQuerySet:
    """The characters that the parameters of an address ask for, best first."""
    rows: Any = Character.objects.all()
    for name, cut in OF_CHARACTERS.items():
        rows = cut(rows, parameters.get(name))
    words = parameters.get(SEARCH_VAR, "")
    if words.strip():
        return searching.best_first(searching.found(rows, query=words))
    found: CharacterQuerySet = rows.order_by("display_name", "pk")
    return found


def kept_part(query: str, /, *, of: str) -> str:
    """What of an address's parameters the list ``of`` knows, in one fixed order.

    Anything else is dropped, so that nothing but a search of that list comes out.
    """
    try:
        pairs = parse_qsl(query.lstrip("?"), max_num_fields=50)
    except ValueError:
        return ""
    known = {
        name: value.replace("\0", "")[:_VALUE_LENGTH]
        for name, value in pairs
        if name in KNOWN[of] and value.strip("\0")
    }
    return urlencode(sorted(known.items()))
