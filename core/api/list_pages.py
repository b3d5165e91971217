"""Pages of a list that is in memory, by the same cursors as lists of rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.core import signing

from core.api.pagination import Page
from core.api.parameters import PageQuery
from core.problems import FieldError, Problem

Item = TypeVar("Item")
_DETAIL: Final = "Use the cursor exactly as “next” gave it, with the same address."


def paginate_list(
    items: Sequence[Item],
    *,
    key: Callable[[Item], str],
    name: str,
    query: PageQuery,
    filters: Mapping[str, Any] | None = None,
) -> Page[Item]:
    """One page of ``items``, which are in the order of ``key``, unique among them.

    ``name`` and ``filters`` bind a cursor to its list.

    Raises:
        Problem: 400 bad_cursor.
    """
    bound = [name, *(f"{k}={v}" for k, v in sorted((filters or {}).items()))]
    signer = signing.Signer(sep=".", salt="\n".join(["core.list_pages", *bound]))
    if query.cursor is not None:
        try:
            last = signer.unsign_object(query.cursor)
        except signing.BadSignature as error:
            raise Problem(
                "bad_cursor",
                detail=_DETAIL,
                errors=[FieldError("/cursor", "bad_cursor", _DETAIL)],
            ) from error
        items = [item for item in items if key(item) > last]
    page = items[: query.limit]
    more = len(items) > len(page)
    return Page(page, signer.sign_object(key(page[-1])) if more else None)
