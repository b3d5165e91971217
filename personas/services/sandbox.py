"""Reading strangers' files in a process of its own, with limits on memory and time.

Each server process starts one when the first file comes, and keeps it. A file that
is too much for it costs that process, not the server: the file is refused, and the
next one gets a new process. Source: design, section 7; ``reference/cards.md``
section 6.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

import structlog
from django.conf import settings

from personas.domain.cards.parts import Asset, Member
from personas.domain.cards.reading import ParsedCard
from personas.domain.dialects.parsed import UnreadableFile
from personas.services import sandboxed
from personas.services.reencoding import BadPicture, Made
from personas.services.sandboxed import Neighbour

log = structlog.get_logger(__name__)

WALL_SECONDS: Final = 25.0
"""By the clock, for one file."""
START_SECONDS: Final = 60.0
BUSY_SECONDS: Final = 5.0
"""How long a file waits for those before it. Somebody waits for the answer, and each
who does so holds one of the server's threads."""

# Neither keys nor passwords: it needs none.
_ENVIRONMENT: Final = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL",
    "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
)  # fmt: skip
_SMALLER: Final = "Make it smaller, or export it again."
_MEMORY: Final = f"Reading this takes more memory than a card may. {_SMALLER}"
_TIME: Final = f"Reading this takes more time than a card may. {_SMALLER}"
_EITHER: Final = f"Reading this takes more memory or time than a card may. {_SMALLER}"
_FAULT: Final = (
    "This file holds something that the program does not know how to read, so nothing"
    " of it was taken. The server's log says more; tell whoever runs the server."
)


class Busy(Exception):
    """Other files are being read, and take long; nothing is wrong with this one."""


class Sandbox:
    """One process that reads, and its restarts; threads take turns.

    ``module`` is run with ``python -m``; times are seconds.
    """

    def __init__(
        self,
        *,
        module: str = "personas.services.sandboxed",
        wall_seconds: float = WALL_SECONDS,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._module = module
        self._wall = wall_seconds
        self._busy = busy_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process that waits for files, if there is one."""
        return self._process.pid if self._process is not None else None

    def run(self, job: str, raw: bytes, *, name: str, neighbour: Neighbour) -> Any:
        """What ``job`` makes of the bytes.

        Raises:
            UnreadableFile, BadPicture: as the job does; the first also for a file
                that takes too much memory or time.
            Busy: others took their turns for too long.
        """
        if not self._lock.acquire(timeout=self._busy):
            raise Busy("The server is reading other files. Try again in a minute.")
        try:
            process = self._started()
            try:
                return self._exchange(
                    process, (job, raw, name), neighbour=neighbour, seconds=self._wall
                )
            except (UnreadableFile, BadPicture):
                raise
            except BaseException:
                # Half a conversation is left in the pipes.
                self._end()
                raise
        finally:
            self._lock.release()

    def stop(self) -> None:
        """End the process, whatever it does; nothing is read afterwards."""
        self._is_closed = True
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait()
        # Whoever reads from it right now closes the pipes as it goes.
        if self._lock.acquire(timeout=1):
            try:
                self._end()
            finally:
                self._lock.release()

    def forget(self) -> None:
        """In a copy of the server's process: the reader is that one's, not ours."""
        process, self._process = self._process, None
        self._lock = threading.Lock()
        if process is not None:
            _close(process)
            # Not a child of this process, so there is nothing to wait for.
            process.returncode = 0

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._is_closed:
            raise Busy("The server is stopping. Try again in a minute.")
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=settings.BASE_DIR,
                env={k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
                # Ctrl-C is for the server, whose end it notices.
                start_new_session=True,
            )
            try:
                self._receive_ready(self._process)
            except BaseException:
                self._end()
                raise
        return self._process

    def _receive_ready(self, process: subprocess.Popen[bytes]) -> None:
        _, source = _pipes(process)
        with _killed_after(START_SECONDS, process=process):
            try:
                sandboxed.receive(source)
            except EOFError as error:
                raise RuntimeError(
                    f"The reader of files does not start: {sys.executable} -m"
                    f" {self._module} ended with {process.wait()}."
                ) from error

    def _exchange(
        self,
        process: subprocess.Popen[bytes],
        request: tuple[str, bytes, str],
        *,
        neighbour: Neighbour,
        seconds: float,
    ) -> Any:
        target, source = _pipes(process)
        with _killed_after(seconds, process=process) as is_late:
            try:
                sandboxed.send(target, request)
                answer = sandboxed.receive(source)
                while answer[0] == sandboxed.NEIGHBOUR:
                    sandboxed.send(target, neighbour(answer[1]))
                    answer = sandboxed.receive(source)
            except (EOFError, BrokenPipeError) as error:
                raise self._died(process, is_late=is_late()) from error
        return self._result(answer, job=request[0])

    def _result(self, answer: tuple[Any, ...], *, job: str) -> Any:
        match answer:
            case (sandboxed.DONE, value):
                return value
            case (sandboxed.UNREADABLE, message, pointer):
                raise UnreadableFile(message, pointer=pointer)
            case (sandboxed.BAD_PICTURE, message):
                raise BadPicture(message)
            case (sandboxed.MEMORY,):
                self._end()
                raise UnreadableFile(_MEMORY)
            case _:
                log.error("sandbox_failed", job=job, traceback=answer[-1])
                raise UnreadableFile(_FAULT)

    def _died(
        self, process: subprocess.Popen[bytes], *, is_late: bool
    ) -> UnreadableFile:
        code = process.wait()
        self._end()
        if self._is_closed:
            return UnreadableFile("The server was stopped. Try again.")
        log.warning("sandbox_died", code=code, is_late=is_late)
        if is_late or code == -getattr(signal, "SIGXCPU", 0):
            return UnreadableFile(_TIME)
        return UnreadableFile(_EITHER)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _close(process)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Its input and its output."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The reader of files was started without pipes.")
    return process.stdin, process.stdout


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


@contextlib.contextmanager
def _killed_after(
    seconds: float, *, process: subprocess.Popen[bytes]
) -> Iterator[Callable[[], bool]]:
    """Kill the process if the block takes longer; gives whether it did."""
    is_late = threading.Event()

    def kill() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield is_late.is_set
    finally:
        timer.cancel()
        timer.join()


_sandbox: Final = Sandbox()
atexit.register(_sandbox.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_sandbox.forget)


def _alone(_: str) -> None:
    return None


def _any_text(_: str) -> bytes:
    """What stood beside a file is not kept with it, and is no asset of it either."""
    return b"-"


def read_file(raw: bytes, *, name: str, read_text: Neighbour = _alone) -> ParsedCard:
    """The card, framework or lorebook in a file, without the files beside it in there.

    ``name`` is the file's name with its suffix; ``read_text`` gives the bytes of a
    file beside it by its bare name, or ``None``.

    Raises:
        UnreadableFile: whatever is wrong with it, in words for its author.
        Busy: try again later.
    """
    found: ParsedCard = _sandbox.run("card", raw, name=name, neighbour=read_text)
    return found


def assets_of(raw: bytes, *, name: str) -> tuple[Asset, ...]:
    """The files that came in a card's file; errors as ``read_file``."""
    found: tuple[Asset, ...] = _sandbox.run(
        "assets", raw, name=name, neighbour=_any_text
    )
    return found


def members_of(raw: bytes) -> tuple[tuple[Member, bool], ...]:
    """The files in an ordinary zip, and of each whether it is an archive itself.

    Errors as ``read_file``.
    """
    found: tuple[tuple[Member, bool], ...] = _sandbox.run(
        "members", raw, name="", neighbour=_alone
    )
    return found


def reencoded(raw: bytes, /) -> Made:
    """A picture as PNG.

    Raises:
        BadPicture: too large, of another kind, or damaged; says which.
        Busy: try again later.
    """
    try:
        made: Made = _sandbox.run("picture", raw, name="", neighbour=_alone)
    except UnreadableFile as error:
        raise BadPicture("This picture takes too much to decode.") from error
    return made
