"""Writing frameworks as files that the reader gives back whole.

Same sheet, same bytes. Characters are written as cards: ``personas.domain.cards``.
"""

import json
from typing import Any, Final

from personas.domain.dialects import framework
from personas.domain.sheets import FrameworkSheet

FORMAT: Final = 1
"""Raised when a file of ours can no longer be read by older code."""


def write_framework(sheet: FrameworkSheet, *, framework_id: str) -> bytes:
    """A framework as UTF-8 JSON, its extensions among its fields where they fit."""
    document = sheet.model_dump(mode="json")
    extensions = document.pop("extensions")
    document = {"framework_id": framework_id, **document}
    ours = {
        key: extensions.pop(key)
        for key in (*document, framework.BLOCK_KEY)
        if key in extensions
    }
    document |= extensions
    if ours:
        document[framework.BLOCK_KEY] = {"format": FORMAT, "extensions": ours}
    return as_bytes(document)


def as_bytes(document: dict[str, Any]) -> bytes:
    """``document`` as a JSON file for people too: indented, in UTF-8."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return f"{text}\n".encode()
