"""JSON as a person writes it into a box: read strictly, refused in plain words."""

import json
from typing import Any, Final

from core import parsing

_WORDS: Final = {
    "Expecting value": "Write a value here",
    "Extra data": "Remove what follows the end",
    "Expecting property name enclosed in double quotes": (
        "Write a name in double quotes here, and no comma after the last one"
    ),
    "Expecting ',' delimiter": "Write a comma or a closing bracket here",
    "Expecting ':' delimiter": "Write a colon after the name",
    "Unterminated string starting at": "Close the text that starts here with a quote",
    "Invalid control character at": "Write \\n for a line break inside a text",
    "Illegal trailing comma before end of object": "Remove the comma here",
    "Illegal trailing comma before end of array": "Remove the comma here",
}


class Unreadable(ValueError):
    """The text is not strict JSON; the message says where and what to do."""


def parse(text: str, /) -> Any:
    """Return the value of ``text``, as ``core.parsing`` reads what bots send.

    Raises:
        Unreadable: with words for whoever wrote it.
    """
    try:
        # Halves of surrogate pairs go on to be refused as what they are.
        return parsing.parse_json(text.encode("utf-8", "surrogatepass"))
    except parsing.BadJSON as error:
        raise Unreadable(_explain(error)) from error


def show(value: Any, /) -> str:
    """Return ``value`` as JSON that ``parse`` reads back unchanged."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _explain(error: parsing.BadJSON) -> str:
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        words = _WORDS.get(cause.msg, cause.msg)
        return f"Line {cause.lineno}, column {cause.colno}: {words}."
    if error.code == "not_utf8":
        return "Remove what is no character; this text cannot be stored."
    where = error.pointer.removeprefix("/")
    return f"“{where}”: {error.detail}" if where else error.detail
