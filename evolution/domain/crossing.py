"""Milestones that a count passes, whatever jumps it makes.

Source: design, section 5, "Growth": crossed when old < milestone ≤ new.
"""

from collections.abc import Iterable


def crossed(old: int, new: int, *, milestones: Iterable[int]) -> list[int]:
    """The milestones that lie above ``old`` and not above ``new``, lowest first.

    Each is told once, however often ``milestones`` names it. Going down, or not
    moving, crosses nothing.
    """
    return sorted({at for at in milestones if old < at <= new})
