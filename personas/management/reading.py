"""Reading files that commands are given."""

from pathlib import Path

from core import limits


def read_limited(path: Path, /) -> bytes:
    """At most one byte more than the limit, which is enough to refuse it.

    Raises:
        OSError: it cannot be read, or is no plain file (a pipe would never end).
    """
    if not path.is_file():
        raise OSError("it is no plain file")
    with path.open("rb") as file:
        return file.read(limits.UPLOAD_BYTES + 1)
