"""What pages call the states of growth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evolution.models import Crossing, Progress


@dataclass(frozen=True, slots=True)
class State:
    """How a milestone stands: ``name`` for the look, ``text`` for people.

    ``badge`` and ``icon`` name what ``badges.css`` and ``core/_icon.html`` know.
    """

    name: str
    text: str
    badge: str
    icon: str


PASSED: Final = State("passed", "Passed", "", "check")
AHEAD: Final = State("ahead", "Ahead", "", "clock")
UNSETTLED: Final = State("passed", "Passed, not offered yet", "", "check")
GOING_LIVE: Final = State("going", "Going live…", "info", "publish")
GOING_BACK: Final = State("going", "Being taken back…", "info", "undo")
FAILED: Final = State("failed", "Could not go live", "danger", "error")
FAILED_BACK: Final = State("failed", "Could not be taken back", "danger", "error")

_SETTLED: Final[Mapping[str, State]] = {
    Crossing.Status.NOTED: PASSED,
    Crossing.Status.OFFERED: State("waiting", "Offered", "warning", "alert"),
    Crossing.Status.WAITING: State("waiting", "Waiting", "warning", "alert"),
    Crossing.Status.POSTPONED: State("postponed", "Postponed", "", "clock"),
    Crossing.Status.APPLIED: State("applied", "Live", "live", "check"),
    Crossing.Status.REJECTED: State("rejected", "Rejected", "", "close"),
    Crossing.Status.REVERTED: State("reverted", "Taken back", "", "undo"),
}

TO_DECIDE: Final = frozenset({Crossing.Status.OFFERED, Crossing.Status.WAITING})
"""What waits for a manager."""


def state_of(crossing: Crossing, /) -> State:
    """A crossing's state, with what the background task has yet to do for it."""
    if crossing.wants == Crossing.Wants.APPLY:
        return FAILED if crossing.failure else GOING_LIVE
    if crossing.wants == Crossing.Wants.REVERT:
        return FAILED_BACK if crossing.failure else GOING_BACK
    return _SETTLED[crossing.status]


def waits(crossing: Crossing, /) -> bool:
    """Whether a manager has to decide on it."""
    return crossing.status in TO_DECIDE and not crossing.wants


MODE_TITLES: Final[Mapping[str, str]] = {
    Progress.Mode.AUTO: "By itself",
    Progress.Mode.APPROVE: "After approval",
    Progress.Mode.FROZEN: "Frozen",
}
MODE_TEXTS: Final[Mapping[str, str]] = {
    Progress.Mode.AUTO: "Stages that are reached go live at once.",
    Progress.Mode.APPROVE: "Stages that are reached wait until a manager approves.",
    Progress.Mode.FROZEN: "Stages are recorded and wait; nothing goes live.",
}


def counted(number: int, noun: str) -> str:
    """``1 character``, ``3 characters``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
