"""Query parameters and bodies as checked values; typos are seen.

A view declares one model for each and reads it in its first line::

    class PromptQuery(Query):
        label: Slug | None = None

    params = read_query(request, PromptQuery)

What the model does not name is refused, or, with ``Prefer: handling=lenient``,
ignored and named in ``Preference-Applied``.
"""

import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin
from urllib.parse import quote

import orjson
from django.core.files.uploadedfile import UploadedFile
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.request import Request

from core import limits
from core.api.problems import invalid
from core.api.validation import Path, field_errors, unknown_places
from core.parsing import pointer_to
from core.problems import FieldError

Model = TypeVar("Model", bound=BaseModel)

_NAMED_AT_MOST: Final = 20
_NAME_LENGTH: Final = 100


class Query(BaseModel):
    """Base of query parameters: text, converted to what the field asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(BaseModel):
    """Base of bodies: nothing is converted, so ``"7"`` is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PageQuery(Query):
    """Parameters of every list."""

    limit: int = Field(
        limits.PAGE_SIZE,
        ge=1,
        le=limits.PAGE_SIZE_MAX,
        description="How many results at most.",
    )
    cursor: str | None = Field(
        None, max_length=4_000, description="The `next` of the page before."
    )


def read_query(request: Request, model: type[Model]) -> Model:
    """The query parameters as ``model``.

    Raises:
        Problem: 400 unknown_parameter or bad_parameter.
    """
    data, errors = _gathered(request, model)
    try:
        value = _checked(request, model.model_validate, data)
    except ValidationError as error:
        errors += map(_for_parameters, field_errors(error, data=data))
    else:
        if not errors:
            return value
    raise invalid(errors, general="bad_parameter", unknown="unknown_parameter")


def read_body(request: Request, model: type[Model]) -> Model:
    """The body as ``model``.

    Raises:
        Problem: 413, 415, 422 invalid or unknown_field.
        BadJSON: the body is not JSON, or holds what cannot be stored.
    """
    data = request.data
    try:
        return _checked(request, lambda value: _from_json(model, value), data)
    except ValidationError as error:
        raise invalid(field_errors(error, data=data)) from error


def read_items(
    request: Request, items: Sequence[Any], model: type[Model], *, name: str
) -> list[Model | list[FieldError]]:
    """Each item of the body's list ``name`` as ``model``, or what is wrong with it.

    For calls that answer per item. Pointers are into the whole body.
    """
    is_lenient = _is_lenient(request)
    ignored: list[Path] = []
    found: list[Model | list[FieldError]] = []
    for at, item in enumerate(items):
        try:
            found.append(_from_json(model, item))
            continue
        except ValidationError as error:
            unknown = unknown_places(error, data=item) if is_lenient else []
            errors = field_errors(error, data=item)
        if unknown:
            ignored += [(name, at, *place) for place in unknown]
            item = _without(item, unknown)  # noqa: PLW2901
            try:
                found.append(_from_json(model, item))
                continue
            except ValidationError as error:
                errors = field_errors(error, data=item)
        start = pointer_to((name, at))
        found.append([FieldError(start + e.pointer, e.code, e.detail) for e in errors])
    if ignored:
        _say_applied(request, ignored)
    return found


def read_file(request: Request, *, name: str = "file") -> "UploadedFile[Any]":
    """The one file of a form; what else stands in the form is as for ``read_body``.

    Raises:
        Problem: 415; 422 invalid or unknown_field; 400 for what is no form.
    """
    files = request.FILES.getlist(name)
    errors = []
    if len(files) != 1:
        detail = "Send one file under this name." if files else "The file is missing."
        code = "repeated" if files else "required"
        errors.append(FieldError(pointer_to((name,)), code, detail))
    others: list[Path] = [(key,) for key in request.data if key != name]
    if _is_lenient(request):
        _say_applied(request, others)
    else:
        errors += [
            FieldError(pointer_to(path), "unknown_field", "There is no such field.")
            for path in others[:_NAMED_AT_MOST]
        ]
    if errors:
        raise invalid(errors)
    file: UploadedFile[Any] = files[0]
    return file


def _from_json(model: type[Model], value: Any) -> Model:
    # From JSON, because strict models take times and tuples from JSON only.
    return model.model_validate_json(orjson.dumps(value))


def _checked(request: Request, check: Callable[[Any], Model], data: Any) -> Model:
    """``check(data)``, without what the model does not know if that is wished."""
    if not _is_lenient(request):
        return check(data)
    ignored: list[Path] = []
    try:
        return check(data)
    except ValidationError as error:
        ignored = unknown_places(error, data=data)
        if not ignored:
            raise
        return check(_without(data, ignored))
    finally:
        _say_applied(request, ignored)


def _is_lenient(request: Request) -> bool:
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "handling":
            return value.strip().strip('"').lower() == "lenient"
    return False


def _say_applied(request: Request, ignored: Sequence[Path]) -> None:
    # Names come from the caller: quoted, so that none can forge a header.
    names = [
        quote(pointer_to(path), safe="/~")[:_NAME_LENGTH]
        for path in ignored[:_NAMED_AT_MOST]
    ]
    applied = "handling=lenient"
    if names:
        applied += f', ignored="{" ".join(names)}"'
    request.parser_context["view"].headers["Preference-Applied"] = applied


def _without(data: Any, places: Sequence[Path]) -> Any:
    """A copy of ``data`` with the values at ``places`` left out."""
    copy = orjson.loads(orjson.dumps(data))
    for *parents, last in places:
        here = copy
        for step in parents:
            here = here[step]
        here.pop(last, None)
    return copy


def _gathered(
    request: Request, model: type[BaseModel]
) -> tuple[dict[str, str | list[str]], list[FieldError]]:
    """Parameters by name, and those that stand more than once or hold a NUL."""
    many = _list_fields(model)
    data: dict[str, str | list[str]] = {}
    errors = []
    for name, values in request.query_params.lists():
        data[name] = values if name in many else values[-1]
        pointer = pointer_to((name,))
        if len(values) > 1 and name not in many:
            errors.append(
                FieldError(pointer, "repeated", "Give this parameter only once.")
            )
        if any("\x00" in value for value in values):
            errors.append(
                FieldError(pointer, "nul_character", "Remove the NUL character.")
            )
    return data, errors


@cache
def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the parameters that may stand more than once."""
    return frozenset(
        field.alias or name
        for name, field in model.model_fields.items()
        if _is_list(field.annotation)
    )


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return any(_is_list(inner) for inner in get_args(annotation))
    return origin in {list, tuple, set, frozenset}


def _for_parameters(error: FieldError) -> FieldError:
    if error.code != "unknown_field":
        return error
    return FieldError(
        error.pointer,
        "unknown_parameter",
        "There is no such parameter here; check the spelling or leave it out.",
    )
