"""Any bytes are an archive of files within limits, or are refused in words."""

import sys

import atheris

with atheris.instrument_imports():
    from core import limits
    from personas.domain.cards.containers import members_of
    from personas.domain.dialects import UnreadableFile


def check(raw: bytes) -> None:
    """Fail on anything but files or a refusal."""
    try:
        members = members_of(raw)
    except UnreadableFile:
        return
    if sum(len(member.content) for member in members) > limits.ARCHIVE_BYTES:
        raise AssertionError("More was unpacked than is allowed.")


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
