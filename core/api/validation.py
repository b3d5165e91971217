"""pydantic's errors in our words and codes."""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from core.parsing import pointer_to
from core.problems import FieldError

Path = tuple[str | int, ...]
Words = str | Callable[[Mapping[str, Any]], str]

_TEXT_NEEDED: Final = "This must be text."
_WHOLE: Final = "This must be a whole number."
_NUMBER: Final = "This must be a number."
_YES_NO: Final = "This must be true or false."
_LIST: Final = "This must be a list."
_OBJECT: Final = "This must be an object."
_TIME: Final = "Give a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)."
_DATE: Final = "Give a date, such as 2026-01-31."

_WORDS: Final[Mapping[str, tuple[str, Words]]] = {
    "missing": ("required", "Give a value; this field is required."),
    "extra_forbidden": (
        "unknown_field",
        "There is no such field here; check the spelling or leave it out.",
    ),
    "string_type": ("wrong_type", _TEXT_NEEDED),
    "string_unicode": ("invalid_unicode", "Send whole characters, encoded as UTF-8."),
    "int_type": ("wrong_type", _WHOLE),
    "int_parsing": ("wrong_type", _WHOLE),
    "int_parsing_size": ("out_of_range", "This number has too many digits."),
    "int_from_float": ("wrong_type", _WHOLE),
    "float_type": ("wrong_type", _NUMBER),
    "float_parsing": ("wrong_type", _NUMBER),
    "decimal_type": ("wrong_type", _NUMBER),
    "decimal_parsing": ("wrong_type", _NUMBER),
    "bool_type": ("wrong_type", _YES_NO),
    "bool_parsing": ("wrong_type", _YES_NO),
    "list_type": ("wrong_type", _LIST),
    "tuple_type": ("wrong_type", _LIST),
    "set_type": ("wrong_type", _LIST),
    "frozen_set_type": ("wrong_type", _LIST),
    "iterable_type": ("wrong_type", _LIST),
    "dict_type": ("wrong_type", _OBJECT),
    "mapping_type": ("wrong_type", _OBJECT),
    "model_type": ("wrong_type", _OBJECT),
    "model_attributes_type": ("wrong_type", _OBJECT),
    "dataclass_type": ("wrong_type", _OBJECT),
    "none_required": ("wrong_type", "This must be null."),
    "enum": ("not_a_choice", lambda ctx: f"Choose one of {ctx['expected']}."),
    "literal_error": ("not_a_choice", lambda ctx: f"Choose one of {ctx['expected']}."),
    "union_tag_invalid": (
        "not_a_choice",
        lambda ctx: f"Choose one of {ctx['expected_tags']}.",
    ),
    "union_tag_not_found": (
        "required",
        lambda ctx: f"Say which kind this is, in {ctx['discriminator']}.",
    ),
    "greater_than": ("out_of_range", lambda ctx: f"Choose more than {ctx['gt']}."),
    "greater_than_equal": ("out_of_range", lambda ctx: f"Choose {ctx['ge']} or more."),
    "less_than": ("out_of_range", lambda ctx: f"Choose less than {ctx['lt']}."),
    "less_than_equal": ("out_of_range", lambda ctx: f"Choose {ctx['le']} or less."),
    "multiple_of": (
        "out_of_range",
        lambda ctx: f"Choose a multiple of {ctx['multiple_of']}.",
    ),
    "finite_number": ("number_not_finite", "Send a finite number, or null."),
    "string_too_long": (
        "too_long",
        lambda ctx: f"Shorten this to {ctx['max_length']} characters.",
    ),
    "string_too_short": (
        "too_short",
        lambda ctx: (
            "Write something here."
            if ctx["min_length"] == 1
            else f"Write at least {ctx['min_length']} characters."
        ),
    ),
    "string_pattern_mismatch": (
        "bad_format",
        lambda ctx: f"This does not match the pattern {ctx['pattern']}.",
    ),
    "too_long": (
        "too_long",
        lambda ctx: f"Send at most {ctx['max_length']} items.",
    ),
    "too_short": (
        "too_short",
        lambda ctx: f"Send at least {_items(ctx['min_length'])}.",
    ),
    "datetime_type": ("wrong_type", _TIME),
    "datetime_parsing": ("bad_format", _TIME),
    "datetime_from_date_parsing": ("bad_format", _TIME),
    "datetime_object_invalid": ("bad_format", _TIME),
    "timezone_naive": ("bad_format", _TIME),
    "timezone_aware": ("bad_format", "Leave the time zone out."),
    "datetime_past": ("out_of_range", "Choose a moment in the past."),
    "datetime_future": ("out_of_range", "Choose a moment in the future."),
    "date_type": ("wrong_type", _DATE),
    "date_parsing": ("bad_format", _DATE),
    "date_from_datetime_parsing": ("bad_format", _DATE),
    "date_from_datetime_inexact": ("bad_format", _DATE),
    "url_parsing": ("bad_format", "This is not an address."),
    "uuid_parsing": ("bad_format", "This is not a UUID."),
}
_KNOWN: Final = frozenset(get_args(ErrorType))


def field_errors(error: ValidationError, *, data: Any = None) -> list[FieldError]:
    """Every error with its JSON pointer, in the order of the fields.

    With ``data``, what was validated, pointers name only what stands in it;
    without it they may hold names that pydantic gives to branches of a union.
    """
    details = error.errors(include_url=False)
    return [
        FieldError(pointer_to(_place(detail, data=data)), *_in_words(detail))
        for detail in details
    ]


def unknown_places(error: ValidationError, *, data: Any) -> list[Path]:
    """Where the fields stand that the model does not have."""
    return [
        _place(detail, data=data)
        for detail in error.errors(include_url=False, include_input=False)
        if detail["type"] == "extra_forbidden"
    ]


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _in_words(error: ErrorDetails) -> tuple[str, str]:
    """Code and detail of one error."""
    kind, context = error["type"], error.get("ctx", {})
    value = error.get("input")
    if kind in {"value_error", "assertion_error"}:
        return "invalid", str(context["error"])
    if kind not in _KNOWN:  # Raised by our own validators, with a code of ours.
        return kind, error["msg"]
    if kind == "string_type" and _is_number(value):
        return "wrong_type", (
            "Send this as text, in quotes; a number loses digits beyond 2^53."
        )
    code, words = _WORDS.get(kind, ("invalid", f"{error['msg']}."))
    return code, words if isinstance(words, str) else words(context)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _place(error: ErrorDetails, *, data: Any) -> Path:
    """The error's location, without steps that pydantic adds for itself."""
    location = error["loc"]
    if data is None:
        return location
    place: list[str | int] = []
    here = data
    for step in location:
        if _holds(here, step):
            here = here[step]
            place.append(step)
    if error["type"] == "missing" and location:
        place.append(location[-1])
    return tuple(place)
