"""Lists in pages that stay right while rows come and go.

A cursor names the last row of a page by its place in the order, so the next page
starts after it whatever was added before. It is signed and bound to its list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from core.api.parameters import PageQuery
from core.problems import FieldError, Problem

Row = TypeVar("Row")

_SEPARATOR: Final = "."
_TIME: Final = "t"
_DETAIL: Final = "Use the cursor exactly as “next” gave it, with the same address."


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """``next`` is the cursor of the page after this one, or ``None``."""

    results: Sequence[Row]
    next: str | None


def paginate(
    rows: "QuerySet[Any, Row]",
    *,
    order: tuple[str, ...],
    query: PageQuery,
    filters: Mapping[str, Any] | None = None,
) -> Page[Row]:
    """One page of ``rows``, in one query.

    ``order`` names columns, the first the most important, with a minus to turn
    one around; together they are unique and none is null. ``filters`` are what
    else the caller asked for; a cursor of another list or filter is refused.

    Raises:
        Problem: 400 bad_cursor.
    """
    signer = _signer(rows.model, order=order, filters=filters or {})
    rows = rows.order_by(*order)
    if query.cursor is not None:
        place = _place(signer, query.cursor)
        rows = rows.filter(_after(place, order=order))
    # One more than asked for tells whether there is a next page.
    found = list(rows[: query.limit + 1])
    if len(found) <= query.limit:
        return Page(found, None)
    found.pop()
    return Page(found, _cursor(signer, found[-1], order=order))


def _signer(
    model: type[Model], *, order: tuple[str, ...], filters: Mapping[str, Any]
) -> signing.Signer:
    bound = [model._meta.label_lower, *order]  # noqa: SLF001
    bound += [f"{name}={value}" for name, value in sorted(filters.items())]
    return signing.Signer(sep=_SEPARATOR, salt="\n".join(["core.pagination", *bound]))


def _cursor(signer: signing.Signer, row: Any, *, order: tuple[str, ...]) -> str:
    names = [name.lstrip("-").replace("__", ".") for name in order]
    values = [
        row[name] if isinstance(row, dict) else attrgetter(name)(row) for name in names
    ]
    return signer.sign_object([_packed(value) for value in values])


def _place(signer: signing.Signer, cursor: str) -> list[Any]:
    try:
        values = signer.unsign_object(cursor)
    except signing.BadSignature as error:
        raise Problem(
            "bad_cursor",
            detail=_DETAIL,
            errors=[FieldError("/cursor", "bad_cursor", _DETAIL)],
        ) from error
    return [_unpacked(value) for value in values]


def _packed(value: Any) -> Any:
    return {_TIME: value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: Any) -> Any:
    return datetime.fromisoformat(value[_TIME]) if isinstance(value, dict) else value


def _after(place: Sequence[Any], *, order: tuple[str, ...]) -> Q:
    """Rows later in the order: later in one column, equal in those before it."""
    later = Q()
    equal = Q()
    for name, value in zip(order, place, strict=True):
        column = name.lstrip("-")
        side = "lt" if name.startswith("-") else "gt"
        later |= equal & Q(**{f"{column}__{side}": value})
        equal &= Q(**{column: value})
    return later
