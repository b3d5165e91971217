"""Characters in YAML, as text-generation-webui writes them, turned into JSON.

Built from the parser's events instead of by a loader: nothing is constructed but
text, lists and objects, depth is counted, and aliases (with which a few lines stand
for gigabytes) are refused. Values are those of JSON; dates, and the many words that
older YAML takes for true and false, stay text.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

import yaml
from pydantic import JsonValue

from core import limits
from personas.domain.dialects.parsed import UnreadableFile
from personas.domain.dialects.reading import FILE_DEPTH, load_text
from personas.domain.remarks import Action, Remark

_CONSTANTS: Final[dict[str, JsonValue]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Short enough for a double and for 64 bits; longer ones stay text.
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}\Z")
_TAGS: Final = frozenset(
    {None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))}
)


def to_json(raw: bytes) -> tuple[bytes, list[Remark]]:
    """The JSON (ASCII) that a YAML file stands for, and what had to be mended.

    Raises:
        UnreadableFile: too large, not UTF-8, not YAML, or with parts of YAML that
            no character needs: aliases, tags, several documents.
    """
    if len(raw) > limits.YAML_BYTES:
        raise UnreadableFile(
            f"The YAML file has {len(raw):,} bytes; {limits.YAML_BYTES:,} are allowed."
            " Make it smaller, or save it as JSON."
        )
    text, repairs = load_text(raw, name="The YAML file", pointer="")
    remarks = [Remark("", Action.REPAIRED, detail) for detail in repairs]
    builder = _Builder()
    try:
        # The loader is only asked for events; it constructs nothing.
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    # The parser lets escapes for characters out of range and huge versions through.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UnreadableFile(
            f"The file is not YAML: {_reason(error)}. Correct it."
        ) from error
    if not isinstance(builder.value, dict):
        raise UnreadableFile(
            "The YAML file holds no fields (lines such as “name: Ada”). Add them."
        )
    remarks += builder.remarks
    return json.dumps(builder.value).encode("ascii"), remarks


@dataclass
class _Frame:
    """A list or object being filled, and the key that its next value gets."""

    value: dict[str, JsonValue] | list[JsonValue]
    key: str | None = None


class _Builder:
    """Puts the events of one document together."""

    def __init__(self) -> None:
        self.value: JsonValue = None
        self.remarks: list[Remark] = []
        self._frames: list[_Frame] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Add what ``event`` says.

        Raises:
            UnreadableFile: it is a part of YAML that no character needs.
        """
        match event:
            case yaml.AliasEvent():
                raise _refusal(event, what="an alias (*)")
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _refusal(event, what="a second document (---)")
            case yaml.CollectionEndEvent():
                self._frames.pop()
            case yaml.ScalarEvent():
                self._put_scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event=event)
            case yaml.SequenceStartEvent():
                self._open([], event=event)
            case _:
                pass  # Beginnings and ends that hold nothing.

    def _open(
        self,
        value: dict[str, JsonValue] | list[JsonValue],
        *,
        event: yaml.CollectionStartEvent,
    ) -> None:
        if event.tag not in _TAGS:
            raise _refusal(event, what="a tag (!)")
        if self._awaits_key():
            raise _refusal(event, what="a list or an object as a name")
        if len(self._frames) == FILE_DEPTH:
            raise _refusal(event, what=f"more than {FILE_DEPTH} levels")
        self._put(value)
        self._frames.append(_Frame(value))

    def _put_scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in _TAGS:
            raise _refusal(event, what="a tag (!)")
        if self._awaits_key():
            self._frames[-1].key = event.value
        else:
            is_plain = event.style is None and event.tag is None
            self._put(_scalar(event.value) if is_plain else event.value)

    def _awaits_key(self) -> bool:
        if not self._frames:
            return False
        frame = self._frames[-1]
        return isinstance(frame.value, dict) and frame.key is None

    def _put(self, value: JsonValue) -> None:
        if not self._frames:
            self.value = value
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key or "", None
        if key in frame.value:
            detail = "The key came more than once; the last one counts."
            self.remarks.append(Remark(key, Action.REPAIRED, detail))
        frame.value[key] = value


def _scalar(text: str) -> JsonValue:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text


def _refusal(event: yaml.Event, *, what: str) -> UnreadableFile:
    line = event.start_mark.line + 1 if event.start_mark else 1
    return UnreadableFile(
        f"The YAML file has {what} at line {line}, which is not read here."
        " Write it out in plain YAML, or save it as JSON."
    )


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it has a character that no text has"
    problem = getattr(error, "problem", "")
    return f"{problem} at {mark.line + 1}:{mark.column + 1} (line:column)"
