"""One way to write a value as bytes, so that equal content has equal hashes."""

import hashlib
import json
from typing import Any

from personas.domain.sheets import Sheet


def canonical_json(value: Any) -> str:
    """JSON with object keys in their own order; order is content here.

    Raises:
        ValueError: the value holds NaN or infinity.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def is_same(one: Sheet, other: Sheet) -> bool:
    """Whether two sheets hold the same content.

    Python would call them equal where a tree says 1 in one and true in the other,
    or has its keys in another order.
    """
    return sheet_hash(one) == sheet_hash(other)


def sheet_hash(sheet: Sheet) -> str:
    """SHA-256 of all that a sheet says, in hex.

    Without what is at its default, so that a field which a later release adds
    changes the hash of no sheet that leaves it alone.
    """
    return content_hash(sheet.model_dump(mode="json", exclude_defaults=True))
