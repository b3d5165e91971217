"""What somebody thinks, as files of the bot write it."""

from typing import Any

from pydantic import JsonValue

from personas.domain.dialects import coercing
from personas.domain.dialects.coercing import Fit

Rows = list[dict[str, Any]]


def named(value: JsonValue, *, otherwise: str) -> dict[str, JsonValue]:
    """``value`` as an object; a list or a text is its only row."""
    if isinstance(value, dict):
        return value
    return {} if coercing.is_empty(value) else {otherwise: value}


def opinions(value: JsonValue) -> Fit[Rows]:
    """One row per stance, or per stance and topic."""
    rows: Rows = []
    repairs: list[str] = []
    for stance, held in named(value, otherwise="opinion").items():
        about: dict[str, JsonValue] = held if isinstance(held, dict) else {"": held}
        for topic, items in about.items():
            if coercing.is_empty(items):
                continue
            fit = coercing.texts(items)
            repairs.append(fit.repair)
            stance_line = coercing.line(stance).value or "opinion"
            about_line = coercing.line(topic).value
            rows.append(
                {"stance": stance_line, "topic": about_line, "items": fit.value}
            )
    return Fit(rows, coercing.repairs_of(repairs), noise=not rows)
