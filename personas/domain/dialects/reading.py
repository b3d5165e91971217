"""Reading bytes as JSON, strictly where a guess could change what was meant.

Python's own reader takes NaN, repeated keys, halves of surrogate pairs and numbers
of any size; here each is refused, or repaired with a remark. Whole numbers of more
digits than every program keeps (ids of chat services, times in nanoseconds) are text.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, NoReturn

from pydantic import JsonValue

from core import limits
from personas.domain.dialects.parsed import UnreadableFile, dotted
from personas.domain.remarks import Action, Remark

BOM: Final = b"\xef\xbb\xbf"
WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")

# What a written character or framework wraps around the trees of its sheet.
WRAPPER_DEPTH: Final = 8
FILE_DEPTH: Final = limits.JSON_DEPTH + WRAPPER_DEPTH

# Strings, closed or not, and brackets. Possessive, so that it stays linear.
_SHAPE: Final = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
# All that the cleaner could find in texts that were valid UTF-8; control
# characters as they are were refused before.
_UNCLEAN: Final = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_NUL_REMOVED: Final = "NUL characters removed: {}."
_LONG_NUMBER: Final = (
    "A number of {} digits, more than all programs can keep, became text; it goes out"
    " as text too."
)
_MOST_NAMED: Final = 200
"""Places with the same fault that get a remark each."""
_HALF_REPLACED: Final = "Broken characters (half of a pair) replaced with �: {}."


class _Object(dict[str, JsonValue]):
    """A JSON object that remembers which of its keys came more than once."""

    repeated: tuple[str, ...] = ()


class _LongNumber(str):
    """The digits of a number that no program can be trusted to keep."""

    __slots__ = ()


def load(raw: bytes) -> tuple[JsonValue, list[Remark]]:
    """The JSON value in ``raw``, and what had to be repaired in it.

    Raises:
        UnreadableFile: too large, not UTF-8, not JSON, too deep, or with a number
            that is none.
    """
    if len(raw) > limits.UPLOAD_BYTES:
        raise UnreadableFile(
            f"The file has {len(raw):,} bytes;"
            f" {limits.UPLOAD_BYTES:,} are allowed. Make it smaller."
        )
    remarks = []
    if raw.startswith(BOM):
        raw = raw.removeprefix(BOM)
        remarks.append(
            Remark("", Action.REPAIRED, "Byte order mark at the start removed.")
        )
    text = _decoded(raw)
    value, is_faulty = _parsed(text)
    if not is_faulty and not _UNCLEAN.search(text):
        return value, remarks
    cleaner = _Cleaner()
    return cleaner.clean(value, path=()), remarks + cleaner.remarks()


def load_text(raw: bytes, *, name: str, pointer: str) -> tuple[str, list[str]]:
    """The text in ``raw``, the bytes of the file ``name``, and what was repaired.

    ``pointer`` is that of the field which names the file.

    Raises:
        UnreadableFile: the text is not UTF-8.
    """
    repairs = []
    if raw.startswith(BOM):
        raw = raw.removeprefix(BOM)
        repairs.append("Byte order mark at the start removed.")
    try:
        text = _decoded(raw)
    except UnreadableFile as error:
        raise UnreadableFile(f"{name}: {error}", pointer=pointer) from error
    nuls = text.count("\x00")
    if nuls:
        text = text.replace("\x00", "")
        repairs.append(_NUL_REMOVED.format(nuls))
    return text, repairs


def _decoded(raw: bytes) -> str:
    # JSON and prompts hold no NUL early on unless each character takes two bytes.
    if raw.startswith(WIDE_BOMS) or b"\x00" in raw[:2]:
        raise UnreadableFile("The file is in UTF-16 or UTF-32; save it as UTF-8.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"The file is not UTF-8: byte {error.start + 1} is"
            f" 0x{raw[error.start]:02X}. If it is in Latin-1 or Windows-1252,"
            " save it as UTF-8."
        ) from error


def _parsed(text: str) -> tuple[JsonValue, bool]:
    """The value, and whether it has repeated keys or numbers that are too long."""
    if not text.strip():
        raise UnreadableFile("The file is empty.")
    _check_depth(text)
    is_faulty = False

    def made(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        nonlocal is_faulty
        found = _object(pairs)
        is_faulty |= len(found) < len(pairs)
        return found

    def whole(digits: str) -> int | _LongNumber:
        nonlocal is_faulty
        if len(digits.lstrip("-")) <= limits.INTEGER_DIGITS:
            return int(digits)
        is_faulty = True
        return _LongNumber(digits)

    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=made,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=whole,
        )
    except json.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        if error.msg == "Extra data":
            raise UnreadableFile(
                f"There is more after the end of the JSON at {place}"
                " (line:column); remove it."
            ) from error
        raise UnreadableFile(
            f"The file is not JSON: {error.msg} at {place} (line:column). Correct it."
        ) from error
    return value, is_faulty


def _check_depth(text: str) -> None:
    depth = 0
    for token in _SHAPE.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > FILE_DEPTH:
            line = text.count("\n", 0, token.start()) + 1
            raise UnreadableFile(
                f"The JSON nests more than {FILE_DEPTH} levels deep at line {line};"
                " flatten it."
            )


def _object(pairs: list[tuple[str, JsonValue]]) -> _Object:
    result = _Object(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        result.repeated = tuple(key for key, count in counts.items() if count > 1)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableFile(f"{name} is not a JSON number; write a number or null.")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise UnreadableFile(f"The number {text[:40]} is too large; write a smaller.")
    return number


class _Cleaner:
    """Walks a JSON value, mends its texts and collects what was mended."""

    def __init__(self) -> None:
        self._nuls: Counter[str] = Counter()
        self._halves: Counter[str] = Counter()
        self._repeats: list[str] = []
        self._long_numbers: dict[str, int] = {}

    def clean(self, value: JsonValue, *, path: tuple[str, ...]) -> JsonValue:
        if isinstance(value, _LongNumber):
            self._long_numbers[dotted(path)] = len(value.lstrip("-"))
            return str(value)
        if isinstance(value, str):
            return self._text(value, path=path)
        if isinstance(value, list):
            return [
                self.clean(item, path=(*path, str(at))) for at, item in enumerate(value)
            ]
        if isinstance(value, dict):
            return self._mapping(value, path=path)
        return value

    def _mapping(
        self, value: dict[str, JsonValue], *, path: tuple[str, ...]
    ) -> dict[str, JsonValue]:
        result: dict[str, JsonValue] = {}
        repeated = getattr(value, "repeated", ())
        for raw_key, item in value.items():
            key = self._text(raw_key, path=path)
            inside = (*path, key)
            if key in result or raw_key in repeated:
                self._repeats.append(dotted(inside))
            result[key] = self.clean(item, path=inside)
        return result

    def _text(self, text: str, *, path: tuple[str, ...]) -> str:
        # Two levels name the field well enough; a line per text would not be read.
        field = dotted(path[:2])
        nuls = text.count("\x00")
        if nuls:
            self._nuls[field] += nuls
            text = text.replace("\x00", "")
        if not text.isascii():
            text, halves = _SURROGATE.subn(_REPLACEMENT, text)
            if halves:
                self._halves[field] += halves
        return text

    def remarks(self) -> list[Remark]:
        return [
            *_repairs(
                (field, "The key came more than once; the last one counts.")
                for field in self._repeats
            ),
            *_repairs(
                (field, _LONG_NUMBER.format(digits))
                for field, digits in self._long_numbers.items()
            ),
            *_repairs((f, _NUL_REMOVED.format(n)) for f, n in self._nuls.items()),
            *_repairs((f, _HALF_REPLACED.format(n)) for f, n in self._halves.items()),
        ]


def _repairs(rows: Iterable[tuple[str, str]]) -> list[Remark]:
    found = [Remark(field, Action.REPAIRED, detail) for field, detail in rows]
    more = len(found) - _MOST_NAMED
    if more <= 0:
        return found
    detail = f"And {more:,} more places with the fault of the last one named."
    return [*found[:_MOST_NAMED], Remark("", Action.REPAIRED, detail)]
