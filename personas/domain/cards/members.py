"""Which names files in archives and pictures may have."""

import re
from typing import Final

from core import limits

_DRIVE: Final = re.compile(r"[A-Za-z]:")
# Control characters, halves of pairs, and what turns the direction of writing.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def fault_of(name: str) -> str:
    """What is wrong with a file's name inside a container; empty if nothing.

    No name is ever used as a path here, but it is shown, kept and given on.
    """
    if not name:
        return "has no name"
    if len(name) > limits.MEMBER_NAME_LENGTH:
        return f"has a name of more than {limits.MEMBER_NAME_LENGTH} characters"
    if _UNSEEN.search(name):
        return "has a name with control characters"
    if "\\" in name:
        return "has a name with a backslash"
    if name.startswith("/") or _DRIVE.match(name):
        return "has a name that begins at the root of a disk"
    if ".." in name.split("/"):
        return "has a name that leads out of its folder (..)"
    return ""
