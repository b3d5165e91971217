"""JSON from bytes that nobody vouches for; whatever comes, a value or ``BadJSON``.

The standard parser accepts what breaks readers later (infinities, repeated keys,
halves of surrogate pairs) and overflows the stack on deep nesting. Sizes come
from ``core.limits``.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn, TypeAlias

from core import limits

JsonValue: TypeAlias = (
    "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)

# Possessive, so that a string without an end is read once and not once per quote.
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# Only these escapes can put a NUL or half of a surrogate pair into a string.
_SUSPICIOUS: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_FLOAT_LENGTH: Final = 400  # Characters; 17 digits are all that a double holds.


class BadJSON(Exception):
    """The bytes cannot be used as JSON.

    ``status`` is 400 for what cannot be read and 422 for text that can be read
    but not stored; ``pointer`` is a JSON pointer, empty where none applies.
    """

    def __init__(self, code: str, *, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.status = 422 if code in {"nul_character", "invalid_unicode"} else 400


class _Fault:
    """Stands in the parsed tree where a value was refused, until it is found."""

    def __init__(self, code: str, detail: str, key: str = "") -> None:
        self.code = code
        self.detail = detail
        self.key = key


def parse_json(raw: bytes) -> JsonValue:
    """Read one JSON value from UTF-8.

    Raises:
        BadJSON: with one of the codes not_utf8, json_too_deep, invalid_json,
            duplicate_key, number_not_finite, number_too_large, nul_character,
            invalid_unicode.
    """
    text = _decoded(raw)
    _check_depth(text)
    reader = _Reader()
    value: JsonValue = reader.read(text)
    if reader.has_faults or _SUSPICIOUS.search(text):
        _raise_first_fault(value)
    return value


def pointer_to(parts: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of keys and positions, outermost first."""
    return "".join(
        f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts
    )


def _decoded(raw: bytes) -> str:
    # UTF-16 of plain text is valid UTF-8 full of NULs: the pattern gives it away.
    if json.detect_encoding(raw) != "utf-8":
        raise BadJSON(
            "not_utf8", detail="Send the body as UTF-8 without a byte order mark."
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJSON(
            "not_utf8",
            detail=f"Send the body as UTF-8; byte {error.start + 1} is something else.",
        ) from error


def _check_depth(text: str) -> None:
    """Count brackets outside strings, since the parser would recurse for each."""
    if text.count("[") + text.count("{") <= limits.JSON_DEPTH:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            if depth > limits.JSON_DEPTH:
                raise BadJSON(
                    "json_too_deep",
                    detail=f"Nest at most {limits.JSON_DEPTH} levels deep.",
                )
        elif first in "]}":
            depth -= 1


class _Reader:
    """The standard parser with hooks that leave faults in the tree.

    Hooks do not know where they are, so the place is looked up afterwards.
    """

    def __init__(self) -> None:
        self.has_faults = False

    def read(self, text: str) -> Any:
        try:
            return json.loads(
                text,
                object_pairs_hook=self._object,
                parse_constant=self._not_finite,
                parse_float=self._float,
                parse_int=self._integer,
            )
        except json.JSONDecodeError as error:
            raise BadJSON(
                "invalid_json",
                detail=(
                    f"The body is not JSON: {error.msg}"
                    f" at line {error.lineno}, column {error.colno}."
                ),
            ) from error

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return self._fault(
            "duplicate_key", "This key stands twice in the same object.", key=repeated
        )

    def _not_finite(self, text: str) -> _Fault:
        return self._fault("number_not_finite", "Send a finite number, or null.")

    def _float(self, text: str) -> float | _Fault:
        if len(text) > _FLOAT_LENGTH:
            return self._too_large()
        number = float(text)
        return number if math.isfinite(number) else self._not_finite(text)

    def _integer(self, text: str) -> int | _Fault:
        if len(text.lstrip("-")) > limits.INTEGER_DIGITS:
            return self._too_large()
        return int(text)

    def _too_large(self) -> _Fault:
        return self._fault(
            "number_too_large",
            f"Whole numbers have at most {limits.INTEGER_DIGITS} digits;"
            " send longer ids as text.",
        )

    def _fault(self, code: str, detail: str, *, key: str = "") -> _Fault:
        self.has_faults = True
        return _Fault(code, detail, key)


def _raise_first_fault(value: Any) -> None:
    """Raise for the first value, in reading order, that must be refused."""
    for path, item in _walk(value, ()):
        if isinstance(item, _Fault):
            _raise_at((*path, item.key) if item.key else path, item)
        elif isinstance(item, str):
            fault = _fault_in_text(item)
            if fault:
                _raise_at(path, fault)


def _walk(
    value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every scalar and every key with the place where it stands."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    else:
        yield path, value


def _fault_in_text(text: str) -> _Fault | None:
    if "\x00" in text:
        return _Fault(
            "nul_character", "Remove the NUL character; no database can store it."
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return _Fault(
            "invalid_unicode",
            f"Character {error.start + 1} is half of a surrogate pair;"
            " send the whole character.",
        )
    return None


def _raise_at(path: tuple[str | int, ...], fault: _Fault) -> NoReturn:
    # A key with half of a surrogate pair cannot be named in an answer.
    pointer = pointer_to(path).encode("utf-8", "replace").decode("utf-8")
    raise BadJSON(fault.code, detail=fault.detail, pointer=pointer)
