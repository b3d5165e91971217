"""Pydantic's errors in words for whoever fills in the form."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.sheet_forms.leaves import NumberShape
from core.sheet_forms.nodes import Problem
from core.sheet_forms.shapes import Shape

# What the patterns in use mean; another pattern is shown as it is.
PATTERNS: Final = {
    r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$": (
        "Use small letters a–z and digits, with single - or _ between them,"
        " such as night-owl."
    ),
    r"^(?:[0-9a-f]{64})?$": "Use 64 digits and letters a–f, or leave this empty.",
}
# Above the controls, at most so many errors; each stands beside its control too.
MAX_MESSAGES: Final = 8
_BOUNDS: Final = frozenset(
    {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
)


def explain(error: Mapping[str, Any], /, *, shape: Shape | None = None) -> str:
    """Say what to do about one of ``ValidationError.errors()``.

    ``shape`` is that of the value in question, where it is known.
    """
    kind, ctx = str(error["type"]), error.get("ctx", {})
    if kind in {"value_error", "assertion_error"}:
        return str(ctx["error"])
    if kind in _BOUNDS and isinstance(shape, NumberShape):
        return shape.bounds()
    words = _LENGTHS.get(kind)
    if words is not None:
        return words(error, ctx)
    if kind == "string_pattern_mismatch":
        pattern = str(ctx["pattern"])
        return PATTERNS.get(pattern, f"Write this in the form {pattern}.")
    if kind == "extra_forbidden":
        return "This name is not known here; remove it."
    if shape is not None and (kind in _WRONG or kind.endswith(("_type", "_parsing"))):
        return shape.wants()
    return f"{error['msg']}."


_WRONG: Final = frozenset({"missing", "enum", "literal_error", "int_from_float"})


def _too_long(error: Mapping[str, Any], ctx: Mapping[str, Any]) -> str:
    most = ctx["max_length"]
    # A text that other checks came before is measured after them.
    has = ctx.get("actual_length") or len(error["input"])
    if isinstance(error["input"], str):
        return f"Shorten this to {most:,} characters; it has {has:,}."
    return f"Keep at most {most:,}; remove {has - most:,}."


def _too_short(error: Mapping[str, Any], ctx: Mapping[str, Any]) -> str:
    least = ctx["min_length"]
    if not isinstance(error["input"], str):
        return f"Add at least {least:,}."
    if least == 1:
        return "Write something here."
    return f"Write at least {least:,} characters."


_LENGTHS: Final = {
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "too_long": _too_long,
    "too_short": _too_short,
}


def messages(problems: Iterable[Problem], /) -> list[str]:
    """Words for the list of errors above the controls."""
    lines = [
        f"{problem.where}: {problem.message}" if problem.where else problem.message
        for problem in problems
    ]
    if len(lines) > MAX_MESSAGES:
        more = len(lines) - MAX_MESSAGES
        return [*lines[:MAX_MESSAGES], f"{more} more are marked below."]
    return lines
