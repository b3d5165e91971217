"""How long a message waits between attempts, and when it is given up."""

from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=1)
ATTEMPTS: Final = 20
"""Attempts per message; with these waits they span about ten hours."""
GIVE_UP_AFTER: Final = timedelta(days=3)
"""A message older than this is not tried again, however few attempts it had."""


def wait_after(attempts: int, *, jitter: float) -> timedelta:
    """The wait after so many attempts (≥ 1): doubled each time, up to an hour.

    ``jitter`` (0 … 1) takes up to a quarter off, so that messages that failed
    together do not come back together.
    """
    doubled: timedelta = FIRST * (1 << min(attempts - 1, 12))
    return min(doubled, LONGEST) * (1 - 0.25 * jitter)
