"""Lists of objects in a file, each of which becomes a row of a sheet."""

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit, How, Unfit
from personas.domain.dialects.drafting import Draft, Record
from personas.domain.remarks import Action

Row = dict[str, Any]


def rows(read: Callable[[Record, Draft], bool], *, bare: str = "") -> How:
    """A list of objects, each read by ``read`` into a row of a sheet.

    ``read`` says whether the row can be used. An item that cannot, or that has more
    than a row can hold, is left as it came. A lone text counts as the field ``bare``.
    """

    def how(value: JsonValue) -> Fit[list[Row]]:
        if value is None:
            return Fit([], noise=True)
        if not isinstance(value, list):
            raise Unfit("Expected a list.")
        taken, left, repairs = [], list[JsonValue](), []
        for item in value:
            fields = {bare: item} if bare and isinstance(item, str) else item
            if not isinstance(fields, dict):
                left.append(item)
                continue
            draft = Draft()
            record = Record(fields, draft=draft)
            usable = read(record, draft)
            if record.rest() or not usable:
                left.append(item)
            if usable:
                taken.append(draft.values)
                repairs += [
                    r.detail for r in draft.remarks if r.action is Action.REPAIRED
                ]
        if left and not taken:
            raise Unfit("Nothing in it could be read.")
        return Fit(taken, coercing.repairs_of(repairs), left or None)

    return how
