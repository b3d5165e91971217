"""Problem codes of this app."""

from core.problems import declare
from personas.api import problems

UNKNOWN_CHARACTER = problems.UNKNOWN_CHARACTER
UNKNOWN_STAGE = declare(
    "unknown_stage", status=404, title="There is no such stage of growth"
)
WRONG_STATE = declare(
    "wrong_state", status=409, title="The stage is in a state where this cannot be done"
)
