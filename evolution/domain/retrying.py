"""How long to wait before trying again what failed."""

from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(seconds=2)
LONGEST: Final = timedelta(hours=1)
_DOUBLINGS: Final = 11
"""After so many, the longest wait is reached."""
_SPREAD: Final = 0.2


def wait_after(attempts: int, *, jitter: float) -> timedelta:
    """The wait after so many failures, from 1: twice as long each time, up to an hour.

    ``jitter`` from 0 to 1 shortens it by up to a fifth, so that what failed together
    is not all tried again at once.
    """
    doubled: timedelta = FIRST * 2 ** min(attempts - 1, _DOUBLINGS)
    return min(doubled, LONGEST) * (1 - _SPREAD * jitter)
