"""Pictures that a file carries in itself, or whose address it names."""

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Unfit
from personas.domain.dialects.drafting import Record

_SCHEME: Final = "data:"
# What programs write that have no picture.
_NOTHING: Final = frozenset({"none", "null"})


def decoded(uri: str) -> bytes:
    """The bytes of a ``data:`` URI (RFC 2397).

    Raises:
        Unfit: it has no bytes, or is not such an address.
    """
    head, comma, body = uri.partition(",")
    data = unquote_to_bytes(body)
    if head.strip().lower().endswith(";base64"):
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            raise Unfit("The picture in it cannot be decoded.") from error
    if not comma or not data:
        raise Unfit("There is no picture in it.")
    return data


def encoded(data: bytes) -> str:
    """The ``data:`` URI of a PNG."""
    return f"{_SCHEME}image/png;base64,{base64.b64encode(data).decode('ascii')}"


def is_address(value: JsonValue) -> bool:
    """Whether ``value`` names a picture that is somewhere else."""
    if not isinstance(value, str):
        return False
    named = value.strip().lower()
    return bool(named) and named not in _NOTHING and not named.startswith(_SCHEME)


def take_avatar(record: Record, *keys: str) -> bytes | None:
    """Take the picture of the first field that holds one, and a remote address.

    An address goes to the sheet as text and is never fetched. A picture that cannot
    be decoded stays where it is.
    """
    picture: bytes | None = None
    for key in keys:
        value = record.peek(key, how=coercing.text)
        if value is None:
            continue
        if not value.strip() or value.strip().lower() in _NOTHING:
            record.drop(key, why="No picture named.")
        elif not value.strip().lower().startswith(_SCHEME):
            record.take(key, to="avatar_address", how=coercing.line)
        elif picture is None:
            picture = _picture(record, key=key, uri=value.strip())
        else:
            record.refuse(key, why="Another field already gave a picture.")
    return picture


def _picture(record: Record, *, key: str, uri: str) -> bytes | None:
    try:
        picture = decoded(uri)
    except Unfit as error:
        record.refuse(key, why=str(error))
        return None
    record.pop(key, detail="avatar")
    return picture
