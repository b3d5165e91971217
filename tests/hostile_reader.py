"""A reader whose jobs are as bad as files can be."""

import os
import sys
import time
from pathlib import Path

from personas.domain.dialects.parsed import UnreadableFile
from personas.services import sandboxed


def eat(raw: bytes, *, name: str, neighbour) -> int:
    return len(bytearray(int(raw)))


def spin(raw: bytes, *, name: str, neighbour) -> None:
    while True:
        pass


def sleep(raw: bytes, *, name: str, neighbour) -> None:
    time.sleep(600)


def die(raw: bytes, *, name: str, neighbour) -> None:
    os._exit(3)


def fail(raw: bytes, *, name: str, neighbour) -> None:
    raise KeyError("nobody expected this")


def refuse(raw: bytes, *, name: str, neighbour) -> None:
    raise UnreadableFile("Bad.", pointer="/data")


def echo(raw: bytes, *, name: str, neighbour) -> tuple:
    sys.stdout.write("this must not get among the messages")
    sys.stdout.flush()
    return raw, name, neighbour("beside.txt"), os.getpid(), dict(os.environ)


def write(raw: bytes, *, name: str, neighbour) -> None:
    Path(name).write_bytes(raw)


if __name__ == "__main__":
    sandboxed.CPU_SECONDS = 1
    sandboxed.serve(
        {f.__name__: f for f in (eat, spin, sleep, die, fail, refuse, echo, write)}
    )
