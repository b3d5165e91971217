"""How files spell an entry or a book: one flat mapping, and what of it is remembered.

An object is handled as a mapping of paths to values: ``("keys",)`` for a field of its
own, ``("extensions", "role")`` for one in its extensions, in the file's order. A
sheet's origin holds what the sheet itself cannot tell: which fields there were, in
which order, and the values of those that it would spell otherwise.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal

from pydantic import JsonValue, ValidationError

from personas.domain.dialects.parsed import pointer
from personas.domain.sheets import Sheet

Path = tuple[str, ...]
Flat = dict[Path, JsonValue]

EXTENSIONS: Final = "extensions"
BLOCK: Final[Path] = (EXTENSIONS, "dramatis")
"""Our own extension: those typed values that a kind of file has no field for."""
FORMAT: Final = 1
"""Raised when a block of ours can no longer be read by older code."""


class Form(StrEnum):
    """The ways to spell an entry."""

    WORLD_INFO = "world_info"
    CARD = "card"


class Origin(Sheet):
    """What a sheet's origin holds; fields are named by JSON pointers.

    ``order`` lists the fields there were; ``fields`` holds the values of those that a
    sheet does not tell; ``place`` is an entry's key among the entries, if it was
    another than its number; ``named`` is the name given to a book that came without
    one; ``root`` holds what stood around a book, null in its place; ``listed`` says
    whether the entries were a list, if other files of the form have it otherwise;
    ``others`` are things among the entries that are none, by their places.
    """

    form: Form
    order: list[str] = []
    fields: dict[str, JsonValue] = {}
    place: str | None = None
    named: str | None = None
    root: dict[str, JsonValue] = {}
    listed: bool | None = None
    others: dict[str, JsonValue] = {}


class _Block(Sheet):
    format: Literal[1]
    fields: dict[str, JsonValue]


def flattened(raw: Mapping[str, JsonValue]) -> Flat:
    """The fields of an object by their paths, those of its extensions too."""
    flat: Flat = {}
    for key, value in raw.items():
        if key == EXTENSIONS and isinstance(value, dict) and value:
            flat |= {(key, inner): item for inner, item in value.items()}
        else:
            flat[(key,)] = value
    return flat


def nested(flat: Flat) -> dict[str, JsonValue]:
    """The object whose fields these are."""
    raw: dict[str, JsonValue] = {}
    for path, value in flat.items():
        if len(path) == 2:
            inner = raw.get(path[0])
            if not isinstance(inner, dict):
                inner = raw[path[0]] = {}
            inner[path[1]] = value
        elif path[0] == EXTENSIONS and isinstance(value, dict):
            raw[EXTENSIONS] = {**value}
        else:
            raw[path[0]] = value
    return raw


@lru_cache(maxsize=4_096)
def named(path: Path) -> str:
    """The field's name in an origin."""
    return pointer(path)


def is_spelled(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same JSON; Python finds 1, 1.0 and true equal."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | dict):
        return json.dumps(one) == json.dumps(other)
    return one == other


def remembered(flat: Flat, *, fresh: Flat, form: Form, **others: Any) -> dict[str, Any]:
    """The origin of a sheet that was read from ``flat`` and is spelled as ``fresh``."""
    fields = {
        named(path): value
        for path, value in flat.items()
        if path not in fresh or not is_spelled(value, fresh[path])
    }
    order = [named(path) for path in flat]
    origin = Origin(form=form, order=order, fields=fields, **others)
    return origin.model_dump(mode="json", exclude_defaults=True)


def origin_of(sheet: Any) -> Origin | None:
    """The origin of an entry's or a book's sheet, None if it has none that is ours."""
    try:
        return Origin.model_validate_json(json.dumps(sheet.origin))
    except ValidationError:
        return None


def recalled(origin: Origin, *, fresh: Flat) -> Flat:
    """The fields as they came, where the sheet says nothing else."""
    flat: Flat = {}
    for step in origin.order:
        path = _path(step)
        if step in origin.fields:
            flat[path] = origin.fields[step]
        elif path in fresh:
            flat[path] = fresh[path]
    if isinstance(flat.get((EXTENSIONS,)), dict):
        flat[(EXTENSIONS,)] = {}
    return flat


@lru_cache(maxsize=4_096)
def _path(step: str) -> Path:
    parts = step.removeprefix("/").split("/")
    keys = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    return tuple(keys) if keys[0] == EXTENSIONS and len(keys) == 2 else (keys[0],)


def block_of(flat: Flat, *, sheet: type[Sheet]) -> dict[str, Any] | None:
    """The values in our block, by the sheet's fields; None if it is none of ours."""
    if BLOCK not in flat:
        return None
    try:
        block = _Block.model_validate_json(json.dumps(flat[BLOCK]))
        if "origin" in block.fields:
            return None
        named = {"name": "-"} if "name" in sheet.model_fields else {}
        whole = sheet.model_validate_json(json.dumps({**named, **block.fields}))
    except ValidationError:
        return None
    values = whole.model_dump()
    return {name: values[name] for name in block.fields}


def block(fields: dict[str, JsonValue]) -> JsonValue:
    """Our block with these values."""
    return {"format": FORMAT, "fields": fields}
