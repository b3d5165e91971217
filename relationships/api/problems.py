"""Problem codes of this app."""

from core.problems import FieldError, Problem, declare
from personas.api import problems
from relationships.services.reading import SameCharacter, UnknownCharacter

UNKNOWN_CHARACTER = problems.UNKNOWN_CHARACTER
SAME_CHARACTER = declare(
    "same_character", status=422, title="Both are the same character"
)


def unknown(error: UnknownCharacter) -> Problem:
    return Problem(
        UNKNOWN_CHARACTER,
        detail=f"{error} GET relationships lists those there are.",
    )


def same(error: SameCharacter) -> Problem:
    detail = str(error)
    return Problem(
        SAME_CHARACTER,
        detail=detail,
        errors=[FieldError("/target", "invalid", detail)],
    )
