"""Saving where characters stand in the graph."""

from typing import Annotated, Final

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.access import allows, answers_problems
from core.api.problems import invalid
from core.api.validation import field_errors
from core.problems import FieldError, Problem
from core.roles import Action
from core.views.requests import signed_in
from personas.domain.sheets import Slug
from relationships.services import placing

MOST: Final = 1_000
FARTHEST: Final = 1_000_000

_Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]


class Places(BaseModel):
    """Character id → x and y, in the graph's own units."""

    model_config = ConfigDict(extra="forbid")

    places: Annotated[
        dict[Slug, tuple[_Coordinate, _Coordinate]],
        Field(min_length=1, max_length=MOST),
    ]
    only_new: bool = False


@allows(POST=Action.EDIT_DRAFTS)
@answers_problems
def place(request: HttpRequest) -> JsonResponse:
    """Keep places; answers with those that the same characters have now."""
    try:
        wanted = Places.model_validate_json(request.POST.get("body", ""), strict=True)
    except ValidationError as error:
        raise invalid(field_errors(error)) from error
    try:
        places = placing.place(
            wanted.places,
            only_new=wanted.only_new,
            actor=signed_in(request),
            now=timezone.now(),
        )
    except placing.UnknownCharacter as error:
        refused = FieldError("/places", "not_a_choice", str(error))
        raise Problem("invalid", detail=str(error), errors=[refused]) from error
    return JsonResponse({"places": places})
