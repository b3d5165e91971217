"""Making values fit: pure functions from what a file holds to what a sheet takes.

Each takes a JSON value and gives a ``Fit``, or raises ``Unfit`` when any reading of
the value would be a guess; the value is then kept as it is. None of them checks
sizes: that is the sheets' work.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, Final, Generic, TypeVar

from anyascii import anyascii
from pydantic import JsonValue

from core import limits
from core.normalizing import normalize

T = TypeVar("T")

_LINE_BREAKERS: Final = frozenset({"Cc", "Zl", "Zp"})
_VISIBLE: Final = frozenset("LNPS")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Fit(Generic[T]):
    """A value that fits its place.

    ``repair`` says what was changed, ``left`` is what of the file's value found no
    place and must be kept, ``noise`` means that there was nothing to take.
    """

    value: T
    repair: str = ""
    left: JsonValue = None
    noise: bool = False


class Unfit(Exception):
    """No reading of this value fits; the message says what was expected."""


How = Callable[[JsonValue], Fit[Any]]
"""How a file's value becomes a sheet's."""


def written_out(value: JsonValue, *, between: str = ", ") -> str:
    """Any JSON value as text for people, with no part of it left out."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return between.join(written_out(item) for item in value)
        case dict():
            return between.join(_row(key, item) for key, item in value.items())
        case _:
            return str(value)


def _row(key: str, value: JsonValue) -> str:
    return f"{key}: {written_out(value)}"


def _kind(value: JsonValue) -> str:
    match value:
        case bool():
            return "A true or false"
        case list():
            return "A list"
        case dict():
            return "An object"
        case str():
            return "A text"
        case _:
            return "A number"


def text(value: JsonValue) -> Fit[str]:
    """Text as it is; anything else written out, one item to a line."""
    if isinstance(value, str):
        return Fit(value)
    return Fit(written_out(value, between="\n"), _read_as_text(value))


def _read_as_text(value: JsonValue) -> str:
    if value is None:
        return "Null was read as an empty text."
    return f"{_kind(value)} was read as text."


def _one_line(text: str) -> str:
    text = normalize("NFC", text).strip()
    if not any(unicodedata.category(c) in _LINE_BREAKERS for c in text):
        return text
    spaced = (" " if unicodedata.category(c) in _LINE_BREAKERS else c for c in text)
    return " ".join("".join(spaced).split())


def line(value: JsonValue) -> Fit[str]:
    """One line: as it is, or written out with commas, breaks made spaces."""
    whole = written_out(value)
    result = _one_line(whole)
    repairs = []
    if not isinstance(value, str):
        repairs.append(_read_as_text(value))
    if result != normalize("NFC", whole).strip():
        repairs.append("Line breaks and control characters became spaces.")
    return Fit(result, " ".join(repairs))


def is_visible(text: str) -> bool:
    """Whether ``text`` shows anything: a letter, number, mark of punctuation, sign."""
    return any(unicodedata.category(c)[0] in _VISIBLE for c in text)


def texts(value: JsonValue) -> Fit[list[str]]:
    """A list of texts; a lone text is a list of one, an object a list of its rows."""
    if value is None:
        return Fit([], "Null was read as an empty list.")
    if isinstance(value, dict):
        rows = [_row(key, item) for key, item in value.items()]
        return Fit(rows, "An object was read as a list.")
    if not isinstance(value, list):
        lone = [written_out(value)] if value != "" else []
        return Fit(lone, f"{_kind(value)} was read as a list of one.")
    others = sum(not isinstance(item, str) for item in value)
    return Fit(
        [written_out(item) for item in value if item is not None],
        f"Items that are not text were written as text: {others}." if others else "",
    )


def terms(value: JsonValue) -> Fit[list[str]]:
    """A list of short phrases, without empty and repeated ones."""
    if isinstance(value, str) and value:
        value = list[JsonValue](value.split(","))
        repairs = ["A text was split at its commas."]
    else:
        repairs = []
    listed = texts(value)
    repairs += [listed.repair] if listed.repair else []
    seen = [_one_line(item) for item in listed.value]
    result = list(dict.fromkeys(item for item in seen if is_visible(item)))
    if len(result) < len(listed.value):
        repairs.append("Empty and repeated items were left out.")
    return Fit(result, " ".join(repairs))


def _as_number(value: JsonValue) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise Unfit("Expected a number.") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("Expected a number.")
    if not isfinite(value):
        raise Unfit("Expected a finite number.")
    return value


def number(*, low: float, high: float) -> How:
    """A number, moved into ``low`` … ``high``."""

    def how(value: JsonValue) -> Fit[float]:
        found = _as_number(value)
        result = min(max(found, low), high)
        return Fit(float(result), _number_repair(value, result=result))

    return how


def whole(*, low: int, high: int) -> How:
    """A whole number, rounded if need be and moved into ``low`` … ``high``."""

    def how(value: JsonValue) -> Fit[int]:
        found = _as_number(value)
        result = int(min(max(round(found), low), high))
        return Fit(result, _number_repair(value, result=result))

    return how


def _number_repair(value: JsonValue, *, result: float) -> str:
    if value == result:
        return ""
    if isinstance(value, str) and _as_number(value) == result:
        return f"The text “{value.strip()[:40]}” was read as a number."
    return f"{written_out(value)[:40]} became {result}, which is allowed."


def flag(value: JsonValue) -> Fit[bool]:
    """True or false, also from yes, no, 1 and 0."""
    if isinstance(value, bool):
        return Fit(value)
    if isinstance(value, str) and value.strip().lower() in _FLAGS:
        result = _FLAGS[value.strip().lower()]
    elif isinstance(value, int | float) and value in {0, 1}:
        result = bool(value)
    else:
        raise Unfit("Expected true or false.")
    return Fit(result, f"{written_out(value)} was read as {written_out(result)}.")


def choice(options: type[StrEnum]) -> How:
    """One of the words of ``options``, in any case."""

    def how(value: JsonValue) -> Fit[str]:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in set(options):
            raise Unfit(f"Expected one of {', '.join(options)}.")
        return Fit(word)

    return how


def slugified(text: str) -> str:
    """An id made of ``text``, or "" if nothing of it can be in an id."""
    runs = _SEPARATORS.sub(
        lambda run: "-" if set(run[0]) == {"-"} else "_", anyascii(text).lower()
    )
    return runs.strip("-_")[: limits.SLUG_LENGTH].strip("-_")


def slug(value: JsonValue) -> Fit[str]:
    """An id: letters a to z, digits, single ``_`` and ``-`` between them."""
    result = slugified(written_out(value)) if isinstance(value, str | int) else ""
    if not result:
        raise Unfit("Expected an id of letters a to z, digits, “_” and “-”.")
    return Fit(result, "" if result == value else f"Became the id “{result}”.")


def traits(value: JsonValue) -> Fit[list[dict[str, str]]]:
    """Rows of a key and a value, from an object, a list or a text."""
    if not isinstance(value, dict):
        items = texts(value)
        value = dict[str, JsonValue]({"": list[JsonValue](items.value)})
    rows = [
        {"key": _one_line(key) or "general", "value": written_out(item)}
        for key, item in value.items()
        if not is_empty(item)
    ]
    repairs = []
    if len(rows) < len(value):
        repairs.append("Empty rows were left out.")
    others = [
        _one_line(key) or "general"
        for key, item in value.items()
        if not is_empty(item) and not isinstance(item, str)
    ]
    if others:
        repairs.append(f"Written as one text each: {described(others)}.")
    return Fit(rows, " ".join(repairs), noise=not rows)


def is_empty(value: JsonValue) -> bool:
    """Whether ``value`` is null or an empty text, list or object."""
    return value is None or value in ("", [], {})


def repairs_of(fits: Iterable[str]) -> str:
    """Several repairs as one text, each once."""
    return " ".join(dict.fromkeys(repair for repair in fits if repair))


def described(words: Sequence[str]) -> str:
    """A few words of a list, for a message."""
    shown = ", ".join(words[:5])
    return f"{shown} and {len(words) - 5} more" if len(words) > 5 else shown
