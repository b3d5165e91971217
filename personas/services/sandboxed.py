"""The reader's own process: what runs in it, and how it talks with the server.

``python -m personas.services.sandboxed`` is started by ``sandbox`` alone. It knows
neither Django nor the settings. Messages are pickles with their length in front; the
process ends when nobody holds the other end of its input any more.

Source: ``reference/cards.md`` section 6.
"""

import io
import os
import pickle
import struct
import sys
import traceback
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any, Final

from personas.domain.cards.archives import CARD
from personas.domain.cards.archives import SIGNATURES as ZIPS
from personas.domain.cards.containers import members_of
from personas.domain.cards.parts import Asset, Member
from personas.domain.cards.reading import ParsedCard, read_card
from personas.domain.dialects.parsed import UnreadableFile
from personas.services import reencoding
from personas.services.reencoding import BadPicture, Made

try:
    import resource
except ImportError:  # Windows has no such limits; there the clock alone counts.
    resource = None  # type: ignore[assignment]

MEMORY_BYTES: Final = 768 * 1024 * 1024
"""What the process may hold, its own code and libraries included."""
CPU_SECONDS: Final = 15
"""For one file; the clock of ``sandbox`` gives it some more, on a busy machine."""

_LENGTH: Final = struct.Struct(">Q")
_MOST: Final = 1 << 30

Neighbour = Callable[[str], bytes | None]
Job = Callable[..., Any]


# The first item of each message that the process sends. No enumeration: what this
# module defines has another name in the process that runs it.
READY: Final = "ready"
NEIGHBOUR: Final = "neighbour"
DONE: Final = "done"
UNREADABLE: Final = "unreadable"
BAD_PICTURE: Final = "bad_picture"
MEMORY: Final = "memory"
FAILED: Final = "failed"


# -- Messages ----------------------------------------------------------------------


def send(stream: IO[bytes], message: Any, /) -> None:
    """Raises OSError if nobody listens."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    _write(stream, _LENGTH.pack(len(body)))
    _write(stream, body)


def receive(stream: IO[bytes], /) -> Any:
    """Raises EOFError if the other side is gone."""
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size))
    if length > _MOST:
        raise EOFError
    # Both sides are this program, and nothing else holds the pipe.
    return pickle.loads(_read(stream, length))  # noqa: S301


def _write(stream: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        # Unbuffered: less than all may have been taken.
        rest = rest[stream.write(rest) or 0 :]


def _read(stream: IO[bytes], length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        piece = stream.read(min(length - len(found), 1 << 20))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


# -- Jobs --------------------------------------------------------------------------


def _card(raw: bytes, *, name: str, neighbour: Neighbour) -> ParsedCard:
    # The files that came with it are large, and asked for only by exports.
    return replace(read_card(raw, name=name, read_text=neighbour), assets=())


def _assets(raw: bytes, *, name: str, neighbour: Neighbour) -> tuple[Asset, ...]:
    return read_card(raw, name=name, read_text=neighbour).assets


def _members(
    raw: bytes, *, name: str, neighbour: Neighbour
) -> tuple[tuple[Member, bool], ...]:
    return tuple((m, _is_archive(m.content)) for m in members_of(raw))


def _is_archive(raw: bytes) -> bool:
    """Whether it is a zip, and no card in the form of one."""
    if not raw.startswith(ZIPS):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return CARD not in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return True


def _picture(raw: bytes, *, name: str, neighbour: Neighbour) -> Made:
    return reencoding.reencoded(raw)


JOBS: Final[Mapping[str, Job]] = {
    "card": _card,
    "assets": _assets,
    "members": _members,
    "picture": _picture,
}


# -- The process -------------------------------------------------------------------


def serve(jobs: Mapping[str, Job], /) -> None:
    """Do one job after another until the other side is gone."""
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    target = os.fdopen(os.dup(1), "wb", buffering=0)
    # Whatever a library prints goes nowhere, and not among the messages.
    os.dup2(2, 1)
    reencoding.hush()
    _limit_process()
    try:
        send(target, (READY,))
        while True:
            _serve_one(jobs, source=source, target=target)
    except (EOFError, OSError):
        return


def _serve_one(
    jobs: Mapping[str, Job], *, source: IO[bytes], target: IO[bytes]
) -> None:
    job, raw, name = receive(source)

    def neighbour(wanted: str) -> bytes | None:
        send(target, (NEIGHBOUR, wanted))
        found: bytes | None = receive(source)
        return found

    _limit_job()
    try:
        answer: tuple[Any, ...]
        try:
            answer = (DONE, jobs[job](raw, name=name, neighbour=neighbour))
        except UnreadableFile as error:
            answer = (UNREADABLE, str(error), error.pointer)
        except BadPicture as error:
            answer = (BAD_PICTURE, str(error))
        except (EOFError, MemoryError, OSError):
            raise
        except Exception:  # Told to the server, which logs it.
            answer = (FAILED, traceback.format_exc())
        send(target, answer)
    except MemoryError:
        # What is left of the memory is in pieces: the next file gets a new process.
        send(target, (MEMORY,))
        sys.exit(1)


def _limit_process() -> None:
    if resource is None:
        return
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    # It writes no files, whatever it reads.
    _limit(resource.RLIMIT_FSIZE, 0)


def _limit_job() -> None:
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    _limit(resource.RLIMIT_CPU, int(spent) + 1 + CPU_SECONDS, is_kept=False)


def _limit(kind: int, value: int, *, is_kept: bool = True) -> None:
    """Lower a limit; ``is_kept`` so that it can never be raised again."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value if is_kept else hard))
    except (OSError, ValueError):
        # Not every system knows every limit; the clock counts everywhere.
        return


if __name__ == "__main__":
    serve(JOBS)
