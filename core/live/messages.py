"""What a page may say on its socket."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

LARGEST: Final = 2**53
"""Numbers below are whole in JavaScript too."""


class Unreadable(Exception):
    """The frame is not JSON text."""


class Unknown(Exception):
    """The frame is JSON, but says nothing that the server understands."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """``{"sub": stream, "since": number or null}``"""

    stream: str
    since: int | None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``{"unsub": stream}``"""

    stream: str


@dataclass(frozen=True, slots=True)
class Ping:
    """``{"ping": n}``; answered by a heartbeat."""


Message = Subscribe | Unsubscribe | Ping


def parse(text: str | None) -> Message:
    """One text frame; ``None`` stands for a binary one.

    Raises:
        Unreadable: it is binary, or not JSON.
        Unknown: none of the messages above; the text says what was expected.
    """
    if text is None:
        raise Unreadable("Send text, not binary frames.")
    try:
        said = orjson.loads(text)
    except ValueError as error:
        raise Unreadable("Send one JSON object per frame.") from error
    match said:
        case {"sub": str(stream), **rest} if not rest.keys() - {"since"}:
            return Subscribe(stream, since=_number(rest.get("since")))
        case {"unsub": str(stream), **rest} if not rest:
            return Unsubscribe(stream)
        # True is an int to Python, but no number to JSON.
        case {"ping": int(n), **rest} if not rest and type(n) is int:
            return Ping()
    raise Unknown("Send sub (with since), unsub or ping.")


def _number(since: Any) -> int | None:
    if since is None:
        return None
    if type(since) is not int or not 0 <= since < LARGEST:
        raise Unknown("Send since as a whole number from 0 up, or null.")
    return since
