"""What calls answer of lore: the entries that entered, and the trace, as JSON values.

Source: ``api.md``, ``POST lore/activate`` and ``POST …/compose``.
"""

from collections.abc import Sequence
from typing import Any, Final

from personas.domain.lore.activating import Activation
from personas.domain.lore.indexing import LoreIndex
from personas.domain.lore.tracing import TraceRow

_TITLE_LENGTH: Final = 200
_MOST_NAMED: Final = 20
"""Keys and fields that one row names as not looked for or not obeyed."""


def served_entries(activation: Activation, /) -> list[dict[str, Any]]:
    """Each entry that entered, in the order in which they stand in the prompt."""
    return [
        {
            "entry_id": one.entry_id,
            "book": one.book_id,
            "title": one.title[:_TITLE_LENGTH],
            "position": str(one.position),
            "depth": one.depth,
            "role": str(one.role),
            "tokens": one.tokens,
        }
        for one in activation.entries
    ]


def served_trace(
    activation: Activation, *, index: LoreIndex, most: int
) -> tuple[list[dict[str, Any]], int]:
    """Rows in the order of the books in play, and how many were left out.

    Of more than ``most`` entries those that entered are told, then the first
    others. ``index`` is the one that was activated.
    """
    left_out = max(0, len(activation.trace) - most)
    numbers: Sequence[int] = range(len(activation.trace))
    if left_out:
        entered = {(one.book_id, one.entry_id) for one in activation.entries}
        books = [book.book_id for book in index.books]
        keys = ((one, (books[one.book], one.entry_id)) for one in index.entries)
        first = sorted((key not in entered, one.number) for one, key in keys)
        numbers = sorted(number for _, number in first[:most])
    return [served_row(activation.trace[number]) for number in numbers], left_out


def served_row(row: TraceRow, /) -> dict[str, Any]:
    """One entry; what does not apply is left out."""
    told: dict[str, Any] = {
        "entry_id": row.entry_id,
        "book": row.book_id,
        "title": row.title[:_TITLE_LENGTH],
        "fired": row.fired,
        "reason": row.reason,
        "cause": row.cause and str(row.cause),
        "gate": row.gate and str(row.gate),
        "key": row.key and row.key[:_TITLE_LENGTH],
        "span": row.span
        and {
            "message": row.span.message,
            "start": row.span.start,
            "end": row.span.end,
            "in_name": row.span.in_name,
        },
        "parent": row.parent,
        "parent_book": row.parent_book,
        "roll": row.roll,
        "draw": row.draw
        and {
            "group": row.draw.group,
            "winner": row.draw.winner,
            "winner_book": row.draw.winner_book,
            "members": row.draw.members,
            "total": row.draw.total,
            "number": row.draw.number,
        },
        "pass": row.round_number,
        "tokens": row.tokens,
        "total": row.total,
        "unobeyed": list(row.unobeyed[:_MOST_NAMED]) or None,
        "unsupported": [
            {"key": key[:_TITLE_LENGTH], "why": why}
            for key, why in row.unsupported[:_MOST_NAMED]
        ]
        or None,
    }
    return {name: value for name, value in told.items() if value is not None}
