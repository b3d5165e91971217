"""What a manager may decide about a stage, and what becomes of it then.

States and wishes are those of ``Crossing``, written as they are stored. Source:
``api.md``, ``POST evolution/{stage_id}/…``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What can be decided."""

    APPROVE = "approve"
    POSTPONE = "postpone"
    REJECT = "reject"
    REVERT = "revert"


class WrongState(Exception):
    """The stage is not one that this can be decided about now."""


@dataclass(frozen=True, slots=True)
class Stand:
    """``status`` of a stage, and what it ``wants``: apply, revert or nothing."""

    status: str
    wants: str = ""


_OPEN: Final = frozenset({"offered", "waiting", "postponed"})
_SETTLED: Final = frozenset({"rejected", "reverted"})
_SAID: Final[Mapping[str, str]] = {
    "noted": "Nothing changes at this milestone.",
    "offered": "It was never live.",
    "waiting": "It was never live.",
    "postponed": "It was never live.",
    "applied": "It is live already. Take it back instead.",
    "rejected": "It was rejected already.",
    "reverted": "It was taken back already.",
}


def decided(stand: Stand, *, act: Act) -> Stand:
    """How the stage stands after ``act``.

    Approving also brings back what was rejected or taken back, and calls off a
    taking back that has not happened yet. Postponing and rejecting call off an
    approval that has not gone live yet.

    Raises:
        WrongState: it cannot be decided now; the message says why.
    """
    match act:
        case Act.APPROVE:
            return _approved(stand)
        case Act.POSTPONE:
            return _put_away(stand, status="postponed")
        case Act.REJECT:
            return _put_away(stand, status="rejected")
        case _:
            return _reverted(stand)


def _approved(stand: Stand) -> Stand:
    if stand.wants == "apply":
        raise WrongState("It is approved already, and goes live soon.")
    if stand.wants == "revert":
        return Stand("applied")
    if stand.status in _OPEN | _SETTLED:
        return Stand(stand.status, "apply")
    raise WrongState(_SAID[stand.status])


def _put_away(stand: Stand, *, status: str) -> Stand:
    if stand == Stand(status):
        raise WrongState(f"It is {status} already.")
    if stand.status in _OPEN or stand.wants == "apply":
        return Stand(status)
    raise WrongState(_SAID[stand.status])


def _reverted(stand: Stand) -> Stand:
    if stand.wants == "revert":
        raise WrongState("It is being taken back already.")
    if stand.status == "applied":
        return Stand("applied", "revert")
    if stand.wants == "apply":
        raise WrongState("It is not live yet. Reject or postpone it instead.")
    raise WrongState(_SAID[stand.status])
