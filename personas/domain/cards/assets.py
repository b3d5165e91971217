"""The list ``assets`` of Card V3: which of them is the picture, and where it is.

In a sheet's extensions the main icon is always ``ccdefault:``, whatever held it in
the file, and what stood in ``data:`` addresses is a file beside the card. Each form
that is written puts them where it can.

Source: ``reference/cards.md`` section 1.2, Assets.
"""

import base64
import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote, unquote

from pydantic import JsonValue

from core import limits
from personas.domain.cards.members import fault_of
from personas.domain.cards.parts import Asset
from personas.domain.dialects import coercing, pictures
from personas.domain.remarks import Action, Remark

DEFAULT: Final = "ccdefault:"
EMBEDDED: Final = "embeded://"
PICTURE_PATH: Final = "assets/icon/images/main.png"
DATA_URI_BYTES: Final = limits.CARD_BYTES // 2
"""More than these stay out of JSON, so that it can be read again."""

# Also the right spelling, and what pictures (PNG) call it.
_SCHEMES: Final = (EMBEDDED, "embedded://", "__asset:")
_DATA: Final = "data:"
_NAME: Final = ";name="
_ONLY_ICON: Final = [{"type": "icon", "uri": DEFAULT, "name": "main", "ext": "png"}]
_MEDIA: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}

Row = dict[str, JsonValue]


@dataclass
class Read:
    """What a list of assets says; ``value`` is None if it says nothing of its own.

    ``files`` are by their paths; ``field`` is where the list stands.
    """

    value: JsonValue
    files: dict[str, Asset]
    field: str
    picture: bytes | None = None
    remarks: list[Remark] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)


def read_assets(
    value: JsonValue, *, files: Sequence[Asset], field: str = "data.assets"
) -> Read:
    """Find the picture, and make files of ``data:`` addresses.

    ``files`` came with the card; the main icon's is not among those given back.
    ``field`` is where the list stands, for remarks.
    """
    found = Read(value, {file.path: file for file in files}, field)
    if not isinstance(value, list):
        return found
    main = _main_of(value)
    rows: list[JsonValue] = []
    for at, row in enumerate(value):
        if isinstance(row, dict) and isinstance(row.get("uri"), str):
            read = _main_row if at == main else _row
            rows.append(read(row, found, at=at))
        else:
            rows.append(row)
    if found.missing:
        detail = f"Files that are not in it: {coercing.described(found.missing)}."
        found.remarks.append(Remark(found.field, Action.REPAIRED, detail))
    found.value = None if rows == _ONLY_ICON else rows
    return found


def written_assets(
    value: JsonValue, *, picture_uri: str | None, files: Sequence[Asset]
) -> JsonValue:
    """The list as a form has it: the main icon at ``picture_uri``, if there is one.

    ``files`` are those to be put into the list itself; None means no list.
    """
    rows: list[Any] = list(value) if isinstance(value, list) else []
    by_path = {file.path: file for file in files}
    for at, row in enumerate(rows):
        path = _path_of(row)
        if path in by_path:
            rows[at] = {**row, "uri": _data_uri(by_path[path])}
    if picture_uri is not None:
        icon: Row = {**_ONLY_ICON[0], "uri": picture_uri}
        main = _main_of(rows)
        if main is None:
            rows.insert(0, icon)
        else:
            rows[main] = {**rows[main], "uri": picture_uri, "ext": "png"}
    return rows if rows or value is not None else None


def picture_path(files: Sequence[Asset]) -> str:
    """A name for the picture that none of ``files`` has."""
    return _free_path(PICTURE_PATH, taken={file.path for file in files})


def _main_of(rows: Sequence[JsonValue]) -> int | None:
    """The position of the main icon: the one of that name, or the only one."""
    icons = [
        (at, row.get("name"))
        for at, row in enumerate(rows)
        if isinstance(row, dict) and row.get("type") == "icon"
    ]
    named = [at for at, name in icons if name == "main"]
    if named:
        return named[0]
    return icons[0][0] if len(icons) == 1 else None


def _path_of(row: JsonValue) -> str:
    """The name of the file that an asset is in, or ""."""
    uri = row.get("uri") if isinstance(row, dict) else None
    if isinstance(uri, str):
        for scheme in _SCHEMES:
            if uri.startswith(scheme):
                return uri.removeprefix(scheme)
    return ""


def _main_row(row: Row, found: Read, *, at: int) -> Row:
    uri = str(row["uri"])
    path = _path_of(row)
    if uri.startswith(_DATA):
        found.picture = _decoded(uri, found)
    elif path in found.files:
        found.picture = found.files.pop(path).content
    elif path:
        found.missing.append(path[:80])
    if found.picture is not None:
        found.remarks.append(Remark(found.field, Action.MAPPED, "The picture."))
    elif uri != DEFAULT:
        return row
    return {**row, "uri": DEFAULT, "ext": "png"}


def _row(row: Row, found: Read, *, at: int) -> Row:
    uri = str(row["uri"])
    path = _path_of(row)
    if path and path not in found.files:
        found.missing.append(path[:80])
    if not uri.startswith(_DATA) or len(found.files) >= limits.ARCHIVE_MEMBERS:
        return row
    content = _decoded(uri, found)
    if content is None:
        return row
    path = _new_path(row, uri=uri, at=at, taken=found.files.keys())
    found.files[path] = Asset(path, content)
    detail = f"An asset in the list itself became the file “{path}”."
    found.remarks.append(Remark(found.field, Action.KEPT, detail))
    return {**row, "uri": f"{EMBEDDED}{path}"}


def _decoded(uri: str, found: Read) -> bytes | None:
    try:
        return pictures.decoded(uri)
    except coercing.Unfit as error:
        found.remarks.append(Remark(found.field, Action.KEPT, str(error)))
        return None


def _new_path(row: Row, *, uri: str, at: int, taken: Collection[str]) -> str:
    """The name that we wrote into the address, or one as CHARX would have it."""
    head = uri.partition(",")[0]
    _, _, rest = head.partition(_NAME)
    named = unquote(rest.partition(";")[0])
    if named and named.isascii() and not fault_of(named):
        return _free_path(named, taken=taken)
    kind, name, ext = (
        coercing.slugified(coercing.written_out(row.get(key)))
        for key in ("type", "name", "ext")
    )
    path = f"assets/{kind or 'other'}/images/{name or at}.{ext or 'png'}"
    return _free_path(path, taken=taken)


def _free_path(path: str, *, taken: Collection[str]) -> str:
    whole = PurePosixPath(path)
    count = 1
    while path in taken:
        count += 1
        path = str(whole.with_name(f"{whole.stem}-{count}{whole.suffix}"))
    return path


def _data_uri(file: Asset) -> str:
    suffix = PurePosixPath(file.path).suffix.lower().removeprefix(".")
    media = _MEDIA.get(suffix, "application/octet-stream")
    body = base64.b64encode(file.content).decode("ascii")
    return f"{_DATA}{media}{_NAME}{quote(file.path, safe='')};base64,{body}"
